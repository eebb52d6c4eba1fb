"""Every error that a client can see: one table, and the exceptions that carry its codes.

    ChatError                      code, data; what a client is told
    ├── ValidationFailed           400, errors per field
    ├── Forbidden                  403, retry_after; a sanction is in force
    └── Unavailable                503, retry_after; a part we need is away, retry later
        └── RateLimited            429, retry_after; somebody does too much
            ├── ProofRequired      429, challenge; with a proof of work it may be done all the same
            └── SlowedDown         429, retry_after; the room is in slow mode

Codes are stable and language-free. Human texts stand here in Bangla and English and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from typing_extensions import override

Language = Literal["bn", "en"]


class ErrorCode(StrEnum):
    """Stable names of errors; part of the contract."""

    VALIDATION = "validation_error"
    BAD_JSON = "bad_json"
    UNKNOWN_TYPE = "unknown_type"
    BINARY_FRAME = "binary_not_supported"
    SESSION_REQUIRED = "session_required"
    SESSION_UNKNOWN = "session_unknown"
    FORBIDDEN = "forbidden"
    ORIGIN_REFUSED = "origin_refused"
    BANNED = "banned"
    MUTED = "muted"
    ROOM_LOCKED = "room_locked"
    WORDS_REFUSED = "words_refused"
    HELD_FOR_REVIEW = "held_for_review"
    TOO_LATE = "too_late"
    NOT_FOUND = "not_found"
    ROOM_NOT_FOUND = "room_not_found"
    MESSAGE_NOT_FOUND = "message_not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    ROOM_FULL = "room_full"
    CONFLICT = "conflict"
    CLIENT_ID_CONFLICT = "client_id_conflict"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA = "unsupported_media_type"
    RATE_LIMITED = "rate_limited"
    SLOW_MODE = "slow_mode"
    PROOF_REQUIRED = "proof_required"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    OVERLOADED = "overloaded"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal_error"


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """What the contract says of one code."""

    status: int
    """HTTP status of REST answers."""
    retryable: bool
    """May the same request succeed later, unchanged?"""
    bn: str
    en: str


ERRORS: Final[dict[ErrorCode, ErrorInfo]] = {
    ErrorCode.VALIDATION: ErrorInfo(400, False, "তথ্য সঠিক নয়", "The data is not valid"),
    ErrorCode.BAD_JSON: ErrorInfo(400, False, "অবৈধ JSON ফরম্যাট", "Invalid JSON"),
    ErrorCode.UNKNOWN_TYPE: ErrorInfo(400, False, "অজানা ধরনের বার্তা", "Unknown type of command"),
    ErrorCode.BINARY_FRAME: ErrorInfo(
        400, False, "শুধু টেক্সট ফ্রেম গ্রহণ করা হয়", "Only text frames are accepted"
    ),
    ErrorCode.SESSION_REQUIRED: ErrorInfo(
        401, False, "এই কাজের জন্য সেশন প্রয়োজন", "This needs a session"
    ),
    ErrorCode.SESSION_UNKNOWN: ErrorInfo(401, False, "সেশন চেনা যায়নি", "Unknown session"),
    ErrorCode.FORBIDDEN: ErrorInfo(
        403, False, "এই কাজের অনুমতি আপনার নেই", "You are not allowed to do this"
    ),
    ErrorCode.ORIGIN_REFUSED: ErrorInfo(
        403, False, "এই ওয়েবসাইট থেকে সংযোগের অনুমতি নেই", "This origin may not connect"
    ),
    ErrorCode.BANNED: ErrorInfo(
        403, False, "এই রুমে আপনার প্রবেশ বন্ধ করা হয়েছে", "You were banned from this room"
    ),
    ErrorCode.MUTED: ErrorInfo(
        403, False, "এই রুমে আপনার কথা বলা বন্ধ রাখা হয়েছে", "You were muted in this room"
    ),
    ErrorCode.ROOM_LOCKED: ErrorInfo(
        403, False, "রুমটি এখন নতুনদের জন্য বন্ধ", "The room is closed to newcomers for now"
    ),
    ErrorCode.WORDS_REFUSED: ErrorInfo(
        403, False, "বার্তায় এমন শব্দ আছে যা এখানে চলে না", "There is a word in it that is not wanted here"
    ),
    ErrorCode.HELD_FOR_REVIEW: ErrorInfo(
        403,
        False,
        "বার্তাটি পরিচালকের অনুমোদনের অপেক্ষায় আছে",
        "The message waits for a moderator's approval",
    ),
    ErrorCode.TOO_LATE: ErrorInfo(
        403, False, "বার্তাটি বদলানোর সময় পেরিয়ে গেছে", "It is too late to change the message"
    ),
    ErrorCode.NOT_FOUND: ErrorInfo(404, False, "পাওয়া যায়নি", "Not found"),
    ErrorCode.ROOM_NOT_FOUND: ErrorInfo(404, False, "রুম খুঁজে পাওয়া যায়নি", "Room not found"),
    ErrorCode.MESSAGE_NOT_FOUND: ErrorInfo(404, False, "বার্তা খুঁজে পাওয়া যায়নি", "Message not found"),
    ErrorCode.METHOD_NOT_ALLOWED: ErrorInfo(
        405, False, "এই পদ্ধতি এখানে চলে না", "Method not allowed"
    ),
    ErrorCode.NOT_ACCEPTABLE: ErrorInfo(
        406, False, "এই ফরম্যাটে উত্তর দেওয়া যায় না", "Cannot answer in that format"
    ),
    ErrorCode.ROOM_FULL: ErrorInfo(409, True, "রুম পূর্ণ!", "The room is full"),
    ErrorCode.CONFLICT: ErrorInfo(
        409, False, "অন্য একটি পরিবর্তনের সঙ্গে সংঘর্ষ হয়েছে", "Conflicts with another change"
    ),
    ErrorCode.CLIENT_ID_CONFLICT: ErrorInfo(
        409,
        False,
        "এই client_id দিয়ে অন্য একটি বার্তা পাঠানো হয়েছে",
        "This client_id was used for another message",
    ),
    ErrorCode.TOO_LARGE: ErrorInfo(413, False, "তথ্য অনেক বড়", "Too large"),
    ErrorCode.UNSUPPORTED_MEDIA: ErrorInfo(
        415, False, "শুধু application/json গ্রহণ করা হয়", "Only application/json is accepted"
    ),
    ErrorCode.RATE_LIMITED: ErrorInfo(
        429, True, "একটু ধীরে! কিছুক্ষণ পর আবার চেষ্টা করুন", "Slow down and try again shortly"
    ),
    ErrorCode.SLOW_MODE: ErrorInfo(
        429,
        True,
        "ধীর গতি চালু আছে, একটু পরে আবার লিখুন",
        "Slow mode is on, write again in a moment",
    ),
    ErrorCode.PROOF_REQUIRED: ErrorInfo(
        429,
        True,
        "এখন খুব ভিড়। আপনার যন্ত্র একটি ছোট হিসাব করে দিলেই ঢোকা যাবে",
        "Crowded: whoever brings a proof of work gets in",
    ),
    ErrorCode.TOO_MANY_CONNECTIONS: ErrorInfo(
        429, False, "একসঙ্গে অনেক সংযোগ খোলা আছে", "Too many connections are open"
    ),
    ErrorCode.OVERLOADED: ErrorInfo(
        503, True, "এখন খুব ভিড়, একটু পরে আবার চেষ্টা করুন", "Overloaded, try again shortly"
    ),
    ErrorCode.UNAVAILABLE: ErrorInfo(
        503, True, "সেবা সাময়িকভাবে বন্ধ, একটু পরে আবার চেষ্টা করুন", "Temporarily unavailable"
    ),
    ErrorCode.INTERNAL: ErrorInfo(
        500, True, "সার্ভারে একটি সমস্যা হয়েছে", "Something went wrong on the server"
    ),
}

FIELD_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "required": ("এই ঘরটি প্রয়োজন", "This field is required"),
    "blank": ("ফাঁকা রাখা যাবে না", "May not be blank"),
    "too_long": ("অনেক লম্বা", "Too long"),
    "too_broad": ("অনেক কিছুর সঙ্গেই মিলে যায়", "Matches too much"),
    "control_characters": (
        "অদৃশ্য নিয়ন্ত্রণ অক্ষর ব্যবহার করা যাবে না",
        "Control characters are not allowed",
    ),
    "not_a_color": ("রং #rrggbb আকারে লিখুন", "Write the colour as #rrggbb"),
    "not_a_number": ("একটি পূর্ণ সংখ্যা দিন", "Give a whole number"),
    "out_of_range": ("সীমার বাইরে", "Out of range"),
    "not_a_url": ("http বা https ঠিকানা দিন", "Give an http or https address"),
    "not_a_choice": ("এই মানটি চলে না", "Not one of the choices"),
    "not_a_uuid": ("সঠিক UUID দিন", "Give a valid UUID"),
    "not_a_string": ("লেখা (string) দিন", "Give a string"),
    "not_a_boolean": ("true বা false দিন", "Give true or false"),
    "unknown_field": ("এই ঘরটি চেনা যায়নি", "Unknown field"),
    "malformed": ("গঠন সঠিক নয়", "Malformed"),
    "unwanted_word": ("নামে এমন শব্দ আছে যা এখানে চলে না", "A word in it is not wanted here"),
    "reserved": (
        "এই নামটি সংরক্ষিত, অন্য একটি নাম দিন",
        "This name is reserved, choose another one",
    ),
    "invalid": ("সঠিক নয়", "Not valid"),
}


class ChatError(Exception):
    """An error that may be told to a client. `data` is for logs, never for the client."""

    def __init__(self, code: ErrorCode, **data: object) -> None:
        super().__init__(code, data)
        self.code = code
        self.data = data

    @property
    def info(self) -> ErrorInfo:
        """The row of the table for this error."""
        return ERRORS[self.code]

    def text(self, language: Language) -> str:
        """The human text in `language`."""
        return self.info.en if language == "en" else self.info.bn

    @override
    def __str__(self) -> str:
        return f"{self.code.value} {self.data}" if self.data else self.code.value


class ValidationFailed(ChatError):
    """Bad input. `problems` maps a field's name to codes, each a key of FIELD_TEXTS."""

    def __init__(self, problems: dict[str, list[str]]) -> None:
        super().__init__(ErrorCode.VALIDATION, problems=problems)
        self.problems = problems

    @classmethod
    def of(cls, field: str, code: str) -> ValidationFailed:
        """One problem with one field."""
        return cls({field: [code]})

    def field_texts(self, language: Language) -> dict[str, list[str]]:
        """`errors` of the contract's error body, in `language`."""
        column = 1 if language == "en" else 0
        return {
            field: [FIELD_TEXTS.get(code, FIELD_TEXTS["invalid"])[column] for code in codes]
            for field, codes in self.problems.items()
        }


class Unavailable(ChatError):
    """Redis or PostgreSQL is away or overloaded; the same request may succeed later."""

    def __init__(
        self, part: str, retry_after: float = 2.0, code: ErrorCode = ErrorCode.UNAVAILABLE
    ) -> None:
        super().__init__(code, part=part)
        self.part = part
        self.retry_after = retry_after
        """Seconds until a retry makes sense; clients are told `spread_retry_after`."""

    def spread_retry_after(self, chance: float) -> float:
        """From `retry_after` to twice that, by `chance` in [0, 1), in seconds to the millisecond.

        Who was refused together shall not come back together.
        """
        return round(self.retry_after * (1 + chance), 3)


class Forbidden(ChatError):
    """A sanction forbids it, for `retry_after` seconds or (None) for good."""

    def __init__(self, code: ErrorCode, retry_after: float | None) -> None:
        super().__init__(code)
        self.retry_after = None if retry_after is None else round(retry_after, 3)


class RateLimited(Unavailable):
    """A session, an address or a room does more than it may."""

    def __init__(
        self,
        scope: str,
        retry_after: float,
        limit: int,
        code: ErrorCode = ErrorCode.RATE_LIMITED,
    ) -> None:
        """`scope` is whose limit; `limit` what it may do at once, in tokens."""
        super().__init__(scope, retry_after, code)
        self.limit = limit


class SlowedDown(RateLimited):
    """The room is in slow mode."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("slow_mode", retry_after, 1, ErrorCode.SLOW_MODE)

    @override
    def spread_retry_after(self, chance: float) -> float:
        """Exactly: it is this person's own time, and not that of a crowd."""
        return round(self.retry_after, 3)


class ProofRequired(RateLimited):
    """An address or a room is over its limit; a proof of work opens the door beside it.

    Who brings none may wait for `retry_after`, as with the others.
    """

    def __init__(self, scope: str, retry_after: float, limit: int, challenge: str) -> None:
        """`challenge` is where the challenge is to be had, without the origin."""
        super().__init__(scope, retry_after, limit, ErrorCode.PROOF_REQUIRED)
        self.challenge = challenge


def language_of(accept_language: str | None) -> Language:
    """English where `Accept-Language` prefers it over Bangla, else Bangla (RFC 9110 §12.5.4)."""
    best: dict[str, float] = {}
    for part in (accept_language or "").split(","):
        tag, _, parameters = part.strip().partition(";")
        primary = tag.split("-")[0].lower()
        if primary not in {"bn", "en"}:
            continue
        best[primary] = max(best.get(primary, 0.0), _quality(parameters))
    return "en" if best.get("en", 0.0) > best.get("bn", 0.0) else "bn"


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0

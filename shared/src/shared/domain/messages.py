"""What a message may contain.

Two decisions. Control characters are removed, not refused: they come with text pasted from
terminals and documents, PostgreSQL cannot hold NUL, and no reader misses them. The overrides
LRO and RLO are removed too: they make text read as something else than it is. Other bidi
formatting stays, since mixed Arabic and Bangla lines need it and its effect ends with the line.
"""

from __future__ import annotations

from typing import Final, Literal, TypeGuard
from urllib.parse import urlsplit

import regex

from shared.domain import rules
from shared.domain.rules import RuleViolation
from shared.domain.text import (
    exceeds_graphemes,
    nfc,
    strip_blank,
    unify_newlines,
    utf8_length,
    without_unsafe_characters,
)

CONTENT_FIELD: Final = "content"
MESSAGE_TYPE_FIELD: Final = "message_type"
FILE_URL_FIELD: Final = "file_url"
CLIENT_ID_FIELD: Final = "client_id"

MessageType = Literal["text", "image", "file"]
MESSAGE_TYPES: Final[tuple[MessageType, ...]] = ("text", "image", "file")

MAX_CONTENT_GRAPHEMES: Final = 4_000
MAX_CONTENT_BYTES: Final = 16 * 1024
MAX_FILE_URL_CHARACTERS: Final = 2_048
MAX_CLIENT_ID_CHARACTERS: Final = 64

# urlsplit drops tabs and newlines silently, and browsers read "\" as "/": refuse both before.
_NEVER_IN_A_URL: Final = regex.compile(r"[\p{Cc}\p{Cs}\p{DI}\p{White_Space}\\<>\"`]")


def normalise_content(raw: str) -> str | None:
    r"""Return the content as stored and sent: NFC, trimmed, line breaks as "\n"; None if blank.

    Idempotent, so the content of a retried command equals the stored one.

    Raises:
        RuleViolation: content, too_long: over 16 KiB of UTF-8 or 4,000 graphemes.

    """
    # What is printable has neither breaks nor controls; most texts are.
    text = raw if raw.isprintable() else without_unsafe_characters(unify_newlines(raw))
    text = strip_blank(text)
    _check_content_bytes(text)
    composed = nfc(text)
    if composed != text:
        text = strip_blank(composed)
        _check_content_bytes(text)  # NFC can lengthen a text
    if not text:
        return None
    if exceeds_graphemes(text, MAX_CONTENT_GRAPHEMES):
        limit = MAX_CONTENT_GRAPHEMES
        raise RuleViolation(CONTENT_FIELD, rules.TOO_LONG, limit=limit, unit="graphemes")
    return text


def check_message_type(raw: str) -> MessageType:
    """Return `raw` if it is a message type.

    Raises:
        RuleViolation: message_type, not_a_choice.

    """
    if not _is_message_type(raw):
        raise RuleViolation(MESSAGE_TYPE_FIELD, rules.NOT_A_CHOICE, choices=MESSAGE_TYPES)
    return raw


def check_file_url(raw: str | None) -> str | None:
    """Return the trimmed address of a file; None when there is none.

    Raises:
        RuleViolation: file_url; too_long (2,048 characters), or not_a_url: not http(s), no host,
            a bad port, credentials, white space, controls or invisible characters.

    """
    if not raw or not (url := strip_blank(raw)):
        return None
    if len(url) > MAX_FILE_URL_CHARACTERS:
        limit = MAX_FILE_URL_CHARACTERS
        raise RuleViolation(FILE_URL_FIELD, rules.TOO_LONG, limit=limit, unit="characters")
    if _NEVER_IN_A_URL.search(url) or not _is_web_address(url):
        raise RuleViolation(FILE_URL_FIELD, rules.NOT_A_URL)
    return url


def check_client_id(raw: str | None) -> str | None:
    """Return `raw`, a client's own id of a command, as it is; None when there is none.

    Raises:
        RuleViolation: client_id; blank, too_long (64 characters) or control_characters.

    """
    if raw is None:
        return None
    if not raw.strip():
        raise RuleViolation(CLIENT_ID_FIELD, rules.BLANK)
    if len(raw) > MAX_CLIENT_ID_CHARACTERS:
        limit = MAX_CLIENT_ID_CHARACTERS
        raise RuleViolation(CLIENT_ID_FIELD, rules.TOO_LONG, limit=limit, unit="characters")
    if not raw.isprintable():
        raise RuleViolation(CLIENT_ID_FIELD, rules.CONTROL_CHARACTERS)
    return raw


def _check_content_bytes(text: str) -> None:
    if utf8_length(text) > MAX_CONTENT_BYTES:
        raise RuleViolation(CONTENT_FIELD, rules.TOO_LONG, limit=MAX_CONTENT_BYTES, unit="bytes")


def _is_message_type(raw: str) -> TypeGuard[MessageType]:
    return raw in MESSAGE_TYPES


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # a bad port, or brackets that hold no IPv6 address
        return False
    return (
        parts.scheme in {"http", "https"} and bool(host) and "@" not in parts.netloc and port != 0
    )

"""What staff may send, and those who report."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from api_service.requests import RequestBody, Uuid, by_rule, example, unsent
from shared.domain.moderation import (
    MOST_NOTICE_GRAPHEMES,
    MOST_REASON_GRAPHEMES,
    MOST_SLOW_SECONDS,
)
from shared.domain.name_patterns import normalise_pattern
from shared.domain.rules import BLANK, TOO_LONG, RuleViolation
from shared.domain.text import exceeds_graphemes, nfc, strip_blank, without_unsafe_characters
from shared.domain.word_filter import normalise_word

MOST_SECONDS: Final = 10 * 365 * 24 * 3600
"""Of a sanction that ends; longer is for ever."""
MOST_PURGE_SECONDS: Final = 7 * 24 * 3600
KEY_LENGTH: Final = 200


def _line(most_graphemes: int, *, blank: bool) -> Any:
    def checked(value: str) -> str:
        text = nfc(strip_blank(without_unsafe_characters(value)))
        if exceeds_graphemes(text, most_graphemes):
            raise RuleViolation("text", TOO_LONG)
        if not text and not blank:
            raise RuleViolation("text", BLANK)
        return text

    return AfterValidator(by_rule(checked))


_WHOLE: Final = BeforeValidator(
    lambda value: int(value) if isinstance(value, float) and value.is_integer() else value
)
"""JSON has one kind of number: 60.0 is a whole one."""


def _shown(description: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "format": "adda-line", "description": description})


Notice = Annotated[
    str,
    _line(MOST_NOTICE_GRAPHEMES, blank=True),
    _shown(f"At most {MOST_NOTICE_GRAPHEMES} graphemes; empty: none"),
]
Reason = Annotated[
    str,
    _line(MOST_REASON_GRAPHEMES, blank=True),
    _shown(f"At most {MOST_REASON_GRAPHEMES} graphemes"),
]
Slow = Annotated[int, Field(ge=0, le=MOST_SLOW_SECONDS), _WHOLE]
Seconds = Annotated[int, Field(ge=1, le=MOST_SECONDS), _WHOLE]
PurgeSeconds = Annotated[int, Field(ge=1, le=MOST_PURGE_SECONDS), _WHOLE]
Key = Annotated[str, Field(min_length=1, max_length=KEY_LENGTH)]


Word = Annotated[
    str,
    AfterValidator(by_rule(normalise_word)),
    _shown("A word or a few, at most 60 graphemes; with `*` at its end all that begin with it"),
]
Pattern = Annotated[
    str,
    Field(max_length=400),
    AfterValidator(by_rule(normalise_pattern)),
    _shown("Of names, with `*` for anything and `?` for one letter"),
]


class RulesPatch(RequestBody):
    """A part of a room's rules."""

    model_config = example({"slow_seconds": 10, "notice": "খেলা চলছে, ভদ্র থাকুন"})

    locked: bool = unsent()
    slow_seconds: Slow = unsent()
    notice: Notice | None = unsent()


class TargetRequest(RequestBody):
    """Whom it is about: a person, the author of a message, or all of a name."""

    user_id: Uuid | None = None
    message_id: Uuid | None = None
    by_address: bool = Field(
        default=False, description="All who come from the address that this person came from last"
    )


class SanctionRequest(TargetRequest):
    """A ban or a mute."""

    model_config = example(
        {
            "kind": "mute",
            "message_id": "0199b6a2-7f44-7a90-b1c2-3d4e5f607103",
            "seconds": 600,
            "reason": "গালাগালি",
        }
    )

    kind: Literal["ban", "mute", "shadow_mute"]
    name: Pattern | None = None
    seconds: Seconds | None = Field(None, description="null: until it is lifted")
    reason: Reason = ""
    delete_seconds: PurgeSeconds | None = Field(
        None, description="Also delete what they have said within so many seconds"
    )


class PurgeRequest(TargetRequest):
    """Deletes what somebody has said lately."""

    model_config = example({"message_id": "0199b6a2-7f44-7a90-b1c2-3d4e5f607103", "seconds": 3600})

    seconds: PurgeSeconds


class WordRequest(RequestBody):
    """A word that is not wanted."""

    model_config = example({"word": "বোকা", "action": "mask"})

    word: Word
    action: Literal["block", "mask", "hold"]


class KeyRequest(RequestBody):
    """The key out of a link for moderators."""

    model_config = example({"key": "wJ8m…"})

    key: Key


class DecisionRequest(RequestBody):
    """What becomes of a message that was held."""

    model_config = example({"approve": True})

    approve: bool


class ReportRequest(RequestBody):
    """Why a message should not stay."""

    model_config = example({"reason": "গালাগালি"})

    reason: Reason = ""

"""Where a reader stands in a room's messages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from shared.domain import rules
from shared.domain.rules import RuleViolation

EPOCH_FIELD: Final = "epoch"
SINCE_FIELD: Final = "since"
MAX_SEQ: Final = 2**53 - 1
"""The largest integer that Lua and JavaScript hold exactly."""

_EPOCH: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SEQ: Final = re.compile(r"[0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class Position:
    """The last message seen: `seq` counts within `epoch`, the life of the room's sequence.

    seq 0 means before the first message.
    """

    epoch: str
    seq: int


def parse_position(epoch: str | None, since: str | None) -> Position | None:
    """Return the position that a reconnecting client gave as text; None when it gave none.

    An empty string counts as not given.

    Raises:
        RuleViolation: epoch or since; blank (one without the other), malformed (epoch),
            not_a_number or out_of_range (since).

    """
    if not epoch and not since:
        return None
    if not epoch:
        raise RuleViolation(EPOCH_FIELD, rules.BLANK)
    if not since:
        raise RuleViolation(SINCE_FIELD, rules.BLANK)
    if _EPOCH.fullmatch(epoch) is None:
        raise RuleViolation(EPOCH_FIELD, rules.MALFORMED)
    if _SEQ.fullmatch(since) is None:
        raise RuleViolation(SINCE_FIELD, rules.NOT_A_NUMBER)
    seq = int(since)
    if seq > MAX_SEQ:
        raise RuleViolation(SINCE_FIELD, rules.OUT_OF_RANGE, minimum=0, maximum=MAX_SEQ)
    return Position(epoch, seq)

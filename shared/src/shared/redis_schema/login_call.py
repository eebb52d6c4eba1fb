"""The call that counts tries to log in; its script is `admit_login.lua`."""

from __future__ import annotations

from typing import NamedTuple

from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Call, script


class Backoff(NamedTuple):
    """How tries are spread: a few at will, then each wait is twice the one before."""

    free: int
    """Tries without a wait."""
    first_ms: int
    longest_ms: int
    keep_ms: int
    """So long after the last try all is forgotten."""


def admit_login(keys: Keys, subject: str, backoff: Backoff) -> Call:
    """Answers with the ms that `subject` must wait; 0: the try is counted and let in."""
    return Call(script("admit_login"), [keys.login(subject)], [*backoff])

"""Passwords of administrators: which ones may be chosen, and argon2id."""

from __future__ import annotations

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.domain.rules import BLANK, TOO_LONG, RuleViolation
from shared.domain.text import nfc

MIN_CHARACTERS: Final = 12
MAX_CHARACTERS: Final = 200
MIN_DIFFERENT: Final = 5
TOO_SHORT: Final = "too_short"
HOLDS_THE_NAME: Final = "holds_the_name"
TOO_PLAIN: Final = "too_plain"

_FIELD: Final = "password"
_HASHER: Final = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)
"""argon2id with 64 MiB: the second choice of RFC 9106."""

_AT_ONCE: Final = 2
"""Hashes that are computed at the same moment: each takes its memory and a processor."""

# Of random bytes that nobody kept: compared with where there is no account, so that this takes as
# long.
NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$DUlkYR9jceapPOw"
    "pXNfd0Q$ZfUZ/qF03Ul/sLqkAN2QKa96VMBMDNq5dYX5VMdj4Io"
)


def check_password(name: str, password: str) -> str:
    """The password in the form in which it is hashed (NFC), if an account may have it.

    Raises:
        RuleViolation: for `password`, with blank, too_long, or one of the codes above.
    """
    password = nfc(password)
    if not password.strip():
        raise RuleViolation(_FIELD, BLANK)
    if len(password) < MIN_CHARACTERS:
        raise RuleViolation(_FIELD, TOO_SHORT)
    if len(password) > MAX_CHARACTERS:
        raise RuleViolation(_FIELD, TOO_LONG)
    if name.casefold() in password.casefold():
        raise RuleViolation(_FIELD, HOLDS_THE_NAME)
    if len(set(password.casefold())) < MIN_DIFFERENT:
        raise RuleViolation(_FIELD, TOO_PLAIN)
    return password


def hash_password(password: str) -> str:
    """The argon2id hash, with its parameters and a salt of its own; takes some 50 ms."""
    return _HASHER.hash(nfc(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Is this the password? Takes as long for an account that is not there (None)."""
    try:
        _HASHER.verify(password_hash or NOBODY, nfc(password)[: MAX_CHARACTERS + 1])
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Was it made with parameters that are not those of today?"""
    return _HASHER.check_needs_rehash(password_hash)


class PasswordCheck:
    """Hashes beside the event loop, few at once."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """See `matches`."""
        async with self._turns:
            return await asyncio.to_thread(matches, password_hash, password)

    async def hash(self, password: str) -> str:
        """See `hash_password`."""
        async with self._turns:
            return await asyncio.to_thread(hash_password, password)

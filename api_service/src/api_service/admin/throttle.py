"""Tries to log in, counted for each account and each address, over all replicas.

Unlike the limits of everybody, these fail closed: without Redis nobody logs in.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Final
from uuid import UUID

from shared.redis_schema.login_call import Backoff, admit_login
from shared.redis_schema.scripts import Command
from shared.runtime.redis_client import redis_outage_as_unavailable

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys

_HOUR_MS: Final = 3_600_000
OF_ACCOUNT: Final = Backoff(free=5, first_ms=1_000, longest_ms=900_000, keep_ms=_HOUR_MS)
OF_ADDRESS: Final = Backoff(free=20, first_ms=1_000, longest_ms=900_000, keep_ms=_HOUR_MS)
"""A house may have several administrators behind one address."""

USED_CODE_SECONDS: Final = 120
"""Longer than a code is taken."""


class LoginThrottle:
    """Every method raises Unavailable while Redis is away."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    async def admit(self, name: str, address: str) -> int:
        """Seconds to wait; 0: go on, the try is counted. `address` is the name of one."""
        waits = []
        for subject, backoff in (
            (_of_address(address), OF_ADDRESS),
            (_of_account(name), OF_ACCOUNT),
        ):
            with redis_outage_as_unavailable():
                call = admit_login(self._keys, subject, backoff)
                waits.append(int(await call.run(self._redis)))
            if waits[-1] > 0:
                break
        return math.ceil(max(waits) / 1000)

    async def forget(self, name: str, address: str) -> None:
        """Somebody came in: what was before does not count any more."""
        for subject in (_of_account(name), _of_address(address)):
            with redis_outage_as_unavailable():
                await self._redis.delete(self._keys.login(subject))

    async def use_code(self, account: UUID, step: int) -> bool:
        """Uses the code of a step up. False if somebody has used it before."""
        key = self._keys.login(f"code:{account}:{step}")
        with redis_outage_as_unavailable():
            command = Command.of("SET", key, 1, "NX", "EX", USED_CODE_SECONDS)
            return await command.run(self._redis) is not None


def _of_account(name: str) -> str:
    # Hashed: in the field for the name people write anything, now and then their password.
    return "account:" + hashlib.sha256(name.strip().lower().encode()).hexdigest()[:32]


def _of_address(address: str) -> str:
    return f"address:{address}"

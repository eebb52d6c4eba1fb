from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from api_service.admin.throttle import OF_ACCOUNT, OF_ADDRESS, LoginThrottle
from shared.redis_schema.login_call import Backoff, admit_login

if TYPE_CHECKING:
    from uuid import UUID

    from api_service.wiring import Deps

HASTY = Backoff(free=2, first_ms=100_000, longest_ms=1_000_000, keep_ms=3_600_000)


@pytest.fixture
def throttle(deps: Deps) -> LoginThrottle:
    """Over the test's Redis."""
    return LoginThrottle(deps.redis, deps.keys)


async def test_of_many_tries_at_the_same_moment_only_the_free_ones_pass(deps: Deps) -> None:
    async def attempt() -> int:
        return int(await admit_login(deps.keys, "account:x", HASTY).run(deps.redis))

    waits = await asyncio.gather(*(attempt() for _ in range(50)))
    assert waits.count(0) == HASTY.free
    assert all(0 < wait <= HASTY.first_ms for wait in waits if wait)


async def test_each_further_try_doubles_the_wait_up_to_the_longest(deps: Deps) -> None:
    key = deps.keys.login("account:x")
    waits = []
    for tries in range(12):
        await deps.redis.set(key, f"{tries} 0")
        assert await admit_login(deps.keys, "account:x", HASTY).run(deps.redis) == 0
        waits.append(int(await admit_login(deps.keys, "account:x", HASTY).run(deps.redis)))
    rounded = [round(wait / 10_000) * 10 for wait in waits]
    assert rounded == [0, 100, 200, 400, 800, *([1000] * 7)]


async def test_after_a_while_all_is_forgotten(deps: Deps) -> None:
    await admit_login(deps.keys, "account:x", HASTY).run(deps.redis)
    left = await deps.redis.pttl(deps.keys.login("account:x"))
    assert 3_500_000 < left <= HASTY.keep_ms


async def test_one_address_is_slowed_down_over_all_names(throttle: LoginThrottle) -> None:
    waits = [await throttle.admit(f"name-{n}", "here") for n in range(OF_ADDRESS.free + 1)]
    assert waits == [0] * OF_ADDRESS.free + [1]
    assert await throttle.admit("name-0", "elsewhere") == 0


async def test_one_name_is_slowed_down_from_all_addresses(throttle: LoginThrottle) -> None:
    waits = [await throttle.admit(" Rakib", f"there-{n}") for n in range(OF_ACCOUNT.free)]
    assert waits == [0] * OF_ACCOUNT.free
    assert await throttle.admit("rakib", "somewhere else") == 1


async def test_who_came_in_starts_anew(throttle: LoginThrottle) -> None:
    for _ in range(OF_ACCOUNT.free):
        await throttle.admit("rakib", "here")
    await throttle.forget("rakib", "here")
    assert await throttle.admit("rakib", "here") == 0


async def test_a_code_is_used_once_by_each_account(throttle: LoginThrottle, deps: Deps) -> None:
    one: UUID = deps.ids.new()
    uses = await asyncio.gather(*(throttle.use_code(one, 7) for _ in range(5)))
    assert sorted(uses) == [False] * 4 + [True]
    assert await throttle.use_code(one, 8)
    assert await throttle.use_code(deps.ids.new(), 7)


async def test_no_key_holds_what_somebody_wrote(throttle: LoginThrottle, deps: Deps) -> None:
    await throttle.admit("my secret password", "here")
    keys = [key async for key in deps.redis.scan_iter(match=f"{deps.keys.prefix}*login*")]
    assert len(keys) == 2
    assert not [key for key in keys if b"secret" in key]

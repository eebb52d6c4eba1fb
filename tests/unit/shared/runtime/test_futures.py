from __future__ import annotations

import asyncio

import pytest

from shared.runtime.futures import settle


async def test_who_waits_gets_the_result_or_the_error() -> None:
    loop = asyncio.get_running_loop()
    first, second = loop.create_future(), loop.create_future()
    settle(first, 1)
    settle(second, LookupError("x"))
    assert await first == 1
    with pytest.raises(LookupError):
        await second


async def test_who_does_not_wait_any_more_is_left_alone() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    future.cancel()
    settle(future, 1)
    settle(future, LookupError("x"))
    assert future.cancelled()

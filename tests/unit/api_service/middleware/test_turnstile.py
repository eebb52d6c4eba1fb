from __future__ import annotations

import asyncio
from collections import Counter
from ipaddress import IPv4Network
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from api_service.middleware.turnstile import BUSY, FULL, SHARE_BURST, Turnstile
from api_service.tally import Tally

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send


class Slow:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.under_way = 0
        self.is_open = False
        self._waiting: list[asyncio.Event] = []

    async def let(self, count: int) -> None:
        """Lets so many of them go."""
        for waiting in self._waiting[:count]:
            waiting.set()
        del self._waiting[:count]
        await asyncio.sleep(0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.under_way += 1
        if not self.is_open:
            self._waiting.append(asyncio.Event())
            await self._waiting[-1].wait()
        self.under_way -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})


class Door:
    """A turnstile, and what those who came were answered."""

    def __init__(self) -> None:
        self.behind = Slow()
        self.statuses: Counter[int] = Counter()
        self.headers: dict[bytes, bytes] = {}
        self.tally = Tally()
        self._turnstile = Turnstile(self.behind, 1, [IPv4Network("192.0.2.0/24")])
        self._asking: set[asyncio.Task[None]] = set()

    async def ask(self, address: str, method: str = "POST") -> None:
        scope = {
            "type": "http",
            "method": method,
            "headers": [(b"x-forwarded-for", address.encode())],
            "client": ("127.0.0.1", 1),
            "state": {"deps": SimpleNamespace(tally=self.tally)},
        }
        self._asking.add(asyncio.create_task(self._turnstile(scope, self._receive, self._send)))
        await asyncio.sleep(0)

    async def end(self) -> None:
        await self.behind.let(self.behind.under_way)
        await asyncio.gather(*self._asking)

    async def _receive(self) -> Any:
        raise AssertionError

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.statuses[message["status"]] += 1
            if message["status"] != 200:
                self.headers = dict(message["headers"])


async def test_who_asks_most_is_told_to_come_again_while_others_are_served() -> None:
    door = Door()
    for _ in range(BUSY + 10):
        await door.ask("203.0.113.1")
    assert door.behind.under_way == BUSY
    assert door.statuses == {429: 10}
    assert door.tally.refusals == {"rate_limited": 10}
    assert int(door.headers[b"retry-after"]) >= 1
    await door.ask("203.0.113.2")
    await door.ask("203.0.113.1", "GET")
    assert door.behind.under_way == BUSY + 2
    await door.end()


async def test_only_so_many_changes_are_under_way_from_however_many_addresses() -> None:
    door = Door()
    for n in range(FULL + 20):
        await door.ask(f"198.51.100.{n}")
    assert door.behind.under_way == FULL
    await door.ask("192.0.2.1")  # is not counted
    assert door.behind.under_way == FULL + 1
    await door.end()
    assert door.statuses == {200: FULL + 1, 429: 20}


async def test_who_is_told_that_it_is_full_has_asked_for_nothing() -> None:
    door = Door()
    for n in range(FULL):
        await door.ask(f"198.51.100.{n}")
    for _ in range(2 * int(SHARE_BURST)):
        await door.ask("203.0.113.9")
    assert door.statuses == {429: 2 * int(SHARE_BURST)}
    await door.behind.let(FULL - BUSY)
    await door.ask("203.0.113.9")
    assert door.behind.under_way == BUSY + 1
    await door.end()


async def test_while_little_is_under_way_anybody_may_ask_as_much_as_they_like() -> None:
    door = Door()
    door.behind.is_open = True
    for _ in range(10 * int(SHARE_BURST)):
        await door.ask("203.0.113.1")
        await door.end()
    assert set(door.statuses) == {200}

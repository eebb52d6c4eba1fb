"""More and more messages in PostgreSQL, of which people read a few."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

import numpy as np
from tests.bench.curves.scene import CLIENT_CORE, KEYS, open_scene, tell
from tests.bench.curves.stored_rows import Rows, room_id, room_name
from tests.bench.curves.system_cache import drop_cached
from tests.bench.processes import pin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.bench.curves.scene import Scene

PAGE: Final = 50
ROOMS_PAGE: Final = 100
"""At most, of a list of rooms."""
COMMON_WORD: Final = "ক্রিকেট"
WARM_ROUNDS: Final = 3
AWAY_SECONDS: Final = 30.0


def stored(
    directory: Path,
    sizes: Sequence[int] = (10_000, 100_000, 1_000_000, 10_000_000),
    requests: int = 100,
) -> list[dict[str, Any]]:
    """A row for each number of messages: how long reads take, one after the other.

    Half of the messages are of one room. `cold`: right after PostgreSQL was started, with none of
    its files in the system's cache. `warm`: the same requests again.
    """
    rows = []
    with open_scene(directory) as scene:
        made = Rows(scene.stack.stack.database_url)
        asyncio.run(made.prepare())
        others = asyncio.run(made.bytes_of_messages())
        for size in sizes:
            tell(f"{size} messages")
            began = time.monotonic()
            asyncio.run(made.grow_to(size))
            took = time.monotonic() - began
            rows.append(
                {
                    "messages": size,
                    "rooms": made.rooms,
                    "bytes_per_message": (asyncio.run(made.bytes_of_messages()) - others) / size,
                    "made_in_seconds": took,
                    "ms": _read(scene, made, requests),
                }
            )
    return rows


def _read(scene: Scene, made: Rows, requests: int) -> dict[str, Any]:
    _forget_rooms(scene, made)
    paths = _paths(made, requests)
    with closing(Client(scene.stack.stack.service_url("api-1"))) as client:
        for path in paths["newest page"]:  # brings the rooms into Redis: no part of reading
            client.get(path)
        _restart_cold(scene, client)
        found = {
            kind: {"cold": _percentiles([client.get(path) for path in each])}
            for kind, each in paths.items()
        }
        for kind, each in paths.items():
            rounds = max(WARM_ROUNDS, requests // len(each))
            again = [client.get(path) for _ in range(rounds) for path in each]
            found[kind]["warm"] = _percentiles(again)
    return found


def _paths(made: Rows, requests: int) -> dict[str, list[str]]:
    """What is asked for, by kind; never the same page twice, as far as there are others."""
    chance = random.Random(made.messages)
    others = chance.sample(range(2, made.rooms + 1), min(requests - 1, made.rooms - 1))
    newest = [room_id(number) for number in (1, *others)]
    places = [chance.randrange(PAGE, made.in_big_room) for _ in range(requests)]
    names = [room_name(number).split()[-1] for number in others[: max(1, requests // 5)]]
    full_pages = made.rooms // 10 // ROOMS_PAGE
    pages = range(1, 1 + max(1, min(requests // 5, full_pages)))
    return {
        "newest page": [f"/api/rooms/{room}/messages/?limit={PAGE}" for room in newest],
        "page in the middle": [
            f"/api/rooms/{room_id(1)}/messages/?limit={PAGE}&before={place}" for place in places
        ],
        "search, one room": [f"/api/rooms/?search={quote(name)}" for name in names],
        "search, a tenth of all": [
            f"/api/rooms/?search={quote(COMMON_WORD)}&page={page}" for page in pages
        ],
    }


def _forget_rooms(scene: Scene, made: Rows) -> None:
    """What Redis knows of the rooms is from before they grew."""
    for number in (1, made.rooms):
        for key in scene.redis.scan_iter(match=f"{KEYS.room_root(room_id(number))}*", count=10_000):
            scene.redis.delete(key)


def _restart_cold(scene: Scene, client: Client) -> None:
    """PostgreSQL, started anew, must read from the disk what it is asked for."""
    stack = scene.stack.stack
    scene.stack.stack.hold("postgres")
    drop_cached(stack.options.directory)
    stack.release("postgres")
    stack.wait_ready("postgres")
    pin([stack.pid("postgres")], CLIENT_CORE)
    client.wait_until_served(f"/api/rooms/{room_id(1)}/messages/?limit=1&before=3")


def _percentiles(millis: list[float]) -> dict[str, float]:
    low, high = np.percentile(millis, (50, 99))
    return {"count": len(millis), "p50": float(low), "p99": float(high)}


class Client:
    """One reader on one connection; the library with the least to do of its own."""

    def __init__(self, base: str) -> None:
        self._http = HTTPConnection(urlsplit(base).netloc, timeout=60)
        self.close = self._http.close

    def get(self, path: str) -> float:
        """Milliseconds until the whole answer is there.

        Raises:
            HTTPException: it is not an answer with something in it.
        """
        began = time.perf_counter()
        self._http.request("GET", path)
        answer = self._http.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1e3
        if answer.status != 200 or len(body) < 300:
            raise HTTPException(f"{path}: {answer.status} {body[:200]!r}")
        return took

    def wait_until_served(self, path: str) -> None:
        """Until services have found PostgreSQL again.

        Raises:
            HTTPException: they have not.
        """
        deadline = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                self.get(path)
            except HTTPException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return

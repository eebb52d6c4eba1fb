"""Which node of a cluster serves which slot, and a client for each node."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import structlog
from redis.exceptions import ClusterDownError, MovedError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from shared.runtime.single_flight import SingleFlight

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redis.asyncio import Redis

    from shared.runtime.redis_url import Address

log = structlog.stdlib.get_logger()

AWAY: Final = (RedisConnectionError, RedisTimeoutError, OSError)
"""What a client raises while its node is away."""

ASK_SECONDS: Final = 1.0
"""Of one node, to tell what it knows; several are asked at once."""

NODES_ASKED: Final = 5
DOUBT_SECONDS: Final = 0.25
"""Least time between two questions to the cluster."""

RETIRE_SECONDS: Final = 10.0
"""How long a node that left is kept for commands under way; longer than any of them takes."""


class _View(NamedTuple):
    """What one node says."""

    healthy: bool
    epoch: int
    slots: dict[int, Address]


class Topology:
    """For the event loop's thread alone."""

    def __init__(self, seeds: Sequence[Address], open_client: Callable[[Address], Redis]) -> None:
        self._seeds = tuple(seeds)
        self._open_client = open_client
        self._clients = {seed: open_client(seed) for seed in self._seeds}
        self._slots: dict[int, Address] = {}
        self._asking = SingleFlight("ask cluster", self._ask)
        self._retiring: set[asyncio.Task[None]] = set()

    @property
    def seed(self) -> Redis:
        """A client of the first node that the URL names."""
        return self._clients[self._seeds[0]]

    def client(self, address: Address) -> Redis:
        """The client of one node."""
        if address not in self._clients:
            self._clients[address] = self._open_client(address)
        return self._clients[address]

    def known_address_of(self, slot: int) -> Address | None:
        """Who serves `slot`, as last heard."""
        return self._slots.get(slot)

    async def address_of(self, slot: int) -> Address:
        """Who serves `slot`; asks the cluster where that is not known.

        Raises:
            RedisConnectionError: no node answers.
            ClusterDownError: nobody serves it.
        """
        if slot not in self._slots and (
            self._asking.under_way or self._asking.age >= DOUBT_SECONDS
        ):
            await self.refresh()
        if slot not in self._slots:
            raise ClusterDownError(f"nobody serves slot {slot}")
        return self._slots[slot]

    async def primaries(self) -> list[Redis]:
        """Clients of all nodes that serve slots; raises as `address_of`."""
        await self.address_of(0)
        return [self.client(address) for address in sorted(set(self._slots.values()))]

    def moved(self, error: MovedError, told_by: Address) -> None:
        """Takes over what a node has said; one that names no host means its own."""
        self._slots[error.slot_id] = (error.host or told_by[0], error.port)
        self.doubt()  # where one slot has moved others may have

    def doubt(self) -> None:
        """Something is not as it was: asks in the background, unless that was done just now."""
        self._asking.refresh(DOUBT_SECONDS)

    async def refresh(self) -> None:
        """Asks the cluster; raises RedisConnectionError when no node answers."""
        await self._asking.answer()

    async def aclose(self) -> None:
        """Closes the connections to all nodes."""
        await self._asking.aclose()
        for task in self._retiring:
            task.cancel()
        if self._retiring:
            await asyncio.wait(self._retiring)
        for client in self._clients.values():
            await client.aclose()

    async def _ask(self) -> None:
        known = list(self._clients)
        nodes = random.sample(known, min(len(known), NODES_ASKED))
        asked = [asyncio.ensure_future(self._view_of(node)) for node in nodes]
        views: list[_View] = []
        try:
            for answer in asyncio.as_completed(asked):
                if (view := await answer) is not None:
                    views.append(view)
                # One may be cut off with a map of yesterday; a majority is not.
                if sum(view.healthy for view in views) > len(asked) // 2:
                    break
        finally:
            for each in asked:
                each.cancel()
        if not views:
            raise RedisConnectionError("no node of the cluster answers")
        self._take(max(views, key=lambda view: (view.healthy, view.epoch)).slots)

    async def _view_of(self, node: Address) -> _View | None:
        pipeline = self.client(node).pipeline(transaction=False)
        pipeline.execute_command("CLUSTER", "INFO")
        pipeline.execute_command("CLUSTER", "SLOTS")
        try:
            async with asyncio.timeout(ASK_SECONDS):
                info, ranges = await pipeline.execute()
        except (RedisError, OSError) as error:  # a time-out is an OSError
            log.debug("node_does_not_tell", node=node, error=repr(error))
            return None
        facts = dict(line.split(":", 1) for line in _text(info).splitlines() if ":" in line)
        slots: dict[int, Address] = {}
        for first, last, (host, port, *_), *_replicas in ranges:
            address = (_text(host or b"") or node[0], int(port))
            slots.update(dict.fromkeys(range(first, last + 1), address))
        return _View(facts["cluster_state"] == "ok", int(facts["cluster_current_epoch"]), slots)

    def _take(self, slots: dict[int, Address]) -> None:
        self._slots = slots
        serving = {*slots.values(), *self._seeds}
        for address in [address for address in self._clients if address not in serving]:
            task = asyncio.create_task(_retire(self._clients.pop(address)), name="retire node")
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)


def _text(raw: Any) -> str:
    return raw.decode() if isinstance(raw, bytes) else str(raw)


async def _retire(client: Redis) -> None:
    try:
        await asyncio.sleep(RETIRE_SECONDS)
    finally:
        await client.aclose()

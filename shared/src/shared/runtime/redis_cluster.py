"""A cluster as one client: commands go to the node that serves their key's slot.

Each node has a pool of its own, the same as a single server has: time-outs, waiting for a
connection and repeating hold alike. redis-py's RedisCluster has none of that: it repeats commands
that timed out, redirects each command of a pipeline by itself for up to half a second, and learns
nothing from a pipeline that found its node dead.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline, PubSub
from redis.asyncio.cluster import RedisCluster
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    DataError,
    MovedError,
    TryAgainError,
)
from typing_extensions import override

from shared.runtime.redis_topology import AWAY, Topology

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.runtime.redis_url import Address

REDIRECT_SECONDS: Final = 1.0
"""How long commands follow a slot on the move; then the sender is told to try again."""

TRY_AGAIN_SECONDS: Final = 0.02

REDIRECTS: Final = (MovedError, AskError, TryAgainError)
"""Answers of a node that has not carried the command out."""

_Staged = tuple[tuple[Any, ...], dict[str, Any]]
"""A command and redis-py's options for its answer."""


def slot_of(args: Sequence[Any]) -> int:
    """Slot of a command's first key; the server refuses keys of several slots.

    Raises:
        DataError: the command has no key.
    """
    name = str(args[0]).upper()
    at = 1
    if name in {"EVAL", "EVALSHA"}:
        at = 3
    elif name == "XREADGROUP":
        at = args.index(b"STREAMS") + 1
    if name in RedisCluster.COMMAND_FLAGS or at >= len(args):
        raise DataError(f"{name} has no key that would choose a node of the cluster")
    key = args[at]
    return key_slot(key if isinstance(key, bytes) else str(key).encode())


class ClusterClient(Redis):
    """Knows the commands of redis-py's client as long as they have a key, and PING."""

    def __init__(self, topology: Topology) -> None:
        super().__init__(connection_pool=topology.seed.connection_pool)
        self.topology = topology

    @override
    async def execute_command(self, *args: Any, **options: Any) -> Any:
        if args[0] == "PING":
            return await self._ping()
        (answer,) = await run_staged(self.topology, [(args, options)])
        if isinstance(answer, Exception):
            raise answer
        return answer

    @override
    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        return _ClusterPipeline(self.topology, transaction=transaction)

    @override
    def pubsub(self, **kwargs: Any) -> PubSub:
        raise DataError("a channel chooses the node to listen to: see redis_client.node_for")

    @override
    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await self.topology.aclose()

    async def _ping(self) -> bool:
        nodes = await self.topology.primaries()
        try:
            await asyncio.gather(*(node.ping() for node in nodes))
        except AWAY:
            self.topology.doubt()
            raise
        return True


class _ClusterPipeline(Pipeline):
    """Sends its commands in one pipeline per node, all at once; in order within each slot."""

    def __init__(self, topology: Topology, *, transaction: bool) -> None:
        pool = topology.seed.connection_pool
        super().__init__(pool, topology.seed.response_callbacks, transaction, None)
        self._topology = topology

    @override
    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        stack: list[_Staged] = [(args, dict(options)) for args, options in self.command_stack]
        await self.reset()  # type: ignore[no-untyped-call]
        if not stack:
            return []
        if self.is_transaction:
            return await run_transaction(self._topology, stack)
        answers = await run_staged(self._topology, stack)
        if raise_on_error:
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer
        return answers


async def run_staged(topology: Topology, stack: Sequence[_Staged]) -> list[Any]:
    """Runs commands; the answer of each may be an exception, also that its node is away."""
    give_up_at = asyncio.get_running_loop().time() + REDIRECT_SECONDS
    slots = _slots_of(stack)
    answers: list[Any] = [None] * len(stack)
    pending = list(range(len(stack)))
    while pending:
        await _run_round(topology, stack, slots, pending, answers)
        moving = {slots[n] for n in pending if isinstance(answers[n], REDIRECTS)}
        pending = [
            n
            for n in pending
            if isinstance(answers[n], REDIRECTS) or (_is_wait(stack[n]) and slots[n] in moving)
        ]
        if asyncio.get_running_loop().time() > give_up_at:
            break
        if any(isinstance(answers[n], TryAgainError) for n in pending):
            await asyncio.sleep(TRY_AGAIN_SECONDS)
    return answers


def _slots_of(stack: Sequence[_Staged]) -> list[int]:
    """Slot of each command; a WAIT goes where the command before it goes."""
    slots: list[int] = []
    for args, _ in stack:
        slots.append(slots[-1] if args[0] == "WAIT" and slots else slot_of(args))
    return slots


def _is_wait(staged: _Staged) -> bool:
    return bool(staged[0][0] == "WAIT")


async def _run_round(
    topology: Topology,
    stack: Sequence[_Staged],
    slots: Sequence[int],
    pending: Sequence[int],
    answers: list[Any],
) -> None:
    """Sends what is pending, each slot's commands to one node, and puts their answers in."""
    ways: dict[int, tuple[Address, bool] | ClusterDownError] = {}
    groups: dict[tuple[Address, bool], list[int]] = defaultdict(list)
    for n in pending:
        slot, before = slots[n], answers[n]
        if slot not in ways:  # one way for all of a slot, so that they stay in order
            asked = isinstance(before, AskError)
            try:
                address = before.node_addr if asked else await topology.address_of(slot)
                ways[slot] = (address, asked)
            except ClusterDownError as error:  # that of this slot; the others have nodes
                ways[slot] = error
        way = ways[slot]
        if isinstance(way, ClusterDownError):
            answers[n] = way
        else:
            groups[way].append(n)
    found = await asyncio.gather(
        *(
            _run_at(topology, address, [stack[n] for n in group], asking=asking)
            for (address, asking), group in groups.items()
        )
    )
    for group, results in zip(groups.values(), found, strict=True):
        for n, result in zip(group, results, strict=True):
            answers[n] = result


async def _run_at(
    topology: Topology, address: Address, stack: Sequence[_Staged], *, asking: bool
) -> list[Any]:
    pipeline = topology.client(address).pipeline(transaction=False)
    for args, options in stack:
        if asking:
            pipeline.execute_command("ASKING")
        pipeline.execute_command(*args, **options)
    try:
        answers = await pipeline.execute(raise_on_error=False)
    except AWAY as error:
        topology.doubt()
        return [error] * len(stack)
    answers = answers[1::2] if asking else answers
    for answer in answers:
        _learn(topology, answer, address)
    return answers


async def run_transaction(topology: Topology, stack: Sequence[_Staged]) -> list[Any]:
    """Runs commands of one slot as one transaction; raises the first error."""
    give_up_at = asyncio.get_running_loop().time() + REDIRECT_SECONDS
    while True:
        address = await topology.address_of(slot_of(stack[0][0]))
        pipeline = topology.client(address).pipeline(transaction=True)
        for args, options in stack:
            pipeline.execute_command(*args, **options)
        try:
            return await pipeline.execute()
        except AWAY:
            topology.doubt()
            raise
        except (*REDIRECTS, ClusterDownError) as error:
            _learn(topology, error, address)
            if (
                isinstance(error, ClusterDownError)
                or asyncio.get_running_loop().time() > give_up_at
            ):
                raise
            if not isinstance(error, MovedError):
                await asyncio.sleep(TRY_AGAIN_SECONDS)


def _learn(topology: Topology, answer: Any, address: Address) -> None:
    if isinstance(answer, MovedError):
        topology.moved(answer, address)
    elif isinstance(answer, ClusterDownError):
        topology.doubt()

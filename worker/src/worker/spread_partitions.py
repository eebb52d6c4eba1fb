"""`python -m worker.spread_partitions`: how partitions lie on a Cluster, and evenly. One-shot.

    python -m worker.spread_partitions           says where each partition is, and what to move
    python -m worker.spread_partitions --apply   moves their slots (Valkey 9 or newer), one by one

A partition is one hash slot, so an even share of all 16,384 slots is no even share of a few
partitions: with 16 of them and 8 nodes, cut evenly, four nodes have nothing to do. Rooms go on
meanwhile: a slot moves at once (`CLUSTER MIGRATESLOTS`).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import ValidationError
from redis.crc import key_slot
from redis.exceptions import RedisError

from shared.redis_schema.keys import Keys
from shared.runtime.redis_client import is_cluster, nodes_of, open_redis
from shared.runtime.settings import CommonSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

MOVE_SECONDS: Final = 120.0
"""For one slot: all rooms of a partition, and what waits for PostgreSQL."""
POLL_SECONDS: Final = 0.1


class Primary(NamedTuple):
    """A node that may serve slots."""

    id: str
    address: str
    slots: frozenset[int]


class Move(NamedTuple):
    """A partition, and where it should be instead."""

    partition: int
    slot: int
    giver: Primary
    taker: Primary


class NotMoved(Exception):
    """A slot is where it was. Says why."""


def read_primaries(told: str) -> list[Primary]:
    """All primaries in an answer to `CLUSTER NODES`, in order of their addresses.

    The form: https://valkey.io/commands/cluster-nodes/#serialization-format
    """
    primaries = []
    for line in told.splitlines():
        name, address, flags, _, _, _, _, _, *ranges = line.split()
        if "master" in flags and not {"fail", "noaddr"} & set(flags.split(",")):
            place = address.partition("@")[0]
            primaries.append(Primary(name, place, frozenset(_slots(ranges))))
    return sorted(primaries, key=lambda primary: primary.address)


def _slots(ranges: Sequence[str]) -> set[int]:
    slots: set[int] = set()
    for each in ranges:
        if not each.startswith("["):  # on its way: still served here
            first, _, last = each.partition("-")
            slots.update(range(int(first), int(last or first) + 1))
    return slots


def slots_of(keys: Keys) -> list[int]:
    """The slot of each partition, in order."""
    return [key_slot(keys.ingest(partition).encode()) for partition in range(keys.partitions)]


def held(primaries: Sequence[Primary], slots: Sequence[int]) -> dict[str, list[int]]:
    """By a primary's id, the partitions that it serves."""
    return {
        primary.id: [number for number, slot in enumerate(slots) if slot in primary.slots]
        for primary in primaries
    }


def plan(primaries: Sequence[Primary], slots: Sequence[int]) -> list[Move]:
    """The fewest moves after which no two primaries differ by more than one partition."""
    mine = held(primaries, slots)
    least, more = divmod(len(slots), len(primaries))
    # Those that have most keep one more than the others, if some must.
    by_load = sorted(primaries, key=lambda primary: -len(mine[primary.id]))
    wanted = {p.id: least + (place < more) for place, p in enumerate(by_load)}
    takers = [p for p in primaries for _ in range(wanted[p.id] - len(mine[p.id]))]
    given = [(p, number) for p in primaries for number in mine[p.id][wanted[p.id] :]]
    return [
        Move(number, slots[number], giver, taker)
        for (giver, number), taker in zip(given, takers, strict=True)
    ]


async def look(redis: Redis) -> list[Primary]:
    """All primaries of the cluster, as one of its nodes knows them.

    Raises:
        RedisError: no node answers.
    """
    node = (await nodes_of(redis))[0]
    told: Any = await node.execute_command("CLUSTER", "NODES")  # type: ignore[no-untyped-call]
    return read_primaries(told.decode())


async def carry_out(redis: Redis, move: Move) -> None:
    """Moves one slot; returns when the cluster knows.

    Raises:
        NotMoved: the giver cannot, or it takes longer than MOVE_SECONDS.
    """
    for node in await nodes_of(redis):
        name: Any = await node.execute_command("CLUSTER", "MYID")  # type: ignore[no-untyped-call]
        if name.decode() == move.giver.id:
            where = ("SLOTSRANGE", move.slot, move.slot, "NODE", move.taker.id)
            try:
                await node.execute_command("CLUSTER", "MIGRATESLOTS", *where)  # type: ignore[no-untyped-call]
            except RedisError as error:
                raise NotMoved(f"{move.giver.address}: {error}") from error
            break
    deadline = time.monotonic() + MOVE_SECONDS
    while not any(p.id == move.taker.id and move.slot in p.slots for p in await look(redis)):
        if time.monotonic() > deadline:
            raise NotMoved(f"slot {move.slot} did not arrive within {MOVE_SECONDS:g} s")
        await asyncio.sleep(POLL_SECONDS)


def _tell(primaries: Sequence[Primary], mine: Mapping[str, Sequence[int]]) -> None:
    for primary in primaries:
        numbers = ", ".join(map(str, mine[primary.id])) or "none"
        print(f"{primary.address}: {len(mine[primary.id])} partitions ({numbers})")


async def spread(settings: CommonSettings, *, apply: bool) -> None:
    """Tells how partitions lie and what to move; and moves, if `apply`.

    Raises:
        NotMoved: a slot could not be moved; those before it were.
        RedisError: the cluster is away.
    """
    slots = slots_of(Keys(settings.key_prefix, settings.partitions))
    redis = open_redis(settings.redis_url.get_secret_value(), "adda-spread")
    try:
        if not is_cluster(redis):
            print("one server has all partitions: there is nothing to spread")
            return
        primaries = await look(redis)
        _tell(primaries, held(primaries, slots))
        moves = plan(primaries, slots)
        for move in moves:
            print(f"partition {move.partition}: {move.giver.address} → {move.taker.address}")
            if apply:
                await carry_out(redis, move)
        if not moves:
            print("evenly spread")
    finally:
        await redis.aclose()


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m worker.spread_partitions")
    parser.add_argument("--apply", action="store_true", help="move, not only tell")
    options = parser.parse_args(arguments)
    try:
        settings = CommonSettings.from_environment()
    except ValidationError as error:
        print(f"spread_partitions: settings are not usable: {error}", file=sys.stderr)
        return 2
    try:
        asyncio.run(spread(settings, apply=options.apply))
    except (NotMoved, RedisError, OSError) as error:
        print(f"spread_partitions: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

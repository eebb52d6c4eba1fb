"""Everything that is done to the stack, by name.

A fault ends with its cause gone; to recover from it is the stack's own affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.tcp_proxy import Mode, anything, sends

from shared.redis_schema.keys import Keys

if TYPE_CHECKING:
    from random import Random

    from tests.faults.bed import Bed
    from tests.tcp_proxy import TcpProxy

Act = Callable[["Bed", "Random"], Awaitable[None]]
FROZEN_SECONDS: Final = 20.0
POSTGRES_AWAY_SECONDS: Final = 60.0
HALF_OPEN_SECONDS: Final = 3.3
"""Longer than a command may take."""

BAD_SECONDS: Final = 1.0
DELAY_SECONDS: Final = 0.15

LISTENING_LINK: Final = sends(b"-listen")
"""The connections on which replicas hear each other, by the name they give themselves."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail."""

    name: str
    act: Act


def killed(kind: str) -> Fault:
    """One replica of a service by SIGKILL."""

    async def act(bed: Bed, chance: Random) -> None:
        name = chance.choice(bed.names(kind))
        await bed.kill(name)
        await bed.wait_up(name)

    return Fault(f"{kind} killed", act)


def terminated(kind: str) -> Fault:
    """One replica of a service by SIGTERM, as a deploy does."""

    async def act(bed: Bed, chance: Random) -> None:
        name = chance.choice(bed.names(kind))
        await bed.terminate(name)
        await bed.wait_up(name)

    return Fault(f"{kind} terminated", act)


def frozen(kind: str, seconds: float = FROZEN_SECONDS) -> Fault:
    """One replica of a service by SIGSTOP, for a while."""

    async def act(bed: Bed, chance: Random) -> None:
        name = chance.choice(bed.names(kind))
        await bed.freeze(name, seconds)
        await bed.wait_up(name)

    return Fault(f"{kind} frozen for {seconds:g} s", act)


async def _redis_killed(bed: Bed, chance: Random) -> None:
    await asyncio.to_thread(bed.valkey.kill)
    await asyncio.sleep(chance.uniform(0, 1))
    await asyncio.to_thread(bed.valkey.start)


async def _redis_stopped(bed: Bed, chance: Random) -> None:
    await asyncio.to_thread(bed.valkey.stop)
    await asyncio.sleep(chance.uniform(0, 1))
    await asyncio.to_thread(bed.valkey.start)


async def _every_client_killed(bed: Bed, _chance: Random) -> None:
    async with bed.redis() as redis:
        for kind in ("normal", "pubsub"):
            await redis.client_kill_filter(_type=kind, skipme=True)


async def _postgres_killed(bed: Bed, chance: Random) -> None:
    await asyncio.to_thread(bed.postgres.kill)
    await asyncio.sleep(chance.uniform(0, 1))
    await asyncio.to_thread(bed.postgres.start)


def postgres_away(seconds: float = POSTGRES_AWAY_SECONDS) -> Fault:
    """PostgreSQL stopped, and started after a while."""

    async def act(bed: Bed, _chance: Random) -> None:
        await asyncio.to_thread(bed.postgres.stop)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(bed.postgres.start)

    return Fault(f"postgres away for {seconds:g} s", act)


async def _disk_full(bed: Bed, _chance: Random) -> None:
    """Every insert fails with 53100, as on a full disk."""
    await bed.query(
        "CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'could not extend file: No space left on device' "
        "USING ERRCODE = 'disk_full'; END $$"
    )
    await bed.query(
        "CREATE OR REPLACE TRIGGER full_disk BEFORE INSERT ON messages EXECUTE FUNCTION full_disk()"
    )
    await asyncio.sleep(BAD_SECONDS)
    await bed.query("DROP TRIGGER full_disk ON messages")


async def _poison(bed: Bed, chance: Random) -> None:
    """Entries that no worker can read, in the middle of the queue."""
    keys = Keys("adda:", 16)
    async with bed.redis() as redis:
        stream = keys.ingest(chance.randrange(keys.partitions))
        await redis.xadd(stream, {"k": "m", "v": "1", "r": "not a room", "s": "x"})
        await redis.xadd(stream, {"নতুন": "কিছু"})


def link_fault(which: str, how: str) -> Fault:
    """What a network does to the links of `redis` or `postgres`."""

    def link_of(bed: Bed) -> TcpProxy:
        return bed.redis_link if which == "redis" else bed.postgres_link

    async def cut(bed: Bed, _chance: Random) -> None:
        link_of(bed).cut()

    async def refused(bed: Bed, _chance: Random) -> None:
        link_of(bed).mode = Mode.REFUSE
        link_of(bed).cut()
        await asyncio.sleep(BAD_SECONDS)
        link_of(bed).mode = Mode.PASS

    async def delayed(bed: Bed, _chance: Random) -> None:
        link_of(bed).delay_seconds = DELAY_SECONDS
        await asyncio.sleep(BAD_SECONDS)
        link_of(bed).delay_seconds = 0.0

    async def half_open(bed: Bed, _chance: Random) -> None:
        link_of(bed).mode = Mode.HOLD
        await asyncio.sleep(HALF_OPEN_SECONDS)
        link_of(bed).mode = Mode.PASS

    async def forgotten(bed: Bed, _chance: Random) -> None:
        link_of(bed).forget(anything)

    acts = {
        "cut": cut,
        "refused": refused,
        "delayed": delayed,
        "half-open": half_open,
        "forgotten": forgotten,
    }
    return Fault(f"{which} link {how}", acts[how])


async def _listening_cut(bed: Bed, _chance: Random) -> None:
    bed.redis_link.cut(LISTENING_LINK)


async def _listening_forgotten(bed: Bed, _chance: Random) -> None:
    """Pub/sub alone is silent for ever: only the probe finds it."""
    bed.redis_link.forget(LISTENING_LINK)


REDIS_KILLED: Final = Fault("redis killed and restarted", _redis_killed)
REDIS_STOPPED: Final = Fault("redis stopped and restarted", _redis_stopped)
CLIENTS_KILLED: Final = Fault("CLIENT KILL of every redis connection", _every_client_killed)
POSTGRES_KILLED: Final = Fault("postgres killed and restarted", _postgres_killed)
DISK_FULL: Final = Fault("postgres says its disk is full", _disk_full)
POISON: Final = Fault("poison in the ingest stream", _poison)
LISTENING_CUT: Final = Fault("pub/sub link cut", _listening_cut)
LISTENING_FORGOTTEN: Final = Fault("pub/sub link silently dead", _listening_forgotten)

REDIS_FAULTS: Final = (
    REDIS_KILLED,
    REDIS_STOPPED,
    CLIENTS_KILLED,
    LISTENING_CUT,
    LISTENING_FORGOTTEN,
    POISON,
    *(link_fault("redis", how) for how in ("cut", "refused", "delayed", "half-open")),
)
POSTGRES_FAULTS: Final = (
    POSTGRES_KILLED,
    DISK_FULL,
    *(link_fault("postgres", how) for how in ("cut", "refused", "delayed", "half-open")),
)
WS_FAULTS: Final = (killed("ws"), terminated("ws"), frozen("ws"))
WORKER_FAULTS: Final = (killed("worker"), terminated("worker"), frozen("worker"))
DOOR_FAULTS: Final = (killed("api"), terminated("api"), killed("gateway"), terminated("gateway"))

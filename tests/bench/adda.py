"""The product itself, as `make run` starts it, with each part on the processor that it is given."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.bench.peers.peer import Running
from tests.bench.processes import pin
from tests.load.__main__ import make_rooms
from tests.load.dialects.adda import AddaDialect

from local_stack.ports import free_ports
from local_stack.runfile import read_record
from local_stack.services import StackOptions
from local_stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.bench.peers.peer import Place
    from tests.load.dialects.dialect import Dialect

OPEN_DOORS: Final = {
    # A few clients stand for many people, and all have one address.
    "ADDA_COMMAND_BURST": "1000000",
    "ADDA_COMMAND_RATE": "1000000",
    "ADDA_MAX_TABS": "1000000",
    "ADDA_LIMIT_SESSION": "1000000/1000000",
    "ADDA_LIMIT_ROOM": "1000000/1000000",
    "ADDA_LIMIT_NEWCOMERS": "1000000/1000000",
    "ADDA_JOIN_BURST": "1000000",
    "ADDA_JOIN_RATE": "1000000",
}
"""Every check is made; only the limits are out of the way."""


@dataclass(frozen=True, slots=True)
class RunningStack:
    """All processes of a stack that serves."""

    stack: Stack
    pids: Mapping[str, int]
    """Roots of process trees, by name: `ws-1`, `api-1`, `worker-1`, `gateway`, …"""

    def base(self, name: str = "ws-1") -> str:
        """`ws://…` of one replica."""
        return self.stack.service_url(name).replace("http", "ws", 1)

    def named(self, kind: str) -> tuple[int, ...]:
        """Process ids of all replicas of `ws`, `api` or `worker`, or of `valkey`."""
        return tuple(pid for name, pid in self.pids.items() if name.partition("-")[0] == kind)

    def new_room(self) -> str:
        """A room for everybody; its id."""
        return make_rooms(self.stack.url, 1)[0]


@contextmanager
def open_stack(  # one parameter for each thing that a measurement varies
    directory: Path,
    *,
    ws: int = 1,
    core: int = 0,
    helper_core: int = 1,
    redis_url: str | None = None,
    database_url: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[RunningStack]:
    """Starts a stack, its ws replicas on `core` and everything else on `helper_core`."""
    options = StackOptions(
        directory=directory,
        port=free_ports(1)[0],
        ws=ws,
        redis_url=redis_url,
        database_url=database_url,
        environment={**OPEN_DOORS, **(environment or {})},
    )
    with Stack(options) as stack:
        record = read_record(directory)
        assert record is not None
        pids = {child.name: child.pid for child in record.children}
        for name, pid in pids.items():
            pin([pid], core if name.startswith("ws-") else helper_core)
        yield RunningStack(stack, pids)


class Adda:
    """See Peer."""

    name = "adda"
    title = "Adda"
    does = (
        "Everything that the contract promises: numbers, durable history, acks, presence, "
        "recovery, and the worker that writes to PostgreSQL."
    )
    dialect: Dialect = AddaDialect()

    def prepare(self, cache: Path) -> None:
        """Nothing to do: it is installed."""

    @contextmanager
    def run(self, place: Place) -> Iterator[Running]:
        """See Peer."""
        with open_stack(
            place.directory,
            core=place.core,
            helper_core=place.helper_core,
            redis_url=place.redis_url,
            database_url=place.database_url,
        ) as running:
            yield Running(
                running.base(),
                running.named("ws"),
                running.named("worker"),
                running.new_room,
            )

"""Which socket replica serves whom; not a test itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.people import Person
    from tests.web.rooms import Room

    from local_stack.stack import Stack

REPLICAS: Final = ("ws-1", "ws-2")


def serving(stack: Stack, connect: Callable[[], None]) -> str:
    """The replica that serves the socket which `connect` makes."""
    before = {name: _sockets(stack, name) for name in REPLICAS}
    connect()
    gained = [name for name in REPLICAS if _sockets(stack, name) - before[name]]
    assert len(gained) == 1, gained
    return gained[0]


def enter_at(stack: Stack, replica: str, person: Person, room: Room) -> None:
    """`person` comes, and comes back until it is `replica` that serves them."""
    if serving(stack, lambda: person.enter(room)) == replica:
        return
    for _ in range(10):
        if serving(stack, lambda: person.come_back(room)) == replica:
            return
    raise AssertionError(f"the gateway never gave {replica}")


def _sockets(stack: Stack, replica: str) -> set[int]:
    """The gateway's ports of its links to `replica`; a probe of another program is none of them."""
    port = urlsplit(stack.service_url(replica)).port
    gateway = psutil.Process(stack.pid("gateway"))
    return {
        link.laddr.port
        for process in (gateway, *gateway.children(recursive=True))
        for link in process.net_connections("tcp")
        if link.status == psutil.CONN_ESTABLISHED and link.raddr.port == port
    }

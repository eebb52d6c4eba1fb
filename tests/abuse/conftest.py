"""A whole stack on which strangers from many addresses (127.x.x.x) are let loose."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from local_stack.ports import free_ports
from local_stack.services import StackOptions
from local_stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

MODERATED: Final = {
    "ADDA_UNLIMITED_NETWORKS": "192.0.2.0/24",  # here the loopback is the world
    "ADDA_LIMIT_IPV4": "5000/500",
    "ADDA_LIMIT_SESSION": "2000/200",
}


@pytest.fixture(scope="package")
def moderated(server_directory: Path) -> Iterator[Stack]:
    """Two replicas of everything that the public reaches; limits are out of the way."""
    options = StackOptions(
        directory=server_directory / "moderated",
        port=free_ports(1)[0],
        durable=False,
        api=2,
        ws=2,
        environment=MODERATED,
    )
    with Stack(options) as running:
        yield running


@asynccontextmanager
async def rest(stack: Stack, address: str, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """REST through the gateway, from one address."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    async with httpx.AsyncClient(
        base_url=stack.url, transport=transport, headers=headers, timeout=30
    ) as client:
        yield client


def from_address(address: str) -> dict[str, Any]:
    """Options of a socket that comes from there."""
    return {"local_addr": (address, 0)}

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from tests.conftest import service_environment
from tests.e2e.upstreams import Upstream, running

from local_stack.ports import free_ports
from shared.runtime.ask_readiness import is_ready

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


async def ask(upstream: Upstream) -> bool:
    async with running(upstream):
        return await asyncio.to_thread(is_ready, upstream.port)


async def test_who_can_work_is_ready() -> None:
    upstream = Upstream(free_ports(1)[0])
    assert await ask(upstream)
    assert upstream.requests[0].startswith("GET /readyz HTTP/1.1\r\n")


@pytest.mark.parametrize("answer", [BUSY, b"", b"200 nonsense\r\n"])
async def test_who_answers_anything_else_is_not(answer: bytes) -> None:
    assert not await ask(Upstream(free_ports(1)[0], answer=answer))


def test_where_nobody_listens_nobody_is_ready() -> None:
    assert not is_ready(free_ports(1)[0])


def test_it_costs_next_to_nothing_to_ask() -> None:
    program = "import sys, shared.runtime.ask_readiness; print('pydantic' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", program],
        env=service_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "False\n"

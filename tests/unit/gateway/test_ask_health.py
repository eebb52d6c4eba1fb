from __future__ import annotations

import asyncio

import pytest
from tests.e2e.upstreams import Upstream, running

from gateway.ask_health import answers
from local_stack.ports import free_ports

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


async def ask(upstream: Upstream) -> bool:
    async with running(upstream):
        return await asyncio.to_thread(answers, upstream.port)


async def test_who_answers_is_healthy() -> None:
    upstream = Upstream(free_ports(1)[0])
    assert await ask(upstream)
    assert upstream.requests[0].startswith("GET /healthz HTTP/1.1\r\n")


@pytest.mark.parametrize("answer", [BUSY, b"", b"200 nonsense\r\n"])
async def test_who_answers_anything_else_is_not(answer: bytes) -> None:
    assert not await ask(Upstream(free_ports(1)[0], answer=answer))


def test_where_nobody_listens_nobody_is_healthy() -> None:
    assert not answers(free_ports(1)[0])

"""What the gateway bears from one address, and how long it waits, in a real nginx."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import httpx
import pytest
from tests.e2e.upstreams import Upstream, running
from tests.patience import PATIENCE_SECONDS
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import InvalidStatus

from local_stack.child import Child, Command, wait_for
from local_stack.gateway import gateway_command
from local_stack.ports import free_ports
from local_stack.services import TEMPLATE
from shared.protocol.errors import ErrorCode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MOST: Final = 3
POST: Final = b"POST /api/ HTTP/1.1\r\nHost: x\r\n"


@dataclass
class Gateway:
    """A running nginx, and the ports that it passes on to."""

    port: int
    api_port: int
    ws_port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/chat/room/"


def impatient(command: Command, folder: Path) -> Command:
    """The same behind a proxy on this machine that ends TLS, and with less patience."""

    def before_start() -> None:
        command.before_start()
        path = folder / "gateway" / "nginx.conf"
        text = path.read_text("utf-8")
        text = re.sub(r"(client_(?:header|body)_timeout +)10s;", r"\g<1>1s;", text)
        text = re.sub(r"(send_timeout +)30s;", r"\g<1>1s;", text)
        text = text.replace(
            "real_ip_recursive on;", "real_ip_recursive on; set_real_ip_from 127.0.0.0/8;"
        )
        text = text.replace("default 0;", "default 1;")
        text = re.sub(r"(limit_conn +adda_neighbourhoods) \d+;", rf"\1 {MOST};", text)
        path.write_text(text, "utf-8")

    return replace(command, before_start=before_start)


@pytest.fixture
async def gateway(reachable_path: Path) -> AsyncIterator[Gateway]:
    port, api_port, ws_port = free_ports(3)
    command = gateway_command(
        reachable_path,
        TEMPLATE,
        host="127.0.0.1",
        port=port,
        api_ports=[api_port],
        ws_ports=[ws_port],
    )
    child = Child(impatient(command, reachable_path), reachable_path / "gateway.log")
    assert await asyncio.to_thread(wait_for, child.command.ready, 10.0), child.last_lines()
    yield Gateway(port, api_port, ws_port, reachable_path / "gateway.log")
    await asyncio.to_thread(child.stop)


@asynccontextmanager
async def raw(gateway: Gateway) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    yield reader, writer
    writer.close()


async def said(reader: asyncio.StreamReader) -> bytes:
    """All that comes until nginx closes."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


async def stay(connection: ServerConnection) -> None:
    await connection.wait_closed()


@pytest.mark.parametrize(
    ("neighbours", "stranger"),
    [
        (["192.0.2.7"] * 4, "192.0.2.8"),
        (
            ["2001:db8:1:2:a:b:c:d", "2001:db8:1:2::1", "2001:db8:1:2::", "2001:db8:1:2:3::"],
            "2001:db8:1:3::1",
        ),
        (["2001:db8::1", "2001:db8::2:1", "2001:db8::1:2:3:4", "2001:db8::"], "2001:db9::1"),
        (["::ffff:192.0.2.7"] * 4, "::ffff:192.0.2.8"),
    ],
)
async def test_one_address_or_household_has_a_ceiling_and_others_their_own(
    gateway: Gateway, neighbours: list[str], stranger: str
) -> None:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serve(stay, "127.0.0.1", gateway.ws_port))
        for address in neighbours[:MOST]:
            headers = {"X-Forwarded-For": address}
            await stack.enter_async_context(
                connect(gateway.socket_url, additional_headers=headers, proxy=None)
            )
        with pytest.raises(InvalidStatus) as refused:
            await connect(
                gateway.socket_url,
                additional_headers={"X-Forwarded-For": neighbours[MOST]},
                proxy=None,
            )
        assert refused.value.response.status_code == 429
        assert ErrorCode.RATE_LIMITED in refused.value.response.body.decode()
        assert refused.value.response.headers["Retry-After"] in {"2", "3", "4"}
        headers = {"X-Forwarded-For": stranger}
        async with connect(gateway.socket_url, additional_headers=headers, proxy=None):
            pass


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:a:b:c:d", "2001:db8:1::/48"),
        ("2001:db8:1::d", "2001:db8:1::/48"),
        ("2001:db8::d:7", "2001:db8::/48"),
        ("2001::d:7", "2001::/48"),
        ("::7", "::/48"),
    ],
)
async def test_the_log_knows_the_network_and_not_the_address(
    gateway: Gateway, address: str, network: str
) -> None:
    async with httpx.AsyncClient(
        base_url=gateway.url, trust_env=False, timeout=PATIENCE_SECONDS
    ) as client:
        await client.get("/api/", headers={"X-Forwarded-For": address})
    await asyncio.to_thread(wait_for, lambda: "/api/" in gateway.log.read_text("utf-8"), 5.0)
    text = gateway.log.read_text("utf-8")
    assert f'"network":"{network}"' in text
    assert address not in text


@pytest.mark.parametrize("path", ["/api/", "/nothing-there", "/r/x", "/assets/gone.js"])
async def test_only_who_came_by_tls_is_told_to_keep_to_it(gateway: Gateway, path: str) -> None:
    async with (
        running(Upstream(gateway.api_port)),
        httpx.AsyncClient(
            base_url=gateway.url, trust_env=False, timeout=PATIENCE_SECONDS
        ) as client,
    ):
        plain = await client.get(path)
        behind_tls = await client.get(path, headers={"X-Forwarded-Proto": "https"})
    assert "Strict-Transport-Security" not in plain.headers
    assert behind_tls.headers.get_list("Strict-Transport-Security") == ["max-age=31536000"]


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GET /api/ HTTP/1.1\r\nHost: x\r\nX-Slow: ", id="half a head"),
        pytest.param(POST + b"Content-Length: 100\r\n\r\nabc", id="half a body"),
        pytest.param(POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", id="half a chunk"),
    ],
)
async def test_what_does_not_end_is_ended_and_never_reaches_a_service(
    gateway: Gateway, sent: bytes
) -> None:
    async with (
        running(Upstream(gateway.api_port)) as upstream,
        raw(gateway) as (reader, writer),
    ):
        writer.write(sent)
        assert b"200" not in (await said(reader))[:20]
        assert upstream.requests == []


async def test_a_head_that_drips_is_ended_although_something_always_comes(
    gateway: Gateway,
) -> None:
    async with raw(gateway) as (reader, writer):
        writer.write(b"GET /api/ HTTP/1.1\r\nHost: x\r\n")
        reading = asyncio.create_task(said(reader))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not reading.done():
                writer.write(b"X-Drip: 1\r\n")
                await asyncio.sleep(0.1)
        assert b"200" not in reading.result()[:20]


async def test_who_does_not_read_the_answer_is_cut_off(gateway: Gateway) -> None:
    body = b"x" * (32 << 20)  # more than the buffers of the kernel, on either side
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
    upstream = Upstream(gateway.api_port, answer=answer % (len(body), body))
    async with running(upstream), raw(gateway) as (reader, writer):
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(b"GET /api/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        await asyncio.sleep(2.5)  # twice `send_timeout`: that time passes is what is tested
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        assert len(await said(reader)) < len(body)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param("".join(f"X-{n}: {'x' * 1000}\r\n" for n in range(64)), id="many"),
        pytest.param(f"X-Long: {'x' * 9000}\r\n", id="one long"),
        pytest.param(f"Cookie: {'a=b; ' * 3000}\r\n", id="cookies"),
    ],
)
async def test_a_flood_of_headers_never_reaches_a_service(gateway: Gateway, head: str) -> None:
    async with running(Upstream(gateway.api_port)) as upstream, raw(gateway) as (reader, writer):
        writer.write(b"GET /api/ HTTP/1.1\r\nHost: x\r\n" + head.encode() + b"\r\n")
        assert (await said(reader)).startswith(b"HTTP/1.1 431")
        assert upstream.requests == []


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", id="both lengths"),
        pytest.param(b"Content-Length: 3\r\nContent-Length: 5\r\n", id="two lengths"),
        pytest.param(b"Content-Length: +3\r\n", id="a sign"),
        pytest.param(b"Transfer-Encoding: gzip, chunked\r\n", id="another coding"),
        pytest.param(b"Transfer-Encoding : chunked\r\n", id="a space before the colon"),
        pytest.param(b"Host: y\r\n", id="two hosts"),
    ],
)
async def test_a_request_that_two_servers_could_read_differently_is_refused(
    gateway: Gateway, head: bytes
) -> None:
    async with running(Upstream(gateway.api_port)) as upstream, raw(gateway) as (reader, writer):
        smuggled = b"0\r\n\r\nGET /api/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
        writer.write(POST + head + b"\r\n" + smuggled)
        told = await said(reader)
        assert told.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))
        assert upstream.requests == []

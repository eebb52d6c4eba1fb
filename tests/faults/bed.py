"""The whole stack as it runs for people, with a bad network and weak servers to order.

Services reach Valkey and PostgreSQL through proxies; every process can be killed, frozen and
brought back by its name. Sentinels and clusters tell their clients where to go: to those no proxy
leads, and what fails is the servers themselves.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
from tests.own_postgres import OwnPostgres
from tests.own_valkey import OwnValkey
from tests.patience import eventually
from tests.tcp_proxy import Mode, TcpProxy, proxy_in_thread

from local_stack.ports import free_ports
from local_stack.services import StackOptions
from local_stack.stack import Stack
from shared.runtime.redis_client import open_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from redis.asyncio import Redis

SERVICES = ("api", "ws", "worker")
QUEUE_MEMORY = "4gb"
"""A storm keeps PostgreSQL away for most of half an hour; all that waits for it finds room."""

ENVIRONMENT = {
    # Clients of a run share one address and send for as long as it takes.
    "ADDA_LIMIT_SESSION": "off",
    "ADDA_LOG_LEVEL": "info",
}


@dataclass(frozen=True, slots=True)
class Size:
    """How many replicas of each service."""

    api: int = 2
    ws: int = 2
    workers: int = 2


def through(url: str, port: int) -> str:
    """`url` with the port of a proxy."""
    parts = urlsplit(url)
    account, _, address = parts.netloc.rpartition("@")
    host = address.rpartition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{account}@{host}:{port}"))


@dataclass(frozen=True, slots=True)
class OneServer:
    """The usual layout of Redis."""

    valkey: OwnValkey
    link: TcpProxy


@dataclass(frozen=True, slots=True)
class Bed:
    """Everything that a fault can touch. Methods that wait are coroutines."""

    stack: Stack
    redis_url: str
    """Past the proxy, if there is one."""
    one_server: OneServer | None
    """None where Redis is of another layout, which faults know for themselves."""
    postgres: OwnPostgres
    postgres_link: TcpProxy
    size: Size

    @property
    def valkey(self) -> OwnValkey:
        """For faults of the usual layout alone."""
        assert self.one_server is not None
        return self.one_server.valkey

    @property
    def redis_link(self) -> TcpProxy:
        """For faults of the usual layout alone."""
        assert self.one_server is not None
        return self.one_server.link

    def names(self, kind: str) -> list[str]:
        """Names of all replicas of `api`, `ws` or `worker`; of `gateway` its only one."""
        if kind == "gateway":
            return ["gateway"]
        count = {"api": self.size.api, "ws": self.size.ws, "worker": self.size.workers}[kind]
        return [f"{kind}-{n}" for n in range(1, count + 1)]

    async def kill(self, name: str) -> None:
        """SIGKILL; it is up again at once."""
        await asyncio.to_thread(self.stack.kill, name)
        await asyncio.to_thread(self.stack.release, name)

    async def terminate(self, name: str) -> None:
        """SIGTERM, and a start when it has ended: what a rolling restart does."""
        await asyncio.to_thread(self.stack.hold, name)
        await asyncio.to_thread(self.stack.release, name)

    async def freeze(self, name: str, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after a while."""
        self.stack.signal(name, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            self.stack.signal(name, signal.SIGCONT)

    async def wait_up(self, *names: str) -> None:
        """Returns when all of `names` live: what they need may be away by another fault."""
        async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
            for name in names:
                url = self.stack.url if name == "gateway" else self.stack.service_url(name)
                await eventually(partial(_answers, http, f"{url}/healthz"), name)

    async def wait_ready(self) -> None:
        """Returns when all replicas can work."""
        async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
            for name in [n for kind in SERVICES for n in self.names(kind)]:
                url = f"{self.stack.service_url(name)}/readyz"
                await eventually(partial(_answers, http, url), name)

    async def query(self, statement: str) -> Any:
        """One value, or None, past the proxy."""
        connection = await asyncpg.connect(self.postgres.url, timeout=10)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    @asynccontextmanager
    async def redis(self) -> AsyncIterator[Redis]:
        """A client past the proxy."""
        client = open_redis(self.redis_url, "test")
        try:
            yield client
        finally:
            await client.aclose()

    def heal(self) -> None:
        """The links are good again; whatever is down or frozen is the fault's own to bring back."""
        links = [self.postgres_link]
        if self.one_server is not None:
            links.append(self.one_server.link)
        for link in links:
            link.delay_seconds = 0.0
            link.mode = Mode.PASS


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def open_bed(
    directory: Path,
    size: Size,
    environment: Mapping[str, str] | None = None,
    *,
    redis_url: str | None = None,
) -> Iterator[Bed]:
    """Starts everything, and stops it at the end. `redis_url`: servers of the caller's own."""
    with ExitStack() as exits:
        one_server, services_redis_url = None, redis_url
        if redis_url is None:
            valkey = OwnValkey(directory / "redis", None, QUEUE_MEMORY)
            exits.callback(valkey.stop)
            one_server = OneServer(valkey, exits.enter_context(_proxy_to(valkey.url)))
            redis_url = valkey.url
            services_redis_url = through(redis_url, one_server.link.port)
        postgres = OwnPostgres(directory / "postgres")
        exits.callback(postgres.stop)
        postgres_link = exits.enter_context(_proxy_to(postgres.url))
        options = StackOptions(
            directory=directory / "stack",
            port=free_ports(1)[0],
            api=size.api,
            ws=size.ws,
            workers=size.workers,
            redis_url=services_redis_url,
            database_url=through(postgres.url, postgres_link.port),
            environment={**ENVIRONMENT, **(environment or {})},
        )
        stack = exits.enter_context(Stack(options))
        yield Bed(stack, redis_url, one_server, postgres, postgres_link, size)


def _proxy_to(url: str) -> AbstractContextManager[TcpProxy]:
    return proxy_in_thread("127.0.0.1", urlsplit(url).port or 0)

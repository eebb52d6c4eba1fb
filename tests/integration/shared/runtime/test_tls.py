"""Redis and PostgreSQL over TLS, by their addresses alone: who is not who it should be is refused.

Against Debian's servers where they are installed, and against a front before the wheels', always.
"""

from __future__ import annotations

import shutil
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import asyncpg
import pytest
from pydantic import SecretStr
from tests.chat_client import chat
from tests.integration.ws_service.conftest import run_replica
from tests.tls_servers import Papers, at, issue_papers, tls_front, tls_postgres, tls_redis

from local_stack.ports import free_ports
from shared.message_store.engine import create_bulk_pool
from shared.message_store.unavailable import is_outage as is_outage_of_postgres
from shared.runtime.redis_client import is_outage, open_redis
from ws_service.settings import WsSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.own_valkey import OwnValkey

HERE: Final = "127.0.0.1"
ELSEWHERE: Final = "elsewhere.example"


def debians_redis() -> Path:
    found = shutil.which("redis-server")
    if found is None:
        pytest.skip("no redis-server on this machine: apt-get install redis-server")
    return Path(found)


def debians_postgres() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found or sys.platform != "linux":
        pytest.skip("no PostgreSQL of Debian on this machine: apt-get install postgresql")
    return found[-1].parent


@pytest.fixture(params=["front", "debian"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@asynccontextmanager
async def redis_behind_tls(
    kind: str, papers: Papers, plain: OwnValkey, *, wants_client: bool = False
) -> AsyncIterator[str]:
    """`redis://…` whose port speaks TLS."""
    if kind == "front":
        async with tls_front(plain.url, papers.server_context) as port:
            yield at(plain.url, port)
    else:
        folder = papers.folder / "redis"
        binary = debians_redis()
        with tls_redis(folder, binary, papers, wants_client=wants_client) as url:
            yield url


@asynccontextmanager
async def postgres_behind_tls(
    kind: str, papers: Papers, plain: str, *, wants_client: bool = False
) -> AsyncIterator[str]:
    """`postgresql://…` whose port speaks TLS."""
    if kind == "front":
        async with tls_front(plain, papers.server_context) as port:
            yield at(plain, port)
    else:
        folder = papers.folder / "postgres"
        folder.mkdir()
        programs = debians_postgres()
        with tls_postgres(folder, programs, papers, wants_client=wants_client) as url:
            yield url


def with_tls(url: str, **query: str) -> str:
    """The same over TLS, as one would write it into a setting."""
    port = int(url.rpartition(":")[2].partition("/")[0])
    return at(url, port, "rediss" if url.startswith("redis") else "", **query)


async def ping(url: str) -> None:
    redis = open_redis(url, "test", retries=0)
    try:
        assert await redis.ping()
    finally:
        await redis.aclose()


async def ask(url: str) -> bool:
    """Does the connection to PostgreSQL use TLS, as far as PostgreSQL knows?"""
    async with create_bulk_pool(url, "test") as pool:
        own = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        return bool(await pool.fetchval(own))


async def test_redis_is_spoken_to_over_tls(
    kind: str, reachable_path: Path, own_valkey: OwnValkey
) -> None:
    papers = issue_papers(reachable_path, HERE, wants_client=False)
    async with redis_behind_tls(kind, papers, own_valkey) as url:
        await ping(with_tls(url, ssl_ca_certs=papers.authority))


async def test_a_redis_with_a_certificate_of_somebody_else_is_refused(
    kind: str, reachable_path: Path, own_valkey: OwnValkey
) -> None:
    papers = issue_papers(reachable_path, HERE, wants_client=False)
    async with redis_behind_tls(kind, papers, own_valkey) as url:
        for query in ({"ssl_ca_certs": papers.other_authority}, {}):
            with pytest.raises(Exception, match="certificate verify failed") as refused:
                await ping(with_tls(url, **query))
            assert is_outage(refused.value)


async def test_a_redis_of_another_name_is_refused(
    kind: str, reachable_path: Path, own_valkey: OwnValkey
) -> None:
    papers = issue_papers(reachable_path, ELSEWHERE, wants_client=False)
    async with redis_behind_tls(kind, papers, own_valkey) as url:
        with pytest.raises(Exception, match=r"IP address mismatch|doesn't match"):
            await ping(with_tls(url, ssl_ca_certs=papers.authority))


async def test_redis_may_ask_for_our_papers(
    kind: str, reachable_path: Path, own_valkey: OwnValkey
) -> None:
    papers = issue_papers(reachable_path, HERE, wants_client=True)
    async with redis_behind_tls(kind, papers, own_valkey, wants_client=True) as url:
        trust = {"ssl_ca_certs": papers.authority}
        own = {"ssl_certfile": papers.client, "ssl_keyfile": papers.client_key}
        await ping(with_tls(url, **trust, **own))
        with pytest.raises(Exception, match=r".") as refused:
            await ping(with_tls(url, **trust))
        assert is_outage(refused.value)


async def test_postgresql_is_spoken_to_over_tls(
    kind: str, reachable_path: Path, postgres_url: str
) -> None:
    papers = issue_papers(reachable_path, HERE, wants_client=False)
    async with postgres_behind_tls(kind, papers, postgres_url) as url:
        encrypted = await ask(with_tls(url, sslmode="verify-full", sslrootcert=papers.authority))
        assert encrypted == (kind == "debian")  # behind a front it cannot know


async def test_a_postgresql_with_a_certificate_of_somebody_else_is_refused(
    kind: str, reachable_path: Path, postgres_url: str
) -> None:
    papers = issue_papers(reachable_path, HERE, wants_client=False)
    async with postgres_behind_tls(kind, papers, postgres_url) as url:
        trust = {"sslmode": "verify-full", "sslrootcert": papers.other_authority}
        with pytest.raises(OSError, match="certificate verify failed") as refused:
            await ask(with_tls(url, **trust))
        assert is_outage_of_postgres(refused.value)


async def test_a_postgresql_of_another_name_is_refused(
    kind: str, reachable_path: Path, postgres_url: str
) -> None:
    papers = issue_papers(reachable_path, ELSEWHERE, wants_client=False)
    async with postgres_behind_tls(kind, papers, postgres_url) as url:
        trust = {"sslmode": "verify-full", "sslrootcert": papers.authority}
        with pytest.raises(OSError, match=r"IP address mismatch|doesn't match"):
            await ask(with_tls(url, **trust))


async def test_postgresql_may_ask_for_our_papers(
    kind: str, reachable_path: Path, postgres_url: str
) -> None:
    papers = issue_papers(reachable_path, HERE, wants_client=True)
    async with postgres_behind_tls(kind, papers, postgres_url, wants_client=True) as url:
        trust = {"sslmode": "verify-full", "sslrootcert": papers.authority}
        await ask(with_tls(url, **trust, sslcert=papers.client, sslkey=papers.client_key))
        with pytest.raises((OSError, asyncpg.PostgresError)):
            await ask(with_tls(url, **trust))


async def test_a_server_without_tls_is_refused_where_it_is_wanted(
    reachable_path: Path, postgres_url: str, own_valkey: OwnValkey
) -> None:
    papers = issue_papers(reachable_path, HERE, wants_client=False)
    with pytest.raises(ConnectionError, match="rejected SSL upgrade"):
        await ask(with_tls(postgres_url, sslmode="verify-full", sslrootcert=papers.authority))
    with pytest.raises(Exception, match=r".") as refused:
        await ping(with_tls(own_valkey.url, ssl_ca_certs=papers.authority))
    assert is_outage(refused.value)


async def test_a_replica_works_over_tls_to_both(
    reachable_path: Path, database_url: str, own_valkey: OwnValkey
) -> None:
    papers = issue_papers(reachable_path, HERE, wants_client=True)
    async with (
        tls_front(own_valkey.url, papers.server_context) as redis_port,
        tls_front(database_url, papers.server_context) as postgres_port,
    ):
        own: dict[str, Any] = {"ssl_certfile": papers.client, "ssl_keyfile": papers.client_key}
        redis_url = at(own_valkey.url, redis_port, "rediss", ssl_ca_certs=papers.authority, **own)
        trust = {"sslmode": "verify-full", "sslrootcert": papers.authority}
        own = {"sslcert": papers.client, "sslkey": papers.client_key}
        settings = WsSettings(
            redis_url=SecretStr(redis_url),
            database_url=SecretStr(at(database_url, postgres_port, **trust, **own)),
            port=free_ports(1)[0],
            drain_seconds=0.2,
        )
        async with run_replica(settings) as replica, chat(replica.base, uuid4()) as client:
            await client.say("গোপনে", client_id="1")
            await client.wait_for("ack")
            await client.wait_for("message")
            await client.send(type="history", limit=5)
            await client.wait_for("history")

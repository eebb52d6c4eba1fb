"""Real servers for the tests, and what each test needs of them for itself.

`ADDA_TEST_SERVERS` chooses them: `wheels` (default: PostgreSQL and Valkey from wheels), `system`
(redis-server from PATH, such as Debian's 7.0, and PostgreSQL from the wheel), `containers`
(testcontainers), `sentinel` and `cluster` (Valkey from the wheel, as a master with replicas that
sentinels keep, and as three nodes that share the slots). Each xdist worker starts its own, on the
first use: that takes some seconds at most, and no test then waits for another worker's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from tests.own_valkey import OwnValkey

from local_stack.cluster import start_cluster
from local_stack.ports import INSIDE, VARIABLE
from local_stack.postgres import start_postgres
from local_stack.sentinel import start_sentinel
from local_stack.valkey import start_valkey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from local_stack.cluster import ValkeyCluster
    from local_stack.sentinel import SentinelGroup
    from local_stack.valkey import ValkeyServer

ROOT = Path(__file__).parents[1]
TEMPLATE = "adda_template"
KINDS = ("wheels", "system", "containers", "sentinel", "cluster")

# The same examples each time: what was green stays green; `ADDA_SEED` tries others. How long one
# takes says more of what else the machine does than of the example.
settings.register_profile(
    "busy",
    deadline=None,
    derandomize="ADDA_SEED" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("busy")


def pytest_configure() -> None:
    """Each xdist worker, and what it starts, looks for ports in a part of its own.

    A port is free for a moment while its server is restarted, or before it is bound.
    """
    name, count = os.environ.get("PYTEST_XDIST_WORKER"), os.environ.get("PYTEST_XDIST_WORKER_COUNT")
    if name is not None and count is not None:
        part = len(INSIDE) // int(count)
        first = INSIDE[int(name.removeprefix("gw")) * part]
        os.environ[VARIABLE] = f"{first}-{first + part - 1}"


@pytest.fixture(scope="session")
def server_kind() -> str:
    """One of KINDS."""
    kind = os.environ.get("ADDA_TEST_SERVERS", KINDS[0])
    if kind not in KINDS:
        pytest.exit(f"ADDA_TEST_SERVERS is {kind!r}; choose one of {', '.join(KINDS)}", 2)
    return kind


@pytest.fixture(scope="session")
def server_directory() -> Iterator[Path]:
    """A folder that other users can enter too: under root, PostgreSQL and nginx run as nobody."""
    path = Path(tempfile.mkdtemp(prefix="adda-tests-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def reachable_path(server_directory: Path) -> Path:
    """As tmp_path, but for servers: other users can enter it."""
    path = server_directory / uuid.uuid4().hex[:12]
    path.mkdir(mode=0o755)
    return path


@pytest.fixture(scope="session")
def postgres_url(server_kind: str, server_directory: Path) -> Iterator[str]:
    """`postgresql://…` of the session's PostgreSQL, as a superuser.

    For tests that need a server but not our tables; most want `database_url`.
    """
    with ExitStack() as stack:
        if server_kind == "containers":
            yield stack.enter_context(_postgres_container())
        else:
            server = start_postgres(server_directory / "postgres", durable=False)
            stack.callback(server.stop)
            yield server.url


@pytest.fixture(scope="session")
def redis_url(server_kind: str, server_directory: Path) -> Iterator[str]:
    """ADDA_REDIS_URL of the session's Valkey or Redis, of any form.

    It is shared by all tests of this worker: use `redis_key_prefix`, never FLUSHALL, CONFIG SET or
    SHUTDOWN. A test that must harm its server takes `own_valkey`.
    """
    with ExitStack() as stack:
        if server_kind == "containers":
            yield stack.enter_context(_redis_container())
            return
        server: ValkeyServer | ValkeyCluster | SentinelGroup
        if server_kind == "cluster":
            server = start_cluster(server_directory / "cluster")
        elif server_kind == "sentinel":
            server = start_sentinel(server_directory / "sentinel")
        else:
            binary = _system_redis() if server_kind == "system" else None
            server = start_valkey(server_directory / "valkey", binary=binary)
        stack.callback(server.stop)
        yield server.url


@pytest.fixture
def own_valkey(server_kind: str, reachable_path: Path) -> Iterator[OwnValkey]:
    """A server for this test alone, and one only, whatever the session's are (about 0.1 s).

    Debian's Redis where the session's is.
    """
    server = OwnValkey(reachable_path / "own", _system_redis() if server_kind == "system" else None)
    yield server
    server.stop()


@pytest.fixture
def redis_key_prefix() -> str:
    """A key prefix that no other test uses; pass it as ADDA_KEY_PREFIX or `prefix`."""
    return f"t{uuid.uuid4().hex[:12]}:"


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> str:
    """Name of a database to clone, made once by `python -m worker.migrate`.

    Nobody may be connected to it: PostgreSQL clones only an unused one.
    """
    subprocess.run(
        [sys.executable, "-m", "worker.migrate"],
        env=service_environment(ADDA_DATABASE_URL=_make_template(postgres_url)),
        check=True,
        timeout=60,
    )
    return TEMPLATE


@pytest.fixture
async def database_url(postgres_url: str, migrated_template: str) -> AsyncIterator[str]:
    """`postgresql://…` of a freshly migrated database that only this test uses (about 30 ms)."""
    name = f"t{uuid.uuid4().hex}"
    await _execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
    yield with_database(postgres_url, name)
    await _execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


def with_database(url: str, name: str) -> str:
    """`url` with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def service_environment(**variables: str) -> dict[str, str]:
    """Environment for `python -m <service>` from this checkout, with `variables` added."""
    sources = ("shared", "api_service", "ws_service", "worker")
    path = os.pathsep.join(str(ROOT / name / "src") for name in sources)
    return {**os.environ, "PYTHONPATH": path, "ADDA_ENV": "local", **variables}


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _make_template(url: str) -> str:
    import asyncio  # noqa: PLC0415 - only this sync fixture needs a loop of its own

    asyncio.run(_execute(url, f"CREATE DATABASE {TEMPLATE}"))
    return with_database(url, TEMPLATE)


def _system_redis() -> Path:
    found = shutil.which("redis-server")
    if found is None:
        pytest.exit("ADDA_TEST_SERVERS=system needs redis-server: apt-get install redis-server", 2)
    return Path(found)


@contextmanager
def _postgres_container() -> Iterator[str]:
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - slow, rarely needed

    image = os.environ.get("ADDA_TEST_POSTGRES_IMAGE", "postgres:15-alpine")
    with PostgresContainer(image, driver=None) as container:
        yield container.get_connection_url()


@contextmanager
def _redis_container() -> Iterator[str]:
    from testcontainers.community.redis import RedisContainer  # noqa: PLC0415 - slow, rarely needed

    image = os.environ.get("ADDA_TEST_REDIS_IMAGE", "redis:7-alpine")
    with RedisContainer(image) as container:
        host, port = container.get_container_host_ip(), container.get_exposed_port(6379)
        yield f"redis://{host}:{port}/0"

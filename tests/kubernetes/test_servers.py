"""What the operators are told makes servers that Adda can work with; tried on real ones."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
from pydantic import SecretStr
from tests.chat_client import chat
from tests.conftest import with_database
from tests.integration.api_service.conftest import run_api
from tests.integration.worker.harness import worker_process
from tests.integration.ws_service.conftest import run_replica
from tests.kubernetes.rendering import PASSWORD, of_kind
from tests.patience import eventually

from api_service.settings import ApiSettings
from local_stack.cluster import start_cluster
from local_stack.ports import free_ports
from shared.message_store.grants import Role, role_name
from worker.migrate import upgrade
from worker.settings import WorkerSettings
from worker.spread_partitions import spread
from ws_service.settings import WsSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kubernetes.rendering import Object

    from local_stack.cluster import ValkeyCluster


def as_user(url: str, name: str) -> str:
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{name}:{PASSWORD}@{hosts}"))


async def bootstrap(postgres_url: str, cluster: Object, prefix: str, database: str) -> None:
    """What the operator does, in names of this test's own: roles are a whole server's."""
    initdb = cluster["bootstrap"]["initdb"]

    def renamed(statement: str) -> str:
        return statement.replace("adda_", f"{prefix}_").replace(
            "DATABASE adda ", f"DATABASE {database} "
        )

    server = await asyncpg.connect(postgres_url)
    try:
        for statement in initdb["postInitSQL"]:
            await server.execute(renamed(statement))
        owner = renamed(initdb["owner"])
        await server.execute(f"CREATE ROLE {owner}")
        await server.execute(f"CREATE DATABASE {database} OWNER {owner}")
        names = [one["name"] for one in cluster["managed"]["roles"]]
        for name in (initdb["owner"], *names):
            await server.execute(f"ALTER ROLE {renamed(name)} LOGIN PASSWORD '{PASSWORD}'")
    finally:
        await server.close()
    inside = await asyncpg.connect(with_database(postgres_url, database))
    try:
        for statement in initdb["postInitApplicationSQL"]:
            await inside.execute(renamed(statement))
    finally:
        await inside.close()


async def test_the_database_of_the_operator_is_migrated_and_gives_each_role_its_rights(
    postgres_url: str, data: list[Object]
) -> None:
    prefix, database = f"k{uuid4().hex[:10]}", f"k{uuid4().hex}"
    await bootstrap(postgres_url, of_kind(data, "Cluster")["postgres"]["spec"], prefix, database)
    url = with_database(postgres_url, database)
    await upgrade(as_user(url, role_name(Role.MIGRATE, prefix)), role_prefix=prefix)
    reader = await asyncpg.connect(as_user(url, role_name(Role.WS, prefix)))
    try:
        assert await reader.fetchval("SELECT count(*) FROM rooms") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.execute("DELETE FROM messages")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.execute("CREATE TABLE mine (id int)")
    finally:
        await reader.close()
    server = await asyncpg.connect(postgres_url)
    try:
        await server.execute(f"DROP DATABASE {database} WITH (FORCE)")
        for role in Role:
            await server.execute(f"DROP ROLE {role_name(role, prefix)}")
    finally:
        await server.close()


@pytest.fixture
def cluster(reachable_path: Path, data: list[Object]) -> Iterator[ValkeyCluster]:
    """Three nodes, with the user and the configuration that the operator is asked for."""
    spec = of_kind(data, "ValkeyCluster")["adda"]["spec"]
    [user] = spec["users"]
    cluster = start_cluster(reachable_path / "cluster")
    try:
        for number in range(len(cluster.ports)):
            rules = user["permissions"].split()
            cluster.call(number, "ACL", "SETUSER", user["name"], "on", f">{PASSWORD}", *rules)
            for name, value in spec["config"].items():
                # There are no replicas here.
                if name != "min-replicas-to-write":
                    cluster.call(number, "CONFIG", "SET", name, value)
        yield cluster
    finally:
        cluster.stop()


async def test_the_user_of_valkey_may_all_that_the_services_do(
    cluster: ValkeyCluster, database_url: str
) -> None:
    values: dict[str, Any] = {
        "redis_url": SecretStr(as_user(cluster.url, "adda")),
        "database_url": SecretStr(database_url),
        "drain_seconds": 0.2,
    }
    ports = free_ports(2)
    ws = WsSettings(**values, instance="ws-1", port=ports[0])
    worker = WorkerSettings(**values, instance="worker-1", port=ports[1])
    async with run_replica(ws) as replica, run_api(ApiSettings(**values)) as api:
        with worker_process(worker) as process:
            await process.wait_for_readiness(200)
            await api.post("/api/create-user/", json={"username": "মিতা"})
            room = str(uuid4())
            async with chat(replica.base, room, username="রাকিব") as person:
                await person.say("সবাই কেমন আছেন?", client_id="1")
                await person.wait_for("ack")
                told = await api.get(f"/api/rooms/{room}/messages/")
                assert [one["content"] for one in told.json()["messages"]] == ["সবাই কেমন আছেন?"]
                assert (await api.get("/readyz")).status_code == 200
            store = await asyncpg.connect(database_url)
            try:

                async def stored() -> bool:
                    return bool(await store.fetchval("SELECT count(*) FROM messages"))

                await eventually(stored)
            finally:
                await store.close()
            await asyncio.to_thread(process.terminate)
    await spread(worker, apply=False)
    refused = [cluster.call(number, "ACL", "LOG") for number in range(len(cluster.ports))]
    assert refused == [[], [], []]


async def test_what_no_service_does_is_refused_to_the_user_of_valkey(
    cluster: ValkeyCluster,
) -> None:
    for command in ("FLUSHALL", "CONFIG", "SHUTDOWN"):
        words = (command, "GET", "*") if command == "CONFIG" else (command,)
        assert "no permissions" in str(cluster.call(0, "ACL", "DRYRUN", "adda", *words))
    assert "no permissions" in str(cluster.call(0, "ACL", "DRYRUN", "adda", "GET", "another:key"))

"""The fixtures that all other tests stand on."""

from __future__ import annotations

import asyncpg
import redis.asyncio


async def test_the_redis_server_answers_and_evicts_nothing(redis_url: str) -> None:
    client = redis.asyncio.from_url(redis_url)
    async with client:
        policy = await client.config_get("maxmemory-policy")
    assert list(policy.values()) == ["noeviction"] or policy == {"maxmemory-policy": "noeviction"}


async def test_the_postgres_server_answers_in_utf8(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    assert await connection.fetchval("SHOW server_encoding") == "UTF8"
    await connection.close()


def test_each_test_has_its_own_key_prefix(redis_key_prefix: str) -> None:
    assert redis_key_prefix.endswith(":")


async def test_the_database_of_a_test_has_our_tables(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT to_regclass('messages') IS NOT NULL")
    await connection.close()

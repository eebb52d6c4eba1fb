"""All that the servers hold of one test, as one text to search in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg
from tests.redis_nodes import names_like

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def everything_in_redis(redis: Redis, prefix: str) -> str:
    """Every name and every value below `prefix`."""
    found = []
    for name in await names_like(redis, f"{prefix}*"):
        value: Any
        match await redis.type(name):
            case b"string":
                value = await redis.get(name)
            case b"hash":
                value = await redis.hgetall(name)
            case b"stream":
                value = await redis.xrange(name)
            case b"zset":
                value = await redis.zrange(name, 0, -1)
            case b"set":
                value = await redis.smembers(name)
            case kind:
                raise AssertionError(f"{name!r} is a {kind!r}")
        found += [name, *_leaves(value)]
    return "\n".join(each.decode("utf-8", "replace") for each in found)


def _leaves(value: Any) -> list[bytes]:
    if isinstance(value, dict):
        return [leaf for pair in value.items() for each in pair for leaf in _leaves(each)]
    if isinstance(value, list | tuple | set):
        return [leaf for each in value for leaf in _leaves(each)]
    return [value] if isinstance(value, bytes) else [str(value).encode()]


async def everything_in_postgresql(database_url: str) -> str:
    """Every row of every table."""
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
        rows = [
            str(dict(row))
            for table in tables
            for row in await connection.fetch(f"TABLE {table[0]}")
        ]
    finally:
        await connection.close()
    return "\n".join(rows)

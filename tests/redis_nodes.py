"""What a test asks of all servers behind a client: one, or the nodes of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.runtime.redis_client import nodes_of

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def names_like(redis: Redis, pattern: str) -> list[bytes]:
    """Names of all keys that `pattern` fits."""
    return [name for node in await nodes_of(redis) async for name in node.scan_iter(pattern)]


async def tell_all(redis: Redis, *command: str) -> None:
    """Sends a command to each server."""
    for node in await nodes_of(redis):
        await node.execute_command(*command)  # type: ignore[no-untyped-call]


async def clients_named(redis: Redis, name: str) -> list[tuple[Redis, int]]:
    """Each connection of that name: its server and its id there."""
    return [
        (node, int(client["id"]))
        for node in await nodes_of(redis)
        for client in await _list(node)
        if client["name"] == name
    ]


async def evals_of(redis: Redis) -> int:
    """Calls of scripts so far, over all servers."""
    stats: list[Any] = [await node.info("commandstats") for node in await nodes_of(redis)]
    return sum(int(one.get("cmdstat_evalsha", {"calls": 0})["calls"]) for one in stats)


async def _list(node: Redis) -> Any:
    return await node.client_list()

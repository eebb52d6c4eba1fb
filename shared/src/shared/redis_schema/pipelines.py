"""Several calls in one round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from redis.crc import key_slot
from redis.exceptions import NoScriptError

from shared.protocol.errors import Unavailable
from shared.runtime.redis_client import is_cluster

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from shared.redis_schema.scripts import Queued
    from shared.runtime.redis_pipe import RedisPipe

WAIT_MILLISECONDS: Final = 1000
"""How long replicas may take to confirm; well below the time of a command."""


async def run_all(
    redis: Redis, calls: Sequence[Queued], *, replicas: int = 0, pipe: RedisPipe | None = None
) -> list[Any]:
    """Runs `calls` in one pipeline, in order. Each result may be an exception of its own.

    With `replicas`, what that many replicas have not confirmed within a second is Unavailable,
    though it is done: the caller must be able to repeat it. `pipe` is the cheaper way to a single
    server, where nothing must be confirmed.
    """
    if pipe is not None and not replicas and not is_cluster(redis):
        results = await pipe.run_again_if_lost([call.words() for call in calls])
        await repeat_unknown(redis, calls, results)
        return results
    pipeline = redis.pipeline(transaction=False)
    slots = [key_slot(call.key.encode()) if is_cluster(redis) else 0 for call in calls]
    last = {slot: n for n, slot in enumerate(slots)}
    places: list[int] = []
    """Of each call's answer, and behind it that of WAIT where a slot's last call stands."""
    for n, call in enumerate(calls):
        places.append(len(pipeline))
        pipeline.execute_command(*call.words())
        if replicas and last[slots[n]] == n:
            pipeline.execute_command("WAIT", replicas, WAIT_MILLISECONDS)
    answers = await pipeline.execute(raise_on_error=False)
    results = [answers[place] for place in places]
    unknown = await repeat_unknown(redis, calls, results)
    if replicas:
        for n, result in enumerate(results):
            confirmed = answers[places[last[slots[n]]] + 1]
            enough = isinstance(confirmed, int) and confirmed >= replicas
            if not isinstance(result, Exception) and (n in unknown or not enough):
                results[n] = Unavailable("redis")
    return results


async def repeat_unknown(redis: Redis, calls: Sequence[Queued], results: list[Any]) -> list[int]:
    """Calls whose script the server did not know, again; their places.

    In order, one by one: this happens once after a server lost its scripts.
    """
    unknown = [n for n, result in enumerate(results) if isinstance(result, NoScriptError)]
    for n in unknown:
        try:
            results[n] = await calls[n].run(redis)
        except Exception as error:  # noqa: BLE001 - the others have answers of their own
            results[n] = error
    return unknown

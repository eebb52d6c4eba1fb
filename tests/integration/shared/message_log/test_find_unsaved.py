from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.integration.shared.conftest import IDS

from shared.domain.ids import uuid7_micros
from shared.message_log.message_log import MessageLog
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.runtime.redis_client import open_redis

if TYPE_CHECKING:
    from tests.own_valkey import OwnValkey


async def test_a_message_is_found_in_a_long_queue_without_reading_all_of_it(
    own_valkey: OwnValkey,
) -> None:
    redis, keys = open_redis(own_valkey.url, "test"), Keys("", 2)
    log, room = MessageLog(redis, Scripts(redis, keys)), IDS.new()
    wanted = IDS.new()
    made_ms = uuid7_micros(wanted) // 1000
    pipeline = redis.pipeline(transaction=False)
    for n in range(20_000):  # of the two minutes around it
        at = made_ms - 60_000 + 6 * n
        message = str(wanted) if n == 10_001 else str(IDS.new())
        body = b'{"message_id":"%s","message":"%s"}' % (message.encode(), b"x" * 300)
        entry: Any = {"k": "m", "r": str(room), "s": n, "b": body}
        pipeline.xadd(keys.ingest(0), entry, id=f"{at}-0")
    await pipeline.execute()
    before = (await redis.info("stats"))["total_net_output_bytes"]
    assert await log.find_unsaved(wanted, made_ms) == (room, 10_001)
    read = (await redis.info("stats"))["total_net_output_bytes"] - before
    assert read < 2_000_000
    for moved in (-50_000, 50_000):  # the clocks of two machines may differ
        assert await log.find_unsaved(wanted, made_ms + moved) == (room, 10_001)
    assert await log.find_unsaved(IDS.new(), made_ms) is None
    assert await log.find_unsaved(IDS.new(), 0) is None
    await redis.aclose()

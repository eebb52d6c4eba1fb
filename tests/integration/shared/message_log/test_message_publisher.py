from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.shared.conftest import make_user
from tests.integration.shared.message_log.test_message_log import body_of
from tests.redis_nodes import evals_of

from shared.message_log.message_log import MessageLog
from shared.message_log.outcomes import Published
from shared.protocol.envelopes import MessagesEnvelope, decode_envelope
from shared.protocol.errors import ChatError, ErrorCode, Unavailable
from shared.redis_schema.publish_call import MOST_BYTES, MOST_MESSAGES
from shared.runtime.redis_client import node_for

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys
    from shared.redis_schema.scripts import Scripts


@pytest.fixture
async def log(redis: Redis, scripts: Scripts, room: UUID) -> MessageLog:
    """The server knows the script already."""
    log = MessageLog(redis, scripts)
    await log.publish(body_of(room, "প্রথম"))
    return log


@pytest.fixture
async def room(open_room: Callable[..., Awaitable[UUID]]) -> UUID:
    return await open_room()


async def test_messages_of_one_room_and_tick_are_one_call_and_one_payload(
    log: MessageLog, redis: Redis, keys: Keys, room: UUID
) -> None:
    node = await node_for(redis, keys.channel(room))
    async with node.pubsub() as pubsub:
        await pubsub.ssubscribe(keys.channel(room))
        await pubsub.get_message(timeout=5)
        before = await evals_of(redis)
        await asyncio.gather(*(log.publish(body_of(room, f"{n}")) for n in range(20)))
        assert await evals_of(redis) - before == 1
        told: Any = await pubsub.get_message(timeout=5)
    envelope = decode_envelope(told["data"])
    assert isinstance(envelope, MessagesEnvelope)
    assert [message.seq for message in envelope.messages] == list(range(2, 22))


async def test_a_call_takes_only_so_many_messages_and_so_many_bytes(
    log: MessageLog, redis: Redis, room: UUID
) -> None:
    before = await evals_of(redis)
    many = [log.publish(body_of(room, f"{n}")) for n in range(MOST_MESSAGES + 1)]
    large = [log.publish(body_of(room, "x" * 16_000)) for _ in range(MOST_BYTES // 16_000 + 2)]
    places = await asyncio.gather(*many, *large)
    assert [place.seq for place in places] == list(range(2, len(places) + 2))
    assert await evals_of(redis) - before == 3


async def test_the_same_message_twice_in_one_call_is_sent_once(log: MessageLog, room: UUID) -> None:
    user = make_user()
    first, again, other = await asyncio.gather(
        *(log.publish(body_of(room, user=user, client_id=name)) for name in ("a", "a", "b"))
    )
    assert again == Published(first.message_id, first.seq, first.micros, again=True)
    assert other.seq == first.seq + 1


async def test_what_is_refused_in_a_call_does_not_touch_the_others(
    log: MessageLog, room: UUID
) -> None:
    user = make_user()
    results = await asyncio.gather(
        log.publish(body_of(room, "এক", user=user, client_id="a")),
        log.publish(body_of(room, "দুই", user=user, client_id="a")),
        log.publish(body_of(room, "তিন", user=user, client_id="c")),
        return_exceptions=True,
    )
    assert isinstance(results[1], ChatError)
    assert results[1].code is ErrorCode.CLIENT_ID_CONFLICT
    assert [r.seq for r in results if isinstance(r, Published)] == [2, 3]


async def test_a_queue_takes_as_many_of_a_call_as_it_has_places_for(
    redis: Redis, scripts: Scripts, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    log = MessageLog(redis, scripts, most_backlog=2)
    results = await asyncio.gather(
        *(log.publish(body_of(room, f"{n}")) for n in range(3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [Published, Published, Unavailable]


async def test_too_many_that_wait_are_refused_at_once(
    log: MessageLog, room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.message_log.message_publisher.MOST_WAITING", 2)
    waiting = [asyncio.ensure_future(log.publish(body_of(room))) for _ in range(2)]
    await asyncio.sleep(0)
    assert log.waiting_calls == 2
    with pytest.raises(Unavailable) as refused:
        await log.publish(body_of(room))
    assert refused.value.code is ErrorCode.OVERLOADED
    await asyncio.gather(*waiting)
    assert log.waiting_calls == 0


async def test_who_does_not_wait_any_more_harms_nobody(log: MessageLog, room: UUID) -> None:
    first, second = (asyncio.ensure_future(log.publish(body_of(room))) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).seq == 3

"""What staff decide when servers leave them; what people feel of it is in tests/abuse."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from tests.integration.shared.conftest import IDS, make_user
from tests.patience import eventually
from tests.tcp_proxy import Mode, TcpProxy, proxied

from shared.domain.circuit_breaker import BreakerLimits
from shared.domain.moderation import Role, SanctionKind, SubjectKind
from shared.message_log.message_log import MessageLog
from shared.message_store.database import Database
from shared.message_store.moderation_directory import ModerationDirectory
from shared.message_store.review_directory import HeldRecord, ReviewDirectory
from shared.message_store.tables import HeldMessage
from shared.protocol.codec import decode_body
from shared.protocol.errors import ChatError, ErrorCode, Unavailable
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rules import LiveRules
from shared.rooms.origins import Origins
from shared.runtime.clock import SystemClock
from shared.runtime.redis_client import open_redis
from shared.usecases.know_rules import RulesReader
from shared.usecases.moderate import Actor, Moderator, Target
from shared.usecases.post_message import MessagePoster
from shared.usecases.read_history import HistoryReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis
    from sqlalchemy.ext.asyncio import AsyncEngine
    from tests.integration.shared.usecases.conftest import NewRoom
    from tests.integration.shared.usecases.mover import Mover
    from tests.own_valkey import OwnValkey

    from shared.protocol.codec import MessageBody
    from shared.redis_schema.keys import Keys
    from shared.usecases.change_message import MessageEditor
    from shared.usecases.open_room import RoomOpener

STAFF, COLLEAGUE = Actor(Role.ADMIN, "মালিক"), Actor(Role.ADMIN, "সহকর্মী")
CLOCK = SystemClock()
FILE = "https://example.org/ছাগল.png"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where staff sit, and what they see."""

    moderator: Moderator
    database: Database

    def through(self, log: MessageLog) -> Moderator:
        """Staff whose messages take another way to Redis."""
        return replace(self.moderator, poster=replace(self.moderator.poster, log=log))

    async def hold(
        self, room: UUID, message_type: str = "text", file_url: str | None = None
    ) -> HeldRecord:
        user = make_user()
        record = HeldRecord(
            IDS.new(),
            room,
            user.id,
            user.username,
            user.color,
            content="ছাগল",
            message_type=message_type,
            file_url=file_url,
            reply_to=uuid4(),
            micros=CLOCK.micros(),
        )
        await self.moderator.reviews.hold(record)
        return record

    async def waits(self, held: HeldRecord) -> bool:
        return held in await self.moderator.reviews.open_held(held.room, 10)

    async def deeds(self, room: UUID) -> list[tuple[str, str]]:
        found = await self.moderator.directory.deeds(room, None, 10)
        return [(deed.made_by, deed.action) for deed in found]

    async def said(self, room: UUID) -> list[MessageBody]:
        page = await self.moderator.history.before(room, None, 10)
        return [decode_body(message.body) for message in page.messages]


@pytest.fixture
def redis_url(own_valkey: OwnValkey) -> str:
    """One server, whatever the session's are: nodes of a Cluster are reached past a proxy."""
    return own_valkey.url


@pytest.fixture
def desk(
    engine: AsyncEngine,
    redis: Redis,
    scripts: Scripts,
    editor: MessageEditor,
    poster: MessagePoster,
) -> Desk:
    # One failure is enough: a fault of Redis must not look like one of PostgreSQL.
    database = Database(engine, limits=BreakerLimits(failures=1))
    directory = ModerationDirectory(database)
    moderator = Moderator(
        directory,
        ReviewDirectory(database),
        RulesReader(LiveRules(redis, scripts), directory, CLOCK),
        editor,
        poster,
        HistoryReader(poster.log, editor.store, poster.rooms),
        Origins(CallBatcher(redis), scripts.keys),
        CLOCK,
        IDS,
    )
    return Desk(moderator, database)


@pytest.fixture
async def slow_way(redis_url: str, keys: Keys) -> AsyncIterator[tuple[TcpProxy, MessageLog]]:
    """A way to Redis that may be made silent."""
    async with proxied(redis_url) as (proxy, url):
        redis = open_redis(url, "test-slow")
        yield proxy, MessageLog(redis, Scripts(redis, keys))
        proxy.mode = Mode.PASS
        await redis.aclose()


async def refusal(moderator: Moderator, held: HeldRecord, *, approve: bool) -> ErrorCode:
    with pytest.raises(ChatError) as caught:
        await moderator.decide_held(STAFF, held.room, held.id, approve=approve)
    return caught.value.code


@pytest.mark.parametrize("kind", ["image", "file"])
async def test_what_is_approved_keeps_its_file(desk: Desk, new_room: NewRoom, kind: str) -> None:
    held = await desk.hold((await new_room()).id, kind, FILE)
    await desk.moderator.decide_held(STAFF, held.room, held.id, approve=True)
    [body] = await desk.said(held.room)
    assert (body.message, body.message_type, body.file_url) == (held.content, kind, FILE)


@pytest.mark.parametrize("fault", ["away", "full"])
async def test_an_approval_that_redis_does_not_take_can_be_repeated(
    desk: Desk, new_room: NewRoom, redis: Redis, redis_away: Redis, keys: Keys, fault: str
) -> None:
    held = await desk.hold((await new_room()).id)
    log = (
        MessageLog(redis_away, Scripts(redis_away, keys))
        if fault == "away"
        else MessageLog(redis, Scripts(redis, keys), most_backlog=0)
    )
    with pytest.raises(Unavailable):
        await desk.through(log).decide_held(STAFF, held.room, held.id, approve=True)
    assert await desk.waits(held)
    assert await desk.deeds(held.room) == []
    await desk.moderator.decide_held(STAFF, held.room, held.id, approve=True)
    [body] = await desk.said(held.room)
    assert (body.message, body.user_id) == (held.content, str(held.user))
    assert body.reply_to == str(held.reply_to)
    assert not await desk.waits(held)
    assert await desk.deeds(held.room) == [(str(STAFF), "held_approved")]
    assert await refusal(desk.moderator, held, approve=True) is ErrorCode.NOT_FOUND


async def test_a_silent_redis_keeps_an_approval_for_a_moment_and_postgresql_is_not_blamed(
    desk: Desk,
    new_room: NewRoom,
    slow_way: tuple[TcpProxy, MessageLog],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.usecases.moderate.SAY_SECONDS", 0.2)
    held = await desk.hold((await new_room()).id)
    proxy, log = slow_way
    proxy.mode = Mode.HOLD
    with pytest.raises(Unavailable) as caught:
        await desk.through(log).decide_held(STAFF, held.room, held.id, approve=True)
    assert caught.value.part == "redis"
    assert (desk.database.in_use, desk.database.refuses) == (0, False)
    assert await desk.waits(held)
    # What was on its way arrives all the same, and is not said again by whoever repeats it.
    proxy.mode = Mode.PASS
    await desk.moderator.decide_held(STAFF, held.room, held.id, approve=True)
    await log.drain()
    assert len(await desk.said(held.room)) == 1


@pytest.mark.parametrize("taken", [True, False])
async def test_of_two_who_decide_differently_at_once_one_has_decided(
    desk: Desk,
    new_room: NewRoom,
    slow_way: tuple[TcpProxy, MessageLog],
    monkeypatch: pytest.MonkeyPatch,
    *,
    taken: bool,
) -> None:
    monkeypatch.setattr("shared.usecases.moderate.SAY_SECONDS", 60 if taken else 0.5)
    held = await desk.hold((await new_room()).id)
    proxy, log = slow_way
    proxy.mode = Mode.HOLD
    approving = asyncio.create_task(
        desk.through(log).decide_held(STAFF, held.room, held.id, approve=True)
    )
    await eventually(lambda: log.waiting_calls)
    rejecting = asyncio.create_task(
        desk.moderator.decide_held(COLLEAGUE, held.room, held.id, approve=False)
    )
    await eventually(lambda: desk.database.in_use == 2)
    if taken:
        proxy.mode = Mode.PASS
    told = await asyncio.gather(approving, rejecting, return_exceptions=True)
    loser = told[1 if taken else 0]
    assert told[0 if taken else 1] is None
    assert isinstance(loser, ChatError)
    assert loser.code is (ErrorCode.NOT_FOUND if taken else ErrorCode.UNAVAILABLE)
    one = (str(STAFF), "held_approved") if taken else (str(COLLEAGUE), "held_rejected")
    assert await desk.deeds(held.room) == [one]
    assert not await desk.waits(held)


async def test_what_was_said_long_ago_without_being_noted_is_not_said_again(
    desk: Desk, new_room: NewRoom, redis: Redis, keys: Keys, mover: Mover
) -> None:
    held = await desk.hold((await new_room()).id)
    await desk.moderator.decide_held(STAFF, held.room, held.id, approve=True)
    await mover.save()
    async with desk.database.changing() as connection:
        # As if the commit had been lost.
        await connection.execute(
            update(HeldMessage).where(HeldMessage.id == held.id).values(decided_at=None)
        )
    await redis.delete(keys.dedup(held.room, held.user, f"held-{held.id}"))
    await desk.moderator.decide_held(STAFF, held.room, held.id, approve=True)
    assert len(await desk.said(held.room)) == 1
    assert not await desk.waits(held)


async def test_what_waits_for_a_room_that_is_gone_cannot_be_said_but_dropped(
    desk: Desk, new_room: NewRoom, opener: RoomOpener
) -> None:
    held = await desk.hold((await new_room()).id)
    await opener.open(held.room)
    await opener.directory.delete_room(held.room, CLOCK.micros())
    await opener.live.close(held.room)
    assert await refusal(desk.moderator, held, approve=True) is ErrorCode.ROOM_NOT_FOUND
    assert await desk.waits(held)
    await desk.moderator.decide_held(STAFF, held.room, held.id, approve=False)
    assert await desk.deeds(held.room) == [(str(STAFF), "held_rejected")]


async def test_a_lift_that_was_broken_off_is_finished_by_the_next_try(
    desk: Desk, redis_away: Redis, keys: Keys
) -> None:
    room, user, moderator = uuid4(), str(uuid4()), desk.moderator
    target = Target(SubjectKind.USER, user, "ট্রল", frozenset({user}))
    ban = await moderator.sanction(STAFF, room, SanctionKind.BAN, target, seconds=None, reason="")
    away = replace(moderator.rules, live=LiveRules(redis_away, Scripts(redis_away, keys)))
    with pytest.raises(Unavailable):
        await replace(moderator, rules=away).lift(STAFF, room, ban.id)
    assert (await moderator.rules.read(room)).sanctions  # so far nobody has heard of it
    with pytest.raises(ChatError) as told:
        await moderator.lift(STAFF, room, ban.id)
    assert told.value.code is ErrorCode.NOT_FOUND
    assert not (await moderator.rules.read(room)).sanctions

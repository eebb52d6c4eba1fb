from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from tests.integration.shared.conftest import IDS

from shared.domain.moderation import Role, SanctionKind, SubjectKind
from shared.message_store.database import Database
from shared.message_store.moderation_directory import ModerationDirectory
from shared.message_store.review_directory import ReviewDirectory
from shared.protocol.errors import ChatError, ErrorCode, Unavailable
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rules import LiveRules
from shared.rooms.origins import Origins
from shared.runtime.clock import SystemClock
from shared.usecases.know_rules import RulesReader
from shared.usecases.moderate import Actor, Moderator, Target
from shared.usecases.read_history import HistoryReader

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from sqlalchemy.ext.asyncio import AsyncEngine

    from shared.redis_schema.keys import Keys
    from shared.usecases.change_message import MessageEditor
    from shared.usecases.post_message import MessagePoster

ACTOR = Actor(Role.OWNER, str(uuid4()))
CLOCK = SystemClock()


@pytest.fixture
def moderator(
    redis: Redis,
    scripts: Scripts,
    engine: AsyncEngine,
    editor: MessageEditor,
    poster: MessagePoster,
) -> Moderator:
    directory = ModerationDirectory(Database(engine))
    return Moderator(
        directory,
        ReviewDirectory(Database(engine)),
        RulesReader(LiveRules(redis, scripts), directory, CLOCK),
        editor,
        poster,
        HistoryReader(editor.log, editor.store, editor.rooms),
        Origins(CallBatcher(redis), scripts.keys),
        CLOCK,
        IDS,
    )


@pytest.fixture
def broken_off(moderator: Moderator, redis_away: Redis, keys: Keys) -> Moderator:
    """The same, whom Redis leaves alone when PostgreSQL has been told."""
    live = LiveRules(redis_away, Scripts(redis_away, keys))
    return replace(moderator, rules=replace(moderator.rules, live=live))


async def test_a_lift_that_was_broken_off_is_finished_by_the_next_try(
    moderator: Moderator, broken_off: Moderator
) -> None:
    room, user = uuid4(), str(uuid4())
    target = Target(SubjectKind.USER, user, "ট্রল", frozenset({user}))
    ban = await moderator.sanction(ACTOR, room, SanctionKind.BAN, target, seconds=None, reason="")
    with pytest.raises(Unavailable):
        await broken_off.lift(ACTOR, room, ban.id)
    assert (await moderator.rules.read(room)).sanctions  # so far nobody has heard of it
    with pytest.raises(ChatError) as told:
        await moderator.lift(ACTOR, room, ban.id)
    assert told.value.code is ErrorCode.NOT_FOUND
    assert not (await moderator.rules.read(room)).sanctions

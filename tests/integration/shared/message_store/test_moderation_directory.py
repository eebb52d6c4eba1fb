from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from shared.domain.ids import uuid7
from shared.domain.moderation import Sanction, SanctionKind, SubjectKind
from shared.domain.word_filter import WordRule
from shared.domain.word_index import WordAction
from shared.message_store.database import Database
from shared.message_store.moderation_directory import Deed, ModerationDirectory

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

NOW = 1_795_437_000_000_000
ROOM = uuid4()
USER = uuid4()


@pytest.fixture
def directory(engine: AsyncEngine) -> ModerationDirectory:
    return ModerationDirectory(Database(engine))


def deed(action: str = "rules", micros: int = NOW, room: UUID = ROOM, **details: Any) -> Deed:
    made = uuid7(micros // 1000, uuid4().int % 2**74)
    return Deed(made, room, f"owner:{USER}", action, "", micros, details)


def ban(until: int | None = None) -> Sanction:
    return Sanction(uuid4(), SanctionKind.BAN, SubjectKind.USER, str(uuid4()), until, "গালাগালি")


async def test_a_room_without_a_row_has_no_rules(directory: ModerationDirectory) -> None:
    rules = await directory.rules(ROOM, NOW)
    assert (rules.version, rules.locked, rules.slow_seconds, rules.notice) == (0, False, 0, None)
    assert (rules.moderators, rules.sanctions, rules.words) == ([], [], [])


async def test_what_is_not_named_stays_and_each_change_is_a_new_version(
    directory: ModerationDirectory,
) -> None:
    await directory.change_rules(deed(), {"locked": True, "notice": "খেলা"})
    first = await directory.rules(ROOM, NOW)
    await directory.change_rules(deed(), {"slow_seconds": 30})
    second = await directory.rules(ROOM, NOW)
    assert (second.locked, second.slow_seconds, second.notice) == (True, 30, "খেলা")
    assert second.version == first.version + 1


async def test_changes_at_once_have_different_versions(directory: ModerationDirectory) -> None:
    changes = (directory.change_rules(deed(), {"slow_seconds": n}) for n in range(1, 6))
    await asyncio.gather(*changes)
    assert (await directory.rules(ROOM, NOW)).version == NOW + 4


async def test_only_sanctions_in_force_apply(directory: ModerationDirectory) -> None:
    endless, ended, lifted = ban(), ban(until=NOW - 1), ban(until=NOW + 1_000_000)
    for sanction in (endless, ended, lifted):
        await directory.add_sanction(deed("ban"), sanction, "ট্রল")
    assert await directory.lift_sanction(deed("lifted"), lifted.id)
    assert (await directory.rules(ROOM, NOW)).sanctions == [endless]
    [record] = await directory.sanctions(ROOM, NOW)
    assert (record.sanction, record.shown_as, record.made_by) == (endless, "ট্রল", f"owner:{USER}")
    assert (await directory.rules(uuid4(), NOW)).sanctions == []


async def test_what_changes_nothing_leaves_no_line_and_no_version(
    directory: ModerationDirectory,
) -> None:
    other = uuid4()
    sanction = ban()
    await directory.add_sanction(deed("ban", room=other), sanction, "ট্রল")
    assert not await directory.lift_sanction(deed("lifted"), sanction.id)  # of another room
    assert not await directory.drop_word(deed("word_dropped"), uuid4())
    assert not await directory.drop_moderator(deed("moderator_dropped"), USER)
    assert not await directory.add_moderator(deed("moderator"), b"x" * 32, USER, "চোর")
    assert await directory.deeds(ROOM, None, 10) == []
    assert (await directory.rules(ROOM, NOW)).version == 0


async def test_a_word_is_on_the_list_once_with_what_was_said_last(
    directory: ModerationDirectory,
) -> None:
    mask, block = WordRule("বোকা", WordAction.MASK), WordRule("বোকা", WordAction.BLOCK)
    first = await directory.put_word(deed("word"), uuid4(), mask)
    assert await directory.put_word(deed("word"), uuid4(), block) == first
    assert await directory.words(ROOM) == [(first, block)]
    assert await directory.drop_word(deed("word_dropped"), first)
    assert (await directory.rules(ROOM, NOW)).words == []


async def test_only_the_newest_key_makes_moderators(directory: ModerationDirectory) -> None:
    old, new = b"o" * 32, b"n" * 32
    await directory.set_moderator_key(deed("key"), old)
    await directory.set_moderator_key(deed("key"), new)
    assert not await directory.add_moderator(deed("moderator"), old, USER, "চোর")
    assert await directory.add_moderator(deed("moderator"), new, USER, "সহায়ক")
    assert await directory.add_moderator(deed("moderator"), new, USER, "সহায়ক")
    [record] = await directory.moderators(ROOM)
    assert (record.user, record.username, record.created_micros) == (USER, "সহায়ক", NOW)
    assert (await directory.rules(ROOM, NOW)).moderators == [str(USER)]
    assert await directory.drop_moderator(deed("moderator_dropped"), USER)
    assert await directory.moderators(ROOM) == []


async def test_the_log_is_read_from_the_newest_line_by_line(directory: ModerationDirectory) -> None:
    deeds = [deed(f"deed {n}", micros=NOW + n * 1_000_000, n=n) for n in range(5)]
    await directory.record(deeds)
    await directory.record([replace(deed("elsewhere"), room=uuid4())])
    newest = await directory.deeds(ROOM, None, 3)
    assert newest == deeds[:1:-1]
    assert await directory.deeds(ROOM, newest[-1].id, 3) == deeds[1::-1]

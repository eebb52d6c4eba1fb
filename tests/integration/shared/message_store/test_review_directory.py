from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert

from shared.domain.ids import uuid7
from shared.domain.times import datetime_of
from shared.message_store.database import Database
from shared.message_store.moderation_directory import Deed, ModerationDirectory
from shared.message_store.review_directory import (
    Deciding,
    HeldRecord,
    ReportRecord,
    ReviewDirectory,
)
from shared.message_store.tables import HeldMessage
from shared.protocol.errors import Unavailable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

NOW = 1_795_437_000_000_000
ROOM, OTHER_ROOM, USER = uuid4(), uuid4(), uuid4()


@pytest.fixture
def reviews(engine: AsyncEngine) -> ReviewDirectory:
    return ReviewDirectory(Database(engine))


@pytest.fixture
def directory(engine: AsyncEngine) -> ModerationDirectory:
    return ModerationDirectory(Database(engine))


def an_id(after_ms: int) -> UUID:
    return uuid7(NOW // 1000 + after_ms, uuid4().int % 2**74)


def report(message: UUID, reporter: UUID, after_ms: int = 0, room: UUID = ROOM) -> ReportRecord:
    made = an_id(after_ms)
    return ReportRecord(made, room, message, USER, "ট্রল", "গালি", reporter, "খারাপ", NOW)


def held(after_ms: int = 0, room: UUID = ROOM) -> HeldRecord:
    return HeldRecord(
        an_id(after_ms),
        room,
        USER,
        "রাকিব",
        "#ff0000",
        content="ছাগল",
        message_type="image",
        file_url="https://example.org/ছাগল.png",
        reply_to=uuid4(),
        micros=NOW,
    )


async def test_each_person_reports_a_message_once(reviews: ReviewDirectory) -> None:
    message, first, second = uuid4(), uuid4(), uuid4()
    told = report(message, first)
    assert await reviews.add_report(told)
    assert not await reviews.add_report(report(message, first))
    assert await reviews.add_report(report(message, second, 1))
    waiting = await reviews.open_reports(ROOM, 10)
    assert waiting[0] == told
    assert [found.reporter for found in waiting] == [first, second]


async def test_a_decision_closes_all_reports_of_its_message_and_no_other(
    reviews: ReviewDirectory,
) -> None:
    message, other = uuid4(), uuid4()
    for told in (report(message, uuid4()), report(message, uuid4(), 1), report(other, uuid4(), 2)):
        await reviews.add_report(told)
    assert await reviews.decide_reports(OTHER_ROOM, message, "owner:x", "dismissed", NOW) == 0
    assert await reviews.decide_reports(ROOM, message, "owner:x", "dismissed", NOW) == 2
    assert await reviews.decide_reports(ROOM, message, "owner:x", "dismissed", NOW) == 0
    assert [found.message for found in await reviews.open_reports(None, 10)] == [other]


async def test_what_waits_is_listed_by_room_or_of_all_rooms(reviews: ReviewDirectory) -> None:
    here, there = held(), held(1, OTHER_ROOM)
    for record in (here, here, there):  # the same again is the same
        await reviews.hold(record)
    assert await reviews.open_held(ROOM, 10) == [here]
    assert await reviews.open_held(None, 10) == [here, there]
    assert await reviews.open_held(None, 1) == [here]
    assert await reviews.waiting() == (0, 2)


async def test_what_an_older_service_keeps_for_staff_is_a_text(
    reviews: ReviewDirectory, engine: AsyncEngine
) -> None:
    record = replace(held(), message_type="text", file_url=None)
    async with engine.begin() as connection:
        await connection.execute(
            insert(HeldMessage).values(
                id=record.id,
                room_id=record.room,
                user_id=record.user,
                username=record.username,
                color=record.color,
                content=record.content,
                reply_to=record.reply_to,
                created_at=datetime_of(record.micros),
            )
        )
    assert await reviews.open_held(ROOM, 10) == [record]


def deed(room: UUID = ROOM, made_by: str = "owner:x") -> Deed:
    return Deed(uuid4(), room, made_by, "held_approved", "", NOW, {})


async def test_one_decision_takes_a_held_message_out_and_no_second_one(
    reviews: ReviewDirectory, directory: ModerationDirectory
) -> None:
    record, first = held(), deed()
    await reviews.hold(record)
    async with reviews.deciding_held(deed(OTHER_ROOM), record.id, "approved") as deciding:
        assert deciding is None
    async with reviews.deciding_held(first, record.id, "approved") as deciding:
        assert deciding == Deciding(record, said=False)
    async with reviews.deciding_held(deed(made_by="owner:y"), record.id, "rejected") as deciding:
        assert deciding is None
    assert await reviews.open_held(ROOM, 10) == []
    assert await directory.deeds(ROOM, None, 10) == [first]
    assert await directory.deeds(OTHER_ROOM, None, 10) == []


async def test_a_decision_that_cannot_be_carried_out_was_not_made(
    reviews: ReviewDirectory, directory: ModerationDirectory
) -> None:
    record = held()
    await reviews.hold(record)
    with pytest.raises(Unavailable):
        async with reviews.deciding_held(deed(), record.id, "approved"):
            raise Unavailable("redis")
    assert await reviews.open_held(ROOM, 10) == [record]
    assert await directory.deeds(ROOM, None, 10) == []

"""What staff decide takes effect at once, and is recorded."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select
from tests.integration.api_service.admin.conftest import Browser
from tests.integration.api_service.conftest import Person, make_person, make_room, say

from shared.domain.moderation import Who, no_address
from shared.domain.times import datetime_of
from shared.message_store.tables import AuditEntry, HeldMessage, Report, SanctionRow, WordRow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from api_service.wiring import Deps

ALL_ROOMS = UUID(int=0)
Json = dict[str, Any]


@pytest.fixture
async def mita(api: httpx.AsyncClient) -> Person:
    """Somebody who talks."""
    return await make_person(api, "মিতা")


@pytest.fixture
async def spoken(api: httpx.AsyncClient, mita: Person) -> Json:
    """A message that is still on its way to PostgreSQL."""
    room = await make_room(api, mita)
    return await say(api, mita, room["id"], "কেমন আছেন?")


@pytest.fixture
async def stored(spoken: Json, persist: Callable[[], Awaitable[None]]) -> Json:
    """A message that PostgreSQL has."""
    await persist()
    return spoken


async def last_record(deps: Deps) -> Any:
    async with deps.database.reading() as connection:
        found = await connection.execute(
            select(AuditEntry.__table__).order_by(AuditEntry.id.desc()).limit(1)
        )
        return found.one()


async def row_of(deps: Deps, table: Any, row_id: UUID) -> Any:
    async with deps.database.reading() as connection:
        return (await connection.execute(select(table.__table__).where(table.id == row_id))).first()


async def only_row(deps: Deps, table: Any) -> Any:
    async with deps.database.reading() as connection:
        return (await connection.execute(select(table.__table__))).one()


async def report_on(deps: Deps, message: Json) -> UUID:
    report_id: UUID = deps.ids.new()
    async with deps.database.changing() as connection:
        await connection.execute(
            insert(Report).values(
                id=report_id,
                room_id=UUID(message["room_id"]),
                message_id=UUID(message["id"]),
                user_id=deps.ids.new(),
                username="মিতা",
                content=message["content"],
                reporter_id=deps.ids.new(),
                reason="বিরক্তিকর",
                created_at=datetime_of(deps.clock.micros()),
            )
        )
    return report_id


async def is_readable(api: httpx.AsyncClient, message: Json) -> bool:
    return (await api.get(f"/api/messages/{message['id']}/")).status_code == 200


async def test_a_message_that_a_moderator_deletes_is_gone_for_everybody(
    api: httpx.AsyncClient, moderator: Browser, stored: Json, deps: Deps
) -> None:
    path = f"/admin/messages/do/delete?pk={stored['room_id']};{stored['seq']}"
    assert await is_readable(api, stored)
    answer = await moderator.post(path)
    assert answer.status_code == 303, answer.text
    assert not await is_readable(api, stored)
    history = (await api.get(f"/api/rooms/{stored['room_id']}/messages/")).json()
    assert stored["id"] not in str(history)
    record = await last_record(deps)
    assert (record.made_by, record.action) == ("admin:moderator", "deleted")
    assert (record.subject, str(record.room_id)) == (stored["id"], stored["room_id"])
    assert "কেমন" not in str(record.details)


async def test_deleting_twice_is_told_and_changes_nothing(moderator: Browser, stored: Json) -> None:
    path = f"/admin/messages/do/delete?pk={stored['room_id']};{stored['seq']}"
    assert (await moderator.post(path)).status_code == 303
    again = await moderator.post(path)
    assert again.status_code == 400
    assert "বার্তা খুঁজে পাওয়া যায়নি" in again.text


async def test_somebody_is_banned_for_a_time_and_the_ban_is_lifted(
    moderator: Browser, mita: Person, deps: Deps
) -> None:
    answer = await moderator.post(
        "/admin/sanctions/do/add",
        kind="ban",
        subject_kind="user",
        subject=mita.id,
        shown_as="মিতা",
        reason="বিজ্ঞাপন",
        hours="24",
    )
    assert answer.status_code == 303, answer.text
    row = await only_row(deps, SanctionRow)
    assert (row.kind, row.subject, row.made_by) == ("ban", mita.id, "admin:moderator")
    assert row.room_id == ALL_ROOMS
    over = row.expires_at - row.created_at - timedelta(hours=24)
    assert abs(over) < timedelta(seconds=1)
    assert (await last_record(deps)).action == "ban"
    law = await deps.rules.law(ALL_ROOMS)
    assert law.ban_of(Who(mita.id, "মিতা", no_address), deps.clock.micros()) is not None
    lift = f"/admin/sanctions/do/lift?pk={row.id}"
    assert (await moderator.post(lift)).status_code == 303
    assert (await row_of(deps, SanctionRow, row.id)).lifted_at is not None
    assert (await last_record(deps)).action == "lifted"
    assert await deps.moderation.sanctions(ALL_ROOMS, deps.clock.micros()) == []
    assert (await moderator.post(lift)).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "kick"),
        ("subject_kind", "ip"),
        ("subject_kind", "address"),
        ("subject", ""),
        ("subject", "not-an-id"),
        ("reason", "  "),
        ("reason", "x" * 501),
        ("hours", "0"),
        ("hours", "-3"),
        ("hours", "many"),
        ("hours", "999999"),
        ("room_id", "ক্রিকেট"),
    ],
)
async def test_a_ban_that_is_not_filled_in_well_is_shown_again(
    moderator: Browser, mita: Person, deps: Deps, field: str, value: str
) -> None:
    good = {
        "kind": "ban",
        "subject_kind": "user",
        "subject": mita.id,
        "shown_as": "মিতা-র নাম",
        "reason": "বিজ্ঞাপন",
        "hours": "",
        "room_id": "",
    }
    answer = await moderator.post("/admin/sanctions/do/add", **{**good, field: value})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert "মিতা-র নাম" in answer.text
    async with deps.database.reading() as connection:
        assert (await connection.execute(select(SanctionRow.id))).first() is None


async def test_words_are_added_changed_and_taken_off(moderator: Browser, deps: Deps) -> None:
    add = {"word": "বিজ্ঞাপন", "action": "hold"}
    assert (await moderator.post("/admin/words/do/add", **add)).status_code == 303
    assert (await moderator.post("/admin/words/do/add", word="*", action="hold")).status_code == 400
    row = await only_row(deps, WordRow)
    edit = f"/admin/words/do/edit?pk={row.id}"
    assert 'value="hold" selected' in (await moderator.get(edit)).text
    assert (await moderator.post(edit, action="block")).status_code == 303
    record = await last_record(deps)
    assert (record.action, record.subject) == ("word", "বিজ্ঞাপন")
    assert record.details == {"action": "block"}
    delete = f"/admin/words/do/delete?pk={row.id}"
    assert (await moderator.post(delete)).status_code == 303
    assert await row_of(deps, WordRow, row.id) is None
    assert (await last_record(deps)).action == "word_dropped"


async def test_a_report_that_is_right_deletes_the_message(
    api: httpx.AsyncClient, moderator: Browser, spoken: Json, deps: Deps
) -> None:
    report_id = await report_on(deps, spoken)
    answer = await moderator.post(f"/admin/reports/do/delete?pk={report_id}")
    assert answer.status_code == 303, answer.text
    assert not await is_readable(api, spoken)
    row = await row_of(deps, Report, report_id)
    assert (row.decision, row.decided_by) == ("deleted", "admin:moderator")
    assert (await last_record(deps)).action == "deleted"
    assert (await moderator.post(f"/admin/reports/do/keep?pk={report_id}")).status_code == 404


async def test_a_report_of_what_is_gone_can_be_closed(
    moderator: Browser, spoken: Json, deps: Deps
) -> None:
    first, second = await report_on(deps, spoken), await report_on(deps, spoken)
    delete = "/admin/reports/do/delete?pk={}"
    assert (await moderator.post(delete.format(first))).status_code == 303
    # One decision closes all reports of a message.
    assert (await moderator.post(delete.format(second))).status_code == 404
    late = await report_on(deps, spoken)
    assert (await moderator.post(delete.format(late))).status_code == 303
    assert (await row_of(deps, Report, late)).decision == "dismissed"


async def test_a_report_that_is_wrong_leaves_the_message(
    api: httpx.AsyncClient, moderator: Browser, spoken: Json, deps: Deps
) -> None:
    report_id = await report_on(deps, spoken)
    assert (await moderator.post(f"/admin/reports/do/keep?pk={report_id}")).status_code == 303
    assert await is_readable(api, spoken)
    assert (await row_of(deps, Report, report_id)).decision == "dismissed"


@pytest.mark.parametrize(("deed", "decision"), [("publish", "approved"), ("reject", "rejected")])
async def test_a_message_that_waits_is_decided_once(
    api: httpx.AsyncClient, moderator: Browser, deps: Deps, deed: str, decision: str
) -> None:
    held_id, room = deps.ids.new(), await make_room(api)
    async with deps.database.changing() as connection:
        await connection.execute(
            insert(HeldMessage).values(
                id=held_id,
                room_id=UUID(room["id"]),
                user_id=deps.ids.new(),
                username="মিতা",
                color="#ff0000",
                content="বিজ্ঞাপন",
                message_type="image",
                file_url="https://example.org/পোস্টার.png",
                created_at=datetime_of(deps.clock.micros()),
            )
        )
    assert "পোস্টার.png" in (await moderator.get(f"/admin/held/details/{held_id}")).text
    path = f"/admin/held/do/{deed}?pk={held_id}"
    assert (await moderator.post(path)).status_code == 303
    said = (await api.get(f"/api/rooms/{room['id']}/messages/")).json()
    assert ("বিজ্ঞাপন" in str(said)) is ("পোস্টার.png" in str(said)) is (deed == "publish")
    assert (await row_of(deps, HeldMessage, held_id)).decision == decision
    assert (await moderator.post(path)).status_code == 404
    assert (await last_record(deps)).action == f"held_{decision}"

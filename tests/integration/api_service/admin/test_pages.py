"""Every page for every role: who may look, who may do, and that nothing else is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import insert
from tests.integration.api_service.admin.conftest import Browser, NewBrowser
from tests.integration.api_service.conftest import make_person, make_room

from api_service.admin.pages import TABLES, VIEWS
from api_service.admin.roles import Role
from shared.domain.times import datetime_of
from shared.message_store.tables import Admin, HeldMessage, Message, Report, SanctionRow, WordRow

if TYPE_CHECKING:
    import httpx

    from api_service.wiring import Deps

DEEDS = [(view.called, deed) for view in TABLES for deed in view.deeds]


@dataclass(frozen=True, slots=True)
class Rows:
    """One row of each table, by the name of its view."""

    identifiers: dict[str, str]


@pytest.fixture
async def rows(api: httpx.AsyncClient, deps: Deps) -> Rows:
    """A database with something in each table."""
    person = await make_person(api, "মিতা")
    room = await make_room(api, person)
    room_id, user_id, message_id = UUID(room["id"]), UUID(person.id), deps.ids.new()
    now = datetime_of(deps.clock.micros())
    common = {"room_id": room_id, "created_at": now}
    spoken = {**common, "user_id": user_id, "username": "মিতা", "content": "কেমন আছেন সবাই?"}
    values: dict[Any, dict[str, Any]] = {
        SanctionRow: {
            **common,
            "kind": "mute",
            "subject_kind": "user",
            "subject": person.id,
            "shown_as": "মিতা",
            "reason": "বিজ্ঞাপন",
            "made_by": "admin:test",
        },
        WordRow: {**common, "word": "বিজ্ঞাপন", "action": "hold"},
        Report: {
            **spoken,
            "message_id": message_id,
            "reporter_id": deps.ids.new(),
            "reason": "বিরক্তিকর",
        },
        HeldMessage: {**spoken, "color": "#ff0000"},
        Message: {**spoken, "color": "#ff0000", "seq": 1, "message_type": "text"},
        Admin: {
            "name": "other",
            "password_hash": "-",
            "role": "viewer",
            "created_at": now,
            "totp_secret": "GEZDGNBVGY3TQOJQ",
        },
    }
    made = {table: deps.ids.new() for table in values} | {Message: message_id}
    async with deps.database.changing() as connection:
        for table, fields in values.items():
            await connection.execute(insert(table).values(id=made[table], **fields))
    return Rows(
        {
            "rooms": room["id"],
            "users": person.id,
            "messages": f"{room['id']};1",
            "sanctions": str(made[SanctionRow]),
            "words": str(made[WordRow]),
            "reports": str(made[Report]),
            "held": str(made[HeldMessage]),
            "accounts": str(made[Admin]),
        }
    )


def sees(role: Role | None, view: Any) -> bool:
    return role is not None and role.includes(view.sees)


@pytest.mark.parametrize("role", [None, *Role], ids=str)
async def test_who_sees_what(new_browser: NewBrowser, rows: Rows, role: Role | None) -> None:
    browser = await new_browser(role)
    refused = 303 if role is None else 403
    for view in VIEWS:
        listed = (
            "/admin/connections" if view.called == "connections" else f"/admin/{view.called}/list"
        )
        paths = [listed]
        if view.called in rows.identifiers:
            paths.append(f"/admin/{view.called}/details/{rows.identifiers[view.called]}")
        for path in paths:
            answer = await browser.get(path)
            assert answer.status_code == (200 if sees(role, view) else refused), path
    menu = (await browser.get("/admin/")).text
    shown = {view.called for view in VIEWS if f"/admin/{view.called}" in menu}
    assert shown == {view.called for view in VIEWS if sees(role, view)}


@pytest.mark.parametrize("role", [None, *Role], ids=str)
async def test_who_may_do_what(new_browser: NewBrowser, rows: Rows, role: Role | None) -> None:
    browser = await new_browser(role)
    for called, deed in DEEDS:
        if deed.name == "enable":
            continue  # the row is enabled; see test_accounts
        pk = f"?pk={rows.identifiers[called]}" if deed.on_row else ""
        path = f"/admin/{called}/do/{deed.name}{pk}"
        allowed = role is not None and role.includes(deed.role)
        form = await browser.get(path)
        refused = 303 if role is None else 403
        assert form.status_code == (200 if allowed else refused), path
        if not allowed:
            answer = await browser.post(path)
            assert answer.status_code == refused, path
            if role is None:
                assert answer.headers["location"].endswith("/admin/login")
        else:
            assert browser.token in form.text


@pytest.mark.parametrize("role", Role, ids=str)
async def test_pages_offer_only_what_their_reader_may_do(
    new_browser: NewBrowser, rows: Rows, role: Role
) -> None:
    browser = await new_browser(role)
    for view in TABLES:
        if not sees(role, view) or view.called not in rows.identifiers:
            continue
        listed = (await browser.get(f"/admin/{view.called}/list")).text
        row = (
            await browser.get(f"/admin/{view.called}/details/{rows.identifiers[view.called]}")
        ).text
        for deed in view.deeds:
            offered = f"/admin/{view.called}/do/{deed.name}" in (row if deed.on_row else listed)
            assert offered is (role.includes(deed.role) and deed.name != "enable"), deed.name


async def test_sqladmins_own_ways_to_change_something_are_not_there(
    admin: Browser, rows: Rows
) -> None:
    for view in TABLES:
        pk = rows.identifiers.get(view.called, "x")
        for method, path in (
            ("DELETE", f"delete?pks={pk}"),
            ("POST", f"delete?pks={pk}"),
            ("GET", "create"),
            ("POST", "create"),
            ("GET", f"edit/{pk}"),
            ("POST", f"edit/{pk}"),
            ("GET", "export/csv"),
            ("POST", "import"),
            ("GET", "ajax/lookup?name=x&term=y"),
            ("GET", f"action/delete?pks={pk}"),
            ("GET", f"{pk}/content/download/"),
        ):
            answer = await admin.client.request(
                method, f"/admin/{view.called}/{path}", data={"token": admin.token}
            )
            assert answer.status_code == 404, (method, path)
    assert (await admin.client.get("/admin/logout")).status_code == 405
    assert (await admin.get("/admin/")).status_code == 200


async def test_what_is_not_there_is_told_on_a_page(admin: Browser) -> None:
    for path in (
        "/admin/nothing/list",
        "/admin/rooms/details/not-an-id",
        "/admin/rooms/details/0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e01",
        "/admin/messages/details/x;y;z",
        "/admin/messages/details/0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e01;99999999999999999999",
        f"/admin/users/details/{'9' * 500}",
        "/admin/rooms/do/nothing",
        "/admin/rooms/do/delete?pk=not-an-id",
        "/admin/rooms/do/delete",
        "/admin/rooms/list/",
    ):
        answer = await admin.get(path)
        assert answer.status_code == 404, path
        assert "এখানে কিছু নেই" in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "page=-1&pageSize=0",
        "page=999999999999999999999&pageSize=১০",
        "page=99999999",
        "search=%00",
        "search=%25_%5C%27",
        "search=" + "x" * 3000,
        "year=0&month=99&day=x",
        "room=not-an-id&created=never&state=what&is_public=maybe&is_online=perhaps",
        "sort=sideways",
    ],
)
async def test_nonsense_in_an_address_narrows_nothing_and_breaks_nothing(
    admin: Browser, query: str
) -> None:
    for view in VIEWS:
        listed = (
            "/admin/connections" if view.called == "connections" else f"/admin/{view.called}/list"
        )
        answer = await admin.get(f"{listed}?{query}", follow_redirects=True)
        assert answer.status_code == 200, (listed, answer.text)


async def test_a_list_can_only_be_sorted_by_what_is_meant_for_it(admin: Browser) -> None:
    assert (await admin.get("/admin/rooms/list?sortBy=name&sort=desc")).status_code == 200
    assert (await admin.get("/admin/accounts/list?sortBy=password_hash")).status_code == 400

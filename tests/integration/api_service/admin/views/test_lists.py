"""Each list as the original had it: its columns, filters, search, and the way down by dates."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import insert
from tests.integration.api_service.admin.conftest import Browser
from tests.integration.api_service.conftest import make_person, make_room, sit_in

from shared.domain.ids import uuid7
from shared.domain.times import DHAKA, datetime_of, micros_of
from shared.message_store.tables import ChatUser, Message, Room

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from api_service.wiring import Deps

_ROW = re.compile(r"<tr>\s*<td.*?</tr>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


def heads(text: str) -> list[str]:
    found = re.findall(r'<th scope="col">(.*?)</th>', text, re.DOTALL)
    return [
        " ".join(_TAG.sub("", head).replace("↑", "").replace("↓", "").split()) for head in found
    ]


def rows(text: str) -> list[list[str]]:
    """Texts of all cells, without the last one, which opens the row."""
    found = []
    for row in _ROW.findall(text):
        cells = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
        found.append([" ".join(_TAG.sub("", cell).split()) for cell in cells][:-1])
    return found


async def firsts(browser: Browser, path: str) -> list[str]:
    """First cells of a list."""
    answer = await browser.get(path, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return [row[0] for row in rows(answer.text)]


async def put(deps: Deps, table: Any, *values: dict[str, Any]) -> None:
    async with deps.database.changing() as connection:
        for each in values:
            await connection.execute(insert(table).values(each))


def message(room: UUID, seq: int, moment: datetime, content: str, **more: Any) -> dict[str, Any]:
    return {
        "room_id": room,
        "seq": seq,
        "id": uuid7(micros_of(moment) // 1000, seq),
        "user_id": UUID(int=seq),
        "username": f"মানুষ {seq}",
        "color": "#ff0000",
        "content": content,
        "message_type": "text",
        "created_at": moment,
        **more,
    }


async def test_rooms_have_the_originals_columns_filters_and_search(
    api: httpx.AsyncClient, viewer: Browser, deps: Deps
) -> None:
    busy = await make_room(api, name="ক্রিকেট", description="আজকের খেলা", max_users=5000)
    await make_room(api, name="গোপন", is_public=False)
    await sit_in(deps, busy["id"], "রাকিব", "মিতা")
    text = (await viewer.get("/admin/rooms/list")).text
    assert heads(text) == ["নাম", "তালিকায়", "সর্বোচ্চ মানুষ", "তৈরি", "অনলাইন"]
    [secret, cricket] = rows(text)
    assert (cricket[0], cricket[1], cricket[2], cricket[4]) == ("ক্রিকেট", "✓", "৫,০০০", "২")
    assert (secret[0], secret[1], secret[4]) == ("গোপন", "–", "০")
    base = "/admin/rooms/list?"
    assert await firsts(viewer, base + "is_public=public") == ["ক্রিকেট"]
    assert await firsts(viewer, base + "is_public=unlisted") == ["গোপন"]
    assert await firsts(viewer, base + "created=today") == ["গোপন", "ক্রিকেট"]
    assert await firsts(viewer, base + "search=খেলা") == ["ক্রিকেট"]
    assert await firsts(viewer, base + "search=গোপ") == ["গোপন"]
    assert await firsts(viewer, base + f"search={busy['id']}") == ["ক্রিকেট"]
    assert await firsts(viewer, base + "search=%25") == []
    assert await firsts(viewer, base + "sortBy=max_users&sort=desc") == ["ক্রিকেট", "গোপন"]


async def test_old_rooms_are_not_of_today(viewer: Browser, deps: Deps) -> None:
    now = datetime_of(deps.clock.micros())
    common = {"is_public": True, "max_users": 50}
    await put(
        deps,
        Room,
        *(
            {**common, "id": deps.ids.new(), "name": name, "created_at": at, "updated_at": at}
            for name, at in (("নতুন", now), ("পুরনো", now - timedelta(days=800)))
        ),
    )
    assert await firsts(viewer, "/admin/rooms/list?created=year") == ["নতুন"]
    assert await firsts(viewer, "/admin/rooms/list") == ["নতুন", "পুরনো"]


async def test_people_have_the_originals_columns_filters_and_search(
    api: httpx.AsyncClient,
    viewer: Browser,
    deps: Deps,
    persist: Callable[[], Awaitable[None]],
) -> None:
    room = await make_room(api, name="ছাদ")
    [here] = await sit_in(deps, room["id"], "এখানে")
    gone = await make_person(api, "নেই")
    await persist()
    text = (await viewer.get("/admin/users/list")).text
    assert heads(text) == ["নাম", "সেশন (হ্যাশ)", "অনলাইন", "রুম", "শেষ দেখা"]
    by_name = {row[0]: row for row in rows(text)}
    assert by_name["এখানে"][1:4] == [here.session_hash.hex()[:20] + "...", "✓", "ছাদ"]
    assert by_name["নেই"][2:4] == ["–", "—"]
    base = "/admin/users/list?"
    assert await firsts(viewer, base + "is_online=online") == ["এখানে"]
    assert await firsts(viewer, base + "is_online=offline") == ["নেই"]
    assert set(await firsts(viewer, base + "created=week")) == {"এখানে", "নেই"}
    for term in ("এখা", here.session_hash.hex()[:20] + "...", str(here.id)):
        assert await firsts(viewer, base + f"search={term}") == ["এখানে"], term
    assert await firsts(viewer, base + f"search={gone.session_id}") == ["নেই"]
    page = (await viewer.get(f"/admin/users/details/{gone.id}")).text
    assert gone.session_id not in page


async def test_messages_have_the_originals_columns_filters_and_search(
    viewer: Browser, deps: Deps
) -> None:
    room, other = deps.ids.new(), deps.ids.new()
    now = datetime_of(deps.clock.micros())
    long = "অনেক লম্বা কথা " * 10
    await put(
        deps,
        Room,
        {
            "id": room,
            "name": "ছাদ",
            "is_public": True,
            "max_users": 50,
            "created_at": now,
            "updated_at": now,
        },
    )
    await put(
        deps,
        Message,
        message(room, 1, now - timedelta(days=800), "পুরনো"),
        message(room, 2, now - timedelta(seconds=2), long),
        message(other, 3, now, "<b>ছবি</b>", message_type="image", file_url="https://a.example/b"),
        message(other, 4, now, "", deleted_at=now),
    )
    text = (await viewer.get("/admin/messages/list")).text
    assert heads(text) == ["নাম", "রুম", "বার্তা", "ধরন", "তৈরি"]
    listed = rows(text)
    assert [row[0] for row in listed] == ["মানুষ 3", "মানুষ 2", "মানুষ 1"]
    assert listed[1][1:4] == ["ছাদ", long[:50] + "...", "লেখা"]
    assert listed[0][2] == "&lt;b&gt;ছবি&lt;/b&gt;"
    base = "/admin/messages/list?"
    assert await firsts(viewer, base + "message_type=image") == ["মানুষ 3"]
    assert await firsts(viewer, base + "message_type=file") == []
    assert await firsts(viewer, base + f"room={room}") == ["মানুষ 2", "মানুষ 1"]
    assert await firsts(viewer, base + f"room={room}&created=year") == ["মানুষ 2"]
    assert await firsts(viewer, base + "search=পুরনো") == ["মানুষ 1"]
    assert await firsts(viewer, base + "search=মানুষ 2") == ["মানুষ 2"]
    assert await firsts(viewer, base + f"search={UUID(int=1)}") == ["মানুষ 1"]
    page = (await viewer.get(f"/admin/messages/details/{room};2")).text
    assert long.strip() in page


async def test_messages_of_a_deleted_room_are_shown_to_nobody(viewer: Browser, deps: Deps) -> None:
    room, now = deps.ids.new(), datetime_of(deps.clock.micros())
    await put(deps, Message, message(room, 1, now, "বিদায়"))
    details = f"/admin/messages/details/{room};1"
    assert (await viewer.get(details)).status_code == 200
    await deps.room_directory.delete_room(room, deps.clock.micros())
    assert await firsts(viewer, "/admin/messages/list") == []
    assert (await viewer.get(details)).status_code == 404


async def test_messages_are_reached_by_year_month_and_day_of_dhaka(
    viewer: Browser, deps: Deps
) -> None:
    room = deps.ids.new()
    moments = (
        datetime(2024, 2, 29, 23, 59, 59, tzinfo=DHAKA),
        datetime(2024, 3, 1, 0, 0, 0, tzinfo=DHAKA),
        datetime(2025, 12, 31, 23, 0, 0, tzinfo=DHAKA),
        datetime(2026, 1, 1, 0, 30, 0, tzinfo=DHAKA),
    )
    await put(deps, Message, *(message(room, n, at, f"কথা {n}") for n, at in enumerate(moments, 1)))
    base = "/admin/messages/list"
    text = (await viewer.get(base)).text
    assert [year in text for year in ("২০২৩</a>", "২০২৪</a>", "২০২৫</a>", "২০২৬</a>")] == [
        *(False, True, True, True)
    ]
    for query, numbers in (
        ("?year=2024", ["2", "1"]),
        ("?year=2024&month=2", ["1"]),
        ("?year=2024&month=3", ["2"]),
        ("?year=2024&month=2&day=29", ["1"]),
        ("?year=2024&month=2&day=28", []),
        ("?year=2025", ["3"]),
        ("?year=2026&month=1&day=1", ["4"]),
    ):
        assert await firsts(viewer, base + query) == [f"মানুষ {n}" for n in numbers], query
    text = (await viewer.get(base + "?year=2024")).text
    assert ("ফেব্রুয়ারি</a>" in text, "মার্চ</a>" in text, "এপ্রিল</a>" in text) == (True, True, False)


async def test_a_long_list_is_leafed_through_and_counted(viewer: Browser, deps: Deps) -> None:
    room, now = deps.ids.new(), datetime_of(deps.clock.micros())
    await put(deps, Message, *(message(room, n, now, f"কথা {n}") for n in range(1, 61)))
    base = f"/admin/messages/list?room={room}"
    seen = []
    for page in (1, 2, 3):
        answer = await viewer.get(f"{base}&page={page}")
        seen += [row[0] for row in rows(answer.text)]
        assert "মোট ৬০" in answer.text
        assert ('rel="next"' in answer.text, 'rel="prev"' in answer.text) == (page < 3, page > 1)
    assert seen == [f"মানুষ {n}" for n in range(60, 0, -1)]
    assert len(await firsts(viewer, base + "&pageSize=50")) == 50
    assert await firsts(viewer, base + "&page=99") == seen[50:]


async def test_more_than_can_be_counted_is_told_as_such(
    viewer: Browser, deps: Deps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api_service.admin.view.MOST_COUNTED", 30)
    room, now = deps.ids.new(), datetime_of(deps.clock.micros())
    await put(deps, Message, *(message(room, n, now, f"কথা {n}") for n in range(1, 41)))
    text = (await viewer.get("/admin/messages/list")).text
    assert "৩০-এর বেশি" in text
    assert 'rel="next"' in text
    text = (await viewer.get("/admin/messages/list?page=99", follow_redirects=True)).text
    assert 'rel="next"' not in text


async def test_connections_have_the_originals_columns_filters_and_search(
    api: httpx.AsyncClient, viewer: Browser, deps: Deps
) -> None:
    here, there = await make_room(api, name="ছাদ"), await make_room(api, name="মাঠ")
    await sit_in(deps, here["id"], "রাকিব", "মিতা")
    await sit_in(deps, there["id"], "<i>শফিক</i>")
    base = "/admin/connections"
    text = (await viewer.get(base)).text
    assert heads(text) == ["নাম", "রুম", "চ্যানেল", "সংযুক্ত"]
    # Here the last cell opens nothing: all four are of the connection.
    assert {row[0] for row in rows(text)} == {"রাকিব", "মিতা", "&lt;i&gt;শফিক&lt;/i&gt;"}
    assert all(len(row[2]) == 33 for row in rows(text))
    assert "মোট ৩" in text
    assert set(await firsts(viewer, f"{base}?room={here['id']}")) == {"রাকিব", "মিতা"}
    assert await firsts(viewer, f"{base}?search=মিতা") == ["মিতা"]
    assert len(await firsts(viewer, f"{base}?created=today")) == 3
    assert await firsts(viewer, f"{base}?search=কেউ না") == []


async def test_a_room_is_changed_by_its_form_and_everybody_is_told(
    api: httpx.AsyncClient, admin: Browser, deps: Deps
) -> None:
    room = await make_room(api, name="ক্রিকেট", max_users=50)
    await sit_in(deps, room["id"], "রাকিব")
    path = f"/admin/rooms/do/edit?pk={room['id']}"
    form = (await admin.get(path)).text
    assert 'name="name" value="ক্রিকেট"' in form
    assert "সময়" in form
    assert 'name="created_at"' not in form
    answer = await admin.post(path, name="ফুটবল", description="", max_users="60", is_public="1")
    assert answer.status_code == 303, answer.text
    live = await deps.live.read(UUID(room["id"]))
    assert live is not None
    assert (live.settings.name, live.settings.max_users) == ("ফুটবল", 60)
    assert (await api.get(f"/api/rooms/{room['id']}/")).json()["name"] == "ফুটবল"
    text = (await admin.get("/admin/audit/list")).text
    assert "রুম বদল" in text
    assert "ফুটবল" in text
    wrong = await admin.post(path, name=" ", max_users="1", is_public="1")
    assert (wrong.status_code, "ফাঁকা রাখা যাবে না" in wrong.text) == (400, True)


async def test_a_room_is_made_and_deleted(api: httpx.AsyncClient, admin: Browser) -> None:
    form = {"name": "নতুন রুম", "description": "কথা", "max_users": "", "is_public": "1"}
    assert (await admin.post("/admin/rooms/do/add", **form)).status_code == 303
    [room] = (await api.get("/api/rooms/")).json()["results"]
    assert (room["name"], room["description"]) == ("নতুন রুম", "কথা")
    path = f"/admin/rooms/do/delete?pk={room['id']}"
    assert "ফেরানো যায় না" in (await admin.get(path)).text
    assert (await admin.post(path)).status_code == 303
    assert (await api.get(f"/api/rooms/{room['id']}/")).status_code == 404
    assert await firsts(admin, "/admin/rooms/list") == []


async def test_the_record_is_searched_and_narrowed(admin: Browser, viewer: Browser) -> None:
    assert viewer.token
    await admin.post("/admin/words/do/add", word="বিজ্ঞাপন", action="mask")
    base = "/admin/audit/list"
    assert len(await firsts(admin, base + "?search=word")) == 1
    assert await firsts(admin, base + "?search=বিজ্ঞাপন") == ["admin:admin"]
    assert set(await firsts(admin, base + "?search=login")) == {"admin:admin", "admin:viewer"}
    assert len(await firsts(admin, base + "?created=today")) >= 3
    assert await firsts(admin, base + "?year=2020") == []


async def test_what_people_wrote_never_becomes_part_of_a_page(viewer: Browser, deps: Deps) -> None:
    nasty = "\"><img src=x onerror=alert(1)>'"
    now, room = datetime_of(deps.clock.micros()), deps.ids.new()
    await put(deps, Message, message(room, 1, now, nasty, username=nasty, color=nasty))
    await put(
        deps,
        ChatUser,
        {
            "id": UUID(int=1),
            "session_hash": b"x" * 32,
            "username": nasty,
            "color": nasty,
            "created_at": now,
            "last_seen": now,
            "updated_at": now,
        },
    )
    for path in (
        "messages/list",
        f"messages/list?search={nasty}",
        f"messages/details/{room};1",
        "users/list",
        f"users/details/{UUID(int=1)}",
        f"sanctions/do/add?subject={nasty}&shown_as={nasty}",
    ):
        answer = await viewer.get(f"/admin/{path}")
        assert "<img" not in answer.text, path

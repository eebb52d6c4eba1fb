from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from tests.integration.api_service.conftest import (
    ADMIN_TOKEN,
    Person,
    bearer,
    make_person,
    make_room,
    run_api,
    say,
)

from shared.domain.ids import session_hash
from shared.message_store.review_directory import HeldRecord
from shared.protocol.own_views import ExportView
from shared.usecases import export_user

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import httpx

    from api_service.settings import ApiSettings
    from api_service.wiring import Deps

CONFIRMED = {"confirm": True}
NOWHERE = "postgresql://adda@127.0.0.1:1/adda"


async def erase(client: httpx.AsyncClient, person: Person, body: Any = None) -> httpx.Response:
    return await client.request(
        "DELETE", "/api/me/", json=CONFIRMED if body is None else body, headers=person.headers
    )


async def export(client: httpx.AsyncClient, person: Person) -> dict[str, Any]:
    answer = await client.get("/api/me/export/", headers=person.headers)
    assert answer.status_code == 200, answer.text
    exported: dict[str, Any] = answer.json()
    ExportView.model_validate(exported)
    return exported


async def test_a_session_tells_whose_it_is(client: httpx.AsyncClient) -> None:
    person = await make_person(client, "মিতা")
    answer = await client.get("/api/me/", headers=person.headers)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    me = answer.json()
    assert me.pop("created_at").endswith("+06:00")
    assert me == {"id": person.id, "username": "মিতা", "color": "#ff0000"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/me/"), ("GET", "/api/me/export/"), ("DELETE", "/api/me/")],
)
async def test_nobody_and_administrators_have_nothing_of_their_own(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    for headers, code in (
        ({}, "session_required"),
        (bearer(ADMIN_TOKEN), "session_required"),
        (bearer("not-a-session-of-anybody"), "session_unknown"),
    ):
        answer = await client.request(method, path, json=CONFIRMED, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, code)


async def test_an_export_has_what_is_stored_and_what_is_on_its_way(
    client: httpx.AsyncClient,
    persist: Callable[[], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export_user, "MESSAGES_AT_ONCE", 2)
    person, other = await make_person(client), await make_person(client)
    room = await make_room(client, person, name="মিতার ঘর")
    stored = [await say(client, person, room["id"], f"রাখা {n}") for n in range(3)]
    await say(client, other, room["id"], "অন্যের কথা")
    await client.patch(
        f"/api/messages/{stored[0]['id']}/", json={"content": "বদলানো"}, headers=person.headers
    )
    await client.delete(f"/api/messages/{stored[1]['id']}/", headers=person.headers)
    await persist()
    waiting = [
        await say(client, person, room["id"], f"পথে {n}", client_id=f"c{n}") for n in (1, 2, 3)
    ]
    await client.patch(
        f"/api/messages/{stored[2]['id']}/", json={"content": "এইমাত্র বদলানো"}, headers=person.headers
    )

    exported = await export(client, person)

    assert exported["user"]["id"] == person.id
    assert [owned["name"] for owned in exported["rooms"]] == ["মিতার ঘর"]
    told = {
        each["id"]: (each["room_id"], each["seq"], each["content"], each["deleted"])
        for each in exported["messages"]
    }
    assert told == {
        stored[0]["id"]: (room["id"], 1, "বদলানো", False),
        stored[1]["id"]: (room["id"], 2, "", True),
        stored[2]["id"]: (room["id"], 3, "এইমাত্র বদলানো", False),
        waiting[0]["id"]: (room["id"], 5, "পথে 1", False),
        waiting[1]["id"]: (room["id"], 6, "পথে 2", False),
        waiting[2]["id"]: (room["id"], 7, "পথে 3", False),
    }
    assert len(exported["messages"]) == len(told)
    assert {each["client_id"] for each in exported["messages"]} == {None, "c1", "c2", "c3"}


async def test_an_export_has_what_staff_were_asked_about(
    client: httpx.AsyncClient, deps: Deps
) -> None:
    person, room = await make_person(client), await make_room(client)
    held = HeldRecord(
        deps.ids.new(),
        UUID(room["id"]),
        UUID(person.id),
        "রাকিব",
        "#ff0000",
        content="ছাগল",
        message_type="image",
        file_url="https://example.org/ছাগল.png",
        reply_to=None,
        micros=deps.clock.micros(),
    )
    await deps.reviews.hold(held)
    [told] = (await export(client, person))["held_messages"]
    assert (told["id"], told["content"]) == (str(held.id), held.content)
    assert (told["message_type"], told["file_url"]) == (held.message_type, held.file_url)


async def test_an_export_of_nothing_is_whole(client: httpx.AsyncClient) -> None:
    exported = await export(client, await make_person(client))
    assert exported["messages"] == exported["rooms"] == exported["reports"] == []
    assert exported["held_messages"] == []


async def test_an_export_without_postgresql_is_refused_before_it_begins(
    settings_for: Callable[..., ApiSettings], client: httpx.AsyncClient
) -> None:
    person = await make_person(client)
    async with run_api(settings_for(database_url=NOWHERE, instance="away")) as away:
        answer = await away.get("/api/me/export/", headers=person.headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_whoever_is_erased_has_no_session_any_more(
    client: httpx.AsyncClient, deps: Deps, persist: Callable[[], Awaitable[None]]
) -> None:
    person = await make_person(client)
    answer = await erase(client, person)
    assert answer.status_code == 202, answer.text
    begun = answer.json()
    assert (begun["status"], begun["finished_at"]) == ("running", None)
    assert answer.headers["Location"].endswith(f"/api/erasures/{begun['id']}/")
    progress = await client.get(answer.headers["Location"])
    assert progress.json() == begun
    again = await client.get("/api/me/", headers=person.headers)
    assert (again.status_code, again.json()["code"]) == (401, "session_unknown")
    assert await deps.user_directory.user_by_session(session_hash(person.session_id)) is None
    assert (await deps.room_directory.totals()).users == 0

    # A snapshot that was on its way does not bring them back.
    user = deps.identifier.new_user(person.session_id, "ভূত", None)
    from shared.message_store.ingest_entries import encode_user  # noqa: PLC0415

    ghost = user.__class__(
        UUID(person.id), user.session_hash, "ভূত", user.color, user.created_micros
    )
    stream = deps.live._keys.ingest(0)
    await deps.redis.xadd(stream, dict(encode_user(ghost, None, deps.clock.micros())))  # type: ignore[arg-type]
    await persist()
    assert await deps.user_directory.users_by_ids([UUID(person.id)]) == {}


async def test_the_session_of_the_erased_makes_a_new_person_on_a_socket(
    client: httpx.AsyncClient, deps: Deps
) -> None:
    person = await make_person(client)
    assert (await erase(client, person)).status_code == 202
    identity = await deps.identifier.identify(person.session_id, None, None)
    assert identity.new_session_id not in {None, person.session_id}
    assert str(identity.user.id) != person.id


async def test_to_be_erased_twice_is_one_wish(client: httpx.AsyncClient, deps: Deps) -> None:
    person = await make_person(client)
    user = await deps.identifier.known(person.session_id)
    assert user is not None
    first = await deps.erasures.request(deps.ids.new(), user, deps.clock.micros())
    second = await deps.erasures.request(deps.ids.new(), user, deps.clock.micros())
    assert first == second
    assert (await deps.room_directory.totals()).users == 0


@pytest.mark.parametrize("body", [{}, {"confirm": False}, {"confirm": "true"}, []])
async def test_nothing_is_erased_without_a_clear_word(client: httpx.AsyncClient, body: Any) -> None:
    person = await make_person(client)
    answer = await erase(client, person, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
    assert (await client.get("/api/me/", headers=person.headers)).status_code == 200


@pytest.mark.parametrize("name", ["nothing", "0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e99"])
async def test_an_unknown_erasure_is_not_found(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/api/erasures/{name}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

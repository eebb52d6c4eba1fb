"""Limits of the REST service, as two replicas keep them together."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from tests.integration.api_service.conftest import (
    make_person,
    make_room,
    run_api,
    say,
)
from tests.proof_of_work import prove

from shared.domain.budgets import UNLIMITED, Budget

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from api_service.settings import ApiSettings

UNKNOWN = "123e4567-e89b-12d3-a456-426614174000"


async def test_one_user_may_write_only_so_fast_wherever(
    settings_for: Callable[..., ApiSettings],
) -> None:
    settings = settings_for(limit_session=Budget(13, 0.1))  # a room costs 10
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(run_api(settings))
        there = await stack.enter_async_context(run_api(settings))
        owner, other = await make_person(here), await make_person(here)
        path = f"/api/rooms/{(await make_room(here, owner))['id']}/"
        left = []
        for client in (here, there, here):
            answer = await client.patch(path, json={"max_users": 9}, headers=owner.headers)
            assert answer.status_code == 200
            assert answer.headers["RateLimit-Limit"] == "13"
            left.append(int(answer.headers["RateLimit-Remaining"]))
        assert left == [2, 1, 0]
        limited = await there.patch(path, json={"max_users": 9}, headers=owner.headers)
        assert (limited.status_code, limited.json()["code"]) == (429, "rate_limited")
        assert 1 <= int(limited.headers["Retry-After"]) <= 20  # spread up to the double
        assert limited.headers["RateLimit-Remaining"] == "0"
        assert limited.headers["RateLimit-Reset"] == limited.headers["Retry-After"]
        assert (await there.patch(path, json={}, headers=other.headers)).status_code == 403


async def test_one_address_may_make_only_so_much(
    settings_for: Callable[..., ApiSettings],
) -> None:
    settings = settings_for(limit_ipv4=Budget(12, 0.1), unlimited_networks=())
    async with run_api(settings) as client:
        await make_person(client)  # 2
        await make_room(client)  # 10
        limited = await client.post("/api/join-room/", json={"room_id": UNKNOWN, "username": "ক"})
        assert (limited.status_code, limited.json()["code"]) == (429, "proof_required")
        elsewhere = {"X-Forwarded-For": "203.0.113.9"}
        made = await client.post("/api/create-user/", json={"username": "খ"}, headers=elsewhere)
        assert made.status_code == 201


async def test_an_address_may_only_search_so_fast_and_read_on(
    settings_for: Callable[..., ApiSettings],
) -> None:
    settings = settings_for(limit_ipv4=Budget(12, 0.1), unlimited_networks=())
    async with run_api(settings) as client:
        await make_room(client)  # 10
        found = [await client.get("/api/rooms/", params={"search": "আড্ডা"}) for _ in range(3)]
        assert [answer.status_code for answer in found] == [200, 200, 429]
        left = [answer.headers["RateLimit-Remaining"] for answer in found]
        assert left == ["1", "0", "0"]
        assert found[2].json()["code"] == "rate_limited"
        assert int(found[2].headers["Retry-After"]) >= 1
        for query in ("", "?page_size=9", "?search="):
            assert (await client.get(f"/api/rooms/{query}")).status_code == 200
        elsewhere = {"X-Forwarded-For": "203.0.113.9"}
        another = await client.get("/api/rooms/?search=x", headers=elsewhere)
        assert another.status_code == 200


async def test_a_room_made_by_joining_costs_what_one_costs_that_was_asked_for(
    settings_for: Callable[..., ApiSettings],
) -> None:
    settings = settings_for(limit_ipv4=Budget(14, 0.1), unlimited_networks=())
    async with run_api(settings) as client:

        async def join(room: str) -> httpx.Response:
            return await client.post("/api/join-room/", json={"room_id": room, "username": "ক"})

        made = await join(UNKNOWN)
        assert (made.status_code, made.headers["RateLimit-Remaining"]) == (200, "4")
        other = UNKNOWN[::-1].replace("-", "")
        refused = await join(other)  # 2 for the join, and 8 are not there
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert int(refused.headers["Retry-After"]) >= 60
        assert (await client.get(f"/api/rooms/{other}/")).status_code == 404
        assert (await join(UNKNOWN)).status_code == 200


async def test_who_is_over_may_still_make_something_by_a_proof_at_any_replica(
    settings_for: Callable[..., ApiSettings],
) -> None:
    settings = settings_for(limit_ipv4=Budget(10, 0.01), unlimited_networks=(), proof_share=1)
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(run_api(settings))
        there = await stack.enter_async_context(run_api(settings))
        room = await make_room(here)  # 10
        bodies = {
            "/api/create-user/": {"username": "ক"},
            "/api/join-room/": {"room_id": room["id"], "username": "ক"},
        }
        for path, body in bodies.items():
            asked = await there.post(path, json=body)
            assert (asked.status_code, asked.json()["code"]) == (429, "proof_required")
            assert int(asked.headers["Retry-After"]) >= 1
            proof = {"X-Adda-Proof": await prove(here, asked.json()["challenge"])}
            made = await there.post(path, json=body, headers=proof)
            assert made.status_code in {200, 201}, made.text
            again = await here.post(path, json=body, headers=proof)
            assert again.json()["code"] == "proof_required"
        # A place among others is all that it buys.
        proof = {"X-Adda-Proof": await prove(here, "/api/challenge/?for=join")}
        body = {"room_id": UNKNOWN, "username": "ক"}
        refused = await there.post("/api/join-room/", json=body, headers=proof)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")


async def test_a_proof_for_something_else_or_of_somebody_else_opens_nothing(
    settings_for: Callable[..., ApiSettings],
) -> None:
    settings = settings_for(limit_ipv4=Budget(10, 0.01), unlimited_networks=())
    async with run_api(settings) as client:
        elsewhere = {"X-Forwarded-For": "203.0.113.9"}
        await make_room(client)
        proofs = [
            await prove(client, "/api/challenge/?for=join"),
            await prove(client, "/api/challenge/?for=room"),
            await prove(client, "/api/challenge/?for=user", **elsewhere),
            "!",
        ]
        for proof in proofs:
            headers = {"X-Adda-Proof": proof}
            answer = await client.post("/api/create-user/", json={"username": "ক"}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (429, "proof_required")


async def test_proofs_do_not_help_who_writes_too_much(
    settings_for: Callable[..., ApiSettings],
) -> None:
    settings = settings_for(limit_ipv4=Budget(14, 0.01), unlimited_networks=())
    async with run_api(settings) as client:
        person = await make_person(client)
        room = await make_room(client)
        body = {"room_id": room["id"], "content": "আরও"}
        said = [
            await client.post("/api/messages/", json=body, headers=person.headers) for _ in range(3)
        ]
        assert [answer.status_code for answer in said] == [201, 201, 429]
        assert said[2].json()["code"] == "rate_limited"
        assert "challenge" not in said[2].json()


async def test_where_proofs_buy_nothing_none_is_asked_for(
    settings_for: Callable[..., ApiSettings],
) -> None:
    settings = settings_for(limit_ipv4=Budget(10, 0.01), unlimited_networks=(), proof_share=0)
    async with run_api(settings) as client:
        await make_room(client)
        proof = {"X-Adda-Proof": await prove(client, "/api/challenge/?for=user")}
        answer = await client.post("/api/create-user/", json={"username": "ক"}, headers=proof)
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")


async def test_a_forged_address_is_charged_to_who_forges(
    settings_for: Callable[..., ApiSettings],
) -> None:
    settings = settings_for(limit_ipv4=Budget(10, 0.1), unlimited_networks=())
    async with run_api(settings) as client:
        answers = []
        for n in range(6):
            forged = {"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.9"}
            made = await client.post("/api/create-user/", json={"username": "ক"}, headers=forged)
            answers.append(made.status_code)
        assert answers == [201] * 5 + [429]


async def test_who_guesses_sessions_pays_before_anything_is_looked_up(
    settings_for: Callable[..., ApiSettings],
) -> None:
    settings = settings_for(limit_ipv4=Budget(10, 0.1), unlimited_networks=())
    async with run_api(settings) as client:
        body = {"room_id": UNKNOWN, "content": "আমি কে?"}
        answers = []
        for n in range(12):
            guessed = {"Authorization": f"Bearer {n:040}"}
            answers.append(await client.post("/api/messages/", json=body, headers=guessed))
        assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2


async def test_a_room_takes_only_so_many_messages_from_everybody(
    settings_for: Callable[..., ApiSettings],
) -> None:
    settings = settings_for(limit_room=Budget(10, 0.1), limit_session=UNLIMITED)
    async with run_api(settings) as client:
        one, other = await make_person(client), await make_person(client)
        room = await make_room(client)
        for n in range(10):
            await say(client, (one, other)[n % 2], room["id"], str(n))
        body = {"room_id": room["id"], "content": "এগারো"}
        limited = await client.post("/api/messages/", json=body, headers=one.headers)
        assert (limited.status_code, limited.json()["code"]) == (429, "rate_limited")


async def test_a_room_takes_fewer_messages_that_are_long(
    settings_for: Callable[..., ApiSettings],
) -> None:
    settings = settings_for(limit_room=Budget(10, 0.1), limit_session=UNLIMITED)
    async with run_api(settings) as client:
        person, room = await make_person(client), await make_room(client)
        body = {"room_id": room["id"], "content": "ক" * 3999}  # as dear as eight short ones
        answers = [
            await client.post("/api/messages/", json=body, headers=person.headers) for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [201, 429]


async def test_a_dry_run_refuses_nobody(settings_for: Callable[..., ApiSettings]) -> None:
    settings = settings_for(limit_ipv4=Budget(10, 0.1, dry_run=True), unlimited_networks=())
    async with run_api(settings) as client:
        for _ in range(12):
            await make_person(client)


async def test_an_address_that_is_not_counted_is_told_nothing(
    settings_for: Callable[..., ApiSettings],
) -> None:
    async with run_api(settings_for(limit_ipv4=Budget(10, 0.1))) as client:
        made = await client.post("/api/create-user/", json={"username": "ক"})
        assert made.status_code == 201
        assert "RateLimit-Limit" not in made.headers

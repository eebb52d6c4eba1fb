from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.api_service.conftest import make_person, make_room, run_api, say
from tests.metrics_text import Scrape, scrape

from shared.domain.budgets import Budget
from shared.runtime.metrics import Service

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from api_service.settings import ApiSettings


async def page(client: httpx.AsyncClient) -> Scrape:
    return await scrape(str(client.base_url))


async def test_all_that_is_declared_is_told_and_nothing_else(client: httpx.AsyncClient) -> None:
    person = await make_person(client)
    room = await make_room(client, person)
    await say(client, person, room["id"], "সালাম")
    seen = await page(client)
    assert seen.misnamed(Service.API) == set()
    assert seen.unknown_labels(Service.API) == set()
    assert seen.value("adda_messages_published_total") == 1
    assert seen.value("adda_redis_call_seconds_count", call="publish") == 1


async def test_requests_are_counted_by_the_template_of_their_path(
    client: httpx.AsyncClient,
) -> None:
    room = await make_room(client)
    for path in ("messages/", "messages", "messages/?limit=5", "messages/?limit=05"):
        assert (await client.get(f"/api/rooms/{room['id']}/{path}")).status_code == 200
    await client.get("/api/rooms/00000000-0000-0000-0000-000000000000/messages/")
    await client.get("/wp-admin/setup.php")
    await client.request("PROPFIND", "/api/rooms/")
    seen = await page(client)
    total, messages = "adda_http_requests_total", "/api/rooms/{room_id}/messages/"
    assert seen.value(total, route=messages, method="GET", status="200") == 4
    assert seen.value(total, route=messages, method="GET", status="404") == 1
    assert seen.value(total, route="/api/rooms/", method="POST", status="201") == 1
    assert seen.value(total, route="none", method="GET", status="404") == 1
    assert seen.value(total, method="other", status="405") == 1
    assert seen.value("adda_http_request_seconds_count", route=messages) == 5
    assert room["id"] not in str(seen.families)


async def test_errors_are_counted_by_their_code(client: httpx.AsyncClient) -> None:
    await client.get("/api/rooms/00000000-0000-0000-0000-000000000000/")
    await client.post("/api/rooms/", content=b"{", headers={"Content-Type": "application/json"})
    await client.post("/api/rooms/", content=b"x", headers={"Content-Encoding": "gzip"})
    seen = await page(client)
    for code in ("room_not_found", "bad_json", "unsupported_media_type"):
        assert seen.value("adda_refusals_total", code=code) == 1


async def test_a_limit_that_is_reached_is_counted_by_its_scope(
    settings_for: Callable[..., ApiSettings],
) -> None:
    tight = settings_for(limit_session=Budget(10, 0.001), limit_ipv4=Budget(10, 0.001, True))
    async with run_api(tight) as client:
        person = await make_person(client)
        room = await make_room(client)
        for n in range(11):
            await client.post(
                "/api/messages/",
                json={"room_id": room["id"], "content": str(n)},
                headers={**person.headers, "X-Forwarded-For": "203.0.113.7"},
            )
        seen = await page(client)
    assert seen.value("adda_limits_reached_total", scope="session", dry_run="false") >= 1
    assert seen.value("adda_limits_reached_total", scope="address", dry_run="true") >= 1
    assert seen.value("adda_refusals_total", code="rate_limited") >= 1

"""What lies around all routes."""

from __future__ import annotations

import asyncio
import json
import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from pydantic import SecretStr
from tests.integration.api_service.conftest import bearer, make_person, make_room, run_api

from api_service.middleware.guard import Deadlines, Guard
from api_service.tally import Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import httpx

    from api_service.settings import ApiSettings

JSON = {"Content-Type": "application/json"}


async def test_paths_without_the_slash_keep_method_body_and_query(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/api/rooms", json={"name": "স্ল্যাশ ছাড়া"})
    assert (answer.status_code, answer.history) == (201, [])
    room = answer.json()
    assert (await client.get(f"/api/rooms/{room['id']}")).json() == room
    assert (await client.get("/api/rooms?search=স্ল্যাশ")).json()["count"] == 1
    assert (await client.get("/docs/")).status_code == 200


async def test_head_is_get_without_its_body(client: httpx.AsyncClient) -> None:
    whole = await client.get("/api/rooms/")
    head = await client.head("/api/rooms/")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.content))


async def test_a_well_formed_request_id_is_repeated(client: httpx.AsyncClient) -> None:
    given = await client.get("/api/rooms/", headers={"X-Request-ID": "abc-1.2_3"})
    assert given.headers["X-Request-ID"] == "abc-1.2_3"
    replaced = await client.get("/api/nothing/", headers={"X-Request-ID": "a b"})
    assert len(replaced.headers["X-Request-ID"]) == 32


async def test_every_answer_is_protected_and_not_cached(client: httpx.AsyncClient) -> None:
    for path in ("/api/rooms/", "/api/nothing/", "/docs"):
        headers = (await client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"


async def test_json_is_utf_8_and_unescaped(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/status/")
    assert answer.headers["Content-Type"] == "application/json"
    assert "সক্রিয়".encode() in answer.content
    assert "খুঁজে".encode() in (await client.get("/api/rooms/x/")).content


async def test_english_is_told_to_those_who_prefer_it(client: httpx.AsyncClient) -> None:
    headers = {"Accept-Language": "en-GB,en;q=0.9,bn;q=0.5"}
    answer = await client.post("/api/create-user/", json={}, headers=headers)
    assert answer.json()["message"] == "The data is not valid"
    assert answer.json()["errors"] == {"username": ["This field is required"]}
    health = await client.get("/api/rooms/x/", headers=headers)
    assert health.json()["message"] == "Room not found"


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1024):
        yield b" " * 1024


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
async def test_a_body_that_is_too_large_is_refused(
    client: httpx.AsyncClient, *, chunked: bool
) -> None:
    size = 65 * 1024
    content: Any = chunks(size) if chunked else b" " * size
    answer = await client.post("/api/create-user/", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.headers["Connection"] == "close"


async def test_a_body_of_just_the_limit_is_read(client: httpx.AsyncClient) -> None:
    start = b'{"username":"' + "ক".encode()
    content = start + b'"}' + b" " * (64 * 1024 - len(start) - 2)
    assert len(content) == 64 * 1024
    answer = await client.post("/api/create-user/", content=content, headers=JSON)
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "bad_json"),
        (b"\xff\xfe", "bad_json"),
        (b"[" * 20_000, "bad_json"),
        (b"", "validation_error"),
        (b"null", "validation_error"),
        (b"[]", "validation_error"),
        (b'{"username":"\\ud800"}', "validation_error"),
    ],
    ids=["cut off", "no utf-8", "deep", "empty", "null", "list", "surrogate"],
)
async def test_a_body_that_is_no_object_is_refused(
    client: httpx.AsyncClient, content: bytes, code: str
) -> None:
    answer = await client.post("/api/create-user/", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_other_types_of_content_are_refused(client: httpx.AsyncClient) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", None):
        headers = {} if content_type is None else {"Content-Type": content_type}
        answer = await client.post(
            "/api/create-user/", content=b'{"username":"x"}', headers=headers
        )
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_method_that_a_path_does_not_know_is_told_which_ones_it_does(
    client: httpx.AsyncClient,
) -> None:
    room = await make_room(client)
    answer = await client.post(f"/api/rooms/{room['id']}/")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    options = await client.options("/api/rooms/popular")
    assert (options.status_code, options.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")
    assert (await client.options("/api/nothing/")).status_code == 404


PREFLIGHT = {
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization, content-type, x-request-id, x-requested-with",
}


async def test_every_origin_may_use_the_api_by_default(client: httpx.AsyncClient) -> None:
    origin = {"Origin": "https://anywhere.example"}
    preflight = await client.options("/api/rooms/x/", headers=origin | PREFLIGHT)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://anywhere.example"
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
    for path in ("/api/rooms/", "/api/rooms/x/"):
        answer = await client.get(path, headers=origin)
        assert answer.headers["Access-Control-Allow-Origin"] == "https://anywhere.example"
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
        # As the original's development settings: pages that send credentials still work.
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"


async def test_a_list_of_origins_is_kept(settings_for: Callable[..., ApiSettings]) -> None:
    ours, other = {"Origin": "https://adda.example"}, {"Origin": "https://evil.example"}
    async with run_api(settings_for(allowed_origins=("https://adda.example",))) as client:
        good = await client.options("/api/rooms/", headers=ours | PREFLIGHT)
        assert good.headers["Access-Control-Allow-Origin"] == "https://adda.example"
        assert "Access-Control-Allow-Credentials" not in good.headers
        refused = await client.options("/api/rooms/", headers=other | PREFLIGHT)
        assert (refused.status_code, refused.json()["code"]) == (403, "origin_refused")
        assert "Access-Control-Allow-Origin" not in refused.headers
        answer = await client.get("/api/rooms/", headers=other)
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_sessions_and_queries_are_in_no_line_of_the_log(
    client: httpx.AsyncClient, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore"):  # the client's own lines
        caplog.set_level(logging.WARNING, logger=name)
    with structlog.testing.capture_logs() as lines:
        person = await make_person(client)
        room = await make_room(client, person)
        joined = await client.post(
            f"/api/join-room/?session_id={person.session_id}",
            json={"room_id": room["id"], "username": "ক"},
            headers=person.headers,
        )
        assert joined.status_code == 200
        await client.patch("/api/rooms/x/", json={"a": person.session_id}, headers=bearer("q" * 40))
    text = json.dumps(lines, default=repr) + caplog.text + "".join(capfd.readouterr())
    assert person.session_id not in text
    assert "q" * 40 not in text
    accesses = [line for line in lines if line["event"] == "http_request"]
    assert [line["path"] for line in accesses][-2:] == ["/api/join-room/", "/api/rooms/x/"]
    assert all(set(line) >= {"method", "path", "status", "milliseconds"} for line in accesses)


async def ask(app: Guard) -> tuple[int, dict[str, Any]]:
    """Status and body of one request to an ASGI application."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "headers": [], "method": "GET", "path": "/"}
    await app({**scope, "state": {"deps": SimpleNamespace(tally=Tally())}}, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


async def test_an_unforeseen_failure_is_answered_without_its_text() -> None:
    async def broken(_scope: Any, _receive: Any, _send: Any) -> None:
        raise LookupError("geheim")

    with structlog.testing.capture_logs() as lines:
        status, body = await ask(Guard(broken, Deadlines(1)))
    assert (status, body["code"]) == (500, "internal_error")
    assert "geheim" not in json.dumps(body)
    assert [line["event"] for line in lines] == ["unexpected_error"]


async def test_a_request_that_takes_too_long_is_answered() -> None:
    async def slow(_scope: Any, _receive: Any, _send: Any) -> None:
        await asyncio.sleep(30)

    status, body = await ask(Guard(slow, Deadlines(0.01)))
    assert (status, body["code"]) == (503, "unavailable")


async def test_a_process_that_stops_answers_requests_under_way_and_new_ones_in_time() -> None:
    async def slow(_scope: Any, _receive: Any, _send: Any) -> None:
        await asyncio.sleep(30)

    deadlines = Deadlines(20)
    app = Guard(slow, deadlines)
    under_way = asyncio.create_task(ask(app))
    await asyncio.sleep(0)
    deadlines.shorten(0.01)
    deadlines.shorten(5)
    async with asyncio.timeout(10):  # well before the 20 s that they would have had
        answers = await asyncio.gather(under_way, ask(app))
    assert [(status, body["code"]) for status, body in answers] == [(503, "unavailable")] * 2


async def test_an_answer_that_breaks_off_is_logged_and_not_answered_twice() -> None:
    async def broken(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}", "more_body": True})
        raise LookupError("geheim")

    with structlog.testing.capture_logs() as lines:
        assert await ask(Guard(broken, Deadlines(1))) == (200, {})
    assert [line["event"] for line in lines] == ["answer_broken_off"]


async def test_without_an_admin_token_nobody_is_an_administrator(
    settings_for: Callable[..., ApiSettings],
) -> None:
    async with run_api(settings_for(admin_token=None)) as client:
        room = await make_room(client)
        answer = await client.delete(f"/api/rooms/{room['id']}/", headers=bearer("None"))
        assert answer.status_code == 401
    async with run_api(settings_for(admin_token=SecretStr(""))) as client:
        no_token = {"Authorization": "Bearer"}
        answer = await client.delete(f"/api/rooms/{room['id']}/", headers=no_token)
        assert answer.status_code == 401

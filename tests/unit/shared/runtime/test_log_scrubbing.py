from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from shared.runtime.log_scrubbing import HIDDEN, MOST_CHARACTERS, scrubbed, scrubbed_value

SECRET = "kXy9-of-somebody-0123456789"


@pytest.mark.parametrize(
    "text",
    [
        f"GET /ws/chat/1/?username=a&session_id={SECRET} HTTP/1.1",
        f"GET /api/rooms/?search={SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"authorization: basic {SECRET}",
        f"{{'Authorization': 'Bearer {SECRET}'}}",
        f"Sec-WebSocket-Protocol: adda, {SECRET}",
        f'{{"session_id": "{SECRET}"}}',
        f"session_id={SECRET}",
        f"admin_token='{SECRET}'",
        f"Cookie: {SECRET}",
        f"redis://:{SECRET}@redis:6379/0",
        f"connecting to postgresql://adda:{SECRET}@postgres/adda failed",
        f"duplicate key value\nDETAIL:  Key (session_hash)=({SECRET}) already exists.",
        f"null value\nDETAIL:  Failing row contains (1,\n\ntwo: {SECRET}, null).\nmore {SECRET}",
        f"1 validation error\n  Input wrong [type=x, input_value='{SECRET}', input_type=str]",
    ],
)
def test_what_a_text_quotes_of_a_secret_is_hidden(text: str) -> None:
    assert SECRET not in scrubbed(text)
    assert HIDDEN in scrubbed(text)


@pytest.mark.parametrize(
    "text",
    [
        "redis is away: Error 111 connecting to 127.0.0.1:6379",
        "ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 5432)",
        "/api/rooms/0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e01/messages/",
        "adda-ws-1, adda-ws-2",
        "আড্ডা: কী খবর?",
        "is it the token? no: it is not",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert scrubbed(text) == text


def test_behind_the_data_that_an_error_quotes_its_cause_is_still_shown() -> None:
    text = f"UniqueViolation: x\nDETAIL:  ({SECRET})\nThe above exception was the direct cause"
    assert scrubbed(text).endswith("The above exception was the direct cause")


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("session_id", SECRET, HIDDEN),
        ("Query-String", b"session_id=x", HIDDEN),
        ("content", SECRET, HIDDEN),
        ("raw", SECRET.encode(), f"[{len(SECRET)} bytes]"),
        ("given", {"token": SECRET, "page": 5}, {"token": HIDDEN, "page": 5}),
        ("given", [f"Bearer {SECRET}", 1], [f"Bearer {HIDDEN}", 1]),
        ("error", ValueError(f"token={SECRET}"), f"token={HIDDEN}"),
        ("room", UUID(int=5), str(UUID(int=5))),
        ("status", 200, 200),
        ("ok", True, True),
        ("code", None, None),
    ],
)
def test_fields_are_shown_as_they_may_be(name: str, value: Any, shown: Any) -> None:
    assert scrubbed_value(name, value) == shown


def test_a_text_without_end_is_cut() -> None:
    assert len(scrubbed("x" * 10 * MOST_CHARACTERS)) == MOST_CHARACTERS + 1

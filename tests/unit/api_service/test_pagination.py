from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_service.pagination import (
    MAX_NUMBER,
    NewestCursor,
    OnlineCursor,
    PageLinks,
    decode_cursor,
    encode_cursor,
    numbered_links,
)
from api_service.public_url import PublicOrigin
from shared.domain.rules import RuleViolation
from shared.protocol.errors import ChatError, ErrorCode

ORIGIN = PublicOrigin(secure=False, host="h")


def scope_of(query: bytes = b"") -> dict[str, Any]:
    return {"path": "/api/rooms/", "query_string": query, "headers": []}


def links(page: int, count: int, query: bytes = b"", page_size: int = 10) -> PageLinks:
    return numbered_links(scope_of(query), ORIGIN, page, page_size, count)


def test_a_single_page_has_no_neighbours() -> None:
    assert links(1, 10) == PageLinks(None, None)


def test_an_empty_list_has_one_page() -> None:
    assert links(1, 0) == PageLinks(None, None)


def test_pages_link_to_their_neighbours_and_keep_the_query() -> None:
    found = links(2, 21, b"search=x&page=2")
    assert found.next == "http://h/api/rooms/?search=x&page=3"
    assert found.previous == "http://h/api/rooms/?search=x"


@pytest.mark.parametrize(("page", "count"), [(2, 10), (2, 0), (99, 21)])
def test_a_page_behind_the_last_is_not_found(page: int, count: int) -> None:
    with pytest.raises(ChatError) as caught:
        links(page, count)
    assert caught.value.code is ErrorCode.NOT_FOUND


@given(st.sampled_from([OnlineCursor, NewestCursor]), st.integers(0, MAX_NUMBER), st.uuids())
def test_cursors_come_back_as_they_were(
    made: type[OnlineCursor | NewestCursor], number: int, room: Any
) -> None:
    cursor = made(number, room)
    text = encode_cursor(cursor)
    assert decode_cursor(text) == cursor
    assert text.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "raw",
    [
        "x",
        "!!!!",
        "আড্ডা",
        "bnVsbA",  # null
        "W10",  # []
        "WzEsMiwzXQ",  # [1,2,3]
        "eyJhIjoxfQ",  # {"a":1}
        encode_cursor(OnlineCursor(1, UUID(int=7)))[:-3],
        encode_cursor(NewestCursor(MAX_NUMBER + 1, UUID(int=7))),
        encode_cursor(OnlineCursor(-1, UUID(int=7))),
    ],
)
def test_a_foreign_cursor_is_refused(raw: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        decode_cursor(raw)
    assert (caught.value.field, caught.value.code) == ("cursor", "malformed")


@given(st.text())
def test_no_text_breaks_the_reader_of_cursors(raw: str) -> None:
    with suppress(RuleViolation):
        decode_cursor(raw)

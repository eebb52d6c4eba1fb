from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from api_service.public_url import (
    PublicOrigin,
    public_origin,
    query_with,
)

ROOM = UUID("123e4567-e89b-12d3-a456-426614174000")


def scope_of(
    *headers: tuple[str, str], scheme: str = "http", query: bytes = b"", peer: str = "127.0.0.1"
) -> dict[str, Any]:
    return {
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "scheme": scheme,
        "query_string": query,
        "client": (peer, 1234),
    }


def test_behind_tls_the_origin_is_secure() -> None:
    scope = scope_of(
        ("host", "api:8001"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "adda.example")
    )
    assert public_origin(scope, 1) == PublicOrigin(secure=True, host="adda.example")


def test_without_trusted_proxies_their_headers_mean_nothing() -> None:
    scope = scope_of(
        ("host", "adda.example:8000"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.example"),
    )
    assert public_origin(scope, 0) == PublicOrigin(secure=False, host="adda.example:8000")


@pytest.mark.parametrize("host", ["", "a b", "evil/@x", 'x"><script>', "a:b", "exämple", "-a"])
def test_what_is_no_host_is_not_repeated(host: str) -> None:
    assert public_origin(scope_of(("host", host)), 1).host == "localhost"


@pytest.mark.parametrize("host", ["localhost", "10.0.0.1:80", "[::1]:8000", "a_b.example"])
def test_hosts_are_taken_with_their_ports(host: str) -> None:
    assert public_origin(scope_of(("host", host)), 1).host == host


def test_a_bad_forwarded_host_falls_back_to_the_host() -> None:
    scope = scope_of(("x-forwarded-host", "a b"), ("host", "adda.example"))
    assert public_origin(scope, 1).host == "adda.example"


def test_everything_in_a_socket_address_is_percent_encoded() -> None:
    query = {"username": "রাকিব & #১", "color": "#ff0000", "session_id": "a+b/c="}
    address = PublicOrigin(secure=True, host="adda.example").socket(ROOM, query)
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("wss", "adda.example", "")
    assert parts.path == f"/ws/chat/{ROOM}/"
    assert address.isascii()
    assert " " not in address
    assert "+" not in address
    assert parse_qs(parts.query) == {name: [value] for name, value in query.items()}


def test_page_addresses_keep_the_query() -> None:
    scope = scope_of(query=b"search=%E0%A6%86&page=3&page_size=2")
    query = query_with(scope, page="4")
    assert query == [("search", "আ"), ("page_size", "2"), ("page", "4")]
    address = PublicOrigin(secure=False, host="h").http("/api/rooms/", query)
    assert address == "http://h/api/rooms/?search=%E0%A6%86&page_size=2&page=4"


def test_a_parameter_is_removed_by_none() -> None:
    assert query_with(scope_of(query=b"page=2"), page=None) == []

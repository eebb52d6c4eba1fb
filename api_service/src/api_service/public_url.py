"""Addresses as clients must use them, seen from outside of all proxies. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, urlencode

from shared.domain.client_address import forwarded_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from starlette.types import Scope

_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?",
    re.ASCII,
)
_SECURE: Final = {"http": False, "https": True, "ws": False, "wss": True}


@dataclass(frozen=True, slots=True)
class PublicOrigin:
    """Where the caller found us; `host` has the port, where it is not the scheme's own."""

    secure: bool
    host: str

    def http(self, path: str, query: Iterable[tuple[str, str]] = ()) -> str:
        """Address of a page of the API; `path` is not encoded yet."""
        encoded = urlencode(list(query), quote_via=quote)
        address = f"http{'s' if self.secure else ''}://{self.host}{quote(path)}"
        return f"{address}?{encoded}" if encoded else address

    def socket(self, room: UUID, query: Mapping[str, str]) -> str:
        """Address of a room's socket, everything in it percent-encoded."""
        encoded = urlencode(query, quote_via=quote, safe="")
        return f"ws{'s' if self.secure else ''}://{self.host}/ws/chat/{room}/?{encoded}"


def public_origin(scope: Scope, trusted_hops: int) -> PublicOrigin:
    """The origin of a request's address.

    X-Forwarded-* count only as far as `trusted_hops` proxies wrote them; what looks like no host
    falls back to `localhost`.
    """
    headers: dict[bytes, list[str]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name, []).append(value.decode("latin-1"))

    def said(name: bytes) -> str | None:
        return forwarded_value(headers.get(name, []), trusted_hops)

    scheme = said(b"x-forwarded-proto") or scope.get("scheme", "http")
    secure = _SECURE.get(scheme.lower(), False)
    for host in (said(b"x-forwarded-host"), *headers.get(b"host", [])):
        if host is not None and _HOST.fullmatch(host):
            return PublicOrigin(secure, host)
    return PublicOrigin(secure, "localhost")


def query_with(scope: Scope, **changes: str | None) -> list[tuple[str, str]]:
    """The request's query with `changes`; None removes a parameter."""
    found = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    kept = [(name, value) for name, value in found if name not in changes]
    return kept + [(name, value) for name, value in changes.items() if value is not None]

"""Addresses as clients must use them, seen from outside of all proxies. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, urlencode

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


def forwarded_value(lines: Iterable[str], trusted_hops: int) -> str | None:
    """What the outermost trusted proxy said in a header that proxies append to.

    Each of them adds one value on the right, or replaces all; what stands further left than the
    trusted ones wrote is the caller's own and not believed.
    """
    values = [value.strip() for line in lines for value in line.split(",")]
    if trusted_hops == 0 or not values:
        return None
    return values[max(len(values) - trusted_hops, 0)] or None


def client_network(scope: Scope, trusted_hops: int) -> str:
    """The caller's address as far as it is counted: of IPv6 the /64; `unknown` if none is told."""
    lines = [v.decode("latin-1") for name, v in scope["headers"] if name == b"x-forwarded-for"]
    peer = scope.get("client")
    text = forwarded_value(lines, trusted_hops) or (peer[0] if peer else "")
    try:
        address = ip_address(text)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)  # else all of IPv4 would be one network
    return str(ip_network((address, 64), strict=False))


def query_with(scope: Scope, **changes: str | None) -> list[tuple[str, str]]:
    """The request's query with `changes`; None removes a parameter."""
    found = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    kept = [(name, value) for name, value in found if name not in changes]
    return kept + [(name, value) for name, value in changes.items() if value is not None]

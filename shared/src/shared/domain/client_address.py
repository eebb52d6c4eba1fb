"""Whose request is this? The address of a client behind proxies. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from ipaddress import IPv4Network, IPv6Network

FORWARDED_FOR: Final = b"x-forwarded-for"


def forwarded_value(lines: Iterable[str], trusted_hops: int) -> str | None:
    """What the outermost trusted proxy said in a header that proxies append to.

    Each of them adds one value on the right, or replaces all; what stands further left than the
    trusted ones wrote is the caller's own and not believed.
    """
    values = [value.strip() for line in lines for value in line.split(",")]
    if trusted_hops == 0 or not values:
        return None
    return values[max(len(values) - trusted_hops, 0)] or None


def client_address(
    headers: Iterable[tuple[bytes, bytes]], peer: Sequence[object] | None, trusted_hops: int
) -> IPv4Address | IPv6Address | None:
    """The caller's address by the headers and the peer of an ASGI scope; None if none is told."""
    lines = [value.decode("latin-1") for name, value in headers if name == FORWARDED_FOR]
    text = forwarded_value(lines, trusted_hops) or (str(peer[0]) if peer else "")
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped  # else all of IPv4 would be one network
    return address


def network_of(address: IPv4Address | IPv6Address | None) -> str:
    """An address as far as it is counted: of IPv6 the /64, which every household has whole."""
    if address is None:
        return "unknown"
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address, 64), strict=False))


def is_within(
    address: IPv4Address | IPv6Address | None, networks: Iterable[IPv4Network | IPv6Network]
) -> bool:
    """Does `address` lie in one of `networks`?"""
    return address is not None and any(address in network for network in networks)

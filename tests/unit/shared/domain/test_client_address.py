from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from shared.domain.client_address import client_address, forwarded_value, is_within, network_of


@pytest.mark.parametrize(
    ("lines", "hops", "value"),
    [
        ([], 1, None),
        (["https"], 0, None),
        (["https"], 1, "https"),
        (["evil, https"], 1, "https"),
        (["evil, https, http"], 2, "https"),
        (["evil", "https, http"], 2, "https"),
        (["https"], 3, "https"),
        (["https, "], 1, None),
    ],
)
def test_only_what_trusted_proxies_wrote_counts(
    lines: list[str], hops: int, value: str | None
) -> None:
    assert forwarded_value(lines, hops) == value


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("testclient", "unknown"),
    ],
)
def test_addresses_are_counted_by_network(peer: str, network: str) -> None:
    assert network_of(client_address([], (peer, 1), 1)) == network


def test_the_callers_address_is_the_one_that_the_trusted_proxy_saw() -> None:
    headers = [(b"x-forwarded-for", b"1.1.1.1, 203.0.113.7"), (b"x-other", b"2.2.2.2")]
    peer = ("127.0.0.1", 1)
    assert client_address(headers, peer, 1) == ip_address("203.0.113.7")
    assert client_address(headers, peer, 0) == ip_address("127.0.0.1")


def test_an_ipv4_address_in_ipv6_clothes_counts_as_itself() -> None:
    assert client_address([], ("::ffff:203.0.113.7", 1), 0) == ip_address("203.0.113.7")


def test_without_a_peer_nobody_is_known() -> None:
    assert client_address([], None, 1) is None
    assert network_of(None) == "unknown"


def test_an_address_lies_in_its_networks_alone() -> None:
    networks = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert is_within(ip_address("127.1.2.3"), networks)
    assert is_within(ip_address("::1"), networks)
    assert not is_within(ip_address("203.0.113.7"), networks)
    assert not is_within(None, networks)

"""Looking for TCP ports."""

from __future__ import annotations

import socket

import pytest

from local_stack.ports import INSIDE, VARIABLE, free_ports, port_is_free


def test_a_port_with_a_server_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not port_is_free(server.getsockname()[1])


def test_free_ports_are_different_and_below_the_ephemeral_range() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(port in INSIDE for port in ports)
    assert all(port_is_free(port) for port in ports)


def test_the_port_of_the_gateway_is_not_given_to_another() -> None:
    unwanted = free_ports(1)[0]
    assert all(unwanted not in free_ports(50, avoid=unwanted) for _ in range(20))


def test_who_shares_a_machine_has_ports_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    here = set(free_ports(20))
    low, high = min(here), max(here)
    monkeypatch.setenv(VARIABLE, f"{low}-{high}")
    assert all(low <= port <= high for port in free_ports(5))
    monkeypatch.setenv(VARIABLE, f"{high}-{high}")
    assert free_ports(1) == [high]
    with pytest.raises(OSError, match=f"from {high} to {high}"):
        free_ports(2)


@pytest.mark.parametrize("nonsense", ["", "20000", "many", "20001-20000"])
def test_ports_that_are_no_range_are_refused(
    monkeypatch: pytest.MonkeyPatch, nonsense: str
) -> None:
    monkeypatch.setenv(VARIABLE, nonsense)
    with pytest.raises(ValueError, match=r"invalid literal|less than"):
        free_ports(1)


def test_nobody_is_told_a_port_that_another_may_be_about_to_bind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "31000-31099")
    told = [port for _ in range(40) for port in free_ports(1)]
    assert len(set(told)) == 40

from __future__ import annotations

import pytest

from gateway.configuration import render, resolver, trusted_proxies, upstream_servers


def test_nginx_own_variables_are_left_alone() -> None:
    told = render("listen ${GATEWAY_LISTEN}; # $uri stays", {"GATEWAY_LISTEN": "8000"})
    assert told == "listen 8000; # $uri stays"


def test_a_value_that_is_missing_is_an_error_not_an_empty_text() -> None:
    with pytest.raises(ValueError, match="GATEWAY_LISTEN"):
        render("listen ${GATEWAY_LISTEN}; # $uri stays", {})


def test_what_a_comment_explains_needs_no_value() -> None:
    assert render("# ${GATEWAY_LISTEN} is an address", {}).startswith("#")


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("127.0.0.1:8001", "server 127.0.0.1:8001 max_fails=0;"),
        ("[::1]:8001", "server [::1]:8001 max_fails=0;"),
        ("ws_service:8000", "server ws_service:8000 resolve max_fails=0;"),
        ("ws.adda.svc:8000", "server ws.adda.svc:8000 resolve max_fails=0;"),
    ],
)
def test_only_names_are_asked_for_again(address: str, line: str) -> None:
    assert upstream_servers([address]) == line


def test_the_machines_name_servers_are_asked() -> None:
    told = resolver("search x\nnameserver 127.0.0.11\nnameserver fd00::1\noptions ndots:0\n")
    assert told.startswith("resolver 127.0.0.11 [fd00::1] valid=1s")


def test_without_a_name_server_there_are_no_replicas_to_be_found() -> None:
    with pytest.raises(ValueError, match="no name server"):
        resolver("search x\n")


def test_proxies_in_front_are_named_twice() -> None:
    assert trusted_proxies(["10.0.0.0/8", "::1"]) == (
        "set_real_ip_from 10.0.0.0/8; set_real_ip_from ::1/128;",
        "10.0.0.0/8 1; ::1/128 1;",
    )
    assert trusted_proxies([]) == ("", "")


def test_what_is_no_network_is_not_trusted() -> None:
    with pytest.raises(ValueError, match="everybody"):
        trusted_proxies(["everybody; return 200"])

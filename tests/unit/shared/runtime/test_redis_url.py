from __future__ import annotations

import pytest
from redis.asyncio.connection import SSLConnection, UnixDomainSocketConnection

from shared.runtime.redis_url import Layout, parse_redis_url

SECRET = "hidden-word"


def test_one_server_is_read_as_redis_py_reads_it() -> None:
    url = parse_redis_url("redis://me:s%40y@cache/3")
    assert (url.layout, url.addresses) == (Layout.SINGLE, (("cache", 6379),))
    assert (url.options["username"], url.password, url.options["db"]) == ("me", "s@y", 3)


def test_a_unix_socket_has_no_address() -> None:
    url = parse_redis_url("unix:///run/redis.sock?db=2")
    assert (url.layout, url.addresses) == (Layout.SINGLE, ())
    assert url.options["path"] == "/run/redis.sock"
    assert url.options["connection_class"] is UnixDomainSocketConnection


def test_sentinels_have_a_port_and_a_password_of_their_own() -> None:
    url = parse_redis_url(
        "redis+sentinel://me:word@a:1,b,[::1]:3/mymaster?db=2&sentinel_password=other"
    )
    assert (url.layout, url.service) == (Layout.SENTINEL, "mymaster")
    assert url.addresses == (("a", 1), ("b", 26379), ("::1", 3))
    assert url.options == {"username": "me", "password": "word", "db": 2}
    assert url.sentinel_options == {"username": None, "password": "other"}


def test_a_cluster_needs_only_some_of_its_nodes() -> None:
    url = parse_redis_url("redis+cluster://:word@a,b:2")
    assert (url.layout, url.addresses) == (Layout.CLUSTER, (("a", 6379), ("b", 2)))
    assert url.options == {"password": "word"}


def test_tls_is_for_data_and_sentinels_alike() -> None:
    url = parse_redis_url("rediss+sentinel://a/m?ssl_ca_certs=/ca.pem")
    assert url.sentinel_options is not None
    for options in (url.options, url.sentinel_options):
        assert options["connection_class"] is SSLConnection
        assert options["ssl_ca_certs"] == "/ca.pem"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "scheme"),
        ("redis:/localhost", "scheme"),
        (f"http://:{SECRET}@h", "scheme"),
        (f"redis+ring://:{SECRET}@h", "scheme"),
        ("unix+cluster:///x", "scheme"),
        (f"redis://user:{SECRET}", "cannot be read"),
        ("redis://h:99999", "cannot be read"),
        ("redis://h?db=first", "cannot be read"),
        (f"redis+sentinel://:{SECRET}@a:1,b:2", "service"),
        ("redis+sentinel://a/one/two", "service"),
        ("redis+sentinel://a/m?db=first", "cannot be read"),
        (f"redis+cluster://:{SECRET}@a/1", "databases"),
        ("redis+cluster://a?db=1", "databases"),
        ("redis+cluster://", "addresses"),
        ("redis+cluster://a,,b", "addresses"),
        ("redis+cluster://a:0", "addresses"),
        (f"redis+cluster://a:{SECRET}", "addresses"),
        ("redis+cluster://[::1", "addresses"),
    ],
)
def test_a_url_of_no_known_form_is_refused_without_telling_secrets(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        parse_redis_url(url)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None

"""Reads `ADDA_REDIS_URL`: one server, a master kept by Sentinel, or a Cluster. Pure.

    redis://[user:password@]host[:port][/db]            also rediss://
    unix://[user:password@]/path/of/socket[?db=0]
    redis+sentinel://[user:password@]h1[:p1],h2[:p2]/service[?db=0&sentinel_password=…]
    redis+cluster://[user:password@]h1[:p1],h2[:p2]     both also with rediss+

User and password are those of the data servers. The nodes of a cluster are where to begin: it tells
the others itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from redis.asyncio.connection import parse_url

if TYPE_CHECKING:
    from collections.abc import Mapping

SENTINEL_PORT: Final = 26379
REDIS_PORT: Final = 6379
HIGHEST_PORT: Final = 65_535
SCHEMES: Final = "redis, rediss or unix, or redis or rediss with +sentinel or +cluster"

_TLS: Final = ("redis", "rediss")
_SOME_HOST: Final = "one-of-them"
_SENTINEL_OPTIONS: Final = ("sentinel_username", "sentinel_password")


class Layout(StrEnum):
    """How the servers behind a URL stand to each other."""

    SINGLE = "single"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """What a URL says. `options` are redis-py's, for connections to servers that hold data."""

    layout: Layout
    addresses: tuple[Address, ...]
    """Of the server, of the sentinels, or of nodes of the cluster; none for a Unix socket."""
    options: Mapping[str, Any]
    service: str = ""
    """What the sentinels call the master."""
    sentinel_options: Mapping[str, Any] | None = None
    """redis-py's, for connections to sentinels."""

    @property
    def password(self) -> str | None:
        """Of the servers that hold data."""
        return self.options.get("password")


def parse_redis_url(url: str) -> RedisUrl:
    """Reads `url`.

    Raises:
        ValueError: it is not one of the forms above; the message never quotes a password.
    """
    scheme, separator, rest = url.partition("://")
    plain, _, layout = scheme.partition("+")
    if not separator or (layout and (plain not in _TLS or layout not in {"sentinel", "cluster"})):
        raise ValueError(f"its scheme must be {SCHEMES}")
    if not layout:
        return _single(url)
    before_query, _, query = rest.partition("?")
    authority, _, path = before_query.partition("/")
    user, at, hosts = authority.rpartition("@")
    addresses = tuple(_address(host, Layout(layout)) for host in hosts.split(","))
    # redis-py reads the rest as it would of one server.
    options = _parse(f"{plain}://{user}{at}{_SOME_HOST}?{query}")
    del options["host"]
    return (_sentinel if layout == "sentinel" else _cluster)(path, addresses, options)


def _single(url: str) -> RedisUrl:
    options = _parse(url)
    if "path" in options:
        return RedisUrl(Layout.SINGLE, (), options)
    address = (options.get("host", "localhost"), options.get("port", REDIS_PORT))
    return RedisUrl(Layout.SINGLE, (address,), options)


def _sentinel(path: str, addresses: tuple[Address, ...], options: dict[str, Any]) -> RedisUrl:
    service = unquote(path)
    if not service or "/" in service:
        raise ValueError("after the sentinels' addresses it must name the service: …/mymaster")
    own = {name.removeprefix("sentinel_"): options.pop(name, None) for name in _SENTINEL_OPTIONS}
    shared = {name: value for name, value in options.items() if _is_of_tls(name)}
    return RedisUrl(Layout.SENTINEL, addresses, options, service, {**shared, **own})


def _cluster(path: str, addresses: tuple[Address, ...], options: dict[str, Any]) -> RedisUrl:
    if path not in {"", "0"} or options.pop("db", 0):
        raise ValueError("a cluster has no databases but 0, and no service name")
    return RedisUrl(Layout.CLUSTER, addresses, options)


def _is_of_tls(option: str) -> bool:
    return option == "connection_class" or option.startswith("ssl_")


def _parse(url: str) -> dict[str, Any]:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError(f"its scheme must be {SCHEMES}")
    try:
        return dict(parse_url(url))
    except ValueError:  # its words may quote a password
        raise ValueError("its host, port, database or options cannot be read") from None


def _address(text: str, layout: Layout) -> Address:
    """`host`, `host:port` or `[IPv6]:port`."""
    host, bracket, port = text.rpartition("]")
    if bracket:
        host, port = host.removeprefix("["), port.removeprefix(":")
    else:
        host, _, port = text.partition(":")
    default = SENTINEL_PORT if layout is Layout.SENTINEL else REDIS_PORT
    number = int(port) if port.isascii() and port.isdecimal() else None if port else default
    if not host or number is None or not 0 < number <= HIGHEST_PORT:
        raise ValueError("its addresses must be host:port, separated by commas")
    return (unquote(host), number)

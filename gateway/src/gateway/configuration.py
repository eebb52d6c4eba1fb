"""Fills the template of nginx' configuration in. Standard library only: its image has no more."""

from __future__ import annotations

import ipaddress
import re
import resource
from collections.abc import Iterable, Mapping
from string import Template

MOST_CONNECTIONS = 16_384
_FILES_BESIDES_CONNECTIONS = 64
_PLACEHOLDER = re.compile(r"\$\{[A-Z_]+\}")


def render(template: str, values: Mapping[str, str]) -> str:
    """Fill ${NAME} in; nginx' own $variables stay. Raises ValueError if a name has no value."""
    rendered = Template(template).safe_substitute(values)
    if left := _PLACEHOLDER.findall(_without_comments(rendered)):
        raise ValueError(f"the gateway's template wants {', '.join(sorted(set(left)))}")
    return rendered


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)^\s*#.*$", "", text)


def upstream_servers(addresses: Iterable[str]) -> str:
    """The `server` lines of an upstream; `addresses` are HOST:PORT each.

    A name stands for all replicas that it has addresses of, and is asked about again and again.

    No replica is ever taken out: a refused connection costs nothing, and the next one is tried at
    once. A replica that was taken out would come back with its first request that ends, and
    sockets do not end.
    """
    return " ".join(
        f"server {address}{' resolve' if _is_name(address) else ''} max_fails=0;"
        for address in addresses
    )


def most_connections() -> int:
    """Of each process of nginx: as many as it may open files, with a bound."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(64, min(MOST_CONNECTIONS, hard - _FILES_BESIDES_CONNECTIONS))


def resolver(resolv_conf: str) -> str:
    """The `resolver` line: the name servers of a resolv.conf(5), each answer kept for a second."""
    servers = re.findall(r"(?m)^nameserver\s+(\S+)", resolv_conf)
    if not servers:
        raise ValueError("there is no name server to ask for the replicas")
    told = " ".join(f"[{server}]" if ":" in server else server for server in servers)
    return f"resolver {told} valid=1s ipv6=off; resolver_timeout 5s;"


def trusted_proxies(networks: Iterable[str]) -> tuple[str, str]:
    """For GATEWAY_REAL_IP_FROM and GATEWAY_PROXY_RANGES. Raises ValueError for no network."""
    known = [str(ipaddress.ip_network(network)) for network in networks]
    return (
        " ".join(f"set_real_ip_from {network};" for network in known),
        " ".join(f"{network} 1;" for network in known),
    )


def _is_name(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False

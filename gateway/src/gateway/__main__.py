"""`python -m gateway`: writes nginx' configuration and becomes nginx. For containers.

    GATEWAY_API              replicas of api_service: HOST:PORT, several with spaces between; a name
                             stands for all its addresses, asked for again each second
    GATEWAY_WS               the same of ws_service
    GATEWAY_LISTEN           8000: what nginx listens on
    GATEWAY_TRUSTED_PROXIES  networks of the proxies in front that end TLS, such as 10.0.0.0/8: who
                             is behind them is taken from their X-Forwarded-For and -Proto
    GATEWAY_PROCESSES        nginx' processes; at most 4, one per core, unless given
    GATEWAY_CONNECTIONS      connections of each process; a client's socket takes two; as many as it
                             may open files, at most 16384, unless given
    GATEWAY_ADDRESS_CONNECTIONS  20000: what one address may have under way at once
    GATEWAY_NGINX, GATEWAY_TEMPLATE, GATEWAY_WEB, GATEWAY_FOLDER   where things are; the image knows

The name servers are those of /etc/resolv.conf.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from gateway.configuration import (
    most_connections,
    render,
    resolver,
    trusted_proxies,
    upstream_servers,
)

RESOLV_CONF = Path("/etc/resolv.conf")
MOST_PROCESSES = 4


def template_values(environment: Mapping[str, str], resolv_conf: str) -> dict[str, str]:
    """A value for each placeholder of the template.

    Raises KeyError for a variable that must be there and is not, ValueError for one that does not
    fit.
    """
    real_ip_from, ranges = trusted_proxies(environment.get("GATEWAY_TRUSTED_PROXIES", "").split())
    return {
        "GATEWAY_USER": "",
        "GATEWAY_LISTEN": environment.get("GATEWAY_LISTEN", "8000"),
        "GATEWAY_FOLDER": environment["GATEWAY_FOLDER"],
        "GATEWAY_WEB": environment["GATEWAY_WEB"],
        "GATEWAY_PROCESSES": environment.get("GATEWAY_PROCESSES")
        or str(min(MOST_PROCESSES, os.cpu_count() or 1)),
        "GATEWAY_CONNECTIONS": environment.get("GATEWAY_CONNECTIONS") or str(most_connections()),
        "GATEWAY_ADDRESS_CONNECTIONS": environment.get("GATEWAY_ADDRESS_CONNECTIONS", "20000"),
        "GATEWAY_REAL_IP_FROM": real_ip_from,
        "GATEWAY_PROXY_RANGES": ranges,
        "GATEWAY_RESOLVER": resolver(resolv_conf),
        "GATEWAY_API_SERVERS": upstream_servers(environment["GATEWAY_API"].split()),
        "GATEWAY_WS_SERVERS": upstream_servers(environment["GATEWAY_WS"].split()),
    }


def main() -> int:
    """Becomes nginx; returns an exit code only if that cannot be."""
    try:
        nginx = os.environ["GATEWAY_NGINX"]
        folder = write_configuration(os.environ)
    except KeyError as error:
        print(f"gateway: {error.args[0]} is not set", file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        print(f"gateway: {error}", file=sys.stderr)
        return 2
    configuration = str(folder / "nginx.conf")
    flags = ("-p", str(folder), "-c", configuration, "-e", "stderr", "-g", "daemon off;")
    return os.execv(nginx, (nginx, *flags))


def write_configuration(environment: Mapping[str, str]) -> Path:
    """Writes nginx.conf into the folder that is returned; raises as `template_values`, OSError."""
    values = template_values(environment, RESOLV_CONF.read_text("utf-8"))
    template = Path(environment["GATEWAY_TEMPLATE"]).read_text("utf-8")
    folder = Path(values["GATEWAY_FOLDER"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nginx.conf").write_text(render(template, values), encoding="utf-8")
    return folder


if __name__ == "__main__":
    sys.exit(main())

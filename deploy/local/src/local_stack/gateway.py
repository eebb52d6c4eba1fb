"""nginx from the wheel, with the same configuration template as the container's."""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.configuration import most_connections, render, upstream_servers
from local_stack.accounts import home_for, unprivileged_account
from local_stack.child import Command
from local_stack.page import place_page
from local_stack.wheels import nginx

ADDRESS_CONNECTIONS = 20_000
"""Of one address; see the template. Here all of the world may be one: this machine."""


def gateway_command(
    directory: Path,
    template: Path,
    *,
    host: str,
    port: int,
    api_ports: Sequence[int],
    ws_ports: Sequence[int],
    page: Path | None = None,
) -> Command:
    """The command of nginx on `host`:`port`; its files are in `directory`/gateway.

    `page` is the folder of the built web client; without it there is none, and all else works.
    """
    account = unprivileged_account()
    folder = home_for(account, directory) / "gateway"
    values = {
        "GATEWAY_USER": f"user {account.name} {account.group};" if account else "",
        "GATEWAY_LISTEN": f"{host}:{port}",
        "GATEWAY_FOLDER": str(folder),
        "GATEWAY_WEB": str(folder / "web"),
        "GATEWAY_PROCESSES": str(min(4, os.cpu_count() or 1)),
        "GATEWAY_CONNECTIONS": str(most_connections()),
        "GATEWAY_ADDRESS_CONNECTIONS": str(ADDRESS_CONNECTIONS),
        "GATEWAY_REAL_IP_FROM": "",
        "GATEWAY_PROXY_RANGES": "",
        "GATEWAY_RESOLVER": "",
        "GATEWAY_API_SERVERS": upstream_servers(f"127.0.0.1:{port}" for port in api_ports),
        "GATEWAY_WS_SERVERS": upstream_servers(f"127.0.0.1:{port}" for port in ws_ports),
    }

    def before_start() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # the workers' user goes through it to the page, whatever the umask
        place_page(page, folder / "web")
        rendered = render(template.read_text(encoding="utf-8"), values)
        (folder / "nginx.conf").write_text(rendered, encoding="utf-8")

    return Command(
        name="gateway",
        argv=(str(nginx()), *nginx_flags(folder)),
        cwd=directory,
        ready=http_ready(port, "/healthz"),
        on_screen=False,
        before_start=before_start,
    )


def nginx_flags(folder: Path) -> tuple[str, ...]:
    """Flags for nginx to run with the nginx.conf of `folder` and to stay in the foreground."""
    config = str(folder / "nginx.conf")
    return ("-p", str(folder), "-c", config, "-e", "stderr", "-g", "daemon off;")


def http_ready(port: int, path: str = "/readyz") -> Callable[[], bool]:
    """A question: does 127.0.0.1:`port` answer GET `path` with 200?"""

    def ask() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2.0)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ask

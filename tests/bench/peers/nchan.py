"""nchan, a module of nginx in C, as Debian packages it."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

from tests.bench.peers.installing import carry_out
from tests.bench.peers.peer import NotHere
from tests.bench.peers.programs import BACKLOG, Program, free_port, running, tool
from tests.load.dialects.relay import NchanDialect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.peers.peer import Place, Running
    from tests.load.dialects.dialect import Dialect

_REMEDY = "apt-get install nginx-light libnginx-mod-nchan"
_MODULE = "ngx_nchan_module.so"

_CONFIG = """\
load_module "{module}";
{user}
daemon off;
pid nginx.pid;
error_log stderr warn;
worker_processes 1;
events {{
    worker_connections 20000;
}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    nchan_shared_memory_size 512m;
    {upstream}
    server {{
        listen 127.0.0.1:{port} backlog={backlog};
        location = /status {{
            nchan_stub_status;
        }}
        location ~ "^/rooms/([0-9a-f-]+)$" {{
            nchan_pubsub websocket;
            nchan_channel_id $1;
            # Enough for those who were away for a moment.
            nchan_message_buffer_length 100;
            nchan_message_timeout 1m;
            nchan_subscriber_first_message newest;
            nchan_websocket_client_heartbeat ping pong;
            {redis_pass}
        }}
    }}
}}
"""


class Nchan:
    """See Peer; with `by_redis`, messages of several servers reach each other's clients."""

    dialect: Dialect = NchanDialect()

    def __init__(self, *, by_redis: bool) -> None:
        self.name = "nchan-redis" if by_redis else "nchan"
        self.title = "nchan" + (", Redis" if by_redis else ", memory only")
        self.does = (
            "Passes on what clients send and keeps the last messages of a room in Redis; no acks."
            if by_redis
            else "Passes on what clients send, on this one server; keeps the last 100; no acks."
        )
        self._by_redis = by_redis
        self._nginx = ""
        self._module = Path()

    def prepare(self, cache: Path) -> None:
        """See Peer."""
        cache.mkdir(parents=True, exist_ok=True)
        self._nginx = tool("nginx", _REMEDY, more_folders=("/usr/sbin",))
        built = carry_out([self._nginx, "-V"], cache)
        folder = re.search(r"--modules-path=(\S+)", built)
        if folder is None or not (Path(folder[1]) / _MODULE).is_file():
            raise NotHere(f"{self._nginx} has no nchan: {_REMEDY}")
        self._module = Path(folder[1]) / _MODULE
        nginx = re.search(r"nginx/(\S+)", built)
        versions = f"nchan {_debian_version(cache)} in nginx {nginx[1] if nginx else ''}"
        self.title = versions + (", Redis" if self._by_redis else ", memory only")

    @contextmanager
    def run(self, place: Place) -> Iterator[Running]:
        """See Peer."""
        port = free_port()
        config = place.directory / "nginx.conf"
        config.write_text(self._config(port, place.redis_url), encoding="utf-8")
        # `-e`: what it says before it has read its configuration would go into a system's folder.
        argv = (self._nginx, "-e", "stderr", "-p", str(place.directory), "-c", str(config))
        program = Program(argv, port)
        ready = (lambda: _has_redis(port)) if self._by_redis else None
        with running(self.name, program, place, ready=ready) as server:
            yield server

    def _config(self, port: int, redis_url: str) -> str:
        upstream = f"upstream redis {{ nchan_redis_server {redis_url}; }}"
        return _CONFIG.format(
            module=self._module,
            # As root its worker would become another user, who cannot enter our folders.
            user="user root;" if os.geteuid() == 0 else "",
            port=port,
            backlog=BACKLOG,
            upstream=upstream if self._by_redis else "",
            redis_pass="nchan_redis_pass redis;" if self._by_redis else "",
        )


def _has_redis(port: int) -> bool:
    """Would it take subscribers, and not refuse them because Redis is not connected yet?"""
    try:
        with urlopen(f"http://127.0.0.1:{port}/status", timeout=1.0) as answer:
            return b"redis connected servers: 1\n" in answer.read()
    except OSError:
        return False


def _debian_version(anywhere: Path) -> str:
    query = ["dpkg-query", "--show", "--showformat=${Version}", "libnginx-mod-nchan"]
    found = re.search(r"(\d+\.[\d.]+\d)", carry_out(query, anywhere))
    return found[1] if found else ""

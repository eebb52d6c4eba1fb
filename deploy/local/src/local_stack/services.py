"""Adda's own processes as data: which programs, how many, with which environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local_stack.child import Command
from local_stack.gateway import http_ready
from local_stack.secret_files import remembered_secret

CHECKOUT = Path(__file__).parents[4]
TEMPLATE = CHECKOUT / "gateway" / "nginx" / "nginx.conf.template"
PAGE = CHECKOUT / "gateway" / "web" / "dist"
"""What `make web` builds."""

_SOURCES = ("shared", "api_service", "ws_service", "worker")


@dataclass(frozen=True, slots=True)
class Programs:
    """What to run, each as arguments after the Python interpreter."""

    migrate: tuple[str, ...] = ("-m", "worker.migrate")
    seed: tuple[str, ...] = ("-m", "worker.seed_demo")
    api: tuple[str, ...] = ("-m", "api_service")
    ws: tuple[str, ...] = ("-m", "ws_service")
    worker: tuple[str, ...] = ("-m", "worker")


@dataclass(frozen=True, slots=True)
class StackOptions:
    """What one stack consists of."""

    directory: Path
    """Holds data, logs and the record of the run; made if missing."""
    host: str = "0.0.0.0"  # noqa: S104 - the gateway is the one door that is meant for others
    port: int = 8000
    """Of the gateway; the only one that is not on 127.0.0.1."""
    api: int = 1
    ws: int = 2
    workers: int = 1
    redis_url: str | None = None
    """A server of your own; None starts Valkey."""
    database_url: str | None = None
    """A server of your own; None starts PostgreSQL."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to every service's environment, last."""
    durable: bool = True
    """False: PostgreSQL does not wait for the disk; for tests."""
    programs: Programs = field(default_factory=Programs)
    page: Path | None = None
    """Folder of the built web client, such as PAGE; None: the gateway has none."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the services find their servers."""

    redis_url: str
    database_url: str


def base_environment(options: StackOptions, servers: Servers) -> dict[str, str]:
    """Environment of every service; what the user has set wins where it is a matter of taste."""
    paths = [str(CHECKOUT / name / "src") for name in _SOURCES]
    if "PYTHONPATH" in os.environ:
        paths.append(os.environ["PYTHONPATH"])
    taste = {
        "ADDA_ENV": "local",
        "ADDA_LOG_FORMAT": "console",
        "ADDA_ALLOWED_ORIGINS": "*",
        "ADDA_DRAIN_SECONDS": "2",
    }
    return {
        **{name: os.environ.get(name, value) for name, value in taste.items()},
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUNBUFFERED": "1",
        "ADDA_REDIS_URL": servers.redis_url,
        "ADDA_DATABASE_URL": servers.database_url,
        "ADDA_HOST": "127.0.0.1",
        "ADDA_TRUSTED_HOPS": "1",
        **options.environment,
    }


def one_shot(options: StackOptions, servers: Servers, name: str) -> Command:
    """`migrate` or `seed`: runs to its end."""
    argv: tuple[str, ...] = getattr(options.programs, name)
    environment = base_environment(options, servers)
    return Command(name, (sys.executable, *argv), options.directory, environment)


def replicas(options: StackOptions) -> list[str]:
    """Names of all services' replicas, in the order of their start: such as `ws-2`."""
    counts = {"api": options.api, "ws": options.ws, "worker": options.workers}
    return [f"{kind}-{n}" for kind, count in counts.items() for n in range(1, count + 1)]


def service_commands(
    options: StackOptions, servers: Servers, ports: Mapping[str, int]
) -> list[Command]:
    """A command for each replica; `ports` maps its name to its port on 127.0.0.1."""
    environment = base_environment(options, servers)
    token = os.environ.get("ADDA_ADMIN_TOKEN") or remembered_secret(
        options.directory / "admin.token"
    )
    session_key = os.environ.get("ADDA_ADMIN_SESSION_KEY") or remembered_secret(
        options.directory / "admin-session.key"
    )
    commands = []
    for name in replicas(options):
        kind = name.rpartition("-")[0]
        own = {"ADDA_INSTANCE": name, "ADDA_PORT": str(ports[name])}
        if kind == "api":
            own["ADDA_ADMIN_TOKEN"] = token
            own["ADDA_ADMIN_SESSION_KEY"] = session_key
        argv: tuple[str, ...] = getattr(options.programs, kind)
        commands.append(
            Command(
                name=name,
                argv=(sys.executable, *argv),
                cwd=options.directory,
                env={**environment, **own},
                ready=http_ready(ports[name]),
                stop_seconds=8.0,
            )
        )
    return commands


def ports_of(kind: str, ports: Mapping[str, int]) -> Sequence[int]:
    """Ports of all replicas of `kind`."""
    return [port for name, port in ports.items() if name.rpartition("-")[0] == kind]

"""One stack of docker-compose.yml, as an operator runs it: by the commands of its README."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from tests.conftest import ROOT

from local_stack.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSION: Final = "tests"
"""Tag of the images; they stay behind, so that the next run need not build them again."""

COMMAND_SECONDS: Final = 600.0
UP: Final = "docker compose up --detach --wait"
NETWORK_RACE: Final = "networks have overlapping IPv4"
"""What an old engine says that made two networks at one moment; asked again, it makes the other."""


@cache
def missing_engine() -> str:
    """Why there can be no containers here; empty if there can."""
    for command in (("docker", "version"), ("docker", "compose", "version")):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"no container engine answers: {error}"
        if done.returncode != 0:
            return f"no container engine answers: {done.stderr.strip()[:200]}"
    return ""


@dataclass
class ComposeStack:
    """A project of its own, on a free port; commands are those that a person would type."""

    settings: Mapping[str, str] = field(default_factory=dict)
    project: str = field(default_factory=lambda: f"adda-{uuid.uuid4().hex[:8]}")
    port: int = field(default_factory=lambda: free_ports(1)[0])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def run(self, command: str, *, stdin: str = "") -> str:
        """What a command says, in the top of the checkout. Raises AssertionError if it fails."""
        done = self._try(command, stdin)
        if NETWORK_RACE in done.stderr:
            done = self._try(command, stdin)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def _try(self, command: str, stdin: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "ADDA_VERSION": VERSION,
            "ADDA_BIND": "127.0.0.1",
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_PROGRESS": "quiet",
            "PORT": str(self.port),
            **self.settings,
        }
        return subprocess.run(
            shlex.split(command),
            cwd=ROOT,
            env=environment,
            capture_output=True,
            input=stdin,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def containers(self, service: str) -> list[str]:
        """Ids of those that run, whichever file describes the service."""
        flags = f"--filter label=com.docker.compose.project={self.project} --quiet"
        return self.run(
            f"docker ps {flags} --filter label=com.docker.compose.service={service}"
        ).split()

    def inspect(self, container: str) -> Any:
        """All that the engine knows of it."""
        return json.loads(self.run(f"docker inspect {container}"))[0]

    def address(self, container: str, network: str = "data") -> str:
        """Its address on a network of the project; this machine reaches internal ones, too."""
        networks = self.inspect(container)["NetworkSettings"]["Networks"]
        return str(networks[f"{self.project}_{network}"]["IPAddress"])

    def secret(self, service: str, name: str) -> str:
        """What is in a file of secrets of a service."""
        container = self.containers(service)[0]
        return self.run(f"docker exec {container} cat /secrets/{name}").strip()

    def logs(self, service: str) -> str:
        """Everything that its containers have said, without prefixes."""
        return self.run(f"docker compose logs --no-log-prefix {service}")

    def wait_healthy(self, service: str, count: int, seconds: float = 120.0) -> None:
        """Returns when `count` of its containers say so."""
        deadline = time.monotonic() + seconds
        while True:
            states = [self.inspect(one)["State"] for one in self.containers(service)]
            if sum(s.get("Health", {}).get("Status") == "healthy" for s in states) == count:
                return
            assert time.monotonic() < deadline, [s["Status"] for s in states]
            time.sleep(0.5)

    def remove(self) -> None:
        """Everything of the project but the images."""
        self.run("docker compose --profile * down --volumes --remove-orphans --timeout 5")
        ours = f"--quiet --filter label=com.docker.compose.project={self.project}"
        if left := self.run(f"docker volume ls {ours}").split():  # of files that override
            self.run(f"docker volume rm {' '.join(left)}")


@contextmanager
def compose_stack(settings: Mapping[str, str] | None = None) -> Iterator[ComposeStack]:
    """A stack, not up yet; nothing of it is left at the end."""
    stack = ComposeStack(settings or {})
    try:
        yield stack
    finally:
        stack.remove()

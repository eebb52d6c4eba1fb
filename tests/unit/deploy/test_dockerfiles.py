"""Dockerfiles and compose files, as far as they can be judged without a container engine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from tests.conftest import ROOT

from api_service.settings import ApiSettings
from worker.settings import WorkerSettings
from ws_service.settings import WsSettings

DOCKERFILES: Final = sorted([*ROOT.glob("*/Dockerfile"), *ROOT.glob("deploy/*/Dockerfile")])
COMPOSE_FILES: Final = [ROOT / "docker-compose.yml", *sorted(ROOT.glob("deploy/compose/*.yml"))]
HADOLINT: Final = Path(sys.executable).with_name("hadolint")
ONE_SHOTS: Final = {"setup", "migrate", "cluster"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def services_of(path: Path) -> dict[str, dict[str, Any]]:
    """Those that are described there as a whole: not the changes of an override."""
    services = yaml.safe_load(path.read_text("utf-8"))["services"]
    return {name: service for name, service in services.items() if "image" in service}


@pytest.mark.parametrize("path", DOCKERFILES, ids=name_of)
def test_hadolint_finds_nothing(path: Path) -> None:
    done = subprocess.run(
        [HADOLINT, "--no-color", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_hadolint_would_find_something() -> None:
    done = subprocess.run(
        [HADOLINT, "-"], input="FROM debian\n", capture_output=True, text=True, check=False
    )
    assert "DL3006" in done.stdout
    assert len(DOCKERFILES) == 5


@pytest.mark.parametrize("path", DOCKERFILES, ids=name_of)
def test_both_builders_can_read_it(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"RUN --mount|--chmod|<<|^# *syntax", text, re.MULTILINE)


@pytest.mark.parametrize("path", DOCKERFILES, ids=name_of)
def test_what_is_copied_is_let_into_the_build(path: Path) -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    allowed = [line[1:] for line in ignored if line.startswith("!")]
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", path.read_text("utf-8"), re.MULTILINE):
        for source in line.split():
            assert (ROOT / source).exists()
            assert any(f"{source}/".startswith(f"{a}/") or a.startswith(source) for a in allowed)


@pytest.mark.parametrize("path", COMPOSE_FILES, ids=name_of)
def test_everything_has_bounds_and_no_rights_that_it_does_not_need(path: Path) -> None:
    for name, service in services_of(path).items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert name in ONE_SHOTS or service["restart"] == "unless-stopped", name
        limits = service["deploy"]["resources"]["limits"]
        assert set(limits) == {"cpus", "memory", "pids"}, name


@pytest.mark.parametrize("path", COMPOSE_FILES, ids=name_of)
def test_no_password_stands_in_a_file(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"(?im)(password|secret|token)[\w ]*[:=] *[\"']?\w{8,}[\"']?$", text)
    assert not re.search(r"://[^/\s]*:[^/\s]*@", text)


def test_a_replica_gets_longer_to_stop_than_it_wants() -> None:
    services = services_of(ROOT / "docker-compose.yml")
    wanted = {
        "api_service": ApiSettings().drain_seconds,
        "ws_service": WsSettings().drain_seconds,
        "worker": WorkerSettings().stop_seconds,
    }
    for name, seconds in wanted.items():
        assert int(services[name]["stop_grace_period"].removesuffix("s")) > seconds

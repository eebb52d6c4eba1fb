"""The units of systemd: they can be read, may do little, and fit what the services need."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector
from tests.conftest import ROOT

from api_service.settings import ApiSettings
from shared.runtime.settings import CommonSettings
from worker.settings import WorkerSettings
from ws_service.settings import WsSettings

DEPLOY: Final = ROOT / "deploy"
UNITS: Final = sorted(
    path
    for folder in ("systemd", "backup")
    for path in (DEPLOY / folder).iterdir()
    if path.suffix in {".service", ".target", ".timer"}
)
SERVICES: Final = [path for path in UNITS if path.suffix == ".service"]
SANDBOX: Final = DEPLOY / "systemd" / "adda-.service.d" / "10-sandbox.conf"
WORST_EXPOSURE: Final = 1.5
"""As `systemd-analyze security` counts: 0 can do nothing, 10 everything."""

STOP_RESERVE_SECONDS: Final = 10
STUBS: Final = (
    *("basic.target", "multi-user.target", "network-online.target", "network.target"),
    *("shutdown.target", "sysinit.target", "timers.target", "time-set.target"),
    *("time-sync.target", "system.slice", "-.slice"),
)
GUIDE: Final = (DEPLOY / "vm" / "README.md").read_text(encoding="utf-8")
SETTINGS: Final[dict[str, type[CommonSettings]]] = {
    "adda-api@.service": ApiSettings,
    "adda-ws@.service": WsSettings,
    "adda-worker@.service": WorkerSettings,
    "adda-migrate.service": CommonSettings,
}

needs_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="the machine has no systemd-analyze"
)


def name_of(path: Path) -> str:
    return path.name


def instance_of(path: Path) -> str:
    return path.name.replace("@.", "@8001.")


def options_of(path: Path, name: str) -> list[str]:
    """All values of an option in a unit."""
    text = path.read_text(encoding="utf-8")
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


def seconds_of(path: Path, name: str) -> float:
    [value] = options_of(path, name)
    return float(value)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder that looks like a machine where all of it is installed."""
    units = tmp_path / "etc" / "systemd" / "system"
    units.mkdir(parents=True)
    for path in UNITS:
        shutil.copy(path, units)
    shutil.copytree(DEPLOY / "systemd" / "adda-.service.d", units / "adda-.service.d")
    for stub in STUBS:
        (units / stub).write_text("[Unit]\n")
    for unit in ("redis-server", "postgresql"):
        (units / f"{unit}.service").write_text("[Service]\nExecStart=/bin/kill\n")
    commands = {command.split()[0] for path in SERVICES for command in options_of(path, r"Exec\w+")}
    for command in {*commands, "/bin/kill"}:
        place = tmp_path / command.removeprefix("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch(0o755)
    return tmp_path


def analyze(machine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", f"--root={machine}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@needs_analyze
@pytest.mark.parametrize("unit", UNITS, ids=name_of)
def test_systemd_understands_every_line(unit: Path, machine: Path) -> None:
    done = analyze(machine, "verify", "--man=no", instance_of(unit))
    assert (done.returncode, done.stderr) == (0, "")


@needs_analyze
def test_a_line_that_systemd_does_not_understand_is_found(machine: Path) -> None:
    unit = machine / "etc/systemd/system/adda-ws@.service"
    unit.write_text(unit.read_text().replace("KillMode=mixed", "KillMode=gently"))
    assert "gently" in analyze(machine, "verify", "--man=no", "adda-ws@8001.service").stderr


@needs_analyze
@pytest.mark.parametrize("unit", SERVICES, ids=name_of)
def test_a_service_may_do_little(unit: Path, machine: Path) -> None:
    done = analyze(machine, "security", "--offline=true", "--no-pager", instance_of(unit))
    if "Unknown" in done.stderr:
        pytest.skip("this systemd-analyze cannot judge units that are not installed")
    exposure = float(re.findall(r"exposure level for .*: ([\d.]+)", done.stdout)[0])
    assert exposure <= WORST_EXPOSURE, done.stdout


def test_a_stop_takes_no_longer_than_systemd_waits() -> None:
    ws, api, worker = (
        SETTINGS[f"adda-{kind}@.service"].model_construct() for kind in ("ws", "api", "worker")
    )
    assert isinstance(ws, WsSettings)
    assert isinstance(api, ApiSettings)
    assert isinstance(worker, WorkerSettings)
    for kind, needed in (
        ("ws", ws.drain_seconds + ws.drain_settle_seconds),
        ("api", api.drain_seconds + api.drain_settle_seconds),
        ("worker", worker.stop_seconds),
    ):
        waits = seconds_of(DEPLOY / "systemd" / f"adda-{kind}@.service", "TimeoutStopSec")
        assert waits >= needed + STOP_RESERVE_SECONDS, kind


def test_a_replica_may_open_as_many_files_as_it_takes_connections() -> None:
    files = seconds_of(DEPLOY / "systemd" / "adda-ws@.service", "LimitNOFILE")
    assert files > WsSettings.model_construct().max_connections + 1000


def test_the_guides_gateway_has_a_place_for_each_socket_that_the_replicas_take() -> None:
    """Else people are cut off before AddaConnectionsNearLimit sees that places run out."""
    [processes] = re.findall(r"^GATEWAY_PROCESSES=(\d+)", GUIDE, re.MULTILINE)
    [connections] = re.findall(r"^GATEWAY_CONNECTIONS=(\d+)", GUIDE, re.MULTILINE)
    told = re.findall(r"^ADDA_MAX_CONNECTIONS=(\d+)", GUIDE, re.MULTILINE)
    most = int(told[0]) if told else WsSettings.model_fields["max_connections"].default
    servers = re.findall(r"^GATEWAY_WS_SERVERS=(.*)", GUIDE, re.MULTILINE)
    places = most * servers[0].count("server ")
    assert places <= int(processes) * int(connections) // 2
    figures = json.loads((DEPLOY / "docs" / "gateway.json").read_text(encoding="utf-8"))
    gateway = DEPLOY / "systemd" / "adda-gateway.service"
    high = int(options_of(gateway, "MemoryHigh")[0].removesuffix("M")) << 20
    assert places * figures["bytes_per_connection"] < high


def test_the_sandbox_leaves_a_process_what_its_metrics_are_made_of(tmp_path: Path) -> None:
    (tmp_path / "self").symlink_to(f"/proc/{os.getpid()}")
    own, whole = CollectorRegistry(), CollectorRegistry()
    ProcessCollector(proc=str(tmp_path), registry=own)
    ProcessCollector(registry=whole)
    assert "process_max_fds" in {metric.name for metric in whole.collect()}
    assert list(own.collect()) == []  # without /proc/stat there is nothing at all
    assert "pid" not in options_of(SANDBOX, "ProcSubset")


@pytest.mark.parametrize("unit", SERVICES, ids=name_of)
def test_each_secret_of_a_unit_is_made_by_the_guide_and_is_a_setting(unit: Path) -> None:
    for credential in options_of(unit, "LoadCredential"):
        name, _, path = credential.partition(":")
        assert path.startswith("/etc/adda/credentials/")
        file = path.rpartition("/")[2]
        made = re.sub(r"_(api|ws|worker|migrate|backup)$", "_$role", file)
        assert file in GUIDE or made in GUIDE, file
        if unit.name in SETTINGS:
            assert name.removeprefix("adda_") in SETTINGS[unit.name].model_fields


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_unit_sets_what_its_service_reads(name: str) -> None:
    text = (DEPLOY / "systemd" / name).read_text(encoding="utf-8")
    for setting in re.findall(r"\bADDA_(\w+)=", text):
        assert setting.lower() in SETTINGS[name].model_fields, setting


def test_every_instance_of_the_guide_has_a_unit_and_its_port_a_row() -> None:
    instances = set(re.findall(r"\b(adda-\w+)@(\d+)", GUIDE))
    assert len(instances) >= 5
    known = {unit.name for unit in UNITS}
    for kind, _ in instances:
        assert f"{kind}@.service" in known


def test_shell_scripts_have_no_known_trap() -> None:
    checker = Path(sys.executable).with_name("shellcheck")  # of the lock, wherever the path leads
    scripts = [*DEPLOY.rglob("*.sh"), *(ROOT / "tests" / "operations").glob("*.sh")]
    assert len(scripts) > 4
    done = subprocess.run(
        [checker, *map(str, scripts)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout

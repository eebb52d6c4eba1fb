"""What is asked of the engine, in which order; tests/containers sees it done."""

from __future__ import annotations

import subprocess

import pytest
import roll

COMPOSE = "docker compose --progress quiet -p x"


class RecordingEngine:
    """Stands in for `subprocess.run`: two containers; fails a line that has `failing`."""

    def __init__(self, failing: str = "nothing fails") -> None:
        self.lines: list[str] = []
        self._failing = failing

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.lines.append(" ".join(command))
        if self._failing in self.lines[-1]:
            raise subprocess.CalledProcessError(1, command)
        return subprocess.CompletedProcess(command, 0, stdout="one\ntwo\n")


def test_one_more_is_up_before_one_less_is(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = RecordingEngine()
    monkeypatch.setattr("subprocess.run", engine)
    assert roll.main(["-p", "x", "ws_service"]) == 0
    up = (
        f"{COMPOSE} up --detach --no-deps --no-recreate --no-build --wait --wait-timeout 120 "
        "--scale ws_service=3 ws_service"
    )
    assert engine.lines == [
        f"{COMPOSE} ps --quiet ws_service",
        *(up, "docker stop one", "docker rm one"),
        *(up, "docker stop two", "docker rm two"),
    ]


def test_nothing_old_is_stopped_for_what_does_not_become_healthy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = RecordingEngine(failing=" up ")
    monkeypatch.setattr("subprocess.run", engine)
    assert roll.main(["ws_service"]) == 1
    assert not any("stop" in line for line in engine.lines)
    assert "what still runs goes on" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_without_a_service_it_says_how_it_is_used(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert roll.main(arguments) == 2
    assert roll.USAGE in capsys.readouterr().err

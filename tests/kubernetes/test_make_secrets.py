"""Passwords for trying are made anew, fit each other, and are nobody else's to read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import make_secrets

from shared.runtime.settings import is_weak

if TYPE_CHECKING:
    from pathlib import Path


def texts_of(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


def test_the_addresses_hold_the_passwords_of_the_servers(tmp_path: Path) -> None:
    make_secrets.write(tmp_path / "secrets")
    texts = texts_of(tmp_path / "secrets")
    assert urlsplit(texts["database-url"]).password == texts["postgres-password"]
    assert f"requirepass {urlsplit(texts['redis-url']).password}\n" in texts["valkey.conf"]


def test_every_folder_gets_passwords_of_its_own_that_production_would_take(tmp_path: Path) -> None:
    make_secrets.write(tmp_path / "one")
    make_secrets.write(tmp_path / "other")
    one, other = texts_of(tmp_path / "one"), texts_of(tmp_path / "other")
    for name in ("postgres-password", "admin-token", "admin-session-key"):
        assert one[name] != other[name]
        assert not is_weak(one[name])
    assert len(set(one.values())) == len(one)


def test_only_their_owner_reads_them(tmp_path: Path) -> None:
    make_secrets.write(tmp_path / "secrets")
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()}
    assert modes == {0o600}


def test_what_is_there_stays(tmp_path: Path) -> None:
    assert make_secrets.write(tmp_path)
    before = texts_of(tmp_path)
    assert not make_secrets.write(tmp_path)
    assert texts_of(tmp_path) == before

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import compose_secrets
import pytest

from api_service.settings import ApiSettings
from shared.runtime.settings import is_weak
from worker.database_roles import read_passwords

if TYPE_CHECKING:
    from collections.abc import Mapping


def made(folder: Path, *flags: str, **environment: str) -> Mapping[str, str]:
    """All files, after a run."""
    assert compose_secrets.main([str(folder), *flags], environment) == 0
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in paths}


def test_they_are_made_once_and_then_kept(tmp_path: Path) -> None:
    first = made(tmp_path)
    assert made(tmp_path) == first


def test_none_can_be_guessed_and_none_serves_two_ends(tmp_path: Path) -> None:
    files = made(tmp_path)
    names = (*compose_secrets.PASSWORDS, *compose_secrets.KEYS, *compose_secrets.UNCHANGEABLE)
    values = [files[name] for name in names]
    assert len(set(values)) == len(values)
    assert not any(is_weak(value) for value in values)
    assert len(read_passwords(tmp_path / "migrate" / "roles")) == 4


def test_production_takes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = made(tmp_path)
    monkeypatch.setenv("ADDA_SECRETS_DIR", str(tmp_path / "api"))
    monkeypatch.setenv("ADDA_ENV", "production")
    monkeypatch.setenv("ADDA_ALLOWED_ORIGINS", "https://adda.example")
    settings = ApiSettings.from_environment()
    url = settings.database_url.get_secret_value()
    password = files["migrate/roles/adda_api"]
    assert url == f"postgresql://adda_api:{password}@postgres:5432/adda"
    assert settings.redis_url.get_secret_value() == (
        f"redis://:{files['redis/password']}@redis:6379/0"
    )


def test_what_can_be_renewed_is(tmp_path: Path) -> None:
    before = made(tmp_path)
    after = made(tmp_path, "--renew")
    same = {name for name in before if before[name] == after[name]}
    assert same == {"postgres/password", "migrate/superuser_url", "grafana/password"}
    assert after["redis/password"] in after["redis/redis.conf"]


def test_servers_under_sentinels_keep_their_password(tmp_path: Path) -> None:
    sentinels = {"ADDA_SETUP_REDIS": "redis+sentinel://a:26379,b:26379/adda"}
    before = made(tmp_path, **sentinels)
    after = made(tmp_path, "--renew", **sentinels)
    same = {name for name in before if before[name] == after[name]}
    assert same >= {"redis/password", "redis/redis.conf", "ws/adda_redis_url"}
    assert before["migrate/roles/adda_ws"] != after["migrate/roles/adda_ws"]


def test_servers_may_be_elsewhere(tmp_path: Path) -> None:
    files = made(tmp_path, ADDA_SETUP_REDIS="redis+sentinel://a:26379,b:26379/adda")
    password = files["redis/password"]
    assert files["ws/adda_redis_url"] == f"redis+sentinel://:{password}@a:26379,b:26379/adda"


def test_others_than_their_owner_can_read_them_but_nobody_write(tmp_path: Path) -> None:
    made(tmp_path)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_file()}
    assert modes == {0o444}

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from api_service.settings import ApiSettings
from shared.runtime.settings import CommonSettings, DoorSettings, Environment
from worker.settings import WorkerSettings
from ws_service.settings import WsSettings

SECRET = "kXy9-long-and-its-own"
STRONG = {
    "ADDA_ENV": "production",
    "ADDA_REDIS_URL": f"rediss://:{SECRET}@redis.internal:6379/0",
    "ADDA_DATABASE_URL": f"postgresql://adda:{SECRET}@postgres.internal:5432/adda",
    "ADDA_ALLOWED_ORIGINS": "https://adda.example",
}


@pytest.fixture(autouse=True)
def _only_the_tests_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os  # noqa: PLC0415 - only to look for what must not leak in

    for name in [name for name in os.environ if name.startswith("ADDA_")]:
        monkeypatch.delenv(name)


def set_all(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_the_defaults_are_for_ones_own_machine() -> None:
    settings = DoorSettings.from_environment()
    assert (settings.env, settings.host, settings.allowed_origins) == (
        Environment.LOCAL,
        "127.0.0.1",
        ("*",),
    )


@pytest.mark.parametrize(
    ("machine", "instance"),
    [("3f2c1a9b", "3f2c1a9b"), ("আড্ডা.local", "-----.local"), ("x" * 65, "x" * 64), ("", "local-1")],
)
def test_a_process_is_called_as_its_machine_unless_it_is_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, machine: str, instance: str
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: machine)
    assert CommonSettings.from_environment().instance == instance
    monkeypatch.setenv("ADDA_INSTANCE", "ws-7")
    assert CommonSettings.from_environment().instance == "ws-7"


def test_production_starts_with_secrets_and_origins_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_all(monkeypatch, **STRONG)
    settings = DoorSettings.from_environment()
    assert settings.allowed_origins == ("https://adda.example",)
    assert settings.database_url.get_secret_value() == STRONG["ADDA_DATABASE_URL"]


@pytest.mark.parametrize("kind", [CommonSettings, DoorSettings, ApiSettings, WsSettings])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ADDA_REDIS_URL", None),
        ("ADDA_REDIS_URL", "redis://redis.internal:6379/0"),
        ("ADDA_REDIS_URL", "redis://:redis@redis.internal:6379/0"),
        ("ADDA_DATABASE_URL", None),
        ("ADDA_DATABASE_URL", "postgresql://adda@postgres.internal/adda"),
        ("ADDA_DATABASE_URL", "postgresql://adda:adda@postgres.internal/adda"),
        ("ADDA_DATABASE_URL", "postgresql://postgres:postgres@postgres.internal/adda"),
        ("ADDA_DATABASE_URL", "postgresql://adda:password@postgres.internal/adda"),
        ("ADDA_DATABASE_URL", "postgresql://adda:Changeme-2026!@postgres.internal/adda"),
        ("ADDA_DATABASE_URL", "postgresql://adda:123123123123@postgres.internal/adda"),
        ("ADDA_REDIS_URL", "redis://:kXy9-short@redis.internal:6379/0"),
    ],
)
def test_production_refuses_default_and_weak_secrets_and_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, kind: type[CommonSettings], name: str, value: str | None
) -> None:
    set_all(monkeypatch, **STRONG)
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name):
        kind.from_environment()


@pytest.mark.parametrize(
    "origins", [None, "", " , ", "*", "https://adda.example, *", "https://*.example"]
)
def test_production_refuses_wildcard_origins_and_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, origins: str | None
) -> None:
    set_all(monkeypatch, **STRONG)
    if origins is None:
        monkeypatch.delenv("ADDA_ALLOWED_ORIGINS")
    else:
        monkeypatch.setenv("ADDA_ALLOWED_ORIGINS", origins)
    with pytest.raises(ValidationError, match="ADDA_ALLOWED_ORIGINS"):
        DoorSettings.from_environment()


def test_production_names_all_that_is_weak_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, ADDA_ENV="production", ADDA_ADMIN_TOKEN="short")
    names = ("REDIS_URL", "DATABASE_URL", "ALLOWED_ORIGINS", "ADMIN_TOKEN")
    with pytest.raises(ValidationError) as told:
        ApiSettings.from_environment()
    assert all(f"ADDA_{name} " in str(told.value) for name in names)


def test_a_short_admin_token_is_refused_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, **STRONG, ADDA_ADMIN_TOKEN="short")
    with pytest.raises(ValidationError, match="ADDA_ADMIN_TOKEN"):
        ApiSettings.from_environment()


def test_a_refusal_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    # It is printed where the process starts, and so ends up in a log.
    set_all(monkeypatch, **{**STRONG, "ADDA_DATABASE_URL": "postgresql://adda@postgres/adda"})
    with pytest.raises(ValidationError) as caught:
        CommonSettings.from_environment()
    assert SECRET not in str(caught.value)
    assert "input" not in str(caught.value)


def test_secrets_may_stand_in_files_of_a_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in STRONG.items():
        (tmp_path / name.lower()).write_text(f"{value}\n")
    monkeypatch.setenv("ADDA_SECRETS_DIR", str(tmp_path))
    settings = DoorSettings.from_environment()
    assert settings.env is Environment.PRODUCTION
    assert settings.redis_url.get_secret_value() == STRONG["ADDA_REDIS_URL"]
    assert settings.allowed_origins == ("https://adda.example",)


def test_the_environment_goes_before_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "adda_instance").write_text("from-folder")
    set_all(monkeypatch, ADDA_SECRETS_DIR=str(tmp_path), ADDA_INSTANCE="from-environment")
    assert CommonSettings.from_environment().instance == "from-environment"


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADDA_ALLOWED_ORIGINS", " https://a.example ,,https://b.example,")
    assert DoorSettings.from_environment().allowed_origins == (
        "https://a.example",
        "https://b.example",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ADDA_PORT", "65536"),
        ("ADDA_PORT", "http"),
        ("ADDA_PARTITIONS", "0"),
        ("ADDA_INSTANCE", "two words"),
        ("ADDA_LOG_LEVEL", "loud"),
        ("ADDA_LOG_FORMAT", "xml"),
        ("ADDA_ENV", "staging"),
        ("ADDA_REDIS_URL", "redis+ring://localhost"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.removeprefix("ADDA_").lower()):
        CommonSettings.from_environment()


def test_a_redis_url_of_no_known_form_is_told_in_one_line_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ADDA_REDIS_URL", f"redis+sentinel://:{SECRET}@one:26379,two:26379")
    with pytest.raises(
        ValidationError, match=r"ADDA_REDIS_URL cannot be used: .*name the service"
    ) as told:
        CommonSettings.from_environment()
    assert SECRET not in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        f"redis+sentinel://:{SECRET}@one,two/mymaster",
        f"rediss+cluster://adda:{SECRET}@one:1,two:2",
    ],
)
def test_production_finds_the_password_in_every_form_of_the_redis_url(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    for name, value in (STRONG | {"ADDA_REDIS_URL": url}).items():
        monkeypatch.setenv(name, value)
    CommonSettings.from_environment()
    monkeypatch.setenv("ADDA_REDIS_URL", url.replace(SECRET, "redis"))
    with pytest.raises(ValidationError, match="ADDA_REDIS_URL needs a password"):
        CommonSettings.from_environment()


def test_settings_are_values() -> None:
    with pytest.raises(ValidationError):
        CommonSettings().port = 5  # type: ignore[misc]


def test_secrets_are_hidden_where_settings_are_shown() -> None:
    url = f"redis://:{SECRET}@127.0.0.1/0"
    assert SECRET not in repr(CommonSettings.model_validate({"redis_url": url}))


@pytest.mark.parametrize("kind", [ApiSettings, WsSettings, WorkerSettings])
def test_every_setting_has_a_sentence(kind: type[BaseSettings]) -> None:
    assert all(field.description for field in kind.model_fields.values())

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from api_service.settings import ApiSettings
from shared.runtime.secret_files import MOST_BYTES, is_secret, secret_in_file
from shared.runtime.settings import CommonSettings
from worker.settings import WorkerSettings
from ws_service.settings import WsSettings

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "postgresql://adda:of-its-own-kXy9@postgres.internal/adda"
SERVICES = [ApiSettings, WsSettings, WorkerSettings]


@pytest.fixture(autouse=True)
def _only_the_tests_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os  # noqa: PLC0415 - only to look for what must not leak in

    for name in [name for name in os.environ if name.startswith("ADDA_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("kind", SERVICES)
def test_every_secret_of_a_service_may_stand_in_a_file(
    kind: type[CommonSettings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secrets = [name for name, field in kind.model_fields.items() if is_secret(field)]
    assert {"redis_url", "database_url"} <= set(secrets)
    for name in secrets:
        url = {"redis_url": "redis://:s3cret@redis/0", "database_url": SECRET}
        (tmp_path / name).write_text(url.get(name, f"secret of {name}, long enough") + "\n")
        monkeypatch.setenv(f"ADDA_{name.upper()}_FILE", str(tmp_path / name))
    settings = kind.from_environment()
    for name in secrets:
        value = getattr(settings, name).get_secret_value()
        assert value == (tmp_path / name).read_text().rstrip("\n")


def test_what_is_no_secret_has_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "port").write_text("5")
    monkeypatch.setenv("ADDA_PORT_FILE", str(tmp_path / "port"))
    assert CommonSettings.from_environment().port == 0


def test_line_ends_behind_a_secret_are_none_of_it_and_blanks_are(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b" pass word \r\n\n")
    assert secret_in_file("ADDA_X", {"ADDA_X_FILE": str(tmp_path / "x")}) == " pass word "


def test_an_empty_variable_names_no_file() -> None:
    assert secret_in_file("ADDA_X", {"ADDA_X_FILE": ""}) is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file"),
        (b"", "empty or too large"),
        (b" \n", "empty or too large"),
        (b"x" * (MOST_BYTES + 1), "empty or too large"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_file_without_a_secret_ends_the_start_and_is_named_by_its_variable(
    content: bytes | None, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "url").write_bytes(content)
    monkeypatch.setenv("ADDA_DATABASE_URL_FILE", str(tmp_path / "url"))
    with pytest.raises(ValidationError, match=rf"ADDA_DATABASE_URL_FILE.*{why}"):
        CommonSettings.from_environment()


def test_two_places_for_one_secret_are_a_mistake(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "url").write_text(SECRET)
    monkeypatch.setenv("ADDA_DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("ADDA_DATABASE_URL", SECRET)
    with pytest.raises(ValidationError, match="both set") as told:
        CommonSettings.from_environment()
    assert "kXy9" not in str(told.value)

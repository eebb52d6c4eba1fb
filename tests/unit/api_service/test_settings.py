from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from api_service.settings import ApiSettings
from shared.runtime.settings import Environment

PRODUCTION: dict[str, Any] = {
    "env": Environment.PRODUCTION,
    "redis_url": SecretStr("rediss://:long-and-secret@redis:6379/0"),
    "database_url": SecretStr("postgresql://adda:long-and-secret@postgres/adda"),
    "allowed_origins": ("https://adda.example",),
}


def test_the_defaults_are_usable_locally() -> None:
    assert ApiSettings().admin_token is None


def test_a_short_admin_token_is_refused_in_production() -> None:
    with pytest.raises(ValidationError):
        ApiSettings(**PRODUCTION, admin_token=SecretStr("admin123"))
    with pytest.raises(ValidationError, match="ADDA_ADMIN_TOKEN"):
        ApiSettings(**PRODUCTION, admin_token=SecretStr("x" * 24))
    ApiSettings(**PRODUCTION, admin_token=SecretStr("x1y2z3" * 4))
    ApiSettings(**PRODUCTION)


@pytest.mark.parametrize("token", ["", "  "])
def test_an_empty_admin_token_is_none(token: str) -> None:
    assert ApiSettings(admin_token=SecretStr(token)).admin_token is None


def test_a_key_for_sessions_is_long_or_none() -> None:
    with pytest.raises(ValidationError):
        ApiSettings(admin_session_key=SecretStr("x" * 31))
    assert ApiSettings(admin_session_key=SecretStr("x" * 32)).admin_session_key is not None
    assert ApiSettings(admin_session_key=SecretStr(" ")).admin_session_key is None


def test_every_field_has_a_sentence() -> None:
    assert all(field.description for field in ApiSettings.model_fields.values())


def test_secrets_are_not_in_the_text_of_the_settings() -> None:
    settings = ApiSettings(**PRODUCTION, admin_token=SecretStr("x1y2z3" * 4))
    assert "x1y2z3" not in repr(settings)
    assert "long-and-secret" not in repr(settings)

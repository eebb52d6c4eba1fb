"""What the REST service needs to know besides what all services share."""

from __future__ import annotations

from typing import Final

from pydantic import Field, SecretStr, field_validator
from typing_extensions import override

from shared.runtime.settings import DoorSettings, is_weak

MIN_ADMIN_TOKEN_CHARACTERS: Final = 24
MIN_SESSION_KEY_CHARACTERS: Final = 32


class ApiSettings(DoorSettings):
    """Values of one REST process; read once, in `__main__`."""

    admin_token: SecretStr | None = Field(
        None,
        description="Bearer token of administrators, who may change and delete everything; "
        "none: there are no administrators",
    )
    admin_session_key: SecretStr | None = Field(
        None,
        description="Signs the sessions of the pages below `/admin/`, the same for all replicas; "
        "none: there are no such pages",
    )
    database_pool: int = Field(
        5, ge=1, le=100, description="Connections to PostgreSQL that are kept open, at most"
    )
    database_overflow: int = Field(
        5, ge=0, le=100, description="Connections to PostgreSQL that may be added under load"
    )
    database_seconds: float = Field(
        10.0, gt=0, le=120, description="Seconds after which a change in PostgreSQL is given up"
    )
    request_seconds: float = Field(
        20.0, gt=0, le=300, description="Seconds after which a request is answered with 503"
    )
    body_bytes: int = Field(
        64 * 1024, ge=1024, le=16 * 1024 * 1024, description="Bytes of a request's body, at most"
    )
    edit_seconds: int = Field(
        24 * 3600,
        ge=0,
        description="Seconds for which authors may change what they have said; 0: for ever",
    )
    delete_seconds: int = Field(
        0, ge=0, description="Seconds for which authors may delete what they have said; 0: for ever"
    )
    drain_settle_seconds: float = Field(
        0.0,
        ge=0,
        le=120,
        description="Seconds between turning unready and closing the door, for balancers to see it",
    )
    drain_seconds: float = Field(
        10.0, gt=0, le=300, description="Seconds that open requests get to finish at a stop"
    )

    @field_validator("admin_token", "admin_session_key")
    @classmethod
    def _empty_is_none(cls, token: SecretStr | None) -> SecretStr | None:
        # An empty variable must not make everybody who sends an empty token an administrator.
        return token if token is not None and token.get_secret_value().strip() else None

    @field_validator("admin_session_key")
    @classmethod
    def _session_key_cannot_be_guessed(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < MIN_SESSION_KEY_CHARACTERS:
            least = MIN_SESSION_KEY_CHARACTERS
            raise ValueError(f"ADDA_ADMIN_SESSION_KEY needs {least} characters")
        return key

    @override
    def weaknesses(self) -> list[str]:
        """Also a token of administrators that could be guessed."""
        found = super().weaknesses()
        token = self.admin_token.get_secret_value() if self.admin_token is not None else None
        if token is not None and (len(token) < MIN_ADMIN_TOKEN_CHARACTERS or is_weak(token)):
            least = MIN_ADMIN_TOKEN_CHARACTERS
            found.append(f"ADDA_ADMIN_TOKEN needs {least} random characters in production")
        return found

"""Settings that every service shares. Read once, in `__main__`; values after that, never looked up.

Each field's description is one row of the generated table of settings.
"""

from __future__ import annotations

import re
import socket
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from typing_extensions import override

from shared.domain.budgets import Budget, parse_budget
from shared.runtime.redis_url import parse_redis_url
from shared.runtime.secret_files import UnusableSecretFile, secrets_in_files

RESERVED_NAMES: Final = (
    *("admin*", "administrator*", "moderator*", "sysadmin*", "mod", "owner", "root", "staff"),
    *("adda", "system", "server", "support", "official", "helpline"),
    *("অ্যাডমিন*", "এডমিন*", "এ্যাডমিন*", "অ্যাডমিনিস্ট্রেটর*", "মডারেটর*", "মোডারেটর*", "প্রশাসক*"),
    *("আড্ডা", "সিস্টেম", "সার্ভার", "সাপোর্ট", "অফিসিয়াল", "হেল্পলাইন", "কর্তৃপক্ষ"),
)


class Environment(StrEnum):
    """Where the service runs. `production` refuses what is only safe on one's own machine."""

    LOCAL = "local"
    PRODUCTION = "production"


class InsecureSettings(ValueError):
    """Production was asked for with settings that are only safe locally; names all of them."""


PREFIX: Final = "ADDA_"
MIN_PASSWORD_CHARACTERS: Final = 12
MIN_PASSWORD_KINDS: Final = 6
"""Different characters in it: `aaaaaaaaaaaa` is long, too."""

_KNOWN_TO_ALL: Final = ("adda", "admin", "changeme", "password", "postgres", "redis", "secret")


def is_weak(password: str | None) -> bool:
    """Could somebody guess it: nothing, short, of few characters, or a known word with a tail?"""
    if not password or len(password) < MIN_PASSWORD_CHARACTERS:
        return True
    bare = password.lower().strip("0123456789!-_.")
    return len(set(password)) < MIN_PASSWORD_KINDS or bare in _KNOWN_TO_ALL


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""A comma-separated list in the environment."""


def _budget(value: Any) -> Any:
    return parse_budget(value) if isinstance(value, str) else value


BudgetText = Annotated[Budget, NoDecode, BeforeValidator(_budget)]
"""`BURST/PER_SECOND`, `BURST/PER_SECOND dry`, or `off`."""

Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_split)]
"""A comma-separated list of networks in the environment."""


def machine_name() -> str:
    """Of each container its own, and the same when it is started again."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:64] or "local-1"


class CommonSettings(BaseSettings):
    """What each service needs to find its servers and to speak of itself."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="ignore",
        secrets_dir=None,
        hide_input_in_errors=True,  # an error is printed, and the input holds passwords
    )

    env: Environment = Field(
        Environment.LOCAL, description="`local` or `production`; production refuses weak settings"
    )
    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        description="Redis or Valkey: `redis://`, `unix://`, "
        "`redis+sentinel://h1:p1,h2:p2/service` or `redis+cluster://h1:p1,h2:p2`; `rediss` for TLS",
    )
    redis_wait_replicas: int = Field(
        0,
        ge=0,
        le=16,
        description="Replicas of Redis that must have a message before it is acknowledged or "
        "stored: as many as may become master; 0 waits for none",
    )
    database_url: SecretStr = Field(
        SecretStr("postgresql://adda@127.0.0.1:5432/adda"),
        description="PostgreSQL, `postgresql://`",
    )
    key_prefix: str = Field("adda:", description="Start of every key in Redis")
    partitions: int = Field(
        16, ge=1, le=4096, description="Partitions of rooms; never change it for existing data"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line that is written"
    )
    log_format: Literal["console", "json"] = Field(
        "console", description="`json` for machines, `console` for people"
    )
    trace_url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="Where traces of messages go (OTLP over HTTP, such as "
        "`http://collector:4318/v1/traces`); empty: nowhere. Needs the extra `tracing`: "
        "`EXTRA=tracing` for a build of images or of a release",
    )
    trace_share: float = Field(
        0.01, ge=0, le=1, description="Share of all messages that is traced; the same everywhere"
    )
    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(0, ge=0, le=65535, description="Port to listen on; 0 = any free one")
    instance: str = Field(
        default_factory=machine_name,
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="Name of this process; stable over restarts and unique among its peers",
    )

    @classmethod
    def from_environment(cls) -> Self:
        """Reads the environment; `ADDA_SECRETS_DIR` may name a folder with one file per field.

        A secret may also stand in a file of its own, see `secret_files`.

        Raises:
            pydantic.ValidationError: a value does not fit.
        """
        import os  # noqa: PLC0415 - the one place that reads the environment

        folder = os.environ.get("ADDA_SECRETS_DIR")
        try:
            secrets = secrets_in_files(cls.model_fields, PREFIX, os.environ)
        except UnusableSecretFile as error:
            told = PydanticCustomError("secret_file", "{why}", {"why": str(error)})
            details = InitErrorDetails(type=told, input=None)
            raise ValidationError.from_exception_data(
                cls.__name__, [details], hide_input=True
            ) from None
        return cls(_secrets_dir=Path(folder) if folder else None, **secrets)

    @field_validator("redis_url")
    @classmethod
    def _redis_url_can_be_read(cls, url: SecretStr) -> SecretStr:
        try:
            parse_redis_url(url.get_secret_value())
        except ValueError as error:
            message = f"ADDA_REDIS_URL cannot be used: {error}"
            raise ValueError(message) from None
        return url

    def weaknesses(self) -> list[str]:
        """What production would refuse, a sentence each; every one names its variable."""
        passwords = {
            "ADDA_REDIS_URL": parse_redis_url(self.redis_url.get_secret_value()).password,
            "ADDA_DATABASE_URL": urlsplit(self.database_url.get_secret_value()).password,
        }
        return [
            f"{name} needs a password of its own in production, of {MIN_PASSWORD_CHARACTERS} "
            "characters or more"
            for name, password in passwords.items()
            if is_weak(password)
        ]

    @model_validator(mode="after")
    def _production_is_strict(self) -> Self:
        if self.env is Environment.PRODUCTION and (found := self.weaknesses()):
            raise InsecureSettings("; ".join(found))
        return self


class DoorSettings(CommonSettings):
    """What services that the public reaches need besides."""

    allowed_origins: CommaList = Field(
        ("*",), description="Origins of web pages that may use the API and the socket; `*` = all"
    )
    trusted_hops: int = Field(
        1, ge=0, le=10, description="Proxies in front whose X-Forwarded-* headers are believed"
    )

    reserved_names: CommaList = Field(
        RESERVED_NAMES,
        description="Names that nobody may be called, in any spelling that looks like them; "
        "with `*` behind it not even as one word of a name",
    )
    limit_session: BudgetText = Field(
        Budget(120, 20),
        description="What one user may do over all replicas, as burst/per second; "
        "a message costs 1, typing 0.1, a join or a new name 2, a report 5, a room 10; "
        "with ` dry` behind it only the log tells; `off`: anything",
    )
    limit_ipv4: BudgetText = Field(
        Budget(5000, 500), description="The same for one IPv4 address, which may be a town's"
    )
    limit_ipv6: BudgetText = Field(
        Budget(500, 50), description="The same for one /64 of IPv6, which is a household's"
    )
    limit_room: BudgetText = Field(
        Budget(300, 300),
        description="Messages into one room, from everybody; "
        "over a socket one costs 1, and 1 more for every 50 people who hear it there, up to 11; "
        "a long one as many times more as it has 500 characters begun",
    )
    limit_newcomers: BudgetText = Field(
        Budget(10_000, 600), description="Joins of one room by new users; a join costs 2"
    )
    proof_share: float = Field(
        0.25,
        ge=0,
        le=1,
        description="What proofs of work buy beyond the limits of addresses and of newcomers, as a "
        "share of these; 0: nothing, and none is asked for",
    )
    most_connections_ipv4: int = Field(
        10_000, ge=0, description="Connections of one IPv4 address; more are told 4009; 0: any"
    )
    most_connections_ipv6: int = Field(
        200, ge=0, description="Connections of one /64 of IPv6; more are told 4009; 0: any"
    )
    unlimited_networks: Networks = Field(
        (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")),
        description="Networks whose addresses are not counted; their sessions are",
    )

    database_read_seconds: float = Field(
        3.0, gt=0, le=120, description="Seconds after which a read from PostgreSQL is given up"
    )

    @override
    def weaknesses(self) -> list[str]:
        """Also that pages of all origins may use it."""
        found = super().weaknesses()
        if not self.allowed_origins or any("*" in origin for origin in self.allowed_origins):
            found.append("ADDA_ALLOWED_ORIGINS must list the allowed origins in production")
        return found

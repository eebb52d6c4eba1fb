"""Writes `settings.md` beside this file from the settings classes of the services: `make docs`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, get_args, get_origin

import annotated_types
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from api_service.settings import ApiSettings
from shared.domain.budgets import Budget
from shared.runtime.secret_files import SUFFIX, is_secret
from shared.runtime.settings import CommonSettings, DoorSettings, machine_name
from worker.settings import WorkerSettings
from ws_service.settings import WsSettings

DOCUMENT: Final = Path(__file__).with_name("settings.md")

_NAMES: Final[dict[Any, str]] = {SecretStr: "secret text", Budget: "burst/per second"}
_FOUND_OUT: Final[dict[Any, str]] = {machine_name: "the machine's name"}
Settings = type[CommonSettings]

_SECTIONS: Final[tuple[tuple[str, Settings, Settings | None], ...]] = (
    ("All services", CommonSettings, None),
    ("api_service and ws_service", DoorSettings, CommonSettings),
    ("api_service", ApiSettings, DoorSettings),
    ("ws_service", WsSettings, DoorSettings),
    ("worker", WorkerSettings, CommonSettings),
)
"""Heading, class, and the class whose fields stand in a section before."""

_UNITS: Final = ("seconds", "bytes", "days")

_HEAD: Final = """\
# Settings

Made by `make docs` from the settings classes of the services; a test fails when it is stale.

Every setting is an environment variable. `ADDA_SECRETS_DIR` may name a folder with one file per
setting instead, named as the variable in lower case (`adda_database_url`); a variable wins over a
file. Each secret may also stand in a file that a variable names: `ADDA_DATABASE_URL_FILE`, and so
on, with `_FILE` behind the name. Settings are read once, at the start; a value that does not fit
ends the process with exit code 2. `make run` sets addresses, ports and names by itself and passes
the rest on.

In production (`ADDA_ENV=production`) a service refuses to start, and says why, without a password
of its own (12 characters or more) in `ADDA_REDIS_URL` and `ADDA_DATABASE_URL`, without a list in
`ADDA_ALLOWED_ORIGINS`, and with an `ADDA_ADMIN_TOKEN` of fewer than 24 characters.
`ADDA_ADMIN_SESSION_KEY` needs 32 anywhere; without one there are no pages of administrators.
`make run` makes one and keeps it in `.adda/admin-session.key`.

TLS is part of the addresses. Redis: `rediss://`, with `ssl_ca_certs` (a file of certificates to
trust instead of the system's), `ssl_certfile` and `ssl_keyfile` (the client's own) in the query.
PostgreSQL: `sslmode=verify-full`, `sslrootcert`, `sslcert` and `sslkey`; without `sslmode` a server
without TLS is spoken to in the clear. Names and certificates are always verified by `rediss` and
`verify-full`.
"""


def variables() -> set[str]:
    """Every environment variable that a service reads as a setting."""
    return {_variable(name) for _, settings, _ in _SECTIONS for name in settings.model_fields}


def file_variables() -> set[str]:
    """Every environment variable that may name the file of a secret."""
    return {
        _variable(name) + SUFFIX
        for _, settings, _ in _SECTIONS
        for name, field in settings.model_fields.items()
        if is_secret(field)
    }


def document() -> str:
    """The whole text of `settings.md`."""
    return "\n".join([_HEAD, *(_section(*section) for section in _SECTIONS)])


def _section(heading: str, settings: Settings, above: Settings | None) -> str:
    known = set(above.model_fields) if above is not None else set()
    rows = [_row(name, field) for name, field in settings.model_fields.items() if name not in known]
    head = ["| variable | type | default | meaning |", "|---|---|---|---|"]
    return "\n".join([f"## {heading}\n", *head, *rows, ""])


def _row(name: str, field: FieldInfo) -> str:
    kind = ", ".join(filter(None, (_type(name, field.annotation), _bounds(field.metadata))))
    cells = (f"`{_variable(name)}`", kind, _default(field), field.description or "")
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _variable(name: str) -> str:
    return f"ADDA_{name.upper()}"


def _type(name: str, annotation: Any) -> str:
    if get_origin(annotation) is UnionType:
        annotation = next(one for one in get_args(annotation) if one is not type(None))
    if get_origin(annotation) is Literal:
        return _choices(get_args(annotation))
    if get_origin(annotation) is tuple:
        return "list, by commas"
    if annotation in _NAMES:
        return _NAMES[annotation]
    if issubclass(annotation, Enum):
        return _choices(one.value for one in annotation)
    if annotation in {int, float}:
        whole = "whole number" if annotation is int else "number"
        return next((unit for unit in _UNITS if name.endswith(unit)), whole)
    return "text"


def _choices(values: Iterable[object]) -> str:
    return " or ".join(f"`{value}`" for value in values)


def _bounds(metadata: Iterable[object]) -> str:
    parts = []
    for one in metadata:
        if isinstance(one, annotated_types.Ge):
            parts.append(f"≥ {_plain(one.ge)}")
        elif isinstance(one, annotated_types.Gt):
            parts.append(f"> {_plain(one.gt)}")
        elif isinstance(one, annotated_types.Le):
            parts.append(f"≤ {_plain(one.le)}")
        elif (pattern := getattr(one, "pattern", None)) is not None:
            parts.append(f"`{pattern}`")
    return ", ".join(parts)


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return _FOUND_OUT[field.default_factory]
    value: object = field.default
    if value is None:
        return "none"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    elif isinstance(value, Enum):
        value = value.value
    elif isinstance(value, tuple):
        value = ",".join(map(str, value))
    return f"`{_plain(value)}`"


def main() -> int:
    """Writes the document; returns the exit code."""
    DOCUMENT.write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

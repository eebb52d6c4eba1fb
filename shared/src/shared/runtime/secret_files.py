"""Secrets that stand in files: `ADDA_DATABASE_URL_FILE` names one, in place of the secret itself.

A variable is seen by whoever may look at the process, and inherited by each child; a file that a
container engine mounts is neither.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from pydantic import SecretStr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

MOST_BYTES: Final = 64 * 1024
SUFFIX: Final = "_FILE"


class UnusableSecretFile(ValueError):
    """A file that was named holds no secret. The message names the variable, never the content."""


def is_secret(field: FieldInfo) -> bool:
    """May the value of `field` stand in a file of its own?"""
    return SecretStr in {field.annotation, *get_args(field.annotation)}


def secret_in_file(variable: str, environment: Mapping[str, str]) -> str | None:
    """The secret that `variable` would hold, out of the file that `<variable>_FILE` names, if any.

    Line ends behind it are not part of it.

    Raises:
        UnusableSecretFile: it cannot be read, holds nothing or too much, or both variables are set.
    """
    path = environment.get(variable + SUFFIX)
    if not path:
        return None
    if environment.get(variable):
        raise UnusableSecretFile(f"{variable} and {variable}{SUFFIX} are both set")
    try:
        with Path(path).open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        secret = content.decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UnusableSecretFile(f"{variable}{SUFFIX} cannot be read: {why}") from None
    if not secret.strip() or len(content) > MOST_BYTES:
        raise UnusableSecretFile(f"{variable}{SUFFIX} names a file that is empty or too large")
    return secret


def secrets_in_files(
    fields: Mapping[str, FieldInfo], prefix: str, environment: Mapping[str, str]
) -> dict[str, Any]:
    """By the names of `fields`: all secrets that the environment puts into files of their own.

    Raises:
        UnusableSecretFile: see `secret_in_file`.
    """
    found = {
        name: secret_in_file(f"{prefix}{name}".upper(), environment)
        for name, field in fields.items()
        if is_secret(field)
    }
    return {name: secret for name, secret in found.items() if secret is not None}

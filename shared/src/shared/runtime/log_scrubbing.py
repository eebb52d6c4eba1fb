"""The last defence against sessions, tokens, passwords, queries and contents in a log. Pure.

Nobody means to log these; but the text of an error may quote anything, and a library may log what
it likes. What is hidden here is a mistake elsewhere, that has harmed nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

HIDDEN: Final = "[hidden]"
MOST_CHARACTERS: Final = 32 * 1024
"""Of one text in a log; nobody reads more, and a disk would fill with it."""

_SECRET_NAMES: Final = frozenset(
    (
        *("authorization", "cookie", "csrf", "password", "secret", "session", "session_id"),
        *("token", "admin_token", "set_cookie", "database_url", "redis_url"),
        *("body", "content", "description", "query", "query_string", "file_url"),
        "sec_websocket_protocol",
    )
)
"""Fields that are never shown, whoever logs them."""

_AS_FIELD: Final = re.compile(
    r"""(?ix) \b ( session_id | [a-z_]{0,20}token | [a-z_]{0,20}password | passwd | secret
    | cookie )
    ( ["'\]]? \s{0,4} [=:] \s{0,4} ["']? ) [^\s&"',;})]+"""
)
_CREDENTIALS: Final = re.compile(r"(?i)\b(bearer|basic)[ ]{1,4}[^\s\"',]+")
_IN_ADDRESS: Final = re.compile(r"://[^\s/@?#]{1,512}@")
_QUERY: Final = re.compile(r"\?[\w.~%-]{1,64}=[^\s\"'<>]*")
_SUBPROTOCOL: Final = re.compile(r"(?i)\badda, ?[\x21-\x7e]{16,255}")
# What PostgreSQL and pydantic quote of the data; all lines of it.
_ROW: Final = re.compile(
    r"\b(DETAIL:)(?s:.*?)(?=\nThe above exception|\nDuring handling|\n\[SQL:|\Z)"
)
_INPUT: Final = re.compile(r"\b(input_value=|input: )[^\n]*")


_HARMLESS: Final = re.compile(r"[\w./+-]{0,200}")
"""Most values are one word, a path or an id: each line of a log costs less so."""


def scrubbed(text: str) -> str:
    """`text` without anything that looks like a secret or like somebody's words."""
    if _HARMLESS.fullmatch(text):
        return text
    if len(text) > MOST_CHARACTERS:
        text = text[:MOST_CHARACTERS] + "…"
    text = _CREDENTIALS.sub(rf"\1 {HIDDEN}", text)
    text = _SUBPROTOCOL.sub(f"adda, {HIDDEN}", text)
    text = _IN_ADDRESS.sub(f"://{HIDDEN}@", text)
    text = _QUERY.sub(f"?{HIDDEN}", text)
    text = _AS_FIELD.sub(rf"\1\2{HIDDEN}", text)
    text = _ROW.sub(rf"\1 {HIDDEN}", text)
    return _INPUT.sub(rf"\1{HIDDEN}", text)


def scrubbed_value(name: str, value: Any) -> Any:
    """The value of a field called `name`, as it may be shown."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if name.lower().replace("-", "_") in _SECRET_NAMES:
        return HIDDEN
    if isinstance(value, str):
        return scrubbed(value)
    return _scrubbed_object(name, value)


def _scrubbed_object(name: str, value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if isinstance(value, Mapping):
        return {key: scrubbed_value(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [scrubbed_value(name, inner) for inner in value]
    return scrubbed(str(value))

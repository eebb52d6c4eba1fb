"""Proof of work, where the server asks for it: the challenge is fetched, and solved in a thread."""

from __future__ import annotations

import asyncio
import json
import threading
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from altcha import (
    Challenge,
    ChallengeParameters,
    Payload,
    derive_key_pbkdf2,
    solve_challenge,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

FETCH_SECONDS: Final = 10.0
SOLVE_SECONDS: Final = 60.0
_OK: Final = 200


class _Stopped(Exception):
    """Nobody waits for the solution any more."""


async def prove(base: str, place: str, options: Mapping[str, Any]) -> str | None:
    """The proof for the challenge at `place` of the server `base`; None: it cannot be had now.

    `options` are those of the socket: a proof is good from the same address alone.
    """
    stop = threading.Event()
    try:
        return await asyncio.to_thread(_prove, base, place, options, stop)
    except (OSError, HTTPException, ValueError, KeyError, TypeError, _Stopped):
        return None
    finally:
        stop.set()


def _prove(base: str, place: str, options: Mapping[str, Any], stop: threading.Event) -> str | None:
    fetched = _fetch(base, place, options)
    if fetched is None:
        return None
    challenge = Challenge.from_dict(fetched)

    def derive_key(parameters: ChallengeParameters, salt: bytes, password: bytes) -> bytes:
        if stop.is_set():
            raise _Stopped
        return derive_key_pbkdf2(parameters, salt, password)

    solution = solve_challenge(challenge, derive_key, timeout=SOLVE_SECONDS)
    return None if solution is None else Payload(challenge, solution).to_base64()


def _fetch(base: str, place: str, options: Mapping[str, Any]) -> dict[str, Any] | None:
    parts = urlsplit(base)
    source, headers = options.get("local_addr"), dict(options.get("additional_headers") or {})
    host = parts.hostname or ""
    connection: HTTPConnection
    if parts.scheme in {"wss", "https"}:
        connection = HTTPSConnection(
            host, parts.port, timeout=FETCH_SECONDS, source_address=source, context=_tls(options)
        )
    else:
        connection = HTTPConnection(host, parts.port, timeout=FETCH_SECONDS, source_address=source)
    try:
        connection.request("GET", place, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    fetched = json.loads(body) if answer.status == _OK else None
    return fetched if isinstance(fetched, dict) else None


def _tls(options: Mapping[str, Any]) -> Any:
    context = options.get("ssl")
    return None if context is True else context  # `True` means the default, as None does here

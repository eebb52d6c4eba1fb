"""Reads what a client says on the way in. Pure: an ASGI scope in, a request or a refusal out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from shared.domain import rules
from shared.domain.client_address import client_address
from shared.domain.ids import chosen_request_id, is_session_id, parse_uuid
from shared.domain.names import normalise_color, normalise_username
from shared.domain.position import Position, parse_position
from shared.domain.rules import RuleViolation
from shared.protocol.errors import Language, language_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from ipaddress import IPv4Address, IPv6Address
    from uuid import UUID

PATH_PREFIX: Final = "/ws/chat/"
SUBPROTOCOL: Final = "adda"
MAX_QUERY_FIELDS: Final = 20


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known before the parameters are read: enough to refuse in the right language."""

    language: Language
    origin: str | None
    subprotocol: str | None
    """The subprotocol to answer with, if the client offered ours."""
    request_id: str
    address: IPv4Address | IPv6Address | None


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """A well-formed wish to enter a room."""

    room: UUID
    session_id: str | None
    username: str | None
    color: str | None
    position: Position | None
    roster_deltas: bool
    """`?roster=delta`: the list once, then only what changes."""
    proof: str | None = None
    """Of work; wanted only while too many come."""


def read_caller(scope: Any, new_id: str, trusted_hops: int) -> Caller:
    """Who asks; `new_id` becomes the id of a request that brought none.

    X-Forwarded-For counts only as far as `trusted_hops` proxies wrote it.
    """
    headers = _headers(scope)
    offered = scope.get("subprotocols") or []
    return Caller(
        language=language_of(headers.get(b"accept-language", b"").decode("latin-1")),
        origin=headers[b"origin"].decode("latin-1") if b"origin" in headers else None,
        subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None,
        request_id=chosen_request_id(headers.get(b"x-request-id", b"").decode("latin-1"), new_id),
        address=client_address(scope["headers"], scope.get("client"), trusted_hops),
    )


def origin_allowed(origin: str | None, allowed: Collection[str]) -> bool:
    """Programs send no Origin; web pages always do (RFC 6455 §10.2)."""
    return origin is None or "*" in allowed or origin in allowed


def is_chat_path(path: str) -> bool:
    """Does `path` name a chat socket, well-formed or not?"""
    return path.startswith(PATH_PREFIX)


def read_join_request(scope: Any) -> JoinRequest:
    """The parameters of a connection, percent-decoded and checked.

    A colour that is none falls back to what is known of the user, as the original took any text.

    Raises:
        RuleViolation: room_id, session_id, username, epoch or since are not well-formed.
    """
    room = parse_uuid(scope["path"].removeprefix(PATH_PREFIX).removesuffix("/"))
    if room is None:
        raise RuleViolation("room_id", "not_a_uuid")
    fields = _query(scope["query_string"])
    session_id = fields.get("session_id") or _session_of(scope.get("subprotocols") or [])
    if session_id is not None and not is_session_id(session_id):
        raise RuleViolation("session_id", rules.MALFORMED)
    username = fields.get("username")
    return JoinRequest(
        room=room,
        session_id=session_id,
        username=normalise_username(username) if username and username.strip() else None,
        color=_color(fields.get("color")),
        position=parse_position(fields.get("epoch"), fields.get("since")),
        roster_deltas=_roster_deltas(fields.get("roster")),
        proof=fields.get("proof"),
    )


def _headers(scope: Any) -> dict[bytes, bytes]:
    return dict(scope["headers"])


def _query(raw: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_QUERY_FIELDS,
        )
    except ValueError as error:  # not UTF-8 behind the percent signs, or too many
        raise RuleViolation("query", rules.MALFORMED) from error
    # Of two equal names the first counts.
    return dict(reversed(pairs))


def _session_of(offered: list[str]) -> str | None:
    """`Sec-WebSocket-Protocol: adda, <session_id>`: keeps the session out of the address."""
    if SUBPROTOCOL in offered:
        rest = [value for value in offered if value != SUBPROTOCOL]
        return rest[0] if rest else None
    return None


def _roster_deltas(raw: str | None) -> bool:
    if raw not in {None, "", "full", "delta"}:
        raise RuleViolation("roster", rules.NOT_A_CHOICE, choices=("full", "delta"))
    return raw == "delta"


def _color(raw: str | None) -> str | None:
    if not raw:
        return None
    try:
        return normalise_color(raw)
    except RuleViolation:
        return None

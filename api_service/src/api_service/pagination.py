"""Pages and cursors. Pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from api_service.public_url import PublicOrigin, query_with
from shared.domain import rules
from shared.domain.rules import RuleViolation
from shared.protocol.errors import ChatError, ErrorCode

if TYPE_CHECKING:
    from starlette.types import Scope

MAX_NUMBER: Final = 250_000_000_000_000_000
"""Far below the end of datetime, in µs since 1970."""


@dataclass(frozen=True, slots=True)
class PageLinks:
    """Addresses of the neighbours of a page."""

    next: str | None
    previous: str | None


NO_LINKS: Final = PageLinks(None, None)
"""Of the only page."""


def numbered_links(
    scope: Scope, origin: PublicOrigin, page: int, page_size: int, count: int
) -> PageLinks:
    """Links of page `page`, counted from 1.

    Raises:
        ChatError: `not_found`, there is no such page. The first always exists.
    """
    last = max(1, -(-count // page_size))
    if page > last:
        raise ChatError(ErrorCode.NOT_FOUND, page=page)

    def link(number: int) -> str:
        # As in the original, the first page is named by leaving its number out.
        text = None if number == 1 else str(number)
        return origin.http(scope["path"], query_with(scope, page=text))

    return PageLinks(link(page + 1) if page < last else None, link(page - 1) if page > 1 else None)


@dataclass(frozen=True, slots=True)
class OnlineCursor:
    """Behind a room that had people online: by their number, then by id."""

    online: int
    room: UUID


@dataclass(frozen=True, slots=True)
class NewestCursor:
    """Behind a room without anybody online: by time of creation (µs), then by id."""

    created_micros: int
    room: UUID


def encode_cursor(cursor: OnlineCursor | NewestCursor) -> str:
    """An opaque text."""
    if isinstance(cursor, OnlineCursor):
        place = ["o", cursor.online, str(cursor.room)]
    else:
        place = ["n", cursor.created_micros, str(cursor.room)]
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def decode_cursor(raw: str) -> OnlineCursor | NewestCursor:
    """The reverse.

    Raises:
        RuleViolation: cursor, malformed: not one of ours.
    """
    try:
        padded = raw + "=" * (-len(raw) % 4)
        kind, number, room = orjson.loads(base64.b64decode(padded, b"-_", validate=True))
        place = int(number), UUID(room)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise RuleViolation("cursor", rules.MALFORMED) from error
    if kind not in ("o", "n") or not 0 <= place[0] <= MAX_NUMBER:
        raise RuleViolation("cursor", rules.MALFORMED)
    return OnlineCursor(*place) if kind == "o" else NewestCursor(*place)

"""People: the columns, filters, search and fixed fields of the original.

Who is online is asked of Redis. A session itself is stored nowhere: its hash stands for it, and the
search takes a session too, whose hash it looks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from markupsafe import Markup
from sqlalchemy import func
from typing_extensions import override

from api_service.admin.filters import Filter, Option, Query, SinceFilter, between
from api_service.admin.view import (
    StaffView,
    ban_address,
    id_condition,
    list_address,
    load_room_names,
    shorten,
    show_code,
    show_moment,
    show_room,
    yes_or_no,
)
from shared.domain.ids import is_session_id, session_hash
from shared.message_store.tables import ChatUser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import URL
    from starlette.requests import Request

MOST_ONLINE: Final = 10_000
"""People online that the filter knows of, at most."""

SESSION_CHARACTERS: Final = 20


@dataclass(frozen=True, slots=True)
class OnlineFilter:
    """Online now, or not."""

    parameter: str = "is_online"
    free: bool = False

    async def options(self, request: Request) -> Sequence[Option]:  # noqa: ARG002 - see Filter
        """Both."""
        return [Option("online", "choice.online"), Option("offline", "choice.offline")]

    async def narrow(self, query: Query, value: str, request: Request) -> Query:
        """Rows of people who are online, or are not."""
        if value not in {"online", "offline"}:
            return query
        deps = request.state.deps
        now_ms = deps.clock.micros() // 1000
        online = await request.state.live_state.online_users(now_ms, MOST_ONLINE)
        here = ChatUser.id.in_(online)
        return query.where(here if value == "online" else ~here)


def _show_session(row: Any, _name: str) -> str:
    return shorten(row.session_hash.hex(), SESSION_CHARACTERS)


def _show_whole_session(row: Any, _name: str) -> Markup:
    return Markup("<code>{}</code>").format(row.session_hash.hex())


def _show_online(row: Any, _name: str, request: Request) -> Markup:
    return yes_or_no(row.id in request.state.online, request)


def _show_color(row: Any, _name: str) -> Markup:
    return Markup("<code>{}</code>").format(row.color)


class UserView(StaffView, model=ChatUser):
    """Everybody who ever came."""

    called = "users"
    column_list = ("username", "session_hash", "is_online", "current_room_id", "last_seen")
    column_details_list = (
        *("username", "color", "is_online", "current_room_id"),
        *("session_hash", "created_at", "last_seen", "id"),
    )
    column_sortable_list = ("username", "last_seen", "created_at")
    column_default_sort: ClassVar[Any] = [("id", True)]
    column_searchable_list = ("username",)
    search_hint = "search.users"
    filters: ClassVar[tuple[Filter, ...]] = (
        OnlineFilter(),
        SinceFilter("created", between(ChatUser.created_at)),
    )
    column_formatters: ClassVar[Any] = {
        "session_hash": _show_session,
        "is_online": _show_online,
        "current_room_id": show_room,
        "last_seen": show_moment,
    }
    column_formatters_detail: ClassVar[Any] = {
        **column_formatters,
        "session_hash": _show_whole_session,
        "created_at": show_moment,
        "color": _show_color,
        "id": show_code,
    }

    @override
    def search_ids(self, term: str) -> Sequence[Any]:
        conditions = id_condition(ChatUser.id, term)
        if is_session_id(term):
            conditions.append(ChatUser.session_hash == session_hash(term))
        digits = term.removesuffix("...").lower()
        if digits and set(digits) <= set("0123456789abcdef"):
            conditions.append(func.encode(ChatUser.session_hash, "hex").startswith(digits))
        return conditions

    @override
    def links_for(self, request: Request, row: Any) -> Sequence[tuple[str, URL]]:
        messages = ("user.messages", list_address(request, "messages", search=row.id))
        return [messages, *ban_address(request, row.id, row.username)]

    @override
    async def prepare(self, rows: Sequence[Any], request: Request) -> None:
        deps = request.state.deps
        now_ms = deps.clock.micros() // 1000
        seen = await deps.presence.last_seen([row.id for row in rows]) if rows else {}
        request.state.online = {user for user, until in seen.items() if until > now_ms}
        await load_room_names(rows, request, "current_room_id")

"""What waits for a decision: reports of people, and messages held back because of a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from api_service.admin import moderation
from api_service.admin.deeds import Act, Deed
from api_service.admin.filters import Filter, NullFilter, RoomFilter, SinceFilter, between
from api_service.admin.roles import Role
from api_service.admin.view import (
    StaffView,
    ban_address,
    list_address,
    load_room_names,
    show_choice,
    show_code,
    show_moment,
    show_room,
    show_short,
)
from api_service.admin.views.messages import show_author
from shared.message_store.tables import HeldMessage, Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import URL
    from starlette.requests import Request


async def _delete(act: Act) -> None:
    await moderation.decide_report(act.deps, act.staff, act.row, delete=True)


async def _keep(act: Act) -> None:
    await moderation.decide_report(act.deps, act.staff, act.row, delete=False)


async def _publish(act: Act) -> None:
    await moderation.decide_held(act.deps, act.staff, act.row, approve=True)


async def _reject(act: Act) -> None:
    await moderation.decide_held(act.deps, act.staff, act.row, approve=False)


def _is_open(row: Any) -> bool:
    return row.decided_at is None


_CELLS: Final[dict[str, Any]] = {
    "username": show_author,
    "room_id": show_room,
    "decision": show_choice,
    "created_at": show_moment,
    "decided_at": show_moment,
    "id": show_code,
}


class ReportView(StaffView, model=Report):
    """Reports; the newest first."""

    called = "reports"
    column_list = ("content", "username", "room_id", "reason", "created_at", "decision")
    column_details_list = (
        *("content", "username", "room_id", "reason", "reporter_id", "created_at"),
        *("decision", "decided_by", "decided_at", "message_id", "id"),
    )
    column_default_sort: ClassVar[Any] = [("id", True)]
    column_searchable_list = ("content", "username", "reason")
    search_hint = "search.reports"
    filters: ClassVar[tuple[Filter, ...]] = (
        NullFilter("state", Report.decided_at, "open", "decided"),
        SinceFilter("created", between(Report.created_at)),
        RoomFilter("room", Report.room_id),
    )
    column_formatters: ClassVar[Any] = {**_CELLS, "content": show_short, "reason": show_short}
    column_formatters_detail: ClassVar[Any] = {
        **_CELLS,
        "reporter_id": show_code,
        "message_id": show_code,
    }
    deeds = (
        Deed(
            "delete",
            "report_delete",
            Role.MODERATOR,
            _delete,
            danger=True,
            applies=_is_open,
        ),
        Deed("keep", "report_keep", Role.MODERATOR, _keep, applies=_is_open),
    )

    @override
    def links_for(self, request: Request, row: Any) -> Sequence[tuple[str, URL]]:
        message = ("message.report", list_address(request, "messages", search=row.message_id))
        return [message, *ban_address(request, row.user_id, row.username)]

    @override
    async def prepare(self, rows: Sequence[Any], request: Request) -> None:
        await load_room_names(rows, request, "room_id")


class HeldView(StaffView, model=HeldMessage):
    """Messages that wait; the newest first."""

    called = "held"
    column_list = ("content", "username", "room_id", "message_type", "created_at", "decision")
    column_details_list = (
        *("content", "username", "room_id", "message_type", "file_url", "created_at"),
        *("decision", "decided_by", "decided_at", "reply_to", "id"),
    )
    column_default_sort: ClassVar[Any] = [("id", True)]
    column_searchable_list = ("content", "username")
    search_hint = "search.messages"
    filters: ClassVar[tuple[Filter, ...]] = (
        NullFilter("state", HeldMessage.decided_at, "open", "decided"),
        RoomFilter("room", HeldMessage.room_id),
    )
    column_formatters: ClassVar[Any] = {
        **_CELLS,
        "content": show_short,
        "message_type": show_choice,
    }
    column_formatters_detail: ClassVar[Any] = {
        **_CELLS,
        "message_type": show_choice,
        "reply_to": show_code,
    }
    deeds = (
        Deed("publish", "held_publish", Role.MODERATOR, _publish, applies=_is_open),
        Deed(
            "reject",
            "held_reject",
            Role.MODERATOR,
            _reject,
            danger=True,
            applies=_is_open,
        ),
    )

    @override
    def links_for(self, request: Request, row: Any) -> Sequence[tuple[str, URL]]:
        return ban_address(request, row.user_id, row.username)

    @override
    async def prepare(self, rows: Sequence[Any], request: Request) -> None:
        await load_room_names(rows, request, "room_id")

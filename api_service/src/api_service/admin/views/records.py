"""The record of what staff did. Nobody can change it here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from markupsafe import Markup
from typing_extensions import override

from api_service.admin.filters import DateDrill, Filter, RoomFilter, SinceFilter, made_between
from api_service.admin.view import (
    StaffView,
    load_room_names,
    shorten,
    show_code,
    show_moment,
    show_room,
)
from shared.message_store.tables import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

_MOST_DETAILS = 80


def _show_action(row: Any, _name: str, request: Request) -> str:
    text: str = request.state.speech.action(row.action)
    return text


def _details_text(row: Any) -> str:
    return json.dumps(row.details, ensure_ascii=False, sort_keys=True)


def _show_details(row: Any, _name: str) -> str:
    return shorten(_details_text(row), _MOST_DETAILS) if row.details else ""


def _show_all_details(row: Any, _name: str) -> Markup:
    return Markup("<code>{}</code>").format(_details_text(row))


class RecordView(StaffView, model=AuditEntry):
    """Everything that was done, and who came in; the newest first."""

    called = "audit"
    column_list = ("made_by", "action", "subject", "room_id", "details", "created_at")
    column_details_list = (*column_list, "id")
    column_default_sort: ClassVar[Any] = [("id", True)]
    column_searchable_list = ("made_by", "action", "subject")
    search_hint = "search.audit"
    filters: ClassVar[tuple[Filter, ...]] = (
        SinceFilter("created", made_between(AuditEntry.id)),
        RoomFilter("room", AuditEntry.room_id),
    )
    drill = DateDrill(AuditEntry.id)
    column_formatters: ClassVar[Any] = {
        "action": _show_action,
        "room_id": show_room,
        "details": _show_details,
        "created_at": show_moment,
    }
    column_formatters_detail: ClassVar[Any] = {
        **column_formatters,
        "details": _show_all_details,
        "id": show_code,
    }

    @override
    async def prepare(self, rows: Sequence[Any], request: Request) -> None:
        await load_room_names(rows, request, "room_id")

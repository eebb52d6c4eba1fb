"""Rooms: the columns, filters, search and fixed fields of the original."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import UUID

from typing_extensions import override

from api_service import room_settings
from api_service.admin.audit import AuditLog, Record, by_admin, changes_of
from api_service.admin.deeds import Act, Deed, Field
from api_service.admin.filters import ChoiceFilter, Filter, SinceFilter, between
from api_service.admin.roles import Role
from api_service.admin.view import (
    StaffView,
    id_condition,
    list_address,
    show_code,
    show_moment,
    show_number,
    show_yes,
)
from api_service.callers import Caller
from api_service.requests import RoomRequest
from shared.domain.rooms import (
    ROOM_RULES,
    check_max_users,
    normalise_description,
    normalise_room_name,
)
from shared.message_store.tables import Room

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import URL
    from starlette.requests import Request

    from api_service.admin.filters import Query

STAFF: Final = Caller(None)
"""How the use cases know somebody who may do everything; who it was, is in the record."""


def _wanted(act: Act) -> RoomRequest:
    raw = act.text("max_users")
    return RoomRequest.model_construct(
        _fields_set={"name", "description", "max_users", "is_public"},
        name=normalise_room_name(act.text("name")),
        description=normalise_description(act.text("description")) or None,
        max_users=check_max_users(raw or ROOM_RULES.default_max_users),
        is_public=act.checked("is_public"),
    )


async def _create(act: Act) -> None:
    wanted = _wanted(act)
    made = await room_settings.create_room(act.deps, wanted, STAFF)
    await _record(act, "room_created", made.id, changes_of({}, wanted.model_dump()))


async def _change(act: Act) -> None:
    wanted = _wanted(act)
    new = wanted.model_dump()
    old = {name: getattr(act.row, name) for name in new}
    await room_settings.change_room(act.deps, act.row.id, wanted, STAFF)
    await _record(act, "room_changed", act.row.id, changes_of(old, new))


async def _delete(act: Act) -> None:
    await room_settings.delete_room(act.deps, act.row.id, STAFF)
    details = {"name": {"old": act.row.name, "new": None}}
    await _record(act, "room_deleted", act.row.id, details)


async def _record(act: Act, action: str, room: UUID, details: dict[str, Any]) -> None:
    record = Record(by_admin(act.staff.name), action, str(room), details, room)
    await AuditLog(act.deps.database, act.deps.clock, act.deps.ids).add(record)


def _is_there(row: Any) -> bool:
    return row.deleted_at is None


def _show_online(row: Any, _name: str, request: Request) -> str:
    text: str = request.state.speech.number(request.state.online.get(row.id, 0))
    return text


_FIELDS: Final = (
    Field("name", initial=lambda row: row.name),
    Field("description", "area", initial=lambda row: row.description),
    Field("is_public", "check", initial=lambda row: row.is_public, default="1"),
    Field("max_users", "number", initial=lambda row: row.max_users),
)


class RoomView(StaffView, model=Room):
    """Rooms that were not deleted."""

    called = "rooms"
    column_list = ("name", "is_public", "max_users", "created_at", "online")
    column_details_list = (
        *("name", "description", "is_public", "max_users", "online"),
        *("created_at", "updated_at", "owner_id", "id"),
    )
    column_sortable_list = ("name", "max_users", "created_at")
    column_default_sort: ClassVar[Any] = [("created_at", True), ("id", True)]
    column_searchable_list = ("name", "description")
    search_hint = "search.rooms"
    fixed = ("created_at", "updated_at")
    filters: ClassVar[tuple[Filter, ...]] = (
        ChoiceFilter("is_public", Room.is_public, (("public", True), ("unlisted", False))),
        SinceFilter("created", between(Room.created_at)),
    )
    column_formatters: ClassVar[Any] = {
        "is_public": show_yes,
        "max_users": show_number,
        "created_at": show_moment,
        "updated_at": show_moment,
        "online": _show_online,
        "owner_id": show_code,
        "id": show_code,
    }
    column_formatters_detail = column_formatters
    deeds = (
        Deed("add", "room_add", Role.ADMIN, _create, _FIELDS, on_row=False),
        Deed("edit", "room_edit", Role.ADMIN, _change, _FIELDS, applies=_is_there),
        Deed("delete", "room_delete", Role.ADMIN, _delete, danger=True, applies=_is_there),
    )

    @override
    def list_query(self, request: Request) -> Query:
        return super().list_query(request).where(Room.deleted_at.is_(None))

    @override
    def search_ids(self, term: str) -> Sequence[Any]:
        return id_condition(Room.id, term)

    @override
    def links_for(self, request: Request, row: Any) -> Sequence[tuple[str, URL]]:
        connections = request.url_for("admin:view-connections")
        return [
            ("room.messages", list_address(request, "messages", room=row.id)),
            ("room.connections", connections.include_query_params(room=row.id)),
        ]

    @override
    async def prepare(self, rows: Sequence[Any], request: Request) -> None:
        ids = [row.id for row in rows]
        counts = await request.state.deps.live.online_counts(ids) if ids else []
        request.state.online = {room: online for room, (online, _) in zip(ids, counts, strict=True)}

"""Messages: the columns, filters, search and way down by dates of the original.

A list of messages always goes by their ids, in which their time lies: that is indexed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from markupsafe import Markup
from typing_extensions import override

from api_service.admin import moderation
from api_service.admin.deeds import Act, Deed
from api_service.admin.filters import (
    ChoiceFilter,
    DateDrill,
    Filter,
    Query,
    RoomFilter,
    SinceFilter,
    made_between,
)
from api_service.admin.roles import Role
from api_service.admin.view import (
    StaffView,
    ban_address,
    id_condition,
    load_room_names,
    show_choice,
    show_code,
    show_moment,
    show_room,
    show_short,
)
from shared.message_store.message_reader import IN_A_ROOM
from shared.message_store.tables import MESSAGE_TYPES, ChatUser, Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import URL
    from starlette.requests import Request


async def _delete(act: Act) -> None:
    await moderation.delete_message(act.deps, act.staff, act.row.id)


def _is_there(row: Any) -> bool:
    return row.deleted_at is None


def show_author(row: Any, _name: str, request: Request) -> Markup:
    """A cell with who wrote it: the name of then, leading to the person of now."""
    url = request.url_for("admin:details", identity=ChatUser.__tablename__, pk=str(row.user_id))
    return Markup('<a href="{}">{}</a>').format(url, row.username)


class MessageView(StaffView, model=Message):
    """Messages that PostgreSQL has; the newest first."""

    called = "messages"
    column_list = ("username", "room_id", "content", "message_type", "created_at")
    column_details_list = (
        *("username", "room_id", "content", "message_type", "file_url", "created_at"),
        *("edited_at", "deleted_at", "revision", "reply_to", "seq", "id"),
    )
    column_default_sort: ClassVar[Any] = [("id", True)]
    column_searchable_list = ("content", "username")
    search_hint = "search.messages"
    filters: ClassVar[tuple[Filter, ...]] = (
        ChoiceFilter(
            "message_type", Message.message_type, tuple((one, one) for one in MESSAGE_TYPES)
        ),
        SinceFilter("created", made_between(Message.id)),
        RoomFilter("room", Message.room_id),
    )
    drill = DateDrill(Message.id)
    column_formatters: ClassVar[Any] = {
        "username": show_author,
        "room_id": show_room,
        "content": show_short,
        "message_type": show_choice,
        "created_at": show_moment,
    }
    column_formatters_detail: ClassVar[Any] = {
        "username": show_author,
        "room_id": show_room,
        "message_type": show_choice,
        "created_at": show_moment,
        "edited_at": show_moment,
        "deleted_at": show_moment,
        "reply_to": show_code,
        "id": show_code,
    }
    deeds = (
        Deed("delete", "message_delete", Role.MODERATOR, _delete, danger=True, applies=_is_there),
    )

    @override
    def list_query(self, request: Request) -> Query:
        return super().list_query(request).where(Message.deleted_at.is_(None), IN_A_ROOM)

    @override
    def _stmt_by_identifier(self, identifier: str) -> Query:
        found: Query = super()._stmt_by_identifier(identifier).where(IN_A_ROOM)
        return found

    @override
    def search_ids(self, term: str) -> Sequence[Any]:
        return [*id_condition(Message.id, term), *id_condition(Message.user_id, term)]

    @override
    def links_for(self, request: Request, row: Any) -> Sequence[tuple[str, URL]]:
        return ban_address(request, row.user_id, row.username)

    @override
    async def prepare(self, rows: Sequence[Any], request: Request) -> None:
        await load_room_names(rows, request, "room_id")

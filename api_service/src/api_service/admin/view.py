"""What all tables of the pages have in common: bounded lists, deeds, cells in anybody's words."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import UUID

from markupsafe import Markup, escape
from sqladmin import ModelView, expose
from sqladmin.pagination import Pagination
from sqlalchemy import String, cast, false, func, or_, select
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from typing_extensions import override

from api_service.admin.deed_page import answer_deed
from api_service.admin.filters import DateDrill, DatePath, Filter, Query
from api_service.admin.roles import Role
from shared.domain.ids import parse_uuid
from shared.domain.moderation import EVERYWHERE
from shared.message_store.tables import Room
from shared.message_store.unavailable import is_refusal, outage_as_unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import URL
    from starlette.requests import Request
    from starlette.responses import Response

    from api_service.admin.deeds import Deed
    from api_service.wiring import Deps

MOST_COUNTED: Final = 10_000
"""Rows are counted, and can be leafed through, no further."""

LONGEST_IDENTIFIER: Final = 200

SHORT: Final = 50
"""Characters of a long text in a list, as in the original."""


class StaffView(ModelView):
    """A table. Titles are texts: `view.<called>` and `column.<name>`."""

    called: ClassVar[str]
    """In addresses. sqladmin would name it after the model; see `pages.py`."""

    can_create = False
    can_edit = False
    can_delete = False
    can_export = False
    can_import = False
    page_size = 25
    page_size_options = (25, 50, 100)
    list_template = "list.html"
    details_template = "details.html"

    sees: ClassVar[Role] = Role.VIEWER
    deeds: ClassVar[tuple[Deed, ...]] = ()
    filters: ClassVar[tuple[Filter, ...]] = ()
    drill: ClassVar[DateDrill | None] = None
    search_hint: ClassVar[str] = ""
    """Key of the text that says what is searched; "": nothing is."""
    fixed: ClassVar[tuple[str, ...]] = ()
    """Times that a form shows and nobody can change."""

    @override
    async def list(self, request: Request) -> Pagination:
        """One page; what stands beside the rows is in `request.state`."""
        asked = request.query_params
        statement = self.list_query(request)
        for one in self.filters:
            if value := asked.get(one.parameter):
                statement = await one.narrow(statement, value, request)
        path = DatePath.of(asked)
        if self.drill is not None:
            statement = self.drill.narrow(statement, path)
        if term := asked.get("search", "").strip():
            statement = self.search(statement, term)
        page = page_number(asked.get("page"), 1)
        size = min(max(page_number(asked.get("pageSize"), self.page_size), 1), 100)
        inner = statement.order_by(None).limit(MOST_COUNTED + 1).subquery()
        deps: Deps = request.state.deps
        with outage_as_unavailable():
            async with asyncio.timeout(deps.settings.database_seconds):
                counted = await self.count(request, select(func.count()).select_from(inner))
                count = min(counted, MOST_COUNTED)
                page = min(max(page, 1), Pagination.max_page(count, size))
                ordered = self.sort_query(statement, request)
                rows = await self._run_query(ordered.limit(size).offset((page - 1) * size))
        request.state.more_than_counted = counted > MOST_COUNTED
        request.state.path = path
        await self.prepare(rows, request)
        return Pagination(rows=list(rows), page=page, page_size=size, count=count)

    @override
    async def list_context(self, request: Request) -> dict[str, Any]:
        """What the template shows around the rows."""
        choices: Sequence[int] = []
        path = DatePath.of(request.query_params)
        if self.drill is not None:
            async with request.state.deps.database.reading() as connection:
                choices = await self.drill.choices(connection, path)
        options = [(one, await one.options(request)) for one in self.filters]
        return {"options": options, "path": path, "date_choices": choices}

    @override
    async def get_object_for_details(self, request: Request) -> Any:
        """The row, or None."""
        row = await self.find_row(request.path_params["pk"])
        if row is not None:
            await self.prepare([row], request)
        return row

    @override
    async def check_can_view_details(self, request: Request, model: Any) -> bool:
        """Whoever sees the list sees the rows; what is not there is told as such."""
        if model is None:
            raise HTTPException(404)
        return await super().check_can_view_details(request, model)

    async def find_row(self, identifier: str) -> Any:
        """The row of an identifier in an address; None if there is none, or it is none."""
        if len(identifier) > LONGEST_IDENTIFIER:
            return None
        try:
            statement = self._stmt_by_identifier(identifier)
        except (ValueError, TypeError, IndexError):
            return None
        try:
            with outage_as_unavailable():
                return await self._get_object_by_pk(statement)
        except DBAPIError as error:
            cause = error.orig.__cause__ if error.orig is not None else None
            if cause is None or not is_refusal(cause):
                raise
            return None  # a number, but none that a row could have

    async def prepare(self, rows: Sequence[Any], request: Request) -> None:
        """Reads, for all rows at once, what their cells need besides."""

    def search(self, statement: Query, term: str) -> Query:
        """Rows that hold `term` in one of `column_searchable_list`; ids as a whole."""
        if "\0" in term:
            return statement.where(false())
        conditions = [
            cast(getattr(self.model, name), String).icontains(term, autoescape=True)
            for name in self._search_fields
        ]
        return statement.where(or_(false(), *conditions, *self.search_ids(term)))

    def search_ids(self, _term: str) -> Sequence[Any]:
        """More conditions for a term."""
        return ()

    def title_of(self, row: Any) -> str:
        """What a row is called above a form."""
        return shorten(str(getattr(row, self._list_prop_names[0])), SHORT)

    def links_for(self, request: Request, row: Any) -> Sequence[tuple[str, URL]]:  # noqa: ARG002
        """Where a row leads to besides: texts and addresses."""
        return []

    def deeds_for(self, request: Request, row: Any = None) -> Sequence[Deed]:
        """What this reader may do with a row, or (None) without one."""
        staff = request.state.staff
        return [
            deed
            for deed in self.deeds
            if deed.allowed_to(staff)
            and deed.on_row == (row is not None)
            and (row is None or deed.applies(row))
        ]

    @expose("/do/{deed}", methods=["GET", "POST"])
    async def do(self, request: Request) -> Response:
        """A deed: its form, and doing it."""
        return await answer_deed(self, request)


def page_number(text: str | None, default: int) -> int:
    """A number in an address; `default` for what is none."""
    if text is None or not (text.isascii() and text.isdecimal() and len(text) <= 9):  # noqa: PLR2004
        return default
    return int(text)


def show_moment(row: Any, name: str, request: Request) -> str:
    """A cell with a time."""
    text: str = request.state.speech.moment(getattr(row, name))
    return text


def show_choice(row: Any, name: str, request: Request) -> str:
    """A cell with one of a few values."""
    value = getattr(row, name)
    text: str = request.state.speech.text(f"choice.{value}") if value is not None else "—"
    return text


def show_number(row: Any, name: str, request: Request) -> str:
    """A cell with a number."""
    text: str = request.state.speech.number(getattr(row, name))
    return text


def show_yes(row: Any, name: str, request: Request) -> Markup:
    """A cell with yes or no."""
    return yes_or_no(bool(getattr(row, name)), request)


def yes_or_no(value: bool, request: Request) -> Markup:  # noqa: FBT001 - the value is all of it
    """A tick or a dash, with words for those who hear the page."""
    text = request.state.speech.text("yes" if value else "no")
    mark, kind = ("✓", "yes") if value else ("–", "no")
    return Markup('<span class="{}" title="{}">{}</span>').format(kind, text, mark)


def show_short(row: Any, name: str) -> str:
    """A cell with the beginning of a text."""
    return shorten(getattr(row, name) or "", SHORT)


def shorten(text: str, most: int) -> str:
    """As the original: cut, with three dots."""
    return text[:most] + "..." if len(text) > most else text


def show_code(row: Any, name: str) -> Markup:
    """A cell with an id."""
    value = getattr(row, name)
    return Markup("—") if value is None else Markup("<code>{}</code>").format(value)


async def load_room_names(rows: Sequence[Any], request: Request, *names: str) -> None:
    """Reads names of rooms for `show_room`."""
    ids = {getattr(row, name) for row in rows for name in names} - {None, EVERYWHERE}
    records = await request.state.deps.room_directory.rooms_by_ids(ids) if ids else {}
    request.state.room_names = {room: one.settings.name for room, one in records.items()}


def show_room(row: Any, name: str, request: Request) -> Markup:
    """A cell with a room: its name, leading to it."""
    room = getattr(row, name)
    if room is None:
        return Markup("—")
    if room == EVERYWHERE:
        return escape(request.state.speech.text("all_rooms"))
    return room_link(room, request)


def room_link(room: UUID, request: Request) -> Markup:
    """A link to a room by its name, or by its id where that is not known."""
    title = request.state.room_names.get(room) or str(room)[:8] + "…"
    url = request.url_for("admin:details", identity=Room.__tablename__, pk=str(room))
    return Markup('<a href="{}">{}</a>').format(url, title)


def id_condition(column: Any, term: str) -> list[Any]:
    """Rows by a whole id."""
    found = parse_uuid(term)
    return [] if found is None else [column == found]


def list_address(request: Request, identity: str, **query: object) -> URL:
    """The address of a list, narrowed."""
    return request.url_for("admin:list", identity=identity).include_query_params(**query)


def ban_address(request: Request, user: UUID, username: str) -> list[tuple[str, URL]]:
    """A link to the form of a ban, filled in for somebody, for those who may."""
    if not request.state.staff.role.includes(Role.MODERATOR):
        return []
    form = request.url_for("admin:view-sanctions-do", deed="add")
    filled = form.include_query_params(subject_kind="user", subject=user, shown_as=username)
    return [("user.ban", filled)]

"""What narrows a list: a choice, a span of time, a room; and the way down through the dates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from sqlalchemy import Select, and_, select

from shared.domain.ids import parse_uuid, uuid7, uuid7_micros
from shared.domain.times import DHAKA, datetime_of, micros_of
from shared.message_store.tables import Room

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection
    from starlette.requests import Request

Query = Select[Any]
Between = Callable[[datetime, datetime], "ColumnElement[bool]"]
"""A condition: from the first moment on, before the second."""

MOST_ROOMS: Final = 20
_EARLIEST_YEAR: Final = 1970
_LATEST_YEAR: Final = 9998


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a filter; `text` is a key of TEXTS, or (`literal`) what is shown."""

    value: str
    text: str
    literal: bool = False


class Filter(Protocol):
    """Narrows by one parameter of the address; its title is the text `filter.<parameter>`."""

    @property
    def parameter(self) -> str:
        """Of the address."""

    @property
    def free(self) -> bool:
        """May anything be written, too?"""

    async def options(self, request: Request) -> Sequence[Option]:
        """What can be chosen."""

    async def narrow(self, query: Query, value: str, request: Request) -> Query:
        """The query for `value`; one that means nothing narrows nothing."""


def between(column: Any) -> Between:
    """For a column of moments."""

    def condition(start: datetime, end: datetime) -> ColumnElement[bool]:
        return and_(column >= start, column < end)

    return condition


def made_between(column: Any) -> Between:
    """For a column of UUIDv7: time lies in them, and they are indexed where it is not."""

    def condition(start: datetime, end: datetime) -> ColumnElement[bool]:
        return and_(column >= _first_id(start), column < _first_id(end))

    return condition


def _first_id(moment: datetime) -> UUID:
    return uuid7(max(0, micros_of(moment) // 1000), 0)


@dataclass(frozen=True, slots=True)
class ChoiceFilter:
    """One of a few values of a column."""

    parameter: str
    column: Any
    values: tuple[tuple[str, Any], ...]
    """In the address, and in the column; shown as the text `choice.<value>`."""
    free: bool = False

    async def options(self, request: Request) -> Sequence[Option]:  # noqa: ARG002 - see Filter
        """All of them."""
        return [Option(value, f"choice.{value}") for value, _ in self.values]

    async def narrow(self, query: Query, value: str, request: Request) -> Query:  # noqa: ARG002
        """Rows with that value."""
        known = dict(self.values)
        return query.where(self.column == known[value]) if value in known else query


@dataclass(frozen=True, slots=True)
class NullFilter:
    """Whether a column is empty."""

    parameter: str
    column: Any
    when_null: str
    when_set: str
    free: bool = False

    async def options(self, request: Request) -> Sequence[Option]:  # noqa: ARG002 - see Filter
        """Both."""
        return [Option(value, f"choice.{value}") for value in (self.when_null, self.when_set)]

    async def narrow(self, query: Query, value: str, request: Request) -> Query:  # noqa: ARG002
        """Rows of one kind."""
        if value == self.when_null:
            return query.where(self.column.is_(None))
        return query.where(self.column.is_not(None)) if value == self.when_set else query


@dataclass(frozen=True, slots=True)
class SinceFilter:
    """Today, the last seven days, this month, this year: days of Dhaka."""

    parameter: str
    condition: Between
    free: bool = False

    async def options(self, request: Request) -> Sequence[Option]:  # noqa: ARG002 - see Filter
        """Those four."""
        return [Option(value, f"since.{value}") for value in ("today", "week", "month", "year")]

    async def narrow(self, query: Query, value: str, request: Request) -> Query:
        """Rows since then."""
        now = datetime_of(request.state.deps.clock.micros())
        start = since(value, now)
        return query if start is None else query.where(self.condition(start, _END))


_END: Final = datetime(_LATEST_YEAR, 1, 1, tzinfo=DHAKA)


def since(value: str, now: datetime) -> datetime | None:
    """When `today`, `week`, `month` or `year` began; None for anything else."""
    today = now.astimezone(DHAKA).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "today": today,
        "week": today - timedelta(days=7),
        "month": today.replace(day=1),
        "year": today.replace(month=1, day=1),
    }.get(value)


@dataclass(frozen=True, slots=True)
class RoomFilter:
    """A room: the newest ones to choose from, any other by its id."""

    parameter: str
    column: Any
    free: bool = True

    async def options(self, request: Request) -> Sequence[Option]:
        """The newest listed rooms."""
        statement = (
            select(Room.id, Room.name)
            .where(Room.is_public, Room.deleted_at.is_(None))
            .order_by(Room.created_at.desc(), Room.id.desc())
            .limit(MOST_ROOMS)
        )
        async with request.state.deps.database.reading() as connection:
            rows = (await connection.execute(statement)).all()
        return [Option(str(row.id), row.name, literal=True) for row in rows]

    async def narrow(self, query: Query, value: str, request: Request) -> Query:  # noqa: ARG002
        """Rows of that room."""
        room = parse_uuid(value.strip())
        return query if room is None else query.where(self.column == room)


@dataclass(frozen=True, slots=True)
class DatePath:
    """Where one is on the way down: a year, a month of it, a day of that."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> DatePath:
        """As an address says; what is no date is left out, with all below it."""
        numbers: list[int] = []
        for name, least, most in (
            ("year", _EARLIEST_YEAR, _LATEST_YEAR),
            ("month", 1, 12),
            ("day", 1, 31),
        ):
            text = query.get(name, "")
            if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
                break
            numbers.append(int(text))
        path = cls(*numbers)
        try:
            path.span()
        except ValueError:
            return cls(path.year, path.month)  # the 31st of a month that has 30
        return path

    def span(self) -> tuple[datetime, datetime] | None:
        """First moment, and the first one after it; None: all times."""
        if self.year is None:
            return None
        start = datetime(self.year, self.month or 1, self.day or 1, tzinfo=DHAKA)
        if self.day is not None:
            return start, start + timedelta(days=1)
        if self.month is not None:
            after = (start + timedelta(days=31)).replace(day=1)
            return start, after
        return start, start.replace(year=self.year + 1)


@dataclass(frozen=True, slots=True)
class DateDrill:
    """Years, months and days of a column of UUIDv7 ids."""

    column: Any

    def narrow(self, query: Query, path: DatePath) -> Query:
        """Rows of that year, month or day."""
        span = path.span()
        return query if span is None else query.where(made_between(self.column)(*span))

    async def choices(self, connection: AsyncConnection, path: DatePath) -> list[int]:
        """What one can choose next, between the oldest and the newest row; by the index alone."""
        if path.day is not None:
            return []
        ends: list[Any] = []
        for order in (self.column.asc(), self.column.desc()):
            narrowed = self.narrow(select(self.column), path).order_by(order).limit(1)
            ends.append(await connection.scalar(narrowed))
        if None in ends:
            return []
        first, last = (datetime_of(uuid7_micros(end)).astimezone(DHAKA) for end in ends)
        if path.year is None:
            return list(range(first.year, last.year + 1))
        if path.month is None:
            return list(range(first.month, last.month + 1))
        return list(range(first.day, last.day + 1))

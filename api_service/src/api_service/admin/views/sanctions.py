"""Bans and mutes, and the lists of words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from api_service.admin import moderation
from api_service.admin.deeds import Act, Deed, Field
from api_service.admin.filters import ChoiceFilter, Filter, NullFilter, RoomFilter
from api_service.admin.roles import Role
from api_service.admin.view import (
    StaffView,
    load_room_names,
    show_choice,
    show_code,
    show_moment,
    show_room,
)
from shared.domain.moderation import MOST_REASON_GRAPHEMES
from shared.domain.rules import BLANK, TOO_LONG, RuleViolation
from shared.domain.text import exceeds_graphemes, nfc, strip_blank, without_unsafe_characters
from shared.domain.word_filter import normalise_word
from shared.message_store.tables import SanctionRow, WordRow
from shared.protocol.errors import ValidationFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

MOST_HOURS: Final = 24 * 366 * 10
MOST_SUBJECT: Final = 400


def _filled(act: Act, name: str, most: int) -> str:
    value = nfc(strip_blank(without_unsafe_characters(act.text(name))))
    if not value:
        raise RuleViolation(name, BLANK)
    if exceeds_graphemes(value, most):
        raise RuleViolation(name, TOO_LONG)
    return value


def _hours(act: Act) -> int | None:
    text = act.text("hours")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 7):  # noqa: PLR2004 - see MOST_HOURS
        raise ValidationFailed.of("hours", "not_a_number")
    if not 1 <= int(text) <= MOST_HOURS:
        raise ValidationFailed.of("hours", "out_of_range")
    return int(text)


async def _add_sanction(act: Act) -> None:
    new = moderation.NewSanction(
        room=act.room(),
        kind=act.choice("kind", moderation.KINDS),
        subject_kind=act.choice("subject_kind", moderation.SUBJECT_KINDS),
        subject=_filled(act, "subject", MOST_SUBJECT),
        shown_as=nfc(act.text("shown_as"))[:MOST_SUBJECT],
        reason=_filled(act, "reason", MOST_REASON_GRAPHEMES),
        hours=_hours(act),
    )
    await moderation.add_sanction(act.deps, act.staff, new)


async def _lift(act: Act) -> None:
    await moderation.lift_sanction(act.deps, act.staff, act.row.room_id, act.row.id)


async def _add_word(act: Act) -> None:
    word = normalise_word(act.text("word"))
    action = act.choice("action", moderation.WORD_ACTIONS)
    await moderation.put_word(act.deps, act.staff, act.room(), word, action)


async def _change_word(act: Act) -> None:
    action = act.choice("action", moderation.WORD_ACTIONS)
    await moderation.put_word(act.deps, act.staff, act.row.room_id, act.row.word, action)


async def _remove_word(act: Act) -> None:
    await moderation.remove_word(act.deps, act.staff, act.row.room_id, act.row.id)


def _counts(row: Any) -> bool:
    return row.lifted_at is None


class SanctionView(StaffView, model=SanctionRow):
    """Bans and mutes, lifted and expired ones too."""

    called = "sanctions"
    column_list = (
        *("shown_as", "kind", "subject_kind", "room_id", "reason", "made_by"),
        *("created_at", "expires_at", "lifted_at"),
    )
    column_details_list = (*column_list, "subject", "id")
    column_default_sort: ClassVar[Any] = [("id", True)]
    column_searchable_list = ("shown_as", "subject", "reason", "made_by")
    search_hint = "search.sanctions"
    filters: ClassVar[tuple[Filter, ...]] = (
        ChoiceFilter("kind", SanctionRow.kind, tuple((one, one) for one in moderation.KINDS)),
        NullFilter("state", SanctionRow.lifted_at, "in_force", "lifted"),
        RoomFilter("room", SanctionRow.room_id),
    )
    column_formatters: ClassVar[Any] = {
        "kind": show_choice,
        "subject_kind": show_choice,
        "room_id": show_room,
        "created_at": show_moment,
        "expires_at": show_moment,
        "lifted_at": show_moment,
        "id": show_code,
    }
    column_formatters_detail = column_formatters
    deeds = (
        Deed(
            "add",
            "sanction_add",
            Role.MODERATOR,
            _add_sanction,
            (
                Field("kind", "choice", moderation.KINDS, default="mute"),
                Field("subject_kind", "choice", moderation.SUBJECT_KINDS, default="user"),
                Field("subject"),
                Field("shown_as"),
                Field("reason"),
                Field("hours", "number", default="24"),
                Field("room_id"),
            ),
            on_row=False,
        ),
        Deed("lift", "sanction_lift", Role.MODERATOR, _lift, applies=_counts),
    )

    @override
    async def prepare(self, rows: Sequence[Any], request: Request) -> None:
        await load_room_names(rows, request, "room_id")


class WordView(StaffView, model=WordRow):
    """Words that are not wanted, in a room or in all."""

    called = "words"
    column_list = ("word", "action", "room_id", "created_at")
    column_details_list = (*column_list, "id")
    column_sortable_list = ("word",)
    column_default_sort: ClassVar[Any] = [("id", True)]
    column_searchable_list = ("word",)
    search_hint = "search.words"
    filters: ClassVar[tuple[Filter, ...]] = (
        ChoiceFilter(
            "action", WordRow.action, tuple((one, one) for one in moderation.WORD_ACTIONS)
        ),
        RoomFilter("room", WordRow.room_id),
    )
    column_formatters: ClassVar[Any] = {
        "action": show_choice,
        "room_id": show_room,
        "created_at": show_moment,
        "id": show_code,
    }
    column_formatters_detail = column_formatters
    deeds = (
        Deed(
            "add",
            "word_add",
            Role.MODERATOR,
            _add_word,
            (
                Field("word"),
                Field("action", "choice", moderation.WORD_ACTIONS),
                Field("room_id"),
            ),
            on_row=False,
        ),
        Deed(
            "edit",
            "word_edit",
            Role.MODERATOR,
            _change_word,
            (Field("action", "choice", moderation.WORD_ACTIONS, initial=lambda row: row.action),),
        ),
        Deed("delete", "word_delete", Role.MODERATOR, _remove_word, danger=True),
    )

    @override
    async def prepare(self, rows: Sequence[Any], request: Request) -> None:
        await load_room_names(rows, request, "room_id")

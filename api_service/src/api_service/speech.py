"""What the rules of a room mean for what comes by REST; sockets have `ws_service.standing`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from api_service.limits import counted_caller
from shared.domain.budgets import Budget, Scope
from shared.domain.moderation import EVERYWHERE, Origin, Who, no_address
from shared.domain.word_index import WordAction
from shared.limits.buckets import Charge
from shared.message_store.review_directory import HeldRecord
from shared.protocol.codec import StoredMessage, encode_body
from shared.protocol.errors import (
    ChatError,
    ErrorCode,
    Forbidden,
    SlowedDown,
    ValidationFailed,
)

if TYPE_CHECKING:
    from fastapi import Request

    from api_service.wiring import Deps
    from shared.domain.entities import User
    from shared.domain.moderation import Role, Sanction
    from shared.domain.room_rules import Law
    from shared.usecases.post_message import CheckedDraft

SPEECH_ERRORS: Final = (
    ErrorCode.BANNED,
    ErrorCode.MUTED,
    ErrorCode.ROOM_LOCKED,
    ErrorCode.WORDS_REFUSED,
    ErrorCode.HELD_FOR_REVIEW,
)


async def who_calls(deps: Deps, request: Request, user: User | None) -> Who:
    """The caller, as far as sanctions know them; None: without a session."""
    counted = await counted_caller(deps, request)
    known = ("", "") if user is None else (str(user.id), user.username)
    if counted is None:
        return Who(*known, no_address)
    network = counted.network
    return Who(*known, lambda day: deps.addresses.name_on(network, day))


async def check_maker(deps: Deps, request: Request, user: User | None) -> None:
    """May they have a room of their own?

    Raises:
        Forbidden: `banned`, from all rooms.
    """
    law = await deps.rules.law(EVERYWHERE)
    await deps.addresses.learn(law.everywhere.sanctions.by_address)
    micros = deps.clock.micros()
    who = await who_calls(deps, request, user)
    _forbid(ErrorCode.BANNED, law.ban_of(who, micros), micros)


async def entering(
    deps: Deps, request: Request, wanted: User, room: UUID, known: User | None = None
) -> User:
    """As whom they may be in the room: as `wanted`, or, where they are muted, as they are `known`.

    Raises:
        Forbidden: `banned`.
        ChatError: `room_locked`.
        ValidationFailed: there is an unwanted word in their name.
    """
    law, role = await _law_and_role(deps, room, wanted)
    micros = deps.clock.micros()
    who = await who_calls(deps, request, known or wanted)
    silent = law.mute_of(who, micros) is not None or law.shadow_of(who, micros) is not None
    user = known if known is not None and silent else wanted
    who = who._replace(username=user.username)
    _forbid(ErrorCode.BANNED, law.ban_of(who, micros), micros)
    if not role.is_staff:
        await _check_lock(deps, law, room, user)
    if law.censor(user.username)[0] is not None:
        raise ValidationFailed.of("username", "unwanted_word")
    return user


async def judged(
    deps: Deps, request: Request, user: User, room: UUID, draft: CheckedDraft
) -> tuple[CheckedDraft, bool]:
    """A new message as it may be said, and whether anybody else is to hear it.

    Raises:
        Forbidden: `banned` or `muted`.
        SlowedDown: the one before was too short a while ago.
        ChatError: `room_locked`, `words_refused`, or `held_for_review`: it waits for staff now.
    """
    law, role = await _law_and_role(deps, room, user)
    micros = deps.clock.micros()
    who = await who_calls(deps, request, user)
    _check_voice(law, who, micros)
    await _note_origin(deps, request, room, user)
    if not role.is_staff:
        await _check_lock(deps, law, room, user)
        await _check_pace(deps, law, room, user)
    if law.shadow_of(who, micros) is not None:
        return draft, False
    return await _censored(deps, law, user, room, draft, hold=True), True


async def judged_change(
    deps: Deps, request: Request, user: User, room: UUID, draft: CheckedDraft
) -> CheckedDraft:
    """A message that is to be another, as it may be said; raises as `judged`.

    What would be held is refused: what others have read already cannot wait.
    """
    law, role = await _law_and_role(deps, room, user)
    micros = deps.clock.micros()
    who = await who_calls(deps, request, user)
    _check_voice(law, who, micros)
    if not role.is_staff:
        await _check_lock(deps, law, room, user)
    _forbid(ErrorCode.MUTED, law.shadow_of(who, micros), micros)
    return await _censored(deps, law, user, room, draft, hold=False)


async def _note_origin(deps: Deps, request: Request, room: UUID, user: User) -> None:
    """So that staff can act against the address of whoever speaks without a socket."""
    counted = await counted_caller(deps, request)
    if counted is not None:
        await deps.moderator.origins.note(room, str(user.id), Origin(counted.day, counted.name))


async def whispered(deps: Deps, user: User, room: UUID, draft: CheckedDraft) -> StoredMessage:
    """What somebody sees of their message whom nobody hears: it stands where the newest stands."""
    live = await deps.rooms.open(room)
    posting = deps.poster.begin(user, room, draft)
    return StoredMessage(live.seq, deps.clock.micros(), encode_body(posting.body))


async def _law_and_role(deps: Deps, room: UUID, user: User) -> tuple[Law, Role]:
    """What binds the user there, and what they are."""
    law = await deps.rules.law(room)
    days = {*law.room.sanctions.by_address, *law.everywhere.sanctions.by_address}
    await deps.addresses.learn(days)
    owner = (await deps.rooms.open(room)).settings.owner_id
    role = law.role_of(str(user.id), owner)
    return law.binding(role), role


def _check_voice(law: Law, who: Who, micros: int) -> None:
    _forbid(ErrorCode.BANNED, law.ban_of(who, micros), micros)
    _forbid(ErrorCode.MUTED, law.mute_of(who, micros), micros)


async def _check_lock(deps: Deps, law: Law, room: UUID, user: User) -> None:
    """Who is in, or has just gone to reload, may go on; see `ws_service.enforcement`."""
    if not (law.room.locked or law.everywhere.locked):
        return
    if not await deps.presence.is_in(room, user.id):
        raise ChatError(ErrorCode.ROOM_LOCKED, room=str(room))


async def _check_pace(deps: Deps, law: Law, room: UUID, user: User) -> None:
    seconds = max(law.room.slow_seconds, law.everywhere.slow_seconds)
    if not seconds:
        return
    subject = f"{room}:{user.id}:{seconds}"
    [left] = await deps.buckets.charge([Charge(Scope.SLOW, subject, Budget(1, 1 / seconds), 1.0)])
    if left is not None and left.wait > 0:
        raise SlowedDown(left.wait)


async def _censored(
    deps: Deps, law: Law, user: User, room: UUID, draft: CheckedDraft, *, hold: bool
) -> CheckedDraft:
    action, shown = law.censor(draft.content)
    if action is None:
        return draft
    if action is WordAction.MASK:
        return draft._replace(content=shown)
    if action is WordAction.HOLD and hold:
        await deps.reviews.hold(_held(deps, user, room, draft))
        raise ChatError(ErrorCode.HELD_FOR_REVIEW)
    raise ChatError(ErrorCode.WORDS_REFUSED)


def _held(deps: Deps, user: User, room: UUID, draft: CheckedDraft) -> HeldRecord:
    return HeldRecord(
        deps.ids.new(),
        room,
        user.id,
        user.username,
        user.color,
        draft.content,
        draft.message_type,
        draft.file_url,
        None if draft.reply_to is None else UUID(draft.reply_to),
        deps.clock.micros(),
    )


def _forbid(code: ErrorCode, sanction: Sanction | None, micros: int) -> None:
    if sanction is not None:
        until = sanction.until_micros
        raise Forbidden(code, None if until is None else (until - micros) / 1e6)

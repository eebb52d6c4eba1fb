"""What staff decide about people and messages: the one seam between the pages and moderation.

Pages call these functions and nothing else. Each is carried out by `shared.usecases.moderate`, so
it is in force at every replica at once, and recorded there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from api_service.admin.audit import by_admin
from shared.domain.ids import parse_uuid
from shared.domain.moderation import EVERYWHERE, Role, SanctionKind, SubjectKind
from shared.domain.name_patterns import normalise_pattern
from shared.domain.rules import RuleViolation
from shared.domain.word_filter import WordRule
from shared.domain.word_index import WordAction
from shared.protocol.errors import ChatError, ErrorCode, ValidationFailed
from shared.usecases.moderate import Actor, Target, named

if TYPE_CHECKING:
    from api_service.admin.accounts import Account
    from api_service.wiring import Deps

KINDS: Final = tuple(kind.value for kind in SanctionKind)
SUBJECT_KINDS: Final = tuple(kind.value for kind in SubjectKind)
WORD_ACTIONS: Final = tuple(action.value for action in WordAction)
HOUR_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class NewSanction:
    """A decision about somebody; `hours` None is until it is lifted."""

    room: UUID
    kind: str
    subject_kind: str
    subject: str
    """A pattern of names, or a user id; also where the address is meant that they came from."""
    shown_as: str
    reason: str
    hours: int | None


async def add_sanction(deps: Deps, staff: Account, new: NewSanction) -> UUID:
    """Bans or mutes; returns the sanction's id.

    Raises:
        RuleViolation, ValidationFailed: for `subject` or `room_id`.
        ChatError: as Moderator.target and Moderator.sanction.
    """
    actor = _actor(staff)
    target = await _target(deps, actor, new)
    sanction = await deps.moderator.sanction(
        actor,
        new.room,
        SanctionKind(new.kind),
        target,
        seconds=None if new.hours is None else new.hours * HOUR_SECONDS,
        reason=new.reason,
    )
    return sanction.id


async def _target(deps: Deps, actor: Actor, new: NewSanction) -> Target:
    if new.subject_kind == SubjectKind.NAME.value:
        try:
            return named(normalise_pattern(new.subject))
        except RuleViolation as violation:
            raise RuleViolation("subject", violation.code) from None
    user = parse_uuid(new.subject)
    if user is None:
        raise ValidationFailed.of("subject", "not_a_uuid")
    by_address = new.subject_kind == SubjectKind.ADDRESS.value
    if by_address and new.room == EVERYWHERE:
        # Where somebody came from is known to the room that they are in.
        raise ValidationFailed.of("room_id", "required")
    shown_as = new.shown_as or new.subject
    return await deps.moderator.target(actor, new.room, user, shown_as, by_address=by_address)


async def lift_sanction(deps: Deps, staff: Account, room: UUID, sanction_id: UUID) -> None:
    """Ends a sanction.

    Raises:
        ChatError: `not_found`, there is none, or it was lifted.
    """
    await deps.moderator.lift(_actor(staff), room, sanction_id)


async def put_word(deps: Deps, staff: Account, room: UUID, word: str, action: str) -> UUID:
    """Puts a word on the list, in its stored form; one that is there gets another action.

    Raises:
        ChatError: `conflict`, the list is full.
    """
    return await deps.moderator.put_word(_actor(staff), room, WordRule(word, WordAction(action)))


async def remove_word(deps: Deps, staff: Account, room: UUID, word_id: UUID) -> None:
    """Takes a word off the list.

    Raises:
        ChatError: `not_found`.
    """
    await deps.moderator.drop_word(_actor(staff), room, word_id)


async def delete_message(deps: Deps, staff: Account, message_id: UUID) -> None:
    """Deletes a message for everybody, at once, and closes the reports of it.

    Raises:
        ChatError: `message_not_found`, or it was deleted already.
    """
    await deps.moderator.delete(_actor(staff), await deps.editor.find(message_id))


async def decide_report(deps: Deps, staff: Account, report: Any, *, delete: bool) -> None:
    """Closes all reports of a message, after deleting it, or as dismissed. `report` is a row.

    Raises:
        ChatError: `not_found`, they were closed already.
    """
    if delete:
        try:
            await delete_message(deps, staff, report.message_id)
        except ChatError as error:
            if error.code is not ErrorCode.MESSAGE_NOT_FOUND:
                raise
        else:
            return
    # Dismissed; or gone before anybody could delete it, so that there is nothing else to decide.
    await deps.moderator.dismiss_reports(_actor(staff), report.room_id, report.message_id)


async def decide_held(deps: Deps, staff: Account, held: Any, *, approve: bool) -> None:
    """Lets a message that waits be said now, or drops it. `held` is a row.

    Raises:
        ChatError: `not_found`, there is none, or it was decided.
    """
    await deps.moderator.decide_held(_actor(staff), held.room_id, held.id, approve=approve)


def _actor(staff: Account) -> Actor:
    actor = Actor(Role.ADMIN, staff.name)
    assert str(actor) == by_admin(staff.name)  # noqa: S101 - one name in the whole record
    return actor

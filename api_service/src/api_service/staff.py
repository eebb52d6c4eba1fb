"""Who calls, as staff of a room; and whom they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from shared.domain.moderation import EVERYWHERE, Role, Who, no_address, outranks
from shared.domain.room_rules import Law
from shared.protocol.errors import ChatError, ErrorCode, ValidationFailed
from shared.usecases.moderate import Actor, named

if TYPE_CHECKING:
    from api_service.callers import Caller
    from api_service.moderation_requests import TargetRequest
    from api_service.wiring import Deps
    from shared.usecases.moderate import Target

ADMIN: str = "token"
"""Name of whoever holds the administrators' token."""


def role_of(law: Law, owner: UUID | None, caller: Caller | None) -> Role:
    """What the caller is in the room."""
    if caller is None:
        return Role.NOBODY
    return Role.ADMIN if caller.user is None else law.role_of(str(caller.user.id), owner)


async def actor_in(deps: Deps, room: UUID, caller: Caller, least: Role = Role.MODERATOR) -> Actor:
    """The caller, acting as staff of `room`; of all rooms (`EVERYWHERE`) only administrators are.

    Raises:
        ChatError: `forbidden`, they are less than `least`, or banned; `room_not_found`.
        Unavailable: whether they are staff cannot be asked, and is not remembered.
    """
    if caller.user is None:
        if room != EVERYWHERE:
            await deps.rooms.open(room)
        return Actor(Role.ADMIN, ADMIN)
    if room == EVERYWHERE:
        raise ChatError(ErrorCode.FORBIDDEN)
    owner = (await deps.rooms.open(room)).settings.owner_id
    law = Law(await deps.rules.read(room), (await deps.rules.law(EVERYWHERE)).everywhere)
    role = role_of(law, owner, caller)
    who = Who(str(caller.user.id), caller.user.username, no_address)
    banned = law.binding(role).ban_of(who, deps.clock.micros()) is not None
    if banned or (role is not least and not outranks(role, least)):
        raise ChatError(ErrorCode.FORBIDDEN, room=str(room))
    return Actor(role, str(caller.user.id))


async def target_of(
    deps: Deps, actor: Actor, room: UUID, body: TargetRequest, name: str | None = None
) -> Target:
    """Whom a request is about.

    Raises:
        ValidationFailed: it names none, or more than one.
        ChatError: as Moderator.target; `message_not_found`.
    """
    given = [value for value in (body.user_id, body.message_id, name) if value is not None]
    if len(given) != 1 or (name is not None and body.by_address):
        raise ValidationFailed.of("user_id", "required" if not given else "invalid")
    if name is not None:
        return named(name)
    if body.user_id is not None:
        user, shown = body.user_id, await _name_of(deps, room, body.user_id)
    else:
        assert body.message_id is not None  # noqa: S101 - the one that is given
        found = await deps.editor.find(body.message_id)
        if room not in (found.room, EVERYWHERE):
            raise ChatError(ErrorCode.MESSAGE_NOT_FOUND, message=str(body.message_id))
        user, shown = UUID(found.body.user_id), found.body.username
    return await deps.moderator.target(actor, room, user, shown, by_address=body.by_address)


async def _name_of(deps: Deps, room: UUID, user: UUID) -> str:
    found = await deps.user_directory.users_by_ids([user])
    if user not in found:
        raise ChatError(ErrorCode.NOT_FOUND, room=str(room), user=str(user))
    return found[user].user.username

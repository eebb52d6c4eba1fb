"""Rooms across PostgreSQL, the truth of settings, and Redis, the truth of everything live."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from api_service.presenting import RoomFacts
from api_service.ranking import facts_of
from shared.domain.entities import RoomSettings
from shared.protocol.errors import ChatError, ErrorCode

if TYPE_CHECKING:
    from uuid import UUID

    from api_service.callers import Caller
    from api_service.requests import RoomPatch, RoomRequest
    from api_service.wiring import Deps


async def read_facts(deps: Deps, room: UUID) -> RoomFacts:
    """A room with its numbers, wherever it is; Redis is not filled for it.

    Raises:
        ChatError: `room_not_found`.
        Unavailable, StoreUnavailable: a server that is needed is away.
    """
    live = await deps.live.read(room)
    if live is not None:
        if live.closed:
            raise ChatError(ErrorCode.ROOM_NOT_FOUND, room=str(room))
        [(online, _)] = await deps.live.online_counts([room])
        return RoomFacts(live.settings, online, live.total)
    record = await deps.room_directory.read_room(room)
    if record is None or record.deleted:
        raise ChatError(ErrorCode.ROOM_NOT_FOUND, room=str(room))
    return RoomFacts(record.settings, 0, record.total_messages)


async def create_room(deps: Deps, body: RoomRequest, caller: Caller | None) -> RoomSettings:
    """Stores a new room; its live part begins when somebody first enters."""
    now = deps.clock.micros()
    settings = RoomSettings(
        id=deps.ids.new(),
        name=body.name,
        description=body.description,
        is_public=body.is_public,
        max_users=body.max_users,
        owner_id=caller.user.id if caller is not None and caller.user is not None else None,
        created_micros=now,
        updated_micros=now,
    )
    await deps.room_directory.create_room(settings)
    deps.lists.forget()
    return settings


async def change_room(
    deps: Deps, room: UUID, body: RoomRequest | RoomPatch, caller: Caller
) -> RoomFacts:
    """Applies the fields that were sent and tells everybody in the room.

    Raises:
        ChatError: `room_not_found` or `forbidden`.
        Unavailable, StoreUnavailable: a server that is needed is away.
    """
    # Redis first: while it is away nothing may change that it would not hear of.
    live = await deps.live.read(room)
    record = await deps.room_directory.read_room(room)
    settings = None if record is None else record.settings
    if settings is None and live is not None:
        settings = live.settings
    gone = (record is not None and record.deleted) or (live is not None and live.closed)
    if settings is None or gone:
        raise ChatError(ErrorCode.ROOM_NOT_FOUND, room=str(room))
    _check_right(settings, caller)
    if record is None:
        # A socket made the room and its entry is still on its way; that will find the room there.
        await deps.room_directory.create_room(settings)
    sent = {name: getattr(body, name) for name in sorted(body.model_fields_set)}
    changed = replace(settings, **sent, updated_micros=deps.clock.micros())
    updated = await deps.room_directory.update_room(changed, sent.keys())
    if updated is None:
        raise ChatError(ErrorCode.ROOM_NOT_FOUND, room=str(room))
    deps.lists.forget()
    await deps.live.change(updated.settings)
    return (await facts_of(deps.live, [updated]))[0]


async def delete_room(deps: Deps, room: UUID, caller: Caller) -> None:
    """Deletes a room and closes it for those who are in it; nobody sees its messages any more.

    A worker removes these, so that no room is too big to be deleted.

    Raises:
        ChatError: `room_not_found` or `forbidden`.
        Unavailable, StoreUnavailable: a server that is needed is away; a retry finishes the work.
    """
    live = await deps.live.read(room)
    record = await deps.room_directory.read_room(room)
    open_in_redis = live is not None and not live.closed
    stored = record is not None and not record.deleted
    settings = record.settings if record is not None else live.settings if live else None
    if settings is None or not (open_in_redis or stored):
        raise ChatError(ErrorCode.ROOM_NOT_FOUND, room=str(room))
    _check_right(settings, caller)
    await deps.room_directory.delete_room(room, deps.clock.micros())
    deps.lists.forget()
    await deps.live.close(room)


def _check_right(settings: RoomSettings, caller: Caller) -> None:
    if not caller.may_act_for(settings.owner_id):
        raise ChatError(ErrorCode.FORBIDDEN, room=str(settings.id))

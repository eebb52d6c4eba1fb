"""New people, and the way into a room."""

from functools import partial
from typing import Final

import structlog
from fastapi import APIRouter, Depends, Request, Response

from api_service.body import require_json
from api_service.callers import DepsIn, OptionalCaller
from api_service.limits import by_address, by_session, charge_new_room
from api_service.openapi import BODY_ERRORS, OUTAGES, TAKES_SESSION, answers
from api_service.public_url import public_origin
from api_service.requests import CreateUserRequest, JoinRoomRequest
from api_service.speech import entering
from api_service.wiring import Deps
from shared.domain.budgets import Action
from shared.domain.effort import Purpose
from shared.domain.entities import User
from shared.message_store.unavailable import StoreUnavailable
from shared.protocol.errors import ErrorCode
from shared.protocol.views import RoomJoinedView, UserCreatedView

log = structlog.stdlib.get_logger()
router = APIRouter(tags=["ব্যবহারকারী"], dependencies=[Depends(require_json)])

_JOIN_ERRORS: Final = (
    *BODY_ERRORS,
    ErrorCode.SESSION_UNKNOWN,
    ErrorCode.ROOM_NOT_FOUND,
    ErrorCode.BANNED,
    ErrorCode.ROOM_LOCKED,
    ErrorCode.RATE_LIMITED,
    ErrorCode.PROOF_REQUIRED,
)


@router.post(
    "/api/create-user/",
    status_code=201,
    summary="নতুন ব্যবহারকারী তৈরি",
    dependencies=[Depends(by_address(Action.JOIN, Purpose.USER))],
    responses=answers(*BODY_ERRORS, ErrorCode.RATE_LIMITED, ErrorCode.PROOF_REQUIRED, *OUTAGES),
)
async def create_user(body: CreateUserRequest, deps: DepsIn) -> UserCreatedView:
    """Makes a person and the session that is theirs; it is told here and never again."""
    session_id = deps.ids.session_id()
    user = deps.identifier.new_user(session_id, body.username, body.color)
    await deps.user_directory.create_user(user)
    await deps.sessions.claim(user)
    return UserCreatedView(
        user_id=str(user.id),
        session_id=session_id,
        username=user.username,
        color=user.color,
    )


@router.post(
    "/api/join-room/",
    summary="রুমে যোগ দেওয়া",
    dependencies=[Depends(by_address(Action.JOIN, Purpose.JOIN)), Depends(by_session(Action.JOIN))],
    responses=answers(*_JOIN_ERRORS, *OUTAGES),
    openapi_extra=TAKES_SESSION,
)
async def join_room(
    request: Request,
    response: Response,
    body: JoinRoomRequest,
    deps: DepsIn,
    caller: OptionalCaller,
) -> RoomJoinedView:
    """Tells the address of the room's socket.

    An unknown room is made, as in the original, at the price of a new one. With a session its user
    comes in under the given name, without one a new user is made.
    """
    pay = partial(charge_new_room, deps, request, response)
    room = await deps.rooms.open(body.room_id, create=True, pay=pay)
    if caller is None or caller.user is None:
        session_id, user = await _new_guest(deps, request, body)
    else:
        session_id = caller.session_id
        wanted = caller.user.called(body.username, body.color)
        user = await entering(deps, request, wanted, body.room_id, caller.user)
        user = await deps.identifier.renamed(caller.user, user.username, user.color)
    origin = public_origin(request.scope, deps.settings.trusted_hops)
    query = {"username": user.username, "color": user.color, "session_id": session_id}
    return RoomJoinedView(
        room_id=str(room.settings.id),
        room_name=room.settings.name,
        user_id=str(user.id),
        session_id=session_id,
        username=user.username,
        color=user.color,
        websocket_url=origin.socket(room.settings.id, query),
    )


async def _new_guest(deps: Deps, request: Request, body: JoinRoomRequest) -> tuple[str, User]:
    session_id = deps.ids.session_id()
    user = deps.identifier.new_user(session_id, body.username, body.color)
    await entering(deps, request, user, body.room_id)
    await deps.sessions.claim(user)
    try:
        await deps.user_directory.create_user(user)
    except StoreUnavailable:
        # The chat goes on without PostgreSQL; the socket's join queues the user for it.
        log.warning("user_not_stored_yet", user_id=str(user.id))
    return session_id, user

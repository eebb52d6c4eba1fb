"""Rooms: lists, and what owners decide about them."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from api_service import room_settings
from api_service.body import require_json
from api_service.callers import CallerIn, DepsIn, OptionalCaller
from api_service.limits import by_address, by_session, charge_search
from api_service.openapi import (
    BODY_ERRORS,
    MAKES,
    NEEDS_SESSION,
    OUTAGES,
    SESSION_ERRORS,
    TAKES_SESSION,
    answers,
)
from api_service.paths import ROOM, RoomId
from api_service.presenting import RoomFacts, json_answer, room_view
from api_service.public_url import public_origin
from api_service.reads.list_reads import PAGE
from api_service.requests import (
    Cursor,
    PageNumber,
    RoomPatch,
    RoomRequest,
    Search,
    UpTo100,
)
from api_service.speech import check_maker
from shared.domain.budgets import Action
from shared.domain.effort import Purpose
from shared.protocol.errors import ErrorCode
from shared.protocol.views import PopularRoomsView, PublicRoomsView, RoomPageView, RoomView

router = APIRouter(tags=["রুম"], dependencies=[Depends(require_json)])

CHANGE_LIMITS: Final = [
    Depends(by_address(Action.MESSAGE)),
    Depends(by_session(Action.MESSAGE)),
]
_MAKE_ERRORS: Final = (
    *BODY_ERRORS,
    ErrorCode.SESSION_UNKNOWN,
    ErrorCode.BANNED,
    ErrorCode.RATE_LIMITED,
    ErrorCode.PROOF_REQUIRED,
    *OUTAGES,
)
_CHANGE_ERRORS: Final = (
    *SESSION_ERRORS,
    ErrorCode.FORBIDDEN,
    ErrorCode.ROOM_NOT_FOUND,
    ErrorCode.RATE_LIMITED,
)


@router.get(
    "/api/rooms/",
    summary="রুমের তালিকা",
    response_model=RoomPageView,
    responses=answers(ErrorCode.VALIDATION, ErrorCode.NOT_FOUND, ErrorCode.RATE_LIMITED, *OUTAGES),
)
async def list_rooms(
    request: Request,
    response: Response,
    deps: DepsIn,
    page: Annotated[PageNumber, Query()] = 1,
    page_size: Annotated[UpTo100, Query()] = PAGE,
    search: Annotated[Search, Query(description="In names and descriptions")] = "",
) -> Response:
    """Listed rooms, newest first. A search counts its results up to 10,000."""
    if search:
        await charge_search(deps, request, response)
    found = await deps.lists.rooms(
        request.scope, page=page, page_size=page_size, search=search or None
    )
    return json_answer(found, response.headers)


@router.post(
    "/api/rooms/",
    status_code=201,
    summary="নতুন রুম তৈরি",
    dependencies=[Depends(by_address(Action.ROOM, Purpose.ROOM)), Depends(by_session(Action.ROOM))],
    responses=MAKES | answers(*_MAKE_ERRORS),
    openapi_extra=TAKES_SESSION,
)
async def create_room(
    request: Request, response: Response, body: RoomRequest, deps: DepsIn, caller: OptionalCaller
) -> RoomView:
    """Makes a room. With a session its user owns it; without one nobody does."""
    if caller is None or not caller.is_admin:
        await check_maker(deps, request, None if caller is None else caller.user)
    settings = await room_settings.create_room(deps, body, caller)
    origin = public_origin(request.scope, deps.settings.trusted_hops)
    response.headers["Location"] = origin.http(f"/api/rooms/{settings.id}/")
    return room_view(RoomFacts(settings, 0, 0))


@router.get(
    "/api/rooms/popular/",
    summary="জনপ্রিয় রুম",
    response_model=PopularRoomsView,
    responses=answers(*OUTAGES),
)
async def popular_rooms(deps: DepsIn) -> Response:
    """The ten listed rooms with most people online."""
    return json_answer(await deps.lists.popular())


@router.get(
    "/api/public-rooms/",
    summary="পাবলিক রুমের তালিকা",
    response_model=PublicRoomsView,
    responses=answers(ErrorCode.VALIDATION, *OUTAGES),
)
async def public_rooms(
    deps: DepsIn,
    limit: Annotated[UpTo100, Query()] = PAGE,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response:
    """Listed rooms: most people online first, then the newest."""
    return json_answer(await deps.lists.public(cursor=cursor, limit=limit))


@router.get(ROOM, summary="একটি রুম", responses=answers(ErrorCode.ROOM_NOT_FOUND, *OUTAGES))
async def read_room(room: RoomId, deps: DepsIn) -> RoomView:
    """A room, listed or not."""
    return room_view(await room_settings.read_facts(deps, room))


@router.put(
    ROOM,
    summary="রুম পরিবর্তন",
    dependencies=CHANGE_LIMITS,
    responses=answers(*BODY_ERRORS, *_CHANGE_ERRORS, *OUTAGES),
    openapi_extra=NEEDS_SESSION,
)
async def replace_room(room: RoomId, body: RoomRequest, deps: DepsIn, caller: CallerIn) -> RoomView:
    """Changes a room; its owner or an administrator may. What is left out stays as it is."""
    return room_view(await room_settings.change_room(deps, room, body, caller))


@router.patch(
    ROOM,
    summary="রুমের আংশিক পরিবর্তন",
    dependencies=CHANGE_LIMITS,
    responses=answers(*BODY_ERRORS, *_CHANGE_ERRORS, *OUTAGES),
    openapi_extra=NEEDS_SESSION,
)
async def change_room(room: RoomId, body: RoomPatch, deps: DepsIn, caller: CallerIn) -> RoomView:
    """Changes the fields that are sent; the room's owner or an administrator may."""
    return room_view(await room_settings.change_room(deps, room, body, caller))


@router.delete(
    ROOM,
    status_code=204,
    summary="রুম মুছে ফেলা",
    dependencies=CHANGE_LIMITS,
    responses=answers(*_CHANGE_ERRORS, *OUTAGES),
    openapi_extra=NEEDS_SESSION,
)
async def delete_room(room: RoomId, deps: DepsIn, caller: CallerIn) -> None:
    """Deletes a room with its messages; its owner or an administrator may."""
    await room_settings.delete_room(deps, room, caller)

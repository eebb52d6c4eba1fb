"""Rooms: lists, and what owners decide about them."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from api_service import room_settings
from api_service.body import require_json
from api_service.callers import CallerIn, DepsIn, OptionalCaller
from api_service.limits import limit_address, limit_author
from api_service.openapi import (
    BODY_ERRORS,
    MAKES,
    NEEDS_SESSION,
    OUTAGES,
    SESSION_ERRORS,
    TAKES_SESSION,
    answers,
)
from api_service.pagination import decode_cursor, encode_cursor, numbered_links
from api_service.paths import ROOM, RoomId
from api_service.presenting import RoomFacts, public_room_view, room_view
from api_service.public_url import public_origin
from api_service.ranking import ranked_rooms
from api_service.requests import (
    Cursor,
    PageNumber,
    RoomPatch,
    RoomRequest,
    Search,
    UpTo100,
)
from shared.protocol.errors import ErrorCode
from shared.protocol.views import PopularRoomsView, PublicRoomsView, RoomPageView, RoomView

router = APIRouter(tags=["রুম"], dependencies=[Depends(require_json)])

MOST_POPULAR: Final = 10

_MAKE_ERRORS: Final = (
    *BODY_ERRORS,
    ErrorCode.SESSION_UNKNOWN,
    ErrorCode.RATE_LIMITED,
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
    responses=answers(ErrorCode.VALIDATION, ErrorCode.NOT_FOUND, *OUTAGES),
)
async def list_rooms(
    request: Request,
    deps: DepsIn,
    page: Annotated[PageNumber, Query()] = 1,
    page_size: Annotated[UpTo100, Query()] = 100,
    search: Annotated[Search, Query(description="In names and descriptions")] = "",
) -> RoomPageView:
    """Listed rooms, newest first. A search counts its results up to 10,000."""
    found = await deps.room_directory.list_rooms(page, page_size, search or None)
    origin = public_origin(request.scope, deps.settings.trusted_hops)
    links = numbered_links(request.scope, origin, page, page_size, found.count)
    facts = await room_settings.facts_of(deps, found.rooms)
    return RoomPageView(
        count=found.count,
        next=links.next,
        previous=links.previous,
        results=[room_view(room) for room in facts],
    )


@router.post(
    "/api/rooms/",
    status_code=201,
    summary="নতুন রুম তৈরি",
    dependencies=[Depends(limit_address)],
    responses=MAKES | answers(*_MAKE_ERRORS),
    openapi_extra=TAKES_SESSION,
)
async def create_room(
    request: Request, response: Response, body: RoomRequest, deps: DepsIn, caller: OptionalCaller
) -> RoomView:
    """Makes a room. With a session its user owns it; without one nobody does."""
    settings = await room_settings.create_room(deps, body, caller)
    origin = public_origin(request.scope, deps.settings.trusted_hops)
    response.headers["Location"] = origin.http(f"/api/rooms/{settings.id}/")
    return room_view(RoomFacts(settings, 0, 0))


@router.get("/api/rooms/popular/", summary="জনপ্রিয় রুম", responses=answers(*OUTAGES))
async def popular_rooms(deps: DepsIn) -> PopularRoomsView:
    """The ten listed rooms with most people online."""
    facts, _ = await ranked_rooms(deps, None, MOST_POPULAR)
    return PopularRoomsView(count=len(facts), rooms=[room_view(room) for room in facts])


@router.get(
    "/api/public-rooms/",
    summary="পাবলিক রুমের তালিকা",
    responses=answers(ErrorCode.VALIDATION, *OUTAGES),
)
async def public_rooms(
    deps: DepsIn,
    limit: Annotated[UpTo100, Query()] = 100,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> PublicRoomsView:
    """Listed rooms: most people online first, then the newest."""
    place = None if not cursor else decode_cursor(cursor)
    facts, following = await ranked_rooms(deps, place, limit)
    return PublicRoomsView(
        count=await deps.room_directory.count_public(),
        rooms=[public_room_view(room) for room in facts],
        next_cursor=None if following is None else encode_cursor(following),
    )


@router.get(ROOM, summary="একটি রুম", responses=answers(ErrorCode.ROOM_NOT_FOUND, *OUTAGES))
async def read_room(room: RoomId, deps: DepsIn) -> RoomView:
    """A room, listed or not."""
    return room_view(await room_settings.read_facts(deps, room))


@router.put(
    ROOM,
    summary="রুম পরিবর্তন",
    dependencies=[Depends(limit_author)],
    responses=answers(*BODY_ERRORS, *_CHANGE_ERRORS, *OUTAGES),
    openapi_extra=NEEDS_SESSION,
)
async def replace_room(room: RoomId, body: RoomRequest, deps: DepsIn, caller: CallerIn) -> RoomView:
    """Changes a room; its owner or an administrator may. What is left out stays as it is."""
    return room_view(await room_settings.change_room(deps, room, body, caller))


@router.patch(
    ROOM,
    summary="রুমের আংশিক পরিবর্তন",
    dependencies=[Depends(limit_author)],
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
    dependencies=[Depends(limit_author)],
    responses=answers(*_CHANGE_ERRORS, *OUTAGES),
    openapi_extra=NEEDS_SESSION,
)
async def delete_room(room: RoomId, deps: DepsIn, caller: CallerIn) -> None:
    """Deletes a room with its messages; its owner or an administrator may."""
    await room_settings.delete_room(deps, room, caller)

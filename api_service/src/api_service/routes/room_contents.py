"""What is in a room: messages, people, numbers."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from api_service.callers import DepsIn
from api_service.openapi import OUTAGES, answers
from api_service.pagination import numbered_links
from api_service.paths import ROOM, RoomId
from api_service.presenting import message_views, present_view
from api_service.public_url import public_origin
from api_service.requests import PageNumber, Seq, SeqFrom1, UpTo100, UpTo200
from shared.domain.times import format_micros
from shared.protocol.errors import ErrorCode
from shared.protocol.views import RoomMessagesView, RoomStatsView, RoomUsersView
from shared.usecases.read_history import Page

router = APIRouter(tags=["রুম"])

NEWEST_MESSAGES: Final = 5

_ERRORS: Final = (ErrorCode.ROOM_NOT_FOUND, *OUTAGES)


@router.get(
    f"{ROOM}messages/", summary="রুমের বার্তা", responses=answers(ErrorCode.VALIDATION, *_ERRORS)
)
async def room_messages(
    room: RoomId,
    deps: DepsIn,
    limit: Annotated[UpTo100, Query()] = 100,
    before: Annotated[
        SeqFrom1 | None, Query(description="Only messages with a smaller seq")
    ] = None,
    after: Annotated[Seq | None, Query(description="Only messages with a greater seq")] = None,
) -> RoomMessagesView:
    """History, newest first.

    With `after` alone the page that follows it, else the newest ones. What was acknowledged to its
    sender is here, whether or not it is in PostgreSQL yet.
    """
    live = await deps.rooms.open(room)
    if after is not None and before is None:
        page = await deps.history.after(room, after, limit)
        messages, has_more = list(reversed(page.messages)), page.has_more
    else:
        page = await deps.history.before(room, before, limit)
        messages = [m for m in page.messages if after is None or m.seq > after]
        has_more = page.has_more and len(messages) == len(page.messages)
    return RoomMessagesView(
        room_id=str(room),
        room_name=live.settings.name,
        messages=await message_views(deps, messages),
        total_messages=page.total,
        has_more=has_more,
    )


@router.get(
    f"{ROOM}users/",
    summary="রুমে এখন কারা আছেন",
    responses=answers(ErrorCode.VALIDATION, *_ERRORS),
)
async def room_users(
    request: Request,
    room: RoomId,
    deps: DepsIn,
    page: Annotated[PageNumber, Query()] = 1,
    page_size: Annotated[UpTo200, Query()] = 200,
) -> RoomUsersView:
    """People who are online in the room, the longest present first."""
    await deps.rooms.open(room)
    present, total = await deps.presence.page(room, (page - 1) * page_size, page_size)
    origin = public_origin(request.scope, deps.settings.trusted_hops)
    links = numbered_links(request.scope, origin, page, page_size, total)
    now = deps.clock.micros()
    return RoomUsersView(
        room_id=str(room),
        online_users=[present_view(person, now) for person in present],
        total_online=total,
        next=links.next,
        previous=links.previous,
    )


@router.get(f"{ROOM}stats/", summary="রুমের পরিসংখ্যান", responses=answers(*_ERRORS))
async def room_stats(room: RoomId, deps: DepsIn) -> RoomStatsView:
    """Numbers of the room and its five newest messages."""
    settings = (await deps.rooms.open(room)).settings
    [(online, _)] = await deps.live.online_counts([room])
    page: Page = await deps.history.before(room, None, NEWEST_MESSAGES)
    return RoomStatsView(
        room_id=str(room),
        room_name=settings.name,
        online_users=online,
        total_messages=page.total,
        max_users=settings.max_users,
        is_public=settings.is_public,
        created_at=format_micros(settings.created_micros),
        updated_at=format_micros(settings.updated_micros),
        recent_messages=await message_views(deps, page.messages),
    )

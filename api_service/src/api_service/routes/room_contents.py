"""What is in a room: messages, people, numbers."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from api_service.callers import DepsIn
from api_service.openapi import OUTAGES, answers
from api_service.paths import ROOM, RoomId
from api_service.presenting import json_answer
from api_service.reads.room_reads import PAGE, PEOPLE
from api_service.requests import PageNumber, Seq, SeqFrom1, UpTo100, UpTo200
from shared.protocol.errors import ErrorCode
from shared.protocol.views import RoomMessagesView, RoomStatsView, RoomUsersView

router = APIRouter(tags=["রুম"])

_ERRORS: Final = (ErrorCode.ROOM_NOT_FOUND, *OUTAGES)


@router.get(
    f"{ROOM}messages/",
    summary="রুমের বার্তা",
    response_model=RoomMessagesView,
    responses=answers(ErrorCode.VALIDATION, *_ERRORS),
)
async def room_messages(
    room: RoomId,
    deps: DepsIn,
    limit: Annotated[UpTo100, Query()] = PAGE,
    before: Annotated[
        SeqFrom1 | None, Query(description="Only messages with a smaller seq")
    ] = None,
    after: Annotated[Seq | None, Query(description="Only messages with a greater seq")] = None,
) -> Response:
    """History, newest first.

    With `after` alone the page that follows it, else the newest ones. What was acknowledged to its
    sender is here, whether or not it is in PostgreSQL yet.
    """
    if after is None:
        return json_answer(await deps.room_reads.messages(room, before=before, limit=limit))
    return json_answer(
        await deps.room_reads.messages_after(room, after, before=before, limit=limit)
    )


@router.get(
    f"{ROOM}users/",
    summary="রুমে এখন কারা আছেন",
    response_model=RoomUsersView,
    responses=answers(ErrorCode.VALIDATION, *_ERRORS),
)
async def room_users(
    request: Request,
    room: RoomId,
    deps: DepsIn,
    page: Annotated[PageNumber, Query()] = 1,
    page_size: Annotated[UpTo200, Query()] = PEOPLE,
) -> Response:
    """People who are online in the room, the longest present first."""
    return json_answer(
        await deps.room_reads.users(request.scope, room, page=page, page_size=page_size)
    )


@router.get(
    f"{ROOM}stats/",
    summary="রুমের পরিসংখ্যান",
    response_model=RoomStatsView,
    responses=answers(*_ERRORS),
)
async def room_stats(room: RoomId, deps: DepsIn) -> Response:
    """Numbers of the room and its five newest messages."""
    return json_answer(await deps.room_reads.stats(room))

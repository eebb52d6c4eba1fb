"""Messages by themselves: over all rooms, and one by one."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api_service.body import require_json
from api_service.callers import Caller, CallerIn, DepsIn
from api_service.limits import by_address, by_session, charge_room
from api_service.moderation_requests import ReportRequest
from api_service.openapi import BODY_ERRORS, MAKES, NEEDS_SESSION, OUTAGES, SESSION_ERRORS, answers
from api_service.paths import MESSAGE, MessageId
from api_service.presenting import message_view, message_views
from api_service.public_url import public_origin, query_with
from api_service.requests import (
    MessagePatch,
    MessagePut,
    MessageRequest,
    PageNumber,
    SeqFrom1,
    UpTo100,
    Uuid,
)
from api_service.speech import SPEECH_ERRORS, judged, judged_change, whispered
from api_service.staff import actor_in
from api_service.wiring import Deps
from shared.domain.budgets import Action
from shared.domain.entities import RoomSettings
from shared.domain.rules import BLANK, RuleViolation
from shared.message_store.review_directory import ReportRecord
from shared.protocol.codec import StoredMessage, encode_body
from shared.protocol.errors import ChatError, ErrorCode, ValidationFailed
from shared.protocol.views import MessagePageView, MessageView
from shared.usecases.change_message import FoundMessage
from shared.usecases.post_message import Draft, check_draft

router = APIRouter(tags=["বার্তা"], dependencies=[Depends(require_json)])

LIMITS: Final = [Depends(by_address(Action.MESSAGE)), Depends(by_session(Action.MESSAGE))]
REPORT_LIMITS: Final = [Depends(by_address(Action.REPORT)), Depends(by_session(Action.REPORT))]
_FOUND_ERRORS: Final = (ErrorCode.MESSAGE_NOT_FOUND, ErrorCode.ROOM_NOT_FOUND)
_CHANGE_ERRORS: Final = (
    *BODY_ERRORS,
    *SESSION_ERRORS,
    ErrorCode.FORBIDDEN,
    *_FOUND_ERRORS,
    ErrorCode.CONFLICT,
    ErrorCode.RATE_LIMITED,
    ErrorCode.TOO_LATE,
    *SPEECH_ERRORS,
    *OUTAGES,
)
_POST_ERRORS: Final = (
    *BODY_ERRORS,
    *SESSION_ERRORS,
    ErrorCode.ROOM_NOT_FOUND,
    ErrorCode.CLIENT_ID_CONFLICT,
    ErrorCode.RATE_LIMITED,
    ErrorCode.SLOW_MODE,
    *SPEECH_ERRORS,
    *OUTAGES,
)


@router.get(
    "/api/messages/",
    summary="বার্তার তালিকা",
    responses=answers(
        ErrorCode.VALIDATION, ErrorCode.ROOM_NOT_FOUND, ErrorCode.NOT_FOUND, *OUTAGES
    ),
)
async def list_messages(
    request: Request,
    deps: DepsIn,
    room_id: Annotated[Uuid | None, Query(description="Only messages of this room")] = None,
    page: Annotated[PageNumber, Query(description="Only 1: `next` leads on by seq or id")] = 1,
    page_size: Annotated[UpTo100, Query()] = 100,
    before: Annotated[
        SeqFrom1 | None, Query(description="With `room_id`: only messages with a smaller seq")
    ] = None,
    before_id: Annotated[
        Uuid | None, Query(description="Without `room_id`: only messages with a smaller id")
    ] = None,
) -> MessagePageView:
    """Newest first; `next` leads on. Without `room_id` the messages of all listed rooms.

    As in the original there is one numbered page.
    """
    if page > 1:
        raise ChatError(ErrorCode.NOT_FOUND, page=page)
    if room_id is not None:
        found = await deps.history.before(room_id, before, page_size)
        messages, count = found.messages, found.total
        following = {"before": str(messages[-1].seq)} if found.has_more else None
    else:
        newest = await deps.newest.read(before_id, page_size)
        messages, count = newest.messages, newest.count
        following = None if newest.older_than is None else {"before_id": str(newest.older_than)}
    origin = public_origin(request.scope, deps.settings.trusted_hops)
    return MessagePageView(
        count=max(count, len(messages)),
        next=None
        if following is None
        else origin.http(request.scope["path"], query_with(request.scope, **following)),
        previous=None,
        results=await message_views(deps, messages),
    )


@router.post(
    "/api/messages/",
    status_code=201,
    summary="বার্তা পাঠানো",
    dependencies=LIMITS,
    responses=MAKES | answers(*_POST_ERRORS),
    openapi_extra=NEEDS_SESSION,
)
async def post_message(
    request: Request, response: Response, body: MessageRequest, deps: DepsIn, caller: CallerIn
) -> MessageView:
    """The same path as over a socket. The same `client_id` again gets the first answer again."""
    if caller.user is None:
        raise ChatError(ErrorCode.SESSION_REQUIRED)
    draft = check_draft(
        Draft(
            body.content,
            body.client_id,
            body.message_type,
            body.file_url,
            None if body.reply_to is None else str(body.reply_to),
        )
    )
    if draft is None:
        raise ValidationFailed.of("content", "blank")
    # Who may not speak must not use up what the room may be told.
    draft, heard = await judged(deps, request, caller.user, body.room_id, draft)
    if heard:
        await charge_room(deps, response, body.room_id, len(draft.content))
        sent, place = await deps.poster.post(caller.user, body.room_id, draft)
        kept = sent._replace(message_id=place.message_id)
        stored = StoredMessage(place.seq, place.micros, encode_body(kept))
    else:
        stored = await whispered(deps, caller.user, body.room_id, draft)
    view = await message_view(deps, stored)
    origin = public_origin(request.scope, deps.settings.trusted_hops)
    response.headers["Location"] = origin.http(f"/api/messages/{view.id}/")
    return view


@router.get(MESSAGE, summary="একটি বার্তা", responses=answers(*_FOUND_ERRORS, *OUTAGES))
async def read_message(message_id: MessageId, deps: DepsIn) -> MessageView:
    """A message as it is now."""
    found, _ = await _find(deps, message_id)
    return await message_view(deps, found.message)


@router.put(
    MESSAGE,
    summary="বার্তা পরিবর্তন",
    dependencies=LIMITS,
    responses=answers(*_CHANGE_ERRORS),
    openapi_extra=NEEDS_SESSION,
)
async def replace_message(
    request: Request, message_id: MessageId, body: MessagePut, deps: DepsIn, caller: CallerIn
) -> MessageView:
    """Changes a message; its author may. What is left out stays as it is."""
    return await _change(deps, request, message_id, body, caller)


@router.patch(
    MESSAGE,
    summary="বার্তার আংশিক পরিবর্তন",
    dependencies=LIMITS,
    responses=answers(*_CHANGE_ERRORS),
    openapi_extra=NEEDS_SESSION,
)
async def change_message(
    request: Request, message_id: MessageId, body: MessagePatch, deps: DepsIn, caller: CallerIn
) -> MessageView:
    """Changes the fields that are sent; the message's author may."""
    return await _change(deps, request, message_id, body, caller)


@router.delete(
    MESSAGE,
    status_code=204,
    summary="বার্তা মুছে ফেলা",
    dependencies=LIMITS,
    responses=answers(
        *SESSION_ERRORS, ErrorCode.FORBIDDEN, *_FOUND_ERRORS, ErrorCode.RATE_LIMITED, *OUTAGES
    ),
    openapi_extra=NEEDS_SESSION,
)
async def delete_message(message_id: MessageId, deps: DepsIn, caller: CallerIn) -> None:
    """Deletes a message; its author, staff of its room or an administrator may."""
    found, _ = await _find(deps, message_id)
    if caller.user is not None and UUID(found.body.user_id) == caller.user.id:
        _check_time(deps, found, deps.settings.delete_seconds)
        await deps.editor.delete(found)
    else:
        await deps.moderator.delete(await actor_in(deps, found.room, caller), found)


@router.post(
    f"{MESSAGE}report/",
    status_code=204,
    summary="বার্তা নিয়ে অভিযোগ",
    dependencies=REPORT_LIMITS,
    responses=answers(
        *BODY_ERRORS, *SESSION_ERRORS, *_FOUND_ERRORS, ErrorCode.RATE_LIMITED, *OUTAGES
    ),
    openapi_extra=NEEDS_SESSION,
)
async def report_message(
    message_id: MessageId, body: ReportRequest, deps: DepsIn, caller: CallerIn
) -> None:
    """Tells staff of a message that should not stay. A second report by the same person is one."""
    if caller.user is None:
        raise ChatError(ErrorCode.SESSION_REQUIRED)
    found, _ = await _find(deps, message_id)
    await deps.reviews.add_report(
        ReportRecord(
            deps.ids.new(),
            found.room,
            message_id,
            UUID(found.body.user_id),
            found.body.username,
            found.body.message,
            caller.user.id,
            body.reason,
            deps.clock.micros(),
        )
    )


async def _find(deps: Deps, message_id: UUID) -> tuple[FoundMessage, RoomSettings]:
    found = await deps.editor.find(message_id)
    # A message that is still on its way to PostgreSQL does not know that its room was deleted.
    return found, (await deps.rooms.open(found.room)).settings


def _check_time(deps: Deps, found: FoundMessage, seconds: int) -> None:
    """`seconds`: how long after it was sent an author may still act on it; 0: for ever."""
    age = (deps.clock.micros() - found.message.micros) / 1e6
    if seconds and age > seconds:
        raise ChatError(ErrorCode.TOO_LATE, message_id=found.body.message_id)


async def _change(
    deps: Deps,
    request: Request,
    message_id: UUID,
    body: MessagePut | MessagePatch,
    caller: Caller,
) -> MessageView:
    found, _ = await _find(deps, message_id)
    # An administrator may delete another's words, but not put other words in their mouth.
    if caller.user is None or UUID(found.body.user_id) != caller.user.id:
        raise ChatError(ErrorCode.FORBIDDEN, message_id=str(message_id))
    _check_time(deps, found, deps.settings.edit_seconds)
    draft = check_draft(_merged(found, body))
    if draft is None:
        raise ValidationFailed.of("content", "blank")
    same = (draft.content, draft.message_type, draft.file_url) == (
        found.body.message,
        found.body.message_type,
        found.body.file_url,
    )
    if not same:
        draft = await judged_change(deps, request, caller.user, found.room, draft)
    changed = found if same else await deps.editor.change(found, draft)
    return await message_view(deps, changed.message)


def _merged(found: FoundMessage, body: MessagePut | MessagePatch) -> Draft:
    """The message with the fields that were sent.

    What becomes a file must bring its address along. Of a file a null does not take it off, since
    nothing would be left.
    """
    old = found.body
    sent = body.model_fields_set
    kind = body.message_type if "message_type" in sent else old.message_type
    file_url = old.file_url
    if "message_type" in sent and kind != "text" and body.file_url is None:
        raise RuleViolation("file_url", BLANK)
    if "file_url" in sent and (body.file_url is not None or kind == "text"):
        file_url = body.file_url
    return Draft(
        body.content if "content" in sent else old.message,
        message_type=kind,
        file_url=file_url,
    )

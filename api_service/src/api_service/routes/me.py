"""People and what is stored about them: to be read, and to be erased."""

from collections.abc import AsyncIterator
from typing import Final

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from api_service.body import require_json
from api_service.callers import Caller, CallerIn, DepsIn
from api_service.limits import by_address, by_session
from api_service.openapi import BEGINS, BODY_ERRORS, NEEDS_SESSION, OUTAGES, SESSION_ERRORS, answers
from api_service.paths import ERASURE, ErasureId
from api_service.public_url import public_origin
from api_service.requests import ErasureRequest
from shared.domain.budgets import Action
from shared.domain.entities import User
from shared.domain.times import format_micros
from shared.message_store.erasures import ErasureRecord
from shared.protocol.errors import ChatError, ErrorCode, Unavailable
from shared.protocol.own_views import ErasureView, ExportView, MeView

log = structlog.stdlib.get_logger()
router = APIRouter(tags=["নিজের তথ্য"], dependencies=[Depends(require_json)])

WHOLE: Final = [Depends(by_address(Action.WHOLE)), Depends(by_session(Action.WHOLE))]
_ERRORS: Final = (*SESSION_ERRORS, ErrorCode.RATE_LIMITED, *OUTAGES)


@router.get(
    "/api/me/",
    summary="আমি কে",
    dependencies=[Depends(by_address(Action.MESSAGE)), Depends(by_session(Action.MESSAGE))],
    responses=answers(*_ERRORS),
    openapi_extra=NEEDS_SESSION,
)
async def read_me(caller: CallerIn) -> MeView:
    """The user of the session."""
    user = _user_of(caller)
    return MeView(
        id=str(user.id),
        username=user.username,
        color=user.color,
        created_at=format_micros(user.created_micros),
    )


@router.get(
    "/api/me/export/",
    summary="আমার সব তথ্য",
    response_model=ExportView,
    dependencies=WHOLE,
    responses=answers(*_ERRORS),
    openapi_extra=NEEDS_SESSION,
)
async def export_me(deps: DepsIn, caller: CallerIn) -> Response:
    """Everything that is stored about the session's user, also what is not in PostgreSQL yet."""
    parts = deps.exporter.parts(_user_of(caller))
    first = await anext(parts)  # whatever is away is told by a status, not by a torn answer

    async def all_parts() -> AsyncIterator[bytes]:
        yield first
        async for part in parts:
            yield part

    headers = {"Content-Disposition": 'attachment; filename="adda.json"'}
    return StreamingResponse(all_parts(), media_type="application/json", headers=headers)


@router.delete(
    "/api/me/",
    status_code=202,
    summary="আমার সব লেখা মুছে ফেলা",
    dependencies=WHOLE,
    responses=BEGINS | answers(*BODY_ERRORS, *_ERRORS),
    openapi_extra=NEEDS_SESSION,
)
async def erase_me(
    request: Request, response: Response, _body: ErasureRequest, deps: DepsIn, caller: CallerIn
) -> ErasureView:
    """Ends the session at once and for good, and begins to empty all that its user wrote.

    Needs `{"confirm": true}`. How far it is, `Location` tells.
    """
    user = _user_of(caller)
    erasure = await deps.erasures.request(deps.ids.new(), user, deps.clock.micros())
    try:
        await deps.sessions.end(user.session_hash)
        await deps.presence.end_session(user.id)
    except Unavailable:
        # It is noted, and the worker does this first.
        log.warning("session_not_ended_yet", user_id=str(user.id))
    origin = public_origin(request.scope, deps.settings.trusted_hops)
    response.headers["Location"] = origin.http(f"/api/erasures/{erasure.id}/")
    return _view(erasure)


@router.get(
    ERASURE,
    summary="মুছে ফেলা কতদূর",
    dependencies=[Depends(by_address(Action.MESSAGE))],
    responses=answers(ErrorCode.NOT_FOUND, ErrorCode.RATE_LIMITED, *OUTAGES),
)
async def read_erasure(erasure_id: ErasureId, deps: DepsIn) -> ErasureView:
    """How far an erasure is; it can be asked for 30 days after its end."""
    erasure = await deps.erasures.find(erasure_id)
    if erasure is None:
        raise ChatError(ErrorCode.NOT_FOUND, erasure_id=str(erasure_id))
    return _view(erasure)


def _user_of(caller: Caller) -> User:
    if caller.user is None:
        raise ChatError(ErrorCode.SESSION_REQUIRED)
    return caller.user


def _view(erasure: ErasureRecord) -> ErasureView:
    finished = erasure.finished_micros
    return ErasureView(
        id=str(erasure.id),
        status="running" if finished is None else "done",
        requested_at=format_micros(erasure.requested_micros),
        finished_at=None if finished is None else format_micros(finished),
    )

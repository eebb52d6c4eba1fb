"""Is the system well, and how much of it is there?"""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header, Response

from api_service.callers import DepsIn
from api_service.errors import answer_of
from api_service.openapi import OUTAGES, answers
from api_service.presenting import json_answer
from shared.protocol.errors import Unavailable, language_of
from shared.protocol.views import SystemStatusView
from shared.runtime.clock import chance

router = APIRouter(tags=["অবস্থা"])


@router.get(
    "/api/status/",
    summary="সিস্টেমের অবস্থা",
    response_model=SystemStatusView,
    responses=answers(*OUTAGES),
)
async def system_status(deps: DepsIn) -> Response:
    """Sums over everything; none of them is counted for the question."""
    return json_answer(await deps.lists.status())


@router.get(
    "/api/health/",
    summary="সিস্টেম কাজ করতে পারছে কি না",
    response_model=SystemStatusView,
    responses=answers(*OUTAGES),
)
async def health(
    deps: DepsIn, accept_language: Annotated[str | None, Header(include_in_schema=False)] = None
) -> Response:
    """As the status, and truthful: 503 with the parts that are away in `failing`."""
    readiness = await deps.readiness()
    if readiness.ready:
        return json_answer(await deps.lists.status())
    away = Unavailable(readiness.failing[0])
    answer = answer_of(away, language_of(accept_language), chance())
    view = answer.view.model_copy(update={"failing": list(readiness.failing)})
    return replace(answer, view=view).response()

"""Challenges for whoever was told `proof_required`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api_service.callers import DepsIn
from api_service.limits import counted_caller
from api_service.openapi import OUTAGES, answers
from shared.domain.budgets import COSTS, Scope
from shared.domain.effort import ACTIONS, Purpose, Wish
from shared.limits.buckets import Charge
from shared.protocol.challenge_views import ChallengeView
from shared.protocol.errors import ErrorCode

router = APIRouter(tags=["অবস্থা"])


@router.get(
    "/api/challenge/",
    summary="ভিড়ের সময় ঢোকার জন্য হিসাব",
    responses=answers(ErrorCode.VALIDATION, ErrorCode.RATE_LIMITED, *OUTAGES),
)
async def make_challenge(
    request: Request,
    response: Response,
    deps: DepsIn,
    purpose: Annotated[Purpose, Query(alias="for", description="What the proof shall open")],
    room: Annotated[UUID | None, Query(description="Into which, over a socket")] = None,
) -> ChallengeView:
    """A challenge of two minutes, for the caller's address and this purpose alone.

    The proof is `{"challenge": …, "solution": {"counter": …, "derivedKey": …}}` in Base64, and goes
    into `X-Adda-Proof`, or over a socket into the parameter `proof`.
    """
    counted = await counted_caller(deps, request)
    wish = Wish(purpose, str(room or ""), counted.name if counted else "")
    cost = COSTS[ACTIONS[purpose]]
    limits = []
    if counted is not None:
        limits.append(Charge(Scope.ADDRESS, counted.name, counted.rule.budget, cost))
    if room is not None:
        newcomers = deps.settings.limit_newcomers
        limits.append(Charge(Scope.NEWCOMERS, str(room), newcomers, cost))
    made = await deps.proofs.challenge(wish, limits)
    response.headers["Cache-Control"] = "no-store"
    return ChallengeView.model_validate(made.to_dict())

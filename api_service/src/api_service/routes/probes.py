"""What orchestrators ask: `/healthz` (alive), `/readyz` (can work now) and `/metrics`."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from api_service.callers import DepsIn
from shared.runtime.probe_server import probe_answer

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> Response:
    """The process answers; nothing else is asked."""
    return Response(b'{"status":"alive"}', media_type="application/json")


@router.get("/readyz")
async def readyz(deps: DepsIn) -> Response:
    """Redis and PostgreSQL answer, and the process is not about to stop."""
    status, body = probe_answer(await deps.readiness())
    return Response(body, status, media_type="application/json")


@router.get("/metrics")
async def metrics(request: Request, accept: Annotated[str, Header()] = "") -> Response:
    """For Prometheus; the gateway lets nobody in here."""
    page, content_type = await request.state.metrics.render(accept)
    return Response(page, headers={"Content-Type": content_type})

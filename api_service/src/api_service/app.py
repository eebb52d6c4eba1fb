"""The application: routes, the layers around them, and what they are handed."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response

from api_service.admin.door import AdminDoor, open_pages
from api_service.errors import answer_exception
from api_service.methods import MethodTable
from api_service.middleware.body_limit import BodyLimit
from api_service.middleware.cors import Cors
from api_service.middleware.guard import Deadlines, Guard
from api_service.middleware.hot_lane import HotLane
from api_service.middleware.measured import Measured
from api_service.middleware.paths import Paths
from api_service.middleware.request_context import RequestContext
from api_service.middleware.turnstile import Turnstile
from api_service.routes import (
    challenge,
    documentation,
    me,
    messages,
    moderation,
    probes,
    room_contents,
    rooms,
    status,
    users,
)
from api_service.wiring import State, metrics_page, open_admin_engine, open_deps
from shared.domain.rules import RuleViolation
from shared.message_store.unavailable import StoreUnavailable
from shared.protocol.errors import ChatError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from api_service.settings import ApiSettings

ROUTERS: Final = (
    status.router,
    rooms.router,
    room_contents.router,
    messages.router,
    moderation.router,
    users.router,
    challenge.router,
    me.router,
    documentation.router,
    probes.router,
)
METHOD_NOT_ALLOWED: Final = 405


def _layers(settings: ApiSettings, deadlines: Deadlines) -> list[Middleware]:
    """Around the routes, the outermost first."""
    return [
        Middleware(RequestContext),
        Middleware(AdminDoor),
        Middleware(Cors, settings.allowed_origins),
        Middleware(Paths),
        Middleware(Measured),
        Middleware(Turnstile, settings.trusted_hops, settings.unlimited_networks),
        Middleware(BodyLimit, settings.body_bytes),
        Middleware(Guard, deadlines),
        Middleware(HotLane),
    ]


def create_app(
    settings: ApiSettings,
    stopping: asyncio.Event | None = None,
    deadlines: Deadlines | None = None,
) -> FastAPI:
    """The ASGI application of one process; unready once `stopping` is set.

    `deadlines` are those of its requests, for who wants to shorten them. Its lifespan opens and
    closes all clients.
    """
    deadlines = deadlines or Deadlines(settings.request_seconds)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
        async with open_deps(settings, stopping) as deps, open_admin_engine(settings) as engine:
            yield {
                "deps": deps,
                "pages": open_pages(deps, engine, deadlines),
                "metrics": metrics_page(deps),
            }

    app = FastAPI(
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        middleware=_layers(settings, deadlines),
    )
    for router in ROUTERS:
        app.include_router(router)
    table = MethodTable(route for router in ROUTERS for route in router.routes)

    async def answer_http(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == METHOD_NOT_ALLOWED:
            allow = {"Allow": table.allowed(request.scope["path"])}
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=allow)
            error = HTTPException(METHOD_NOT_ALLOWED, headers=allow)
        return await answer_exception(request, error)

    app.add_exception_handler(HTTPException, answer_http)
    for foreseen in (ChatError, RuleViolation, StoreUnavailable, RequestValidationError):
        app.add_exception_handler(foreseen, answer_exception)
    return app

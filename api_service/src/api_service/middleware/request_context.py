"""Gives each request an id, writes its line in the log, and sets the headers of every answer."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, Final

import structlog
from starlette.datastructures import Headers, MutableHeaders

from shared.domain.ids import chosen_request_id

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.stdlib.get_logger()

REQUEST_ID: Final = "X-Request-ID"
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})

ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Set where the answer does not say otherwise; everything here is live, much of it personal."""


class RequestContext:
    """The outermost layer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; everything else passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = chosen_request_id(Headers(scope=scope).get(REQUEST_ID), uuid.uuid4().hex)
        # A query may hold a session, and the path is what the caller sent, so both are read now.
        line: dict[str, Any] = {"method": scope["method"], "path": scope["path"], "status": 0}
        began = time.perf_counter()

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                line["status"] = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                for name, value in ALWAYS.items():
                    headers.setdefault(name, value)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_marked)
            finally:
                milliseconds = round((time.perf_counter() - began) * 1000, 1)
                if line["path"] not in _PROBES:
                    log.info("http_request", **line, milliseconds=milliseconds)

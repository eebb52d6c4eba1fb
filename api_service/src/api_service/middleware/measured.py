"""Counts requests and their time, by what they asked for; never by what they were about."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api_service.tally import Tally

NO_ROUTE: Final = "none"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Measured:
    """Inside of what refuses without looking (CORS), and of the pages of administrators."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; everything else passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        began = time.monotonic()

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            tally: Tally = scope["state"]["deps"].tally
            method = scope["method"] if scope["method"] in _METHODS else "other"
            tally.answered(route_of(scope), method, status, time.monotonic() - began)


def route_of(scope: Scope) -> str:
    """The template of the path, which whoever found the route has put into the scope."""
    return str(getattr(scope.get("route"), "path_format", NO_ROUTE))

"""The last resort: what takes too long, or fails in a way nobody foresaw, gets an answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from api_service.errors import answer_of, language_in
from shared.protocol.errors import Unavailable
from shared.runtime.clock import chance

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.stdlib.get_logger()


class Guard:
    """Gives a request `seconds`; turns what escapes from it into an answer."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; everything else passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        error: Exception
        deadline = asyncio.timeout(self._seconds)
        try:
            async with deadline:
                await self._app(scope, receive, send_noted)
        except Exception as caught:  # noqa: BLE001 - nothing may pass: its text would get out
            error = Unavailable("deadline") if deadline.expired() else caught
        else:
            return
        if started:
            log.error("answer_broken_off", exc_info=error)
            return
        await answer_of(error, language_in(scope), chance()).response()(scope, receive, send)

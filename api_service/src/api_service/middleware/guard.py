"""The last resort: what takes too long, or fails in a way nobody foresaw, gets an answer."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from api_service.errors import refuse
from shared.protocol.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.stdlib.get_logger()


class Deadlines:
    """When the requests under way are given up. For the event loop's thread alone."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        """What a new request gets."""
        self._open: set[asyncio.Timeout] = set()

    @contextmanager
    def counting(self, deadline: asyncio.Timeout) -> Iterator[None]:
        """A request under `deadline`, which must have been entered."""
        self._open.add(deadline)
        try:
            yield
        finally:
            self._open.discard(deadline)

    def shorten(self, seconds: float) -> None:
        """No request may take longer from now on: the process stops, and then cuts them off."""
        self.seconds = min(self.seconds, seconds)
        latest = asyncio.get_running_loop().time() + seconds
        for deadline in self._open:
            when = deadline.when()
            if when is not None and when > latest:
                deadline.reschedule(latest)


class Guard:
    """Gives each request its time; turns what escapes from it into an answer."""

    def __init__(self, app: ASGIApp, deadlines: Deadlines) -> None:
        self._app = app
        self._deadlines = deadlines

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
        deadline = asyncio.timeout(self._deadlines.seconds)
        try:
            async with deadline:
                with self._deadlines.counting(deadline):
                    await self._app(scope, receive, send_noted)
        except Exception as caught:  # noqa: BLE001 - nothing may pass: its text would get out
            error = Unavailable("deadline") if deadline.expired() else caught
        else:
            return
        if started:
            log.error("answer_broken_off", exc_info=error)
            return
        await refuse(scope, error)(scope, receive, send)

"""Paths with and without the trailing slash are the same; HEAD is GET without its body."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Paths:
    """Completes paths in place: a redirect would lose the body of a POST, or its method."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; everything else passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = completed(scope["path"])
        scope = {**scope, "path": path}
        if scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, send_head)


def completed(path: str) -> str:
    """The path as the routes know it: `/api/…/` ends in a slash, others do not."""
    if path == "/api" or path.startswith("/api/"):
        return path if path.endswith("/") else path + "/"
    return path.rstrip("/") or "/"

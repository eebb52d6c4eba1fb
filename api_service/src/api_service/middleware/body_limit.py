"""Refuses bodies that are too large, by the length they declare or on the way, or compressed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from api_service.errors import refuse
from shared.protocol.errors import ChatError, ErrorCode

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOO_LARGE: Final = 413
# The rest of the body is not read, so the connection cannot serve another request.
_CLOSE: Final = {"Connection": "close"}


def is_plain(content_encoding: str | None) -> bool:
    """Is nothing compressed? What would be unpacked could be a thousand times what was sent."""
    return content_encoding is None or content_encoding.strip().lower() in {"", "identity"}


class BodyLimit:
    """Bodies of at most `limit` bytes pass, as they are."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; everything else passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "")
        refusal: Exception | None = None
        if declared.isdecimal() and int(declared) > self._limit:
            refusal = self._refusal()
        elif not is_plain(headers.get("content-encoding")):
            refusal = ChatError(ErrorCode.UNSUPPORTED_MEDIA)
        if refusal is not None:
            await refuse(scope, refusal)(scope, receive, send)
            return
        taken = 0

        async def receive_counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit:
                raise self._refusal()
            return message

        await self._app(scope, receive_counted, send)

    @staticmethod
    def _refusal() -> HTTPException:
        # The framework lets its own exception through when one comes out of reading a body.
        return HTTPException(TOO_LARGE, headers=_CLOSE)

"""The ASGI application: chat sockets, and what orchestrators ask.

A bare application, without a framework's routing: joining is the expensive moment of a storm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import structlog

from shared.domain.rules import RuleViolation
from shared.protocol.close_codes import CLOSES, CloseCode, close_text
from shared.protocol.errors import ChatError, ErrorCode, Unavailable, ValidationFailed
from shared.runtime.clock import chance
from shared.runtime.probe_server import ProbeApp
from ws_service import wire
from ws_service.handshake import (
    Caller,
    is_chat_path,
    origin_allowed,
    read_caller,
    read_join_request,
)
from ws_service.transport import SocketTransport

if TYPE_CHECKING:
    from shared.runtime.health import ReadinessCheck
    from shared.runtime.metrics_page import MetricsPage
    from ws_service.hub import Hub

log = structlog.stdlib.get_logger()

CLOSE_FOR: Final = {
    ErrorCode.ROOM_FULL: CloseCode.ROOM_FULL,
    ErrorCode.ORIGIN_REFUSED: CloseCode.REFUSED,
    ErrorCode.BANNED: CloseCode.REFUSED,
    ErrorCode.ROOM_LOCKED: CloseCode.REFUSED,
    ErrorCode.TOO_MANY_CONNECTIONS: CloseCode.TOO_MANY_CONNECTIONS,
    ErrorCode.UNAVAILABLE: CloseCode.OVERLOAD,
    ErrorCode.OVERLOADED: CloseCode.OVERLOAD,
    ErrorCode.RATE_LIMITED: CloseCode.OVERLOAD,
    ErrorCode.PROOF_REQUIRED: CloseCode.OVERLOAD,
    ErrorCode.INTERNAL: CloseCode.OVERLOAD,
}
"""How a connection ends that was refused on the way in; anything else is the client's mistake."""


class WsApp:
    """One instance per process."""

    def __init__(self, hub: Hub, is_ready: ReadinessCheck, metrics: MetricsPage) -> None:
        self._hub = hub
        self._probes = ProbeApp(is_ready, metrics)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One connection or request."""
        if scope["type"] == "http":
            await self._probes(scope, receive, send)
        elif not is_chat_path(scope["path"]):
            await _answer(send, 404)
        elif self._hub.draining:
            await _answer(send, 503)  # the gateway asks the next replica, and nobody is refused
        else:
            await self._socket(scope, receive, send)

    async def _socket(self, scope: Any, receive: Any, send: Any) -> None:
        caller = read_caller(scope, uuid4().hex, self._hub.settings.trusted_hops)
        await receive()  # websocket.connect
        # Accepted before it may be refused: only so do browsers see the close code.
        headers = [(b"x-request-id", caller.request_id.encode())]
        await send(
            {"type": "websocket.accept", "subprotocol": caller.subprotocol, "headers": headers}
        )
        structlog.contextvars.bind_contextvars(request_id=caller.request_id)
        transport = SocketTransport(scope, receive)
        try:
            code = await self._talk(scope, caller, transport)
            log.debug("disconnected", code=code)
        except RuleViolation as violation:
            refusal = ValidationFailed.of(violation.field, violation.code)
            self._refuse(transport, caller, refusal)
        except ChatError as error:
            self._refuse(transport, caller, error)
        except Exception:  # our fault: the client gets a code, not a cut line
            log.exception("connection_failed")
            self._refuse(transport, caller, Unavailable("replica", code=ErrorCode.INTERNAL))

    async def _talk(self, scope: Any, caller: Caller, transport: SocketTransport) -> int:
        hub = self._hub
        if not origin_allowed(caller.origin, hub.settings.allowed_origins):
            raise ChatError(ErrorCode.ORIGIN_REFUSED)
        request = read_join_request(scope)
        structlog.contextvars.bind_contextvars(room=str(request.room))
        async with hub.connected(request, caller, transport) as connection:
            structlog.contextvars.bind_contextvars(connection=str(connection.id))
            code = await connection.serve()
            cut = transport.closed_with
            if cut in CLOSES and not connection.closing:  # by the protocol class, not by us
                hub.replica.closes[CloseCode(cut)] += 1
                if cut == CloseCode.FLOOD:
                    hub.parts.visitors.flooded(connection.visitor)
            return code

    def _refuse(self, transport: SocketTransport, caller: Caller, error: ChatError) -> None:
        code = CLOSE_FOR.get(error.code, CloseCode.BAD_REQUEST)
        part = error.part if isinstance(error, Unavailable) else None
        log.info("refused", code=error.code.value, close=int(code), part=part)
        self._hub.replica.closes[code] += 1
        self._hub.replica.refusals[error.code] += 1
        now = self._hub.parts.clock.micros()
        transport.write(wire.error_frame(error, caller.language, now, chance()))
        transport.close(code, close_text(code, caller.language))


async def _answer(send: Any, status: int) -> None:
    """Instead of a socket."""
    await send({"type": "websocket.http.response.start", "status": status, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b""})

"""`/healthz` (alive) and `/readyz` (can work now) as a tiny ASGI application.

Mounted by the services that serve HTTP anyway; the worker serves it alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
import uvicorn
from typing_extensions import override

from shared.protocol.errors import ERRORS, ErrorCode
from shared.runtime.health import Readiness
from shared.runtime.http_protocol import BoundedHttpProtocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOT_FOUND = orjson.dumps(
    {"status": "error", "code": "not_found", "message": ERRORS[ErrorCode.NOT_FOUND].bn}
)
ReadinessCheck = Callable[[], Awaitable[Readiness]]


def probe_answer(readiness: Readiness) -> tuple[int, bytes]:
    """HTTP status and body of `/readyz`."""
    body = {"status": "ready" if readiness.ready else "unready", "failing": readiness.failing}
    return (200 if readiness.ready else 503), orjson.dumps(body)


class ProbeApp:
    """ASGI application that answers the two probes and 404 to all else."""

    def __init__(self, is_ready: ReadinessCheck) -> None:
        self._is_ready = is_ready

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        """One request."""
        status, body = 404, NOT_FOUND
        if scope["path"] == "/healthz":
            status, body = 200, b'{"status":"alive"}'
        elif scope["path"] == "/readyz":
            status, body = probe_answer(await self._is_ready())
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class EmbeddedServer(uvicorn.Server):
    """A uvicorn server that leaves signals to its owner."""

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """Overrides uvicorn's handlers, which would stop everything at once."""
        yield


@asynccontextmanager
async def serve_probes(host: str, port: int, is_ready: ReadinessCheck) -> AsyncIterator[None]:
    """Serves the probes beside the caller's work."""
    server = EmbeddedServer(
        uvicorn.Config(
            ProbeApp(is_ready),
            host=host,
            port=port,
            http=BoundedHttpProtocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
        )
    )
    task = asyncio.get_running_loop().create_task(server.serve(), name="probe server")
    try:
        yield
    finally:
        server.should_exit = True
        await task

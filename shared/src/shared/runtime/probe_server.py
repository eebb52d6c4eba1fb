"""`/healthz` (alive), `/readyz` (can work now) and `/metrics` as a tiny ASGI application.

Mounted by the services that serve HTTP anyway; the worker serves it alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
import uvicorn
from typing_extensions import override

from shared.protocol.errors import ERRORS, ErrorCode
from shared.runtime.http_protocol import BoundedHttpProtocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.runtime.health import Readiness, ReadinessCheck
    from shared.runtime.metrics_page import MetricsPage

NOT_FOUND = orjson.dumps(
    {"status": "error", "code": "not_found", "message": ERRORS[ErrorCode.NOT_FOUND].bn}
)


def probe_answer(readiness: Readiness) -> tuple[int, bytes]:
    """HTTP status and body of `/readyz`."""
    body = {"status": "ready" if readiness.ready else "unready", "failing": readiness.failing}
    return (200 if readiness.ready else 503), orjson.dumps(body)


class ProbeApp:
    """ASGI application that answers what orchestrators ask, and 404 to all else."""

    def __init__(self, is_ready: ReadinessCheck, metrics: MetricsPage) -> None:
        self._is_ready = is_ready
        self._metrics = metrics

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        """One request."""
        status, body, kind = 404, NOT_FOUND, "application/json"
        if scope["path"] == "/healthz":
            status, body = 200, b'{"status":"alive"}'
        elif scope["path"] == "/readyz":
            status, body = probe_answer(await self._is_ready())
        elif scope["path"] == "/metrics":
            accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
            status, (body, kind) = 200, await self._metrics.render(accept)
        headers = [(b"content-type", kind.encode()), (b"cache-control", b"no-store")]
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
async def serve_probes(
    host: str, port: int, is_ready: ReadinessCheck, metrics: MetricsPage
) -> AsyncIterator[None]:
    """Serves the probes beside the caller's work."""
    server = EmbeddedServer(
        uvicorn.Config(
            ProbeApp(is_ready, metrics),
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

"""`python -m api_service`: serves REST until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import math
import sys
from typing import Final

import structlog
import uvicorn
import uvloop
from pydantic import ValidationError

from api_service.app import create_app
from api_service.middleware.guard import Deadlines
from api_service.settings import ApiSettings
from shared.runtime.http_protocol import BoundedHttpProtocol
from shared.runtime.lifecycle import settle_memory, stop_on_signals
from shared.runtime.logging import configure
from shared.runtime.probe_server import EmbeddedServer
from shared.runtime.tracing import TracingNotInstalled, require_tracing

log = structlog.stdlib.get_logger()

ANSWERED_WITHIN: Final = 0.8
"""Share of the time for open requests after which they are answered, so that none is cut off."""


def main() -> int:
    """Exit code: 0 after an orderly stop, 1 when the server could not run, 2 for bad settings."""
    try:
        settings = ApiSettings.from_environment()
        require_tracing(settings)
    except ValidationError as error:
        problems = "; ".join(f"{p['loc'] or ''}: {p['msg']}" for p in error.errors())
        print(f"api_service: settings: {problems}", file=sys.stderr)
        return 2
    except TracingNotInstalled as error:
        print(f"api_service: {error}", file=sys.stderr)
        return 2
    configure(settings, "api")
    return uvloop.run(serve(settings))


async def serve(settings: ApiSettings) -> int:
    """Runs the server until a signal, then stops in order: unready, no new connections, finish."""
    stopping = asyncio.Event()
    deadlines = Deadlines(settings.request_seconds)
    config = uvicorn.Config(
        create_app(settings, stopping, deadlines),
        host=settings.host,
        port=settings.port,
        http=BoundedHttpProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=math.ceil(settings.drain_seconds),
    )
    config.load()
    server = EmbeddedServer(config)
    settle_memory()
    async with stop_on_signals() as stop:
        log.info("starting", port=settings.port)
        serving = asyncio.get_running_loop().create_task(server.serve(), name="http server")
        signalled = asyncio.get_running_loop().create_task(stop.wait(), name="signals")
        await asyncio.wait({serving, signalled}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            stopping.set()
            log.info("stopping")
            await asyncio.sleep(settings.drain_settle_seconds)
            deadlines.shorten(settings.drain_seconds * ANSWERED_WITHIN)
            server.should_exit = True
        signalled.cancel()
        await serving
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())

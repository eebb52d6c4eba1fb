"""Starts one replica of the socket service: settings → logging → wiring → serve → exit code."""

from __future__ import annotations

import sys

import structlog
import uvloop
from pydantic import ValidationError

from shared.runtime import logging
from shared.runtime.lifecycle import settle_memory, stop_on_signals
from shared.runtime.tracing import TracingNotInstalled, require_tracing
from ws_service.server import serve_until
from ws_service.settings import WsSettings
from ws_service.wiring import open_deps


async def _run(settings: WsSettings) -> int:
    async with stop_on_signals() as stop, open_deps(settings) as deps:
        settle_memory()
        structlog.stdlib.get_logger().info("starting", port=settings.port)
        return await serve_until(stop, settings, deps)


def main() -> int:
    """Runs until SIGTERM or SIGINT; returns the process's exit code."""
    try:
        settings = WsSettings.from_environment()
        require_tracing(settings)
    except ValidationError as error:
        print(f"ws_service: settings are not usable: {error}", file=sys.stderr)
        return 2
    except TracingNotInstalled as error:
        print(f"ws_service: {error}", file=sys.stderr)
        return 2
    logging.configure(settings, "ws_service")
    return uvloop.run(_run(settings))


if __name__ == "__main__":
    sys.exit(main())

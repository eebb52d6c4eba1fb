"""Starts one worker: settings → logging → wiring → run → exit code."""

from __future__ import annotations

import sys

import structlog
import uvloop
from pydantic import ValidationError

from shared.runtime import logging
from shared.runtime.lifecycle import stop_on_signals
from shared.runtime.probe_server import serve_probes
from shared.runtime.tracing import TracingNotInstalled, require_tracing
from worker.settings import WorkerSettings
from worker.wiring import metrics_page, open_deps


async def _run(settings: WorkerSettings) -> int:
    async with (
        stop_on_signals() as stop,
        open_deps(settings, stop) as deps,
        serve_probes(settings.host, settings.port, deps.progress.readiness, metrics_page(deps)),
    ):
        structlog.stdlib.get_logger().info("starting", port=settings.port)
        return await deps.supervisor.run_until(stop)


def main() -> int:
    """Runs until SIGTERM or SIGINT; returns the process's exit code."""
    try:
        settings = WorkerSettings.from_environment()
        require_tracing(settings)
    except ValidationError as error:
        print(f"worker: settings are not usable: {error}", file=sys.stderr)
        return 2
    except TracingNotInstalled as error:
        print(f"worker: {error}", file=sys.stderr)
        return 2
    logging.configure(settings, "worker")
    return uvloop.run(_run(settings))


if __name__ == "__main__":
    sys.exit(main())

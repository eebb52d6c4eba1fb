"""uvicorn, set up for chat sockets, and stopped in the right order."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn

from shared.protocol.commands import MAX_FRAME_BYTES
from shared.runtime.probe_server import EmbeddedServer
from ws_service.app import WsApp
from ws_service.drain import drain
from ws_service.protocol_class import DoorProtocol
from ws_service.turns import IN_LOOP_SECONDS, Turns
from ws_service.upgrade_protocol import Lanes, UpgradeProtocol
from ws_service.wiring import metrics_page

if TYPE_CHECKING:
    from ws_service.settings import WsSettings
    from ws_service.wiring import Deps

log = structlog.stdlib.get_logger()


def _config(settings: WsSettings, deps: Deps) -> uvicorn.Config:
    http: Any = partial(UpgradeProtocol, receive=deps.hub.receive, lanes=Lanes())
    ws: Any = partial(DoorProtocol, turns=Turns(IN_LOOP_SECONDS, 0.0), floods=Turns())
    return uvicorn.Config(
        WsApp(deps.hub, deps.readiness, metrics_page(deps)),
        host=settings.host,
        port=settings.port,
        http=http,
        ws=ws,
        ws_max_size=MAX_FRAME_BYTES,
        ws_ping_interval=settings.ping_seconds,
        ws_ping_timeout=settings.pong_seconds,
        # Costs tens of kilobytes per connection; small messages gain little.
        ws_per_message_deflate=False,
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=75,
        backlog=4096,
    )


async def serve_until(stop: asyncio.Event, settings: WsSettings, deps: Deps) -> int:
    """Serves until `stop`, then: unready → stop accepting → staggered closes → flush → exit.

    Returns the exit code; 1 when the server could not start or ended by itself.
    """
    server = EmbeddedServer(_config(settings, deps))
    serving = asyncio.get_running_loop().create_task(server.serve(), name="server")
    stopping = asyncio.get_running_loop().create_task(stop.wait(), name="stop")
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        stopping.cancel()
        log.error("server_ended", exc_info=serving.exception())
        return 1
    deps.hub.draining = True
    await asyncio.sleep(settings.drain_settle_seconds)
    for listener in server.servers:
        listener.close()
    await drain(deps.hub)
    server.should_exit = True
    await serving
    return 0

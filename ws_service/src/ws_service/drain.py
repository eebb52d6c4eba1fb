"""How a replica stops without being felt: nobody is told "left", and not all come back at once."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final

import structlog

from shared.protocol.close_codes import CloseCode

if TYPE_CHECKING:
    from ws_service.hub import Hub

log = structlog.stdlib.get_logger()

STEPS_PER_SECOND: Final = 10
LAST_LEAVES_SECONDS: Final = 5.0


async def drain(hub: Hub) -> None:
    """Closes every connection with 1012, evenly over `drain_seconds`, in random order.

    Returns when all have left presence (with the long grace) and every accepted message was
    answered. The caller has turned readiness red and stopped to accept before.
    """
    connections = list(hub.connections.values())
    random.shuffle(connections)  # not by age: the oldest rooms would be hit first
    log.info("drain_started", connections=len(connections))
    steps = max(1, int(hub.settings.drain_seconds * STEPS_PER_SECOND))
    for step in range(steps):
        for connection in connections[step::steps]:
            connection.close(CloseCode.RESTART)
        if any(not connection.closing for connection in connections):
            await asyncio.sleep(1 / STEPS_PER_SECOND)
    await hub.parts.history.log.drain()
    await hub.wait_empty(LAST_LEAVES_SECONDS)
    log.info("drain_finished", left_over=len(hub.connections))

"""What is left in memory of a connection that has gone."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from tests.chat_client import chat
from tests.patience import eventually

from ws_service.connection import Connection
from ws_service.protocol_class import DoorProtocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from tests.integration.ws_service.conftest import Replica


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def remaining() -> int:
    return sum(isinstance(each, Connection | DoorProtocol) for each in gc.get_objects())


@pytest.mark.usefixtures("without_collector")
async def test_a_connection_that_has_gone_leaves_nothing_for_the_garbage_collector(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    before = remaining()
    async with chat(replicas[0].base, room) as client:
        await client.say("আছি", client_id="1")
        await client.wait_for("ack", lambda event: event["client_id"] == "1")
        assert remaining() == before + 2
    await eventually(lambda: remaining() <= before)

"""Whoever reads a line knows whose it is: the request, the room and the connection stand in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from structlog.testing import capture_logs
from tests.chat_client import chat
from tests.integration.ws_service.conftest import Replica

if TYPE_CHECKING:
    from uuid import UUID

    import pytest

IDS = {"X-Request-ID": "e5f0a1b2"}


def lines_of(lines: list[Any], event: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] == event]


async def test_a_line_about_a_command_says_on_which_connection_it_came(
    replicas: tuple[Replica, Replica], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = replicas
    with capture_logs((structlog.contextvars.merge_contextvars,)) as lines:
        async with chat(here.base, room, additional_headers=IDS) as client:
            [connection] = here.deps.hub.connections

            def broken(*_: object) -> None:
                raise LookupError

            monkeypatch.setattr("ws_service.session.parse_command", broken)
            await client.send(type="message", content="সালাম")
            await client.wait_for("error")
    [line] = lines_of(lines, "frame_failed")
    expected = {"request_id": "e5f0a1b2", "room": str(room), "connection": str(connection)}
    assert expected.items() <= line.items()


async def test_who_is_not_let_in_is_known_by_the_request_and_the_room(
    replicas: tuple[Replica, Replica], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = replicas
    full = here.deps.hub.settings.model_copy(update={"max_connections": 0})
    monkeypatch.setattr(here.deps.hub, "settings", full)
    with capture_logs((structlog.contextvars.merge_contextvars,)) as lines:
        async with chat(here.base, room, additional_headers=IDS) as client:
            await client.wait_closed()
    [line] = lines_of(lines, "refused")
    assert {"request_id": "e5f0a1b2", "room": str(room), "code": "overloaded"}.items() <= (
        line.items()
    )

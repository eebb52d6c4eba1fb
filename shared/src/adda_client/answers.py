"""Who waits for which answer on one connection. Acks come by `client_id`, histories in order."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from adda_client.errors import MessageRefused
from shared.protocol.errors import ERRORS, ErrorCode
from shared.protocol.events import AckEvent, ErrorEvent, Event, HistoryEvent


class ConnectionLost(Exception):
    """The connection that should have brought an answer is gone."""


class TryAgain(Exception):
    """The server asks to try again after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(slots=True)
class Answers:
    """Made anew for each connection."""

    acks: dict[str, asyncio.Future[AckEvent]] = field(default_factory=dict)
    histories: deque[asyncio.Future[HistoryEvent] | None] = field(default_factory=deque)
    """None: asked by the timeline, to fill a gap."""

    def take_ack(self, event: AckEvent) -> None:
        """The answer to a message."""
        _settle(self.acks.get(event.client_id), event)

    def take_history(self, event: HistoryEvent) -> bool:
        """False: nobody but the timeline has asked for it."""
        asker = self.histories.popleft() if self.histories else None
        _settle(asker, event)
        return asker is not None

    def take_error(self, event: ErrorEvent) -> Literal["told", "unclear", "nobody's"]:
        """Tells whoever sent what was refused.

        An error without `client_id` may be the answer to a history or to something else. Then
        nobody knows which answers are still to come: begin again with another connection.
        """
        if event.client_id is not None:
            _fail(self.acks.get(event.client_id), _told(event))
            return "told"
        return "unclear" if self.histories else "nobody's"

    def forget(self, client_id: str) -> None:
        """Nobody waits for this ack any more, whatever it has become."""
        waiting = self.acks.pop(client_id, None)
        if waiting is not None and not waiting.cancel() and not waiting.cancelled():
            waiting.exception()

    def lose(self) -> None:
        """The connection is gone: nobody will be answered."""
        for waiting in [*self.acks.values(), *self.histories]:
            _fail(waiting, ConnectionLost())
        self.histories.clear()


def _settle(waiting: asyncio.Future[Any] | None, result: Event) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(result)


def _fail(waiting: asyncio.Future[Any] | None, error: Exception) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_exception(error)


def _told(event: ErrorEvent) -> TryAgain | MessageRefused:
    passes = event.code in set(ErrorCode) and ERRORS[ErrorCode(event.code)].retryable
    return (
        TryAgain(event.retry_after or 0.0) if passes else MessageRefused(event.code, event.message)
    )

"""Traces of deliveries: a second pair of ears beside the rooms, where traces are wanted at all."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from shared.protocol.codec import decode_body
from shared.protocol.envelopes import MessagesEnvelope, UnknownEnvelope, decode_envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.protocol.codec import MessageBody
    from shared.runtime.message_spans import MessageSpans
    from ws_service.tick_end import TickEnd

    OnEvent = Callable[[str, bytes], None]


log = structlog.stdlib.get_logger()


def traced(on_event: OnEvent, spans: MessageSpans, tick_end: TickEnd) -> OnEvent:
    """`on_event`, and a span for each traced message that ends when its frames are written.

    What is read again from the log after a gap is not among them.
    """

    def heard(channel: str, payload: bytes) -> None:
        began = time.time_ns()
        on_event(channel, payload)
        try:
            for body in _messages(payload):
                message = UUID(body.message_id)
                if spans.wants(message):
                    told = {"room": body.room_id}
                    # Behind the frames of all rooms.
                    tick_end.write_answers(partial(spans.record, "deliver", message, began, told))
        except ValueError:  # of another version; this is the link of all rooms, and only a trace
            log.debug("delivery_not_traced")

    return heard


def _messages(payload: bytes) -> Iterator[MessageBody]:
    try:
        envelope = decode_envelope(payload)
    except UnknownEnvelope:  # counted by who was to hear it
        return
    if isinstance(envelope, MessagesEnvelope):
        for message in envelope.messages:
            yield decode_body(message.body)

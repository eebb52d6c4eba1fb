"""Spans of messages, by OpenTelemetry.

A message's id is the id of its trace. It is made where the message is taken, has 128 bits with a
random end, as a trace id has (W3C Trace Context, https://www.w3.org/TR/trace-context-2/#trace-id),
and travels with the message to every replica and worker anyway. So nothing is added to what is
sent, and each part finds out by itself whether a message is traced.

Stages: `publish` (the root: taken until answered), `deliver` (heard by a replica until it is
written to the sockets), `store` (taken by Redis until committed in PostgreSQL).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    set_span_in_context,
)
from typing_extensions import override

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.export import SpanExporter

Stage = Literal["publish", "deliver", "store"]
Told = Mapping[str, str | int]
"""Attributes of a span."""

RANDOM_BITS: Final = 62
"""At the end of a UUID of version 7 (RFC 9562, section 5.7)."""
SPAN_BITS: Final = 64
CLOSE_SECONDS: Final = 5.0
"""How long a process that ends waits for a collector."""


class _MessageIds(IdGenerator):
    """The trace and its root are named by the message; other spans by chance."""

    def __init__(self) -> None:
        self.root: UUID | None = None
        """Of which message the next span is the root."""

    @override
    def generate_trace_id(self) -> int:
        assert self.root is not None  # noqa: S101 - every other span has a parent
        return self.root.int

    @override
    def generate_span_id(self) -> int:
        if self.root is not None:
            return _root_span(self.root)
        return random.getrandbits(SPAN_BITS) or 1

    @override
    def is_trace_id_random(self) -> bool:
        return True  # its last 56 bits are


class MessageSpans:
    """For the event loop's thread alone."""

    def __init__(self, exporter: SpanExporter, service: str, instance: str, share: float) -> None:
        """`share` of all messages is traced, the same ones by every part."""
        who = {"service.name": f"adda-{service}", "service.instance.id": instance}
        self._ids = _MessageIds()
        self._provider = TracerProvider(
            resource=Resource.create(who), id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("adda")
        self._below = round(share * (1 << RANDOM_BITS))

    def wants(self, message: UUID) -> bool:
        """Is this message traced?"""
        return message.int & ((1 << RANDOM_BITS) - 1) < self._below

    def publishing(self, message_id: str, room: UUID) -> Callable[[Told], None] | None:
        """What to call with the answer to a message that is sent now; None if it is not traced."""
        message = UUID(message_id)
        if not self.wants(message):
            return None
        began = time.time_ns()

        def answered(told: Told) -> None:
            self.record("publish", message, began, {"room": str(room), **told})

        return answered

    def record(self, stage: Stage, message: UUID, began: int, told: Told) -> None:
        """Tells of a stage that ends now and began at `began`, in nanoseconds since 1970."""
        is_root = stage == "publish"
        self._ids.root = message if is_root else None
        span = self._tracer.start_span(
            stage, None if is_root else _below_root(message), start_time=began, attributes=told
        )
        span.set_attribute("message_id", str(message))
        # No clock is exactly another's: what Redis saw begin does not end before.
        span.end(max(began, time.time_ns()))

    def close(self) -> None:
        """Sends what waits; blocks for `CLOSE_SECONDS` at most."""
        self._provider.force_flush(round(CLOSE_SECONDS * 1000))
        self._provider.shutdown()


def _root_span(message: UUID) -> int:
    return message.int & ((1 << SPAN_BITS) - 1)


def _below_root(message: UUID) -> Context:
    flags = TraceFlags(TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID)
    root = SpanContext(message.int, _root_span(message), is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(root))

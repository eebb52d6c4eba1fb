from __future__ import annotations

import random
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.domain.ids import uuid7
from shared.runtime.message_spans import MessageSpans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan

ROOM = UUID("0190a0a0-0000-7000-8000-00000000000a")


def message_ids(count: int) -> list[UUID]:
    luck = random.Random(1)
    return [uuid7(1_700_000_000_000 + n, luck.getrandbits(74)) for n in range(count)]


class Recorder:
    """Spans that were told of, and who tells."""

    def __init__(self, share: float) -> None:
        self._exporter = InMemorySpanExporter()
        self.spans = MessageSpans(self._exporter, "ws", "ws-1", share)

    def told(self) -> list[ReadableSpan]:
        self.spans.close()
        return list(self._exporter.get_finished_spans())


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder(1.0)
    yield recorder
    recorder.spans.close()


@pytest.mark.parametrize(("share", "least", "most"), [(0, 0, 0), (0.1, 80, 120), (1, 1000, 1000)])
def test_the_share_that_is_wanted_is_traced(share: float, least: int, most: int) -> None:
    spans = Recorder(share).spans
    traced = [message for message in message_ids(1000) if spans.wants(message)]
    assert least <= len(traced) <= most
    spans.close()


def test_every_part_chooses_the_same_messages() -> None:
    few, more = Recorder(0.1).spans, Recorder(0.5).spans
    again = Recorder(0.1).spans
    for message in message_ids(200):
        assert few.wants(message) == again.wants(message)
        assert more.wants(message) or not few.wants(message)
    for spans in (few, more, again):
        spans.close()


def test_the_trace_and_its_root_are_named_by_the_message(recorder: Recorder) -> None:
    [message] = message_ids(1)
    answered = recorder.spans.publishing(str(message), ROOM)
    assert answered is not None
    answered({"outcome": "published", "seq": 7})
    recorder.spans.record("store", message, 0, {"batch": 3})
    root, store = recorder.told()
    assert (root.name, root.parent, root.context.trace_id) == ("publish", None, message.int)
    assert root.attributes == {
        "room": str(ROOM),
        "outcome": "published",
        "seq": 7,
        "message_id": str(message),
    }
    assert store.context.trace_id == message.int
    assert store.parent is not None
    assert store.parent.span_id == root.context.span_id != store.context.span_id
    assert store.resource.attributes["service.name"] == "adda-ws"


def test_what_is_not_traced_leaves_nothing_to_call() -> None:
    recorder = Recorder(0)
    assert recorder.spans.publishing(str(message_ids(1)[0]), ROOM) is None
    assert recorder.told() == []


def test_a_stage_that_another_clock_saw_begin_later_takes_no_time(recorder: Recorder) -> None:
    late = 4_000_000_000_000_000_000
    recorder.spans.record("deliver", message_ids(1)[0], late, {})
    [span] = recorder.told()
    assert span.start_time == span.end_time == late

"""One message, followed from its socket to PostgreSQL by a real collector's eyes.

The collector is this test: it takes OTLP over HTTP as any other would, and keeps what it is told.
"""

from __future__ import annotations

import gzip
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from tests.chat_client import Crowd
from typing_extensions import override

from local_stack.ports import free_ports
from local_stack.services import StackOptions
from local_stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Collector(ThreadingHTTPServer):
    """Spans by the id of their trace."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.told = threading.Condition()
        self.spans: dict[UUID, list[tuple[str, Any]]] = defaultdict(list)
        """Each with the instance that told of it."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/traces"

    def take(self, request: ExportTraceServiceRequest) -> None:
        with self.told:
            for resource in request.resource_spans:
                who = {one.key: one.value.string_value for one in resource.resource.attributes}
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        trace = UUID(bytes=span.trace_id)
                        self.spans[trace].append((who["service.instance.id"], span))
            self.told.notify_all()

    def trace_of(self, message_id: str, spans: int) -> list[tuple[str, Any]]:
        """All spans of a message, as soon as there are so many."""
        trace = UUID(message_id)
        with self.told:
            assert self.told.wait_for(lambda: len(self.spans[trace]) >= spans, 30)
            return sorted(self.spans[trace], key=lambda each: (each[1].name, each[0]))


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        self.server.take(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def traced(server_directory: Path, collector: Collector) -> Iterator[Stack]:
    options = StackOptions(
        directory=server_directory / "traced",
        port=free_ports(1)[0],
        durable=False,
        ws=2,
        environment={
            "ADDA_TRACE_URL": collector.url,
            "ADDA_TRACE_SHARE": "1",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        },
    )
    with Stack(options) as running:
        yield running


async def test_a_message_is_followed_from_its_socket_to_postgresql(
    traced: Stack, collector: Collector
) -> None:
    room = UUID("0190a0a0-0000-7000-8000-00000000000a")
    async with Crowd() as crowd:
        here, there = [
            await crowd.add(traced.service_url(name).replace("http", "ws", 1), room)
            for name in ("ws-1", "ws-2")
        ]
        await here.say("কোথায় কতক্ষণ লাগে?", client_id="ক")
        ack = await here.wait_for("ack")
        await there.wait_for("message")
    spans = collector.trace_of(ack["message_id"], spans=4)
    found = [(span.name, who.rpartition("-")[0]) for who, span in spans]
    assert found == [("deliver", "ws"), ("deliver", "ws"), ("publish", "ws"), ("store", "worker")]
    [root] = [span for _, span in spans if span.name == "publish"]
    assert not root.parent_span_id
    assert {span.parent_span_id for _, span in spans} == {b"", root.span_id}
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for _, span in spans)
    told = {one.key: one.value for one in root.attributes}
    assert told["room"].string_value == str(room)
    assert told["outcome"].string_value == "published"
    assert told["seq"].int_value == ack["seq"]

"""Traces of messages, from the socket's frame to the worker's commit; off unless they are wanted.

What is told, `message_spans.py` says. That module needs the extra `tracing`, and is imported only
where traces are wanted; everywhere else there is None in its place, and nothing to pay for.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    from shared.runtime.message_spans import MessageSpans
    from shared.runtime.settings import CommonSettings

log = structlog.stdlib.get_logger()


class TracingNotInstalled(RuntimeError):
    """Traces are wanted, but the packages for them are not there."""


def require_tracing(settings: CommonSettings) -> None:
    """Returns if messages are not to be traced, or can be; asked before anything is opened.

    Raises:
        TracingNotInstalled: a collector is set, but the extra `tracing` is not installed.
    """
    if settings.trace_url:
        _load()


def _load() -> tuple[type[OTLPSpanExporter], type[MessageSpans]]:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - an extra
            OTLPSpanExporter,
        )

        from shared.runtime.message_spans import MessageSpans  # noqa: PLC0415 - as above
    except ImportError as missing:
        told = "ADDA_TRACE_URL is set, but the extra `tracing` of adda is not installed"
        raise TracingNotInstalled(told) from missing
    return OTLPSpanExporter, MessageSpans


@asynccontextmanager
async def open_tracing(
    settings: CommonSettings, service: str
) -> AsyncIterator[MessageSpans | None]:
    """Tells the collector of the settings of messages, as long as the context is open.

    Raises:
        TracingNotInstalled: a collector is set, but the extra `tracing` is not installed.
    """
    if not settings.trace_url:
        yield None
        return
    exporter_class, spans_class = _load()
    exporter = exporter_class(endpoint=settings.trace_url)
    spans = spans_class(exporter, service, settings.instance, settings.trace_share)
    log.info("tracing", url=settings.trace_url, share=settings.trace_share)
    try:
        yield spans
    finally:
        await asyncio.to_thread(spans.close)

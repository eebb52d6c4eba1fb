"""Structured logs: one event name and fields per line; the names stand in `log_events`.

Never logged: session ids, message contents, query strings, addresses. `log_scrubbing` sees to it
where somebody forgets.
A line stays one line, and commands no terminal, whatever a stranger put into a path.
"""

from __future__ import annotations

import io
import logging
import re
import sys
from typing import TYPE_CHECKING, Any, Final, TextIO

import structlog

from shared.runtime.log_scrubbing import scrubbed, scrubbed_value

if TYPE_CHECKING:
    from structlog.typing import EventDict, ExcInfo, WrappedLogger

    from shared.runtime.settings import CommonSettings

_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Controls but tab and newline (both renderers quote those), other line ends, bidi, surrogates."""


def _escaped(text: str) -> str:
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _escape_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {
        name: _escaped(value) if isinstance(value, str) else value for name, value in event.items()
    }


_OF_THE_LIBRARY: Final = frozenset(
    {"exc_info", "stack_info", "_record", "_from_structlog", "timestamp", "level"}
)
"""Rendered later, or nothing that a caller says."""


def _scrub(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {
        name: value if name in _OF_THE_LIBRARY else scrubbed_value(name, value)
        for name, value in event.items()
    }


def _escaped_traceback(sink: TextIO, error: ExcInfo) -> None:
    """Without local variables, which rich would print, and so sessions."""
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, error)
    sink.write(_escaped(scrubbed(plain.getvalue())))


def configure(settings: CommonSettings, service: str) -> None:
    """Sends structlog's and the standard library's logs to standard output, one line each."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any
    if settings.log_format == "json":
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(), exception_formatter=_escaped_traceback
        )
    shared += [_scrub, _escape_values]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    # Found out for every line, and written by neither renderer.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Their access lines hold query strings, and so sessions; the gateway writes the access log.
    for noisy in ("uvicorn.access", "uvicorn.error", "websockets", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service, instance=settings.instance)

"""Writes `metrics.md` and `logs.md` beside this file from what the code declares: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from shared.runtime.log_events import EVENTS
from shared.runtime.metrics import METRICS, Metric, Service

METRICS_DOCUMENT: Final = Path(__file__).with_name("metrics.md")
LOGS_DOCUMENT: Final = Path(__file__).with_name("logs.md")

_METRICS_HEAD: Final = """\
# Metrics

Made by `make docs` from `shared/src/shared/runtime/metrics.py`; a test fails when it is stale.

Every replica answers `GET /metrics` at its own port, for Prometheus inside; the gateway answers 404
for it. Beside these stand the usual `process_…`, `python_gc_…` and `python_info` of
prometheus-client. Who accepts `application/openmetrics-text` gets exemplars, too.

A room, a person or an address is never a label. Counters begin at 0 for every value of a label that
is known before, so that the first of a kind is an increase. What each alert means and what to do:
[runbook](runbook.md). The rules and the dashboard: `deploy/observability`.
"""

_LOGS_HEAD: Final = """\
# Logs

Made by `make docs` from `shared/src/shared/runtime/log_events.py`; a test fails when it is stale.

Each process writes one line per event to standard output: JSON with `ADDA_LOG_FORMAT=json`, and for
people by default. In each line (broken here) stand `timestamp` (UTC), `level`, `event`, `service`
and `instance`; wherever they are known `request_id` (also in the answer's `X-Request-ID`, and as
exemplar of `adda_publish_seconds`), `room` and `connection`. Never logged: sessions, contents of
messages, query strings, addresses.

```js
{"event": "gap_filled", "level": "info", "timestamp": "2026-01-01T12:00:00.000000Z",
 "service": "ws_service", "instance": "ws-1", "room": "0a1b…", "first": 118, "count": 2}
```

## To a collector

Whatever reads the output of containers takes them as they are, since nothing but JSON lines is in
it; no agent stands inside, and no address of one is a setting. With Docker, choose a log driver
(`docker compose` passes `logging:` on: `journald`, `fluentd`, `gelf`, `awslogs`, …); on Kubernetes,
the node's agent (Fluent Bit, Vector, Promtail, the OpenTelemetry Collector's `filelog` receiver)
reads the files. Parse each line as JSON; take `timestamp` as the time, `level` as the severity, and
`service`, `instance` and `level` as indexed labels. `event` may be one, too: there are these few.
`request_id`, `room` and `connection` have as many values as there are clients: search them, do not
index them. The gateway's access log is JSON with the same `request_id`; of addresses it has the
network alone (/24, /48).
"""


def metrics_document() -> str:
    """The whole text of `metrics.md`."""
    sections = [_METRICS_HEAD]
    kinds = (
        ("All services", tuple(Service)),
        ("api_service and ws_service", (Service.API, Service.WS)),
        ("ws_service", (Service.WS,)),
        ("api_service", (Service.API,)),
        ("worker", (Service.WORKER,)),
    )
    for heading, services in kinds:
        rows = [_row(metric) for metric in METRICS if metric.services == services]
        head = ["| metric | kind | labels | meaning |", "|---|---|---|---|"]
        sections.append("\n".join([f"## {heading}\n", *head, *rows, ""]))
    return "\n".join(sections)


def _row(metric: Metric) -> str:
    labels = "; ".join(
        f"`{label.name}`: {label.means}"
        + (f" ({', '.join(f'`{value}`' for value in label.values)})" if label.values else "")
        for label in metric.labels
    )
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |"


def logs_document() -> str:
    """The whole text of `logs.md`."""
    rows = [f"| `{name}` | {meaning} |" for name, meaning in EVENTS.items()]
    return "\n".join([_LOGS_HEAD, "## Events\n", "| event | meaning |", "|---|---|", *rows, ""])


def main() -> int:
    """Writes the documents; returns the exit code."""
    METRICS_DOCUMENT.write_text(metrics_document(), encoding="utf-8")
    LOGS_DOCUMENT.write_text(logs_document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

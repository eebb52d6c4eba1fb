"""Writes `grafana/dashboards/adda.json` beside this file: `make docs`.

The first row answers "is chat healthy?"; the rows below say where it is not.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DOCUMENT: Final = Path(__file__).parent / "grafana" / "dashboards" / "adda.json"
DATASOURCE: Final = {"type": "prometheus", "uid": "prometheus"}
WIDTH: Final = 24
"""Of Grafana's grid."""
STAT_HEIGHT: Final = 4
GRAPH_HEIGHT: Final = 8

Thresholds = tuple[float, float]
"""From where on a number is worrying, and bad."""


@dataclass(frozen=True, slots=True)
class Panel:
    """`queries` maps a legend to an expression; `unit` is one of Grafana's names."""

    title: str
    queries: dict[str, str]
    unit: str = "short"
    thresholds: Thresholds | None = None
    """Given, the panel is one number with a colour; else a graph."""


def _p(share: float, metric: str, by: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    return (
        f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket[$__rate_interval])))"
    )


def _rate(metric: str, by: str = "") -> str:
    return f"sum by ({by}) (rate({metric}[$__rate_interval]))"


def _each(*pairs: tuple[str, str]) -> dict[str, str]:
    return dict(pairs)


HEALTH: Final = (
    Panel("Alerts", {"": 'count(ALERTS{alertstate="firing"}) or vector(0)'}, "short", (1, 3)),
    Panel("Replicas not ready", {"": "count(adda_ready == 0) or vector(0)"}, "short", (1, 2)),
    Panel("Sockets", {"": "sum(adda_connections)"}, "short", (1e9, 1e9)),
    Panel("Messages /s", {"": _rate("adda_messages_published_total")}, "short", (1e9, 1e9)),
    Panel("Deliveries /s", {"": _rate("adda_deliveries_total")}, "short", (1e9, 1e9)),
    Panel("Ack, p99", {"": "adda:publish_seconds:p99"}, "s", (0.25, 1)),
    Panel("Heard, p99", {"": "adda:fan_out_lag_seconds:p99"}, "s", (0.25, 1)),
    Panel("PostgreSQL behind", {"": "max(adda_ingest_lag_seconds)"}, "s", (5, 30)),
)

ROWS: Final[dict[str, tuple[Panel, ...]]] = {
    "Messages": (
        Panel(
            "Published",
            _each(
                ("{{job}}", _rate("adda_messages_published_total", "job")),
                ("repeated by {{job}}", _rate("adda_messages_repeated_total", "job")),
                ("unheard, {{why}}", _rate("adda_messages_unheard_total", "why")),
            ),
        ),
        Panel(
            "From a message to its ack",
            {f"p{n}": _p(n / 100, "adda_publish_seconds") for n in (50, 95, 99)},
            "s",
        ),
        Panel(
            "From Redis to all sockets",
            {f"p{n}": _p(n / 100, "adda_fan_out_lag_seconds") for n in (50, 95, 99)},
            "s",
        ),
        Panel("Deliveries", {"{{instance}}": _rate("adda_deliveries_total", "instance")}),
        Panel(
            "What was missed",
            _each(
                ("gaps filled", _rate("adda_gaps_total")),
                ("rooms reloaded", _rate("adda_continuity_lost_total")),
                ("behind gaps", "sum(adda_messages_behind_gaps)"),
                ("unknown events", _rate("adda_unknown_envelopes_total")),
            ),
        ),
        Panel("Reconnects", {"{{outcome}}": _rate("adda_recoveries_total", "outcome")}),
    ),
    "Sockets": (
        Panel(
            "Open",
            _each(
                ("{{instance}}", "adda_connections"),
                ("arriving at {{instance}}", "adda_arriving"),
                ("paused at {{instance}}", "adda_connections_paused"),
                ("limit", "sum(adda_connections_limit)"),
            ),
        ),
        Panel(
            "People and rooms",
            _each(("people", "sum(adda_people)"), ("rooms", "sum(adda_rooms_open)")),
        ),
        Panel("Let in", {"{{instance}}": _rate("adda_connections_opened_total", "instance")}),
        Panel("Closed from our side", {"{{reason}}": _rate("adda_closes_total", "reason")}),
        Panel("Unread", {"{{instance}}": "adda_outbox_bytes"}, "bytes"),
        Panel("Hears its own probes", {"{{instance}}": "adda_subscription_probe_hears"}),
    ),
    "Refusals": (
        Panel("Errors told", {"{{code}}": f"{_rate('adda_refusals_total', 'code')} > 0"}),
        Panel(
            "Moderation",
            {
                "{{code}}": "sum by (code) (rate(adda_refusals_total{code=~"
                '"banned|muted|room_locked|words_refused|held_for_review|slow_mode"}'
                "[$__rate_interval]))"
            },
        ),
        Panel(
            "Budgets overdrawn",
            {"{{scope}} (dry: {{dry_run}})": _rate("adda_limits_reached_total", "scope, dry_run")},
        ),
        Panel(
            "Proofs of work",
            _each(
                ("asked", _rate("adda_proofs_asked_total")),
                ("passed", _rate("adda_proofs_passed_total")),
            ),
        ),
    ),
    "REST": (
        Panel("Requests", {"{{status}}": _rate("adda_http_requests_total", "status")}),
        Panel("Busiest", {"{{route}}": f"topk(8, {_rate('adda_http_requests_total', 'route')})"}),
        Panel("Time, p99", {"{{route}}": _p(0.99, "adda_http_request_seconds", "route")}, "s"),
    ),
    "On the way to PostgreSQL": (
        Panel("Queued", {"entries": "max(adda_ingest_lag_entries)"}),
        Panel("Age of the oldest", {"seconds": "max(adda_ingest_lag_seconds)"}, "s"),
        Panel("Fullest queue", {"full": "max(adda_ingest_fullest_ratio)"}, "percentunit"),
        Panel(
            "Stored",
            _each(
                ("{{instance}}", _rate("adda_messages_stored_total", "instance")),
                ("reclaimed", _rate("adda_entries_reclaimed_total")),
            ),
        ),
        Panel(
            "Batches",
            _each(
                ("entries, p50", _p(0.5, "adda_ingest_batch_entries")),
                ("entries, p95", _p(0.95, "adda_ingest_batch_entries")),
            ),
        ),
        Panel(
            "Commit",
            {f"p{n}": _p(n / 100, "adda_ingest_commit_seconds") for n in (50, 99)},
            "s",
        ),
        Panel(
            "Dead letters",
            _each(
                ("waiting", "max(adda_dead_letters)"),
                ("new", "sum(increase(adda_dead_letters_buried_total[$__rate_interval]))"),
            ),
        ),
        Panel("Presence reaped", {"reaped": _rate("adda_presence_reaped_total")}),
    ),
    "Servers behind": (
        Panel("Redis, p99", {"{{call}}": _p(0.99, "adda_redis_call_seconds", "call")}, "s"),
        Panel("Calls to Redis without an answer", {"{{instance}}": "adda_redis_waiting_calls"}),
        Panel(
            "Connections to PostgreSQL",
            _each(
                ("{{instance}}", "adda_postgres_connections_in_use"),
                ("limit of {{instance}}", "adda_postgres_connections_limit"),
                ("waiting at {{instance}}", "adda_postgres_waiting"),
            ),
        ),
        Panel(
            "What is missing",
            _each(
                ("{{part}} for {{instance}}", "adda_part_failing > 0"),
                ("breaker of {{instance}}", "adda_postgres_breaker_open > 0"),
            ),
        ),
    ),
    "Processes": (
        Panel("Held up, p99", {"{{instance}}": "instance:adda_event_loop_lag_seconds:p99"}, "s"),
        Panel(
            "Processor",
            {"{{instance}}": _rate("process_cpu_seconds_total", "instance")},
            "percentunit",
        ),
        Panel("Memory", {"{{instance}}": "process_resident_memory_bytes"}, "bytes"),
        Panel(
            "Open files",
            _each(("{{instance}}", "process_open_fds"), ("limit", "min(process_max_fds)")),
        ),
        Panel(
            "Versions",
            {"{{service}} {{version}}": "count by (service, version) (adda_build_info)"},
        ),
    ),
}


def dashboard() -> dict[str, Any]:
    """The whole dashboard, as Grafana imports it."""
    panels: list[dict[str, Any]] = []
    y = _place(panels, HEALTH, 0, WIDTH // len(HEALTH), STAT_HEIGHT)
    for title, row in ROWS.items():
        place = {"x": 0, "y": y, "w": WIDTH, "h": 1}
        panels.append({"type": "row", "title": title, "collapsed": False, "gridPos": place})
        y = _place(panels, row, y + 1, WIDTH // 3, GRAPH_HEIGHT)
    for number, panel in enumerate(panels, 1):
        panel["id"] = number
    return {
        "uid": "adda",
        "title": "আড্ডা · Adda",
        "tags": ["adda"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": []},
        "annotations": {"list": []},
        "panels": panels,
    }


def _place(
    panels: list[dict[str, Any]], row: tuple[Panel, ...], y: int, width: int, height: int
) -> int:
    """Puts panels side by side; returns where the next row begins."""
    across = WIDTH // width
    for n, panel in enumerate(row):
        place = {"x": n % across * width, "y": y + n // across * height, "w": width, "h": height}
        panels.append({**_drawn(panel), "gridPos": place})
    return y + -(-len(row) // across) * height


def _drawn(panel: Panel) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + n), "expr": expr, "legendFormat": legend, "datasource": DATASOURCE}
        for n, (legend, expr) in enumerate(panel.queries.items())
    ]
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0}
    if panel.thresholds is not None:
        worrying, bad = panel.thresholds
        steps = [("green", None), ("orange", worrying), ("red", bad)]
        defaults["thresholds"] = {
            "mode": "absolute",
            "steps": [{"color": color, "value": value} for color, value in steps],
        }
    return {
        "type": "timeseries" if panel.thresholds is None else "stat",
        "title": panel.title,
        "datasource": DATASOURCE,
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {},
    }


def document() -> str:
    """The text of `adda.json`."""
    return json.dumps(dashboard(), ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Writes the document; returns the exit code."""
    DOCUMENT.write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

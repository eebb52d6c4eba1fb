"""The alert rules as tests see them: their names, what they ask for, and a form in a hurry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "observability" / "prometheus"
RECORDING: Final = FOLDER / "recording.yml"
ALERTS: Final = FOLDER / "alerts.yml"

SCRAPE_SECONDS: Final = 2
HOLD_SECONDS: Final = 4
WINDOW_SECONDS: Final = 16

_ALERT: Final = re.compile(
    r"- alert: (?P<name>\w+)\n\s+expr: (?:>-\n)?(?P<expr>.+?)\n"
    r"(?:\s+for: (?P<hold>\w+)\n)?"
    r"\s+labels: \{severity: (?P<severity>\w+)\}\n\s+annotations:\n"
    r'\s+summary: "(?P<summary>.+?)"\n\s+runbook_url: (?P<runbook>\S+)\n',
    re.DOTALL,
)
_METRIC: Final = re.compile(r"\b(?:adda|process|python)_[a-z_]+|\bup\b")


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule."""

    name: str
    expr: str
    hold: str
    severity: str
    summary: str
    runbook: str


def alerts() -> list[Alert]:
    """All of them, in order."""
    text = ALERTS.read_text(encoding="utf-8")
    found = [Alert(**{k: v or "" for k, v in m.groupdict().items()}) for m in _ALERT.finditer(text)]
    assert len(found) == text.count("- alert: "), "a rule is written in another way than the others"
    return found


def recorded() -> dict[str, str]:
    """Expressions of the recording rules by name."""
    text = RECORDING.read_text(encoding="utf-8")
    return dict(
        re.findall(r"- record: (\S+)\n\s+expr: (?:>-\n)?(.+?)(?=\n\s+- record|\Z)", text, re.DOTALL)
    )


def metrics_in(expr: str) -> set[str]:
    """Names of metrics that an expression reads; those of histograms without `_bucket`."""
    bare = re.sub(r"\"[^\"]*\"|[a-z]+:[a-z_]+:\w+", "", expr)
    return {name.removesuffix("_bucket") for name in _METRIC.findall(bare)}


def jobs_in(text: str) -> set[str]:
    """Names of jobs that the expressions of a text pick out, or leave out."""
    picked = re.findall(r'\bjob(?:=~|!~|!=|=)"([^"]+)"', text)
    return {job for pattern in picked for job in pattern.split("|")}


def rules_named_in(expr: str) -> set[str]:
    """Names of recording rules that an expression reads."""
    return set(re.findall(r"[a-z]+:[a-z_]+:\w+", expr))


def in_a_hurry(text: str) -> str:
    """The same rules for who cannot wait minutes: thresholds stay, times are short.

    How long a condition must hold becomes 4 s, a window of rates 16 s, one of a subquery 4 s.
    """
    text = re.sub(r"for: \d+m", f"for: {HOLD_SECONDS}s", text)
    text = re.sub(r"\[\d+m:\d+s\]", f"[{HOLD_SECONDS}s:{SCRAPE_SECONDS}s]", text)
    return re.sub(r"\[\d+m\]", f"[{WINDOW_SECONDS}s]", text)

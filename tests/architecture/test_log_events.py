"""The table of log events is all there are: who searches the logs finds each name's meaning."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from shared.runtime.log_events import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SERVICES = ("shared/src", "api_service/src", "ws_service/src", "worker/src")
LEVELS: Final = {"debug", "info", "warning", "error", "exception", "critical"}


def events_in(source: str) -> Iterator[str | None]:
    """Names that are logged: `log.info("…")`, and what takes `log.info` and the name as arguments.

    None where a name is no literal.
    """
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        if is_logging(node.func):
            yield from names_of(node.args[0])
        for method, name in zip(node.args, node.args[1:], strict=False):
            if is_logging(method):
                yield from names_of(name)


def is_logging(node: ast.expr) -> bool:
    """Is it `log.<level>`, or that of `get_logger()`?"""
    if not isinstance(node, ast.Attribute) or node.attr not in LEVELS:
        return False
    owner = node.value
    if isinstance(owner, ast.Name):
        return owner.id == "log"
    return (
        isinstance(owner, ast.Call)
        and isinstance(owner.func, ast.Attribute)
        and owner.func.attr == "get_logger"
    )


def names_of(node: ast.expr) -> Iterator[str | None]:
    """The literal, or both of `"a" if … else "b"`."""
    if isinstance(node, ast.IfExp):
        yield from names_of(node.body)
        yield from names_of(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        yield None


def logged() -> dict[str | None, set[str]]:
    """Each name, and where it is logged."""
    found: dict[str | None, set[str]] = {}
    for folder in SERVICES:
        for path in (ROOT / folder).rglob("*.py"):
            for name in events_in(path.read_text(encoding="utf-8")):
                found.setdefault(name, set()).add(path.relative_to(ROOT).as_posix())
    return found


def test_every_event_that_is_logged_is_in_the_table() -> None:
    assert {name: places for name, places in logged().items() if name not in EVENTS} == {}


def test_the_table_has_no_event_that_nobody_logs() -> None:
    assert set(EVENTS) - set(logged()) == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('log.info("a", room=1)', ["a"]),
        ('log.info("a" if x else "b")', ["a", "b"]),
        ('self._log(log.exception, "a")', ["a"]),
        ('structlog.stdlib.get_logger().info("a")', ["a"]),
        ("log.warning(name)", [None]),
        ('other.info("a"); math.log(2)', []),
    ],
)
def test_each_way_to_log_is_seen(source: str, found: list[str | None]) -> None:
    assert list(events_in(source)) == found

"""No regular expression takes more than its share of time, whatever it is given.

Every compiled pattern of the packages is run on texts that make careless ones backtrack, in the way
in which the code uses it. What is looked at is how time grows with length, never how long it takes.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import pytest
import regex

PACKAGES: Final = ("shared", "api_service", "ws_service", "worker", "adda_client")
LONGEST: Final = 1 << 12
"""Repetitions of a piece."""

LINEAR: Final = 2.0
QUADRATIC: Final = 4.0
WORST: Final = 3.2
"""Of the growth of time when the length doubles; between the two, as a busy machine is no clock."""

LOOKS: Final = 6
SHORTEST_THAT_COUNTS: Final = 2e-4
"""Seconds below which growth cannot be measured, and does not matter."""

USES: Final = ("search", "match", "fullmatch", "sub", "findall", "finditer", "split")

PIECES: Final = (
    *("a", "A", "f", "0", "9", "_", "-", ".", ",", ":", ";", "/", "?", "=", "&", "#", "%", "@"),
    *(" ", "\n", "\r", "\t", '"', "'", "[", "]", "(", ")", "{", "}", "<", "\\", "`", "$", "+"),
    *("ক", "া", "্", "\u200d", "\u200b", "\u0300", "\u202e", "\x00", "👨", "\ufe0f"),
    *("a.", "0/", "a=", "?a", "?a=", "://", "://a", "a-", "a_", "0.", "00-", "[a", "a:", "A:"),
    *(
        "DETAIL:",
        "input_value=",
        "input: ",
        "session_id",
        "session_id=",
        "token",
        "token =",
        "adda",
    ),
    *("Bearer ", "bearer", "adda, ", "Command # ", "-- include ", "${A", "\nDETAIL:", "ক্", "\r\n"),
    *("%0", "[::", "xn--a.", "a" * 20 + "token"),
)
LONG_ENOUGH: Final = 0.05
"""Seconds at which growth is plain, and longer texts need not be tried."""

ENDS: Final = ("", "!", "\x00", "\n", "=", "ক")


@dataclass(frozen=True, slots=True)
class Expression:
    """A pattern, where it stands, and one way in which it is used."""

    place: str
    pattern: Any
    use: str

    def run(self, text: str) -> None:
        given: Any = text
        if isinstance(self.pattern.pattern, bytes):
            given = text.encode("utf-8", "surrogatepass")
        found = (
            self.pattern.sub("", given)
            if self.use == "sub"
            else getattr(self.pattern, self.use)(given)
        )
        if self.use == "finditer":
            for _ in found:
                pass


def modules() -> Iterator[ModuleType]:
    for name in PACKAGES:
        package = importlib.import_module(name)
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not found.name.endswith("__main__") and ".migrations" not in found.name:
                yield importlib.import_module(found.name)


def expressions() -> list[Expression]:
    found = {}
    for module in modules():
        source = inspect.getsource(module)
        for name, value in vars(module).items():
            if not isinstance(value, re.Pattern | regex.Pattern):
                continue
            uses = [use for use in USES if re.search(rf"\b{name}\.{use}\(", source)]
            for use in uses:
                place = f"{module.__name__}.{name}.{use}"
                found[place] = Expression(place, value, use)
    return list(found.values())


EXPRESSIONS: Final = expressions()


def seconds(run: Callable[[str], None], text: str, looks: int = 1) -> float:
    """Of processor time, at best."""
    best = float("inf")
    for _ in range(looks):
        began = time.thread_time()
        run(text)
        best = min(best, time.thread_time() - began)
    return best


def growth(run: Callable[[str], None], piece: str, end: str) -> float:
    """How much longer it takes for twice the text; 0 if that cannot be told."""
    length = 16
    before = seconds(run, piece * length + end)
    while length < LONGEST:
        length *= 2
        now = seconds(run, piece * length + end)
        if now > LONG_ENOUGH:
            before = now
            break
        before = now
    if before < SHORTEST_THAT_COUNTS:
        return 0.0
    # A pattern whose time doubles with each character never gets here: pytest's time-out tells.
    half, whole = (seconds(run, piece * n + end, LOOKS) for n in (length // 2, length))
    return whole / half


def worst(run: Callable[[str], None]) -> tuple[float, str, str]:
    return max((growth(run, piece, end), piece, end) for piece in PIECES for end in ENDS)


def test_the_expressions_are_found() -> None:
    places = {expression.place for expression in EXPRESSIONS}
    assert "shared.domain.ids._SESSION_ID.fullmatch" in places
    assert len(places) >= 25


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=lambda one: one.place)
def test_time_grows_with_length_and_no_faster(expression: Expression) -> None:
    grown, piece, end = worst(expression.run)
    for _ in range(3):  # a busy machine measures too much now and then, but not each time
        if grown <= WORST:
            break
        grown = growth(expression.run, piece, end)
    assert grown <= WORST, (expression.pattern.pattern, piece, end)


@pytest.mark.parametrize("careless", [r"a*a*b", r"(?:a|aa)*a*b$", r"\?.*=x"])
def test_a_careless_expression_would_be_found(careless: str) -> None:
    pattern = re.compile(careless)
    assert max(growth(lambda t: void(pattern.search(t)), piece, "") for piece in ("a", "?")) > WORST


def void(_found: object) -> None:
    """What was found does not matter."""

"""What a first visit fetches stays small: every kilobyte is paid for by somebody on 3G."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from tests.bench.web_client import first_load

if TYPE_CHECKING:
    from pathlib import Path

BUDGET: Final = {"javascript": 60_000, "css": 20_000, "fonts": 120_000}
"""Bytes; scripts and styles gzipped."""


@pytest.mark.parametrize("part", BUDGET)
def test_a_first_visit_to_a_room_stays_in_its_budget(built_page: Path, part: str) -> None:
    found = first_load(built_page)
    assert 0 < found[part] <= BUDGET[part]


def test_fonts_do_not_hold_up_the_text(built_page: Path) -> None:
    styles = "".join(path.read_text() for path in (built_page / "assets").glob("*.css"))
    assert styles.count("@font-face") == styles.count("font-display:swap") > 0

"""The page on attacks says what was measured, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
import write_abuse
from tests.abuse.attacks import ATTACKS


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(write_abuse.FIGURES.read_text(encoding="utf-8"))
    return loaded


def test_the_page_is_that_of_the_kept_figures(figures: dict[str, Any]) -> None:
    assert write_abuse.DOCUMENT.read_text(encoding="utf-8") == write_abuse.document(figures)


def test_every_attack_is_on_it(figures: dict[str, Any]) -> None:
    assert set(write_abuse.NEEDED) == set(ATTACKS) == set(figures["attacks"])

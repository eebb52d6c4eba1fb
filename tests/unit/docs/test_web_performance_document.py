"""The page of the web client's figures is what its kept figures say."""

from __future__ import annotations

import json

import write_web_performance


def test_the_page_is_what_the_kept_figures_say() -> None:
    figures = json.loads(write_web_performance.FIGURES.read_text(encoding="utf-8"))
    written = write_web_performance.DOCUMENT.read_text(encoding="utf-8")
    assert written == write_web_performance.page(figures), "run write_web_performance.py"


def test_a_page_without_the_newest_message_says_so() -> None:
    figures = json.loads(write_web_performance.FIGURES.read_text(encoding="utf-8"))
    lost = {**figures, "flood": {**figures["flood"], "all_shown": False}}
    assert "in sight at the end | no |" in write_web_performance.page(lost)

"""What is stored about a reader is theirs to take away, and to erase."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from tests.web.texts import bn

if TYPE_CHECKING:
    from tests.web.people import Enter
    from tests.web.rooms import Room


def test_a_reader_takes_their_words_away_and_erases_them(enter: Enter, room: Room) -> None:
    mita, rakib = enter(room, "মিতা"), enter(room, "রাকিব")
    rakib.say("এটা থাকুক")
    mita.say("এটা মুছে যাক")
    expect(rakib.said).to_have_text(["এটা থাকুক", "এটা মুছে যাক"])

    page = mita.page
    page.get_by_role("button", name=bn("room.settings")).first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name=bn("own.export")).click()
    told = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert download.value.suggested_filename == "adda.json"
    assert told["user"]["username"] == "মিতা"
    assert [message["content"] for message in told["messages"]] == ["এটা মুছে যাক"]

    page.get_by_role("button", name=bn("own.erase")).click()
    page.get_by_role("button", name=bn("own.cancel")).click()
    expect(rakib.said).to_have_count(2)
    page.get_by_role("button", name=bn("own.erase")).click()
    page.get_by_role("button", name=bn("own.erase_yes")).click()
    expect(page.get_by_text(bn("own.erased"))).to_be_visible()
    expect(rakib.said).to_have_text(["এটা থাকুক"])
    page.goto(room.path)
    expect(page.get_by_label(bn("name.label"))).to_be_visible()

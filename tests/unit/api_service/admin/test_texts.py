"""Every text that a page asks for is there, in both languages, and none is there for nothing."""

from __future__ import annotations

import re
from pathlib import Path

import api_service.admin
from api_service.admin.pages import TABLES, VIEWS
from api_service.admin.roles import Role
from api_service.admin.texts import TEXTS

FOLDER = Path(api_service.admin.__file__).parent
_KEY = re.compile(r"""["']([a-z]+\.[a-z_0-9]+)["']""")


def sources() -> str:
    files = [*FOLDER.rglob("*.py"), *FOLDER.rglob("*.html")]
    return "\n".join(path.read_text() for path in files if path.name != "texts.py")


def built_keys() -> set[str]:
    """Keys that are put together of a word and a name."""
    keys = {f"view.{view.called}" for view in VIEWS} | {f"choice.{role}" for role in Role}
    for view in TABLES:
        keys |= {f"column.{name}" for name in (*view.column_list, *view.column_details_list)}
        keys |= {f"filter.{one.parameter}" for one in view.filters}
        for deed in view.deeds:
            keys.add(f"deed.{deed.label}")
            keys |= {f"field.{field.name}" for field in deed.fields}
            keys |= {f"choice.{value}" for field in deed.fields for value in field.choices}
    return keys


def test_every_text_that_is_asked_for_is_there() -> None:
    words = {key.partition(".")[0] for key in TEXTS}
    written = {key for key in _KEY.findall(sources()) if key.partition(".")[0] in words}
    not_texts = {key for key in written if key.endswith((".html", ".css", ".py"))}
    assert sorted((written - not_texts | built_keys()) - TEXTS.keys()) == []


def test_every_text_is_said_in_both_languages_with_the_same_places_to_fill() -> None:
    for key, (bangla, english) in TEXTS.items():
        assert bangla, key
        assert english, key
        assert re.findall(r"\{\w+\}", bangla) == re.findall(r"\{\w+\}", english), key
        if key != "other_language":
            assert re.search(r"[\u0980-\u09ff]", bangla), key
            assert not re.search(r"[\u0980-\u09ff]", english), key

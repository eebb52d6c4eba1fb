"""The tables of the contract are what the code says."""

from __future__ import annotations

import re

import pytest
from tests.unit.docs.markdown_files import READMES, code_in, table_with, text_of

from api_service.app import create_app
from api_service.openapi import document
from api_service.settings import ApiSettings
from shared.protocol.asyncapi import COMMANDS, EVENTS, type_of
from shared.protocol.close_codes import CLOSES
from shared.protocol.commands import HistoryCommand, MessageCommand
from shared.redis_schema.keys import KEY_TABLE


@pytest.mark.parametrize("readme", READMES)
def test_the_calls_are_those_of_the_openapi_document(readme: str) -> None:
    shown = set()
    for row in table_with(text_of(readme), "`GET /api/`"):
        for call in code_in(row[0]):
            *methods, path = call.split()
            shown |= {(method, path) for method in methods}
    paths = document(create_app(ApiSettings()))["paths"]
    assert shown == {(method.upper(), path) for path, item in paths.items() for method in item}


@pytest.mark.parametrize("readme", READMES)
def test_the_commands_and_their_fields_are_those_of_the_code(readme: str) -> None:
    shown = {
        code_in(row[0])[0]: set(code_in(row[1]))
        for row in table_with(text_of(readme), "`user_update`")
    }
    assert shown == {type_of(model): set(model.model_fields) - {"type"} for model in COMMANDS}
    assert MessageCommand in COMMANDS
    assert HistoryCommand in COMMANDS


@pytest.mark.parametrize("readme", READMES)
def test_the_events_are_those_of_the_code(readme: str) -> None:
    rows = table_with(text_of(readme), "`welcome`")
    shown = [name for row in rows for name in code_in(row[0])]
    assert sorted(shown) == sorted(type_of(model) for model in EVENTS)


@pytest.mark.parametrize(
    ("readme", "yes", "no"), [("README.md", "yes", "no"), ("README.bn.md", "হ্যাঁ", "না")]
)
def test_the_close_codes_are_those_of_the_code(readme: str, yes: str, no: str) -> None:
    shown = {int(row[0]): row[1] for row in table_with(text_of(readme), "1012")}
    assert shown == {int(code): yes if info.reconnect else no for code, info in CLOSES.items()}


def test_the_keys_are_those_of_the_code() -> None:
    first = KEY_TABLE[0]
    shown = table_with(text_of("deploy/docs/redis-keys.md"), f"`{first.pattern}`")
    assert shown == [[f"`{row.pattern}`", row.type, row.expires, row.purpose] for row in KEY_TABLE]


@pytest.mark.parametrize("readme", READMES)
def test_parameters_of_the_socket_are_known_to_it(readme: str) -> None:
    [address] = re.findall(r"`ws://localhost:8000(/ws/chat/\{room_id\}/\?[^`]*)`", text_of(readme))
    names = re.findall(r"(\w+)=", address)
    assert names == ["username", "color", "session_id"]

"""Each command that the READMEs show can be given."""

from __future__ import annotations

import re
from typing import Final

import pytest
from starlette.routing import Match
from tests.conftest import ROOT
from tests.unit.docs.markdown_files import (
    READMES,
    blocks_of,
    code_in,
    commands_of,
    prose_of,
    text_of,
)

from api_service.app import ROUTERS

PROGRAMS: Final = {"git", "make", "curl", "export", "cd"}
NAMES: Final = {"B": "http://localhost:8000", "ROOM": "0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e01"}
"""What the shell variables of the examples hold."""

_MAKE: Final = re.compile(r"\bmake((?: [a-z-]+)?)((?: [A-Z]+=\S+)*)")
_ADDRESS: Final = re.compile(r"http://localhost:\d+(/[^\s\"'?`<>]*)")


def is_served(method: str, path: str) -> bool:
    scope = {"type": "http", "method": method, "path": path}
    routes = [route for router in ROUTERS for route in router.routes]
    return any(route.matches(scope)[0] is Match.FULL for route in routes)


def method_of(command: str) -> str:
    found = re.search(r"-X (\w+)", command)
    sends = re.search(r" (-d|--data\S*) ", command) is not None and " -G " not in command
    return found[1] if found else "POST" if sends else "GET"


def curls_of(readme: str) -> list[tuple[str, str]]:
    """Method and path of every curl command."""
    found = []
    for command in commands_of(text_of(readme)):
        for one in re.findall(r"\bcurl .*?(?=\||$)", command):
            filled = re.sub(r"\$([A-Z]+)", lambda name: NAMES.get(name[1], name[0]), one)
            [path] = _ADDRESS.findall(filled)
            found.append((method_of(one), path))
    return found


@pytest.mark.parametrize("readme", READMES)
def test_every_line_begins_with_a_program_that_one_has(readme: str) -> None:
    for command in commands_of(text_of(readme)):
        for part in command.split(" && "):
            first = part.split()[0]
            assert first in PROGRAMS or re.match(r"[A-Z]+=|field\(\)", first), part


@pytest.mark.parametrize("readme", READMES)
def test_every_make_target_and_variable_exists(readme: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):(?!=)", makefile, re.MULTILINE))
    variables = set(re.findall(r"^([A-Z]+) *\?=", makefile, re.MULTILINE))
    variables |= set(re.findall(r"\$\(if \$\(([A-Z]+)\)", makefile))
    text = text_of(readme)
    shown = [
        *commands_of(text),
        *(code for code in code_in(prose_of(text)) if code.startswith("make")),
    ]
    uses = [use for command in shown for use in _MAKE.findall(command)]
    assert len(uses) > 10
    for target, assignments in uses:
        assert target.strip() in {"", *targets}
        for assignment in assignments.split():
            assert assignment.partition("=")[0] in variables


@pytest.mark.parametrize("readme", READMES)
def test_every_curl_address_is_served(readme: str) -> None:
    curls = curls_of(readme)
    assert len(curls) > 4
    for method, path in curls:
        assert is_served(method, path), (method, path)


@pytest.mark.parametrize("readme", READMES)
def test_every_address_in_the_text_and_the_javascript_is_served(readme: str) -> None:
    text = text_of(readme)
    for path in _ADDRESS.findall(text):
        assert is_served("GET", path), path
    script = "".join(block.text for block in blocks_of(text) if block.language == "js")
    calls = re.findall(r"fetch\(`\$\{base\}([^`]+)`(, \{\s*method: \"POST\")?", script)
    assert calls
    for path, posts in calls:
        assert is_served("POST" if posts else "GET", path), path


def test_the_check_of_addresses_can_fail() -> None:
    assert not is_served("GET", "/api/nothing/")
    assert not is_served("DELETE", "/api/status/")

"""No module and no function grows beyond what one reads in one go."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_MODULE_LINES = 400
MOST_FUNCTION_LINES = 50
FOLDERS = (
    *("shared/src", "api_service/src", "ws_service/src", "worker/src"),
    *("gateway/src", "deploy/compose", "deploy/local", "deploy/planner"),
    *("deploy/docs", "deploy/observability"),
)
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def function_lines(path: Path) -> dict[str, int]:
    """Lines of each function of a module, its decorators and docstring not counted."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
            told = 0 if docstring is None else (docstring.end_lineno or 0) - docstring.lineno + 1
            found[f"{node.name}:{node.lineno}"] = (node.end_lineno or 0) - node.lineno + 1 - told
    return found


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=name_of)
def test_a_module_can_be_read_in_one_go(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_MODULE_LINES


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_function_fits_a_screen(path: Path) -> None:
    lines = function_lines(path)
    assert {name: count for name, count in lines.items() if count > MOST_FUNCTION_LINES} == {}

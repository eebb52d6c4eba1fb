"""The documented layers are those that import-linter checks."""

from __future__ import annotations

import tomllib

from tests.conftest import ROOT
from tests.unit.docs.markdown_files import code_in, table_with, text_of


def test_the_layers_are_those_of_the_contracts() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    [above] = [one["layers"][0] for one in contracts if one.get("layers", [])[1:] == ["shared"]]
    [layers] = [one["layers"] for one in contracts if one.get("containers") == ["shared"]]
    rows = table_with(text_of("ARCHITECTURE.md"), "services")
    shown = [code_in(row[1]) for row in rows]
    assert shown[0] == above.split(" | ")
    assert shown[1:] == [
        [f"shared.{package}" for package in layer.split(" | ")] for layer in layers
    ]

"""Reads the documents of this checkout: code blocks, tables, links; not a test itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

READMES: Final = ("README.md", "README.bn.md")
DECISIONS: Final = sorted((ROOT / "deploy" / "decisions").glob("ADR-*.md"))
GUIDES: Final = (
    ROOT / "deploy" / "vm" / "README.md",
    ROOT / "deploy" / "backup" / "README.md",
)
"""They say what to do on a machine, and so name its folders."""
DOCUMENTS: Final = (
    *(ROOT / name for name in READMES),
    ROOT / "ARCHITECTURE.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "deploy" / "docs" / "admin.md",
    ROOT / "SECURITY.md",
    ROOT / "deploy" / "docs" / "settings.md",
    ROOT / "deploy" / "docs" / "privacy.md",
    *(ROOT / "deploy" / "docs" / f"{name}.md" for name in ("alerts", "logs", "metrics", "runbook")),
    ROOT / "deploy" / "docs" / "abuse.md",
    ROOT / "deploy" / "docs" / "reliability.md",
    ROOT / "deploy" / "docs" / "scaling.md",
    ROOT / "deploy" / "compose" / "README.md",
    ROOT / "deploy" / "k8s" / "README.md",
    ROOT / "deploy" / "docs" / "api-guide.md",
    ROOT / "deploy" / "docs" / "faq.md",
    ROOT / "deploy" / "docs" / "faq.bn.md",
    ROOT / "deploy" / "docs" / "upgrades.md",
    *GUIDES,
    *DECISIONS,
)

_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_CODE: Final = re.compile(r"`([^`]+)`")
_RULE: Final = re.compile(r"\|(?::?-{3,}:?\|)+")
_BAR: Final = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code and its language."""

    language: str
    text: str


def text_of(name: str) -> str:
    """A document at the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks_of(text: str) -> list[Block]:
    """All fenced blocks."""
    return [Block(*found.groups()) for found in _FENCE.finditer(text)]


def prose_of(text: str) -> str:
    """Everything but the fenced blocks."""
    return _FENCE.sub("", text)


def commands_of(text: str) -> list[str]:
    """The commands of all `sh` blocks, continued lines joined, without comments."""
    shell = "\n".join(block.text for block in blocks_of(text) if block.language == "sh")
    lines = (re.sub(r"(^|\s)#\s.*$", "", line) for line in shell.replace("\\\n", " ").splitlines())
    return [" ".join(line.split()) for line in lines if line.strip()]


def tables_of(text: str) -> list[list[list[str]]]:
    """All tables as rows of cells: the head first, without the rule below it."""
    tables: list[list[list[str]]] = []
    inside = False
    for line in prose_of(text).splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        if not inside:
            tables.append([])
            inside = True
        if not _RULE.fullmatch(line):
            cells = _BAR.split(line)[1:-1]
            tables[-1].append([cell.strip().replace("\\|", "|") for cell in cells])
    return tables


def table_with(text: str, first: str) -> list[list[str]]:
    """Rows, without the head, of the table that has `first` in the first cell of some row."""
    [table] = [table for table in tables_of(text) if any(row[0] == first for row in table[1:])]
    return table[1:]


def code_in(cell: str) -> list[str]:
    """What stands in backticks."""
    return _CODE.findall(cell)


def links_of(text: str) -> list[str]:
    """Targets of all links and pictures."""
    return _LINK.findall(prose_of(text))


def name_of(path: Path) -> str:
    """A document's path in the checkout, for the names of tests."""
    return str(path.relative_to(ROOT))

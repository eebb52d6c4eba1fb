"""All documents can be read where they are shown: links, tables, length, both languages alike."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from tests.conftest import ROOT
from tests.unit.docs.markdown_files import (
    DECISIONS,
    DOCUMENTS,
    GUIDES,
    READMES,
    blocks_of,
    code_in,
    links_of,
    name_of,
    prose_of,
    tables_of,
    text_of,
)

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_README: Final = 250
LANGUAGES: Final = {"sh", "js", "python", "mermaid"}
WELL_KNOWN: Final = ("http://localhost:8000", "https://keepachangelog.com", "https://semver.org")
SECTIONS: Final = ["Context", "Decision", "Consequences", "Alternatives", "References"]

_FILE: Final = re.compile(r"[\w./-]+\.(?:py|lua|md|toml|txt|svg|template|js)")


def heading_anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", prose_of(text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    for target in links_of(document.read_text(encoding="utf-8")):
        if target.startswith("http"):
            assert target.startswith(WELL_KNOWN)
            continue
        name, _, anchor = target.partition("#")
        linked = document.parent / name if name else document
        assert linked.exists(), target
        if anchor:
            assert anchor in heading_anchors(linked.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_files_that_are_named_exist(document: Path) -> None:
    tracked = {path.name for path in ROOT.rglob("*.py") if ".venv" not in path.parts}
    tracked |= {path.name for path in ROOT.glob("shared/src/**/*.lua")}
    for name in code_in(prose_of(document.read_text(encoding="utf-8"))):
        if not _FILE.fullmatch(name):
            continue
        assert (
            (ROOT / name).exists()
            if "/" in name
            else (name in tracked or (ROOT / name).exists() or (document.parent / name).exists())
        ), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_tables_are_rectangles_with_a_rule_below_the_head(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for table in tables_of(text):
        assert len({len(row) for row in table}) == 1, table
        assert all(row[0] for row in table), table
    lines = prose_of(text).splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("|") and not before.startswith("|"):
            assert before == "", f"no empty line before {line}"
    for head, rule in pairwise(lines):
        if re.fullmatch(r"\|(?:-{3}\|)+", rule):
            assert len(re.findall(r"(?<!\\)\|", head)) == rule.count("|"), head


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_code_blocks_are_closed_and_say_their_language(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert text.count("```") == 2 * len(blocks_of(text))
    assert {block.language for block in blocks_of(text)} <= LANGUAGES


@pytest.mark.parametrize("document", sorted({*DOCUMENTS} - {*GUIDES}), ids=name_of)
def test_no_document_names_a_folder_of_somebodys_machine(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.}])/(?:home|root|tmp|Users|mnt|opt|usr|var|work)/", text)


@pytest.mark.parametrize("readme", READMES)
def test_a_readme_is_not_longer_than_one_reads(readme: str) -> None:
    assert len(text_of(readme).splitlines()) <= LONGEST_README


def test_both_readmes_show_the_same_code() -> None:
    english, bangla = (
        [
            re.sub(r"(^|\s+)#\s.*$", "", block.text, flags=re.MULTILINE)
            for block in blocks_of(text_of(readme))
        ]
        for readme in READMES
    )
    assert english == bangla


def test_both_readmes_have_the_same_sections_and_tables() -> None:
    english, bangla = (prose_of(text_of(readme)) for readme in READMES)
    levels = re.compile(r"^(#+) ", re.MULTILINE)
    assert levels.findall(english) == levels.findall(bangla)
    keys = [table for table in tables_of(english) if table[0][0] == "key"]
    tables = [table for table in tables_of(english) if table not in keys]
    assert [len(table) for table in tables] == [len(table) for table in tables_of(bangla)]


@pytest.mark.parametrize("decision", DECISIONS, ids=name_of)
def test_a_decision_says_what_why_and_what_holds_it(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    quotable = text.split("## Decision\n\n")[1]
    assert quotable.startswith("**")
    references = text.split("## References\n")[1]
    assert any(name.startswith("tests/") for name in code_in(references))


def test_every_decision_is_linked_from_the_architecture() -> None:
    linked = {(ROOT / target).name for target in links_of(text_of("ARCHITECTURE.md"))}
    assert {decision.name for decision in DECISIONS} <= linked

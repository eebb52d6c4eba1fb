"""Each threat has a defence and a test that is there."""

from __future__ import annotations

import re
from typing import Final

from tests.conftest import ROOT
from tests.unit.docs.markdown_files import code_in, prose_of, tables_of, text_of

from shared.message_store.grants import Role, role_name

TEXT: Final = text_of("SECURITY.md")
[THREATS] = [table[1:] for table in tables_of(TEXT) if table[0] == ["threat", "defence", "test"]]


def test_each_threat_has_a_defence_and_tests_that_exist() -> None:
    assert len(THREATS) >= 20
    for threat, defence, tests in THREATS:
        assert len(threat) > 10
        assert len(defence) > 10
        named = code_in(tests)
        assert named, threat
        for path in named:
            assert re.fullmatch(r"tests/[\w/]+/test_\w+\.py", path), path
            assert "def test_" in (ROOT / path).read_text(encoding="utf-8"), path


def test_every_test_of_abuse_holds_some_threat() -> None:
    named = {path for _, _, tests in THREATS for path in code_in(tests)}
    abuse = {str(path.relative_to(ROOT)) for path in ROOT.glob("tests/abuse/test_*.py")}
    assert abuse <= named


def test_every_role_of_the_database_is_named() -> None:
    assert {role_name(role) for role in Role} <= set(code_in(prose_of(TEXT)))


def test_what_can_be_run_is_there() -> None:
    for module in re.findall(r"python -m ([\w.]+)", TEXT):
        assert (ROOT / "worker" / "src" / f"{module.replace('.', '/')}.py").exists()

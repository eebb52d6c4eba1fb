"""Accounts on one machine: the script hands on the settings as systemd reads them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = ROOT / "deploy" / "vm" / "admin.sh"
SETTINGS: Final = """\
# By hand.
ADDA_ENV=production
ADDA_LIMIT_ROOM=300/300 dry
ADDA_RESERVED_NAMES=admin*,$(id)

ADDA_ALLOWED_ORIGINS="https://adda.example"
"""
PYTHON: Final = """#!/bin/sh
env | grep ^ADDA_
echo "$@"
"""


def test_settings_of_the_services_are_those_of_the_script(tmp_path: Path) -> None:
    settings = tmp_path / "etc/adda/adda.env"
    python = tmp_path / "opt/adda/current/.venv/bin/python"
    for path, text in ((settings, SETTINGS), (python, PYTHON)):
        path.parent.mkdir(parents=True)
        path.write_text(text)
        path.chmod(0o755)
    done = subprocess.run(
        [SCRIPT, "create", "rakib"],
        env={"PATH": "/usr/bin:/bin", "DESTDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "-m api_service.admin create rakib"
    assert {
        "ADDA_ENV=production",
        "ADDA_LIMIT_ROOM=300/300 dry",
        "ADDA_RESERVED_NAMES=admin*,$(id)",
        "ADDA_ALLOWED_ORIGINS=https://adda.example",
    } <= set(lines)
    assert f"ADDA_REDIS_URL_FILE={tmp_path}/etc/adda/credentials/redis_url" in lines

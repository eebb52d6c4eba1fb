"""On one machine the gateway's template is filled in by a script, from the guide's gateway.env."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

import pytest
from tests.conftest import ROOT

from local_stack.wheels import nginx

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = ROOT / "deploy" / "systemd" / "render_gateway.sh"
GUIDE: Final = ROOT / "deploy" / "vm" / "README.md"

pytestmark = pytest.mark.skipif(
    shutil.which("envsubst") is None, reason="needs envsubst: apt-get install gettext-base"
)


def guides_values() -> dict[str, str]:
    """What systemd reads of the file that the guide writes."""
    file = re.findall(
        r"gateway\.env <<'END'\n(.*?)^END$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return dict(line.split("=", 1) for line in shlex.split(file[0]))


def rendered(folder: Path, nginx_program: str) -> str:
    """What the script writes, run as the unit runs it: nothing else in the environment."""
    environment = {"PATH": os.environ["PATH"], "GATEWAY_NGINX": nginx_program, **guides_values()}
    done = subprocess.run(
        [SCRIPT, folder],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return (folder / "nginx.conf").read_text(encoding="utf-8")


def test_every_name_of_the_template_gets_a_value(tmp_path: Path) -> None:
    told = re.sub(r"(?m)^\s*#.*$", "", rendered(tmp_path, "true"))
    assert re.findall(r"\$\{[A-Z_]+\}", told) == []
    assert "server 127.0.0.1:8002 max_fails=0;" in told
    assert "access_log syslog:server=unix:/dev/log" in told


def test_nginx_takes_what_comes_out(tmp_path: Path) -> None:
    rendered(tmp_path, str(nginx()))
    assert not (tmp_path / "nginx.conf.new").exists()


def test_what_nginx_refuses_does_not_replace_what_it_took(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text("# good\n")
    with pytest.raises(AssertionError):
        rendered(tmp_path, "false")
    assert (tmp_path / "nginx.conf").read_text() == "# good\n"

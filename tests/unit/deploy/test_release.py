"""In which order a release on one machine replaces another; systemd is only asked, as tests see it.

`tests/operations/test_vm_guide.py` does the same on a machine with a systemd.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = ROOT / "deploy" / "vm" / "release.sh"
OLD: Final = "/opt/adda/releases/old"
SYSTEMCTL: Final = """#!/bin/sh
# Says which units run, and notes everything else with the release that is current then.
case $1 in
list-units)
    for unit in adda-api@8001 adda-api@8002 adda-worker@8201 adda-ws@8101; do
        case $unit in $5) echo "$unit.service loaded active running" ;; esac
    done
    exit ;;
esac
echo "$(readlink "$DESTDIR/opt/adda/current" || true) $*" >>"$DESTDIR/calls"
[ "$*" != "start adda-migrate.service" ] || exit "$MIGRATION"
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """Its folders, below `root`."""

    root: Path

    def release(self, verb: str, *, migration: int = 0) -> int:
        """The script's exit code, where the migration ends with another."""
        environment = {
            "PATH": f"{self.root}/bin:{os.environ['PATH']}",
            "DESTDIR": str(self.root),
            "MIGRATION": str(migration),
        }
        return subprocess.run(
            [SCRIPT, verb], env=environment, capture_output=True, check=False
        ).returncode

    def calls(self) -> list[str]:
        """What systemd was asked to do, after which release was current."""
        text = (self.root / "calls").read_text(encoding="utf-8")
        return [
            line.replace(f"{ROOT} ", "new: ").replace(f"{OLD} ", "old: ").replace(".service", "")
            for line in text.splitlines()
        ]

    def leads_to(self, name: str) -> str:
        """Where a link of /opt/adda does."""
        return str((self.root / "opt" / "adda" / name).readlink())

    @property
    def current(self) -> str:
        """The release that is the current one."""
        return self.leads_to("current")

    @property
    def units(self) -> set[str]:
        """Those that are installed."""
        return {path.name for path in (self.root / "etc/systemd/system").iterdir()}


@pytest.fixture
def new_machine(tmp_path: Path) -> Machine:
    """Nothing of Adda has run on it."""
    for folder in ("bin", "opt/adda/releases", "etc/systemd/system"):
        (tmp_path / folder).mkdir(parents=True)
    program = tmp_path / "bin" / "systemctl"
    program.write_text(SYSTEMCTL)
    program.chmod(0o755)
    return Machine(tmp_path)


@pytest.fixture
def machine(new_machine: Machine) -> Machine:
    """The release before is the current one, and runs."""
    (new_machine.root / "opt/adda/current").symlink_to(OLD)
    return new_machine


def test_tables_come_before_anything_else_and_workers_before_those_they_read(
    machine: Machine,
) -> None:
    assert machine.release("switch") == 0
    assert machine.calls() == [
        "old: daemon-reload",
        "old: start adda-migrate",
        "new: daemon-reload",
        "new: restart adda-worker@8201",
        "new: restart adda-api@8001",
        "new: restart adda-api@8002",
        "new: restart adda-ws@8101",
        "new: try-reload-or-restart adda-gateway",
    ]


def test_a_migration_that_fails_leaves_the_old_release_as_it_was(machine: Machine) -> None:
    assert machine.release("switch", migration=1) != 0
    assert machine.current == OLD
    assert machine.units == {"adda-migrate.service", "adda-.service.d"}
    assert not any("restart" in call for call in machine.calls())


def test_the_migration_is_the_new_releases(machine: Machine) -> None:
    machine.release("switch", migration=1)
    unit = (machine.root / "etc/systemd/system/adda-migrate.service").read_text(encoding="utf-8")
    assert "ExecStart=/opt/adda/next/.venv/bin/python -m worker.migrate" in unit
    assert machine.leads_to("next") == str(ROOT)


def test_on_the_way_back_workers_are_last_and_tables_stay(machine: Machine) -> None:
    assert machine.release("rollback") == 0
    assert machine.calls() == [
        "new: daemon-reload",
        "new: restart adda-ws@8101",
        "new: restart adda-api@8001",
        "new: restart adda-api@8002",
        "new: restart adda-worker@8201",
        "new: try-reload-or-restart adda-gateway",
    ]


def test_on_a_new_machine_there_is_something_to_restore_with_before_there_are_tables(
    new_machine: Machine,
) -> None:
    assert new_machine.release("install") == 0
    assert new_machine.current == str(ROOT)
    assert new_machine.units >= {"adda.target", "adda-backup.timer", "adda-ws@.service"}
    assert new_machine.calls() == ["new: daemon-reload"]
    assert new_machine.leads_to("next") == str(ROOT)


def test_another_word_changes_nothing(machine: Machine) -> None:
    assert machine.release("swich") == 2
    assert machine.current == OLD
    assert machine.units == set()

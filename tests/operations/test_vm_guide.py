"""The guide for one machine, followed to the letter on a fresh Debian; then a restore on one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from tests.conftest import ROOT
from tests.operations.machine import fresh_machine, why_no_machine, working_tree
from tests.unit.docs.markdown_files import blocks_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.operations.machine import Machine

GUIDE_SECONDS: Final = 1500.0
RESTORE_SECONDS: Final = 300.0
WORST_EXPOSURE: Final = 2.0
"""As `systemd-analyze security` counts: 0 can do nothing, 10 everything."""

UNITS: Final = (
    *("adda-api@8001", "adda-api@8002", "adda-ws@8101", "adda-ws@8102"),
    *("adda-worker@8201", "adda-gateway"),
)

TALK: Final = """
import asyncio, ssl, sys
from adda_client import ChatClient

async def main(room, text):
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    async with ChatClient("wss://localhost", room, username="মিতা", options={"ssl": trust}) as chat:
        print((await chat.send(text)).seq)

asyncio.run(main(*sys.argv[1:]))
"""


GUIDE: Final = "deploy/vm/README.md"
BEFORE_A_RESTORE: Final = ("3. Secrets", "4. Redis", "5. PostgreSQL", "7. Settings")
"""And packages and code, which are still there."""

FORGET: Final = """
systemctl stop adda.target adda-backup.timer 'adda-*'
mkdir /root/kept
cp -a /etc/adda /root/kept/etc
cp -a /var/lib/adda-backup/. /root/kept/backup
find /etc/systemd/system -name 'adda*' -prune -exec rm -rf {} +
rm -rf /etc/adda /opt/adda/current /opt/adda/next
rm -rf /var/lib/adda-backup /var/lib/private/adda-backup
systemctl daemon-reload
systemctl reset-failed
systemctl stop redis-server
rm -rf /var/lib/redis/* /etc/redis/adda.conf
sed -i '/adda.conf/d' /etc/redis/redis.conf
version=$(pg_lsclusters --no-header | awk '{ print $1 }')
pg_dropcluster --stop "$version" main
pg_createcluster "$version" main
mv /root/kept/etc /etc/adda
mv /root/kept/backup /var/lib/adda-backup
"""
"""A machine that has been through the guide becomes as new as a restore wants it."""


def script_of(document: str, *sections: str) -> str:
    """What the document says to do, in its order; all of it, or in some sections."""
    text = (ROOT / document).read_text(encoding="utf-8")
    parts = re.split(r"(?m)^## (.+)$", text)
    by_title = dict(zip(parts[1::2], parts[2::2], strict=True))
    wanted = "".join(by_title[title] for title in sections) if sections else text
    blocks = [block.text for block in blocks_of(wanted) if block.language == "sh"]
    assert blocks
    return "\n".join(blocks)


def prepare(machine: Machine, folder: Path) -> None:
    """What stands for the internet: where code is cloned from, and who trusts the certificate."""
    machine.put(working_tree(folder), "/srv/adda")
    machine.run(
        "chown -R root:root /srv/adda\n"
        "git config --system url.file:///srv/adda.insteadOf https://example.com/adda.git\n"
        "echo insecure >/root/.curlrc\n"
        f"cat >/root/talk.py <<'END'\n{TALK}\nEND\n"
    )


def say(machine: Machine, room: str, text: str) -> int:
    """Sends one message over TLS; returns its number."""
    python = "/opt/adda/current/.venv/bin/python"
    return int(machine.run(f"{python} /root/talk.py {room} '{text}'").split()[-1])


def history(machine: Machine, room: str) -> str:
    return machine.run(f"curl -sSf https://localhost/api/rooms/{room}/messages/")


def check_units(machine: Machine) -> None:
    for unit in UNITS:
        assert machine.run(f"systemctl is-active {unit}").strip() == "active", unit
        user = machine.run(f"ps -o user= -p $(systemctl show -P MainPID {unit})").strip()
        assert user not in {"root", "postgres", "redis", "caddy"}, (unit, user)
        told = machine.run(f"systemd-analyze security --no-pager {unit} | tail -n 1")
        exposure = float(told.rpartition(": ")[2].split()[0])
        assert exposure <= WORST_EXPOSURE, told
    assert machine.run("systemctl list-units --failed --no-legend --plain 'adda*'").strip() == ""


def check_doors(machine: Machine) -> None:
    """Secrets are root's, only three ports are for everybody, and the page is there."""
    secret = "/etc/adda/credentials/admin_token"
    assert "denied" in machine.run(f"runuser -u www-data -- cat {secret} || true")
    assert "policy drop" in machine.run("nft list ruleset")
    outside = machine.run("ss -Hltn | awk '{ print $4 }' | grep -Ev '^(127\\.|\\[::1\\])' || true")
    assert {line.rpartition(":")[2] for line in outside.split()} <= {"80", "443"}
    page = machine.run("curl -sSfi https://localhost/ | tr -d '\\r'")
    assert "text/html" in page
    assert "\nstrict-transport-security: max-age" in page.lower()
    logged = machine.run("journalctl --no-pager -o cat -u adda-gateway -n 20")
    assert '"status":200' in logged


def check_alerts(machine: Machine) -> None:
    """Prometheus has met every replica, and finds nothing to complain of."""
    asked = "promtool query instant http://127.0.0.1:9090"
    machine.run(f"until {asked} 'count(up == 1)' | grep -q '=> 5 '; do sleep 0.5; done")
    assert "=> 5 " in machine.run(f"{asked} 'count(process_max_fds{{job!=\"\"}})'")
    assert machine.run(f"{asked} 'ALERTS{{alertstate=\"firing\"}}'").strip() == ""


@pytest.mark.timeout(GUIDE_SECONDS + 2 * RESTORE_SECONDS)
@pytest.mark.skipif(why_no_machine() is not None, reason=str(why_no_machine()))
def test_the_guide_makes_a_machine_that_serves_and_whose_backup_comes_back(tmp_path: Path) -> None:
    guide = script_of(GUIDE).replace("DOMAIN=adda.example", "DOMAIN=localhost")
    assert "DOMAIN=localhost" in guide
    with fresh_machine() as machine:
        prepare(machine, tmp_path)
        machine.run(guide, GUIDE_SECONDS)
        assert machine.run("readlink /opt/adda/current").strip() == "/opt/adda/releases/1"
        check_units(machine)
        check_doors(machine)
        check_alerts(machine)

        room = machine.run("cat /proc/sys/kernel/random/uuid").strip()
        before = [say(machine, room, f"আগে {n}") for n in range(3)]
        machine.run("systemctl start adda-backup")
        say(machine, room, "পরে")
        anew = FORGET + "DOMAIN=localhost\n" + script_of(GUIDE, *BEFORE_A_RESTORE)
        machine.run(anew, RESTORE_SECONDS)
        machine.run(script_of("deploy/backup/README.md"), RESTORE_SECONDS)
        check_units(machine)
        told = history(machine, room)
        assert all(f"আগে {n}" in told for n in range(3))
        assert "পরে" not in told
        assert say(machine, room, "আবার") > before[-1]
        machine.run(script_of(GUIDE, "12. Backups"))

"""A fresh Debian with systemd as its first process, in a container; not a test itself.

    with fresh_machine() as machine:
        machine.run("systemctl is-system-running --wait")
        machine.put(folder, "/srv/adda.git")

Not a privileged container: what systemd needs to keep units apart, and no more. The image of
`ADDA_TEST_DEBIAN` (debian:bookworm-slim) is what it is made of.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE: Final = Path(__file__).parent
DOCKER: Final = shutil.which("docker") or "docker"
CAPABILITIES: Final = (
    *("SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "SYS_NICE", "DAC_READ_SEARCH", "IPC_LOCK"),
    "LINUX_IMMUTABLE",
)
BOOT_SECONDS: Final = 60.0
BUNDLE: Final = "/etc/ssl/certs/ca-certificates.crt"
TRUST: Final = ("SSL_CERT_FILE", "PIP_CERT", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE")
"""Programs with lists of certificates of their own shall take the machine's."""

CERTIFICATES: Final = Path("/usr/local/share/ca-certificates")


def why_no_machine() -> str | None:
    """None if one can be made here."""
    if shutil.which("docker") is None:
        return "there is no docker"
    asked = subprocess.run([DOCKER, "info"], capture_output=True, check=False, timeout=30)
    return None if asked.returncode == 0 else "no Docker engine answers"


@dataclass(frozen=True, slots=True)
class Machine:
    """A running one."""

    name: str

    def run(self, script: str, seconds: float = 120.0, *, check: bool = True) -> str:
        """Runs a shell script as root; returns all that it said.

        Raises:
            AssertionError: it failed, with its last words.
        """
        trust = [part for name in TRUST for part in ("-e", f"{name}={BUNDLE}")]
        done = subprocess.run(
            [DOCKER, "exec", "-i", *trust, self.name, "sh", "-eu"],
            input=script,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=seconds,
        )
        assert not check or done.returncode == 0, f"{done.returncode}: {done.stdout[-4000:]}"
        return done.stdout

    def put(self, source: Path, target: str) -> None:
        """Copies a file or a folder into it, for root."""
        subprocess.run([DOCKER, "cp", "-q", str(source), f"{self.name}:{target}"], check=True)


@contextmanager
def fresh_machine() -> Iterator[Machine]:
    """Boots one; nothing is left of it at the end but its image."""
    image = _image()
    machine = Machine(f"adda-machine-{uuid.uuid4().hex[:8]}")
    caps = [part for name in CAPABILITIES for part in ("--cap-add", name)]
    command = [
        *(DOCKER, "run", "--detach", "--rm", "--name", machine.name, *caps),
        *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
        *("--tmpfs", "/run", image),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    try:
        _wait_until_booted(machine)
        _trust_what_we_trust(machine)
        yield machine
    finally:
        subprocess.run([DOCKER, "rm", "-f", "-v", machine.name], check=True, capture_output=True)


def _image() -> str:
    with TemporaryDirectory() as context:
        shutil.copy(HERE / "machine.Dockerfile", Path(context) / "Dockerfile")
        shutil.copy(HERE / "boot.sh", context)
        base = os.environ.get("ADDA_TEST_DEBIAN", "debian:bookworm-slim")
        name = f"adda-machine-of-{base.replace(':', '-')}"
        subprocess.run(
            [DOCKER, "build", "-q", "-t", name, "--build-arg", f"BASE={base}", context],
            check=True,
            timeout=600,
            capture_output=True,
        )
        return name


def _wait_until_booted(machine: Machine) -> None:
    deadline = time.monotonic() + BOOT_SECONDS
    state = ""
    while state not in {"running", "degraded"}:
        assert time.monotonic() < deadline, f"the machine does not boot: {state}"
        time.sleep(0.2)
        state = machine.run("systemctl is-system-running || true", check=False).strip()


def _trust_what_we_trust(machine: Machine) -> None:
    for certificate in CERTIFICATES.glob("*.crt"):
        machine.put(certificate, f"{CERTIFICATES}/{certificate.name}")
    machine.run("update-ca-certificates >/dev/null 2>&1")


def working_tree(folder: Path) -> Path:
    """A repository in `folder` with one commit: this checkout as it is now, tracked or new."""
    git = shutil.which("git") or "git"
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        source = ROOT / name
        if source.is_file() and not source.is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
    who = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    for command in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "tests: Now.")):
        subprocess.run([git, *command], cwd=folder, check=True)
    return folder

"""What peers need is installed once, below a folder that may be kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.bench.peers.peer import NotHere

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_STAMP = "installed"
_LAST_LINES = 15


def install_once(folder: Path, recipe: Sequence[Path], install: Callable[[], None]) -> None:
    """Calls `install`, which fills `folder`, unless it was filled by the same `recipe`."""
    identity = hashlib.sha256(b"\0".join([path.read_bytes() for path in recipe]))
    identity.update(sys.version.encode())
    stamp = folder / _STAMP
    if stamp.is_file() and stamp.read_text(encoding="ascii") == identity.hexdigest():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    install()
    stamp.write_text(identity.hexdigest(), encoding="ascii")


def carry_out(argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Runs one step of an installation; returns what it printed. Raises NotHere with its end."""
    environment = {**os.environ, **(env or {})}
    done = subprocess.run(
        argv,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    if done.returncode != 0:
        end = "\n".join(done.stdout.splitlines()[-_LAST_LINES:])
        raise NotHere(f"{' '.join(argv)} failed with {done.returncode}:\n{end}")
    return done.stdout


def python_environment(folder: Path, lock: Path) -> str:
    """A Python in `folder` with the packages of the hash-pinned `lock`; returns its path."""
    python = folder / "bin" / "python"

    def install() -> None:
        carry_out([sys.executable, "-m", "venv", str(folder)], folder)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes"]
        carry_out([*pip, "--requirement", str(lock)], folder)

    install_once(folder, [lock], install)
    return str(python)


def locked_version(lock: Path, package: str) -> str:
    """The version of `package` that `lock` pins."""
    for line in lock.read_text(encoding="utf-8").splitlines():
        name, equals, rest = line.partition("==")
        if equals and name == package:
            return rest.split()[0]
    raise KeyError(package)

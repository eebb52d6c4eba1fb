from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from lock_files import (
    NPM_LOCKS,
    PYTHON_LOCKS,
    ROOT,
    Locked,
    UnreadableLock,
    read_package_lock,
    read_requirements,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_every_lock_file_of_the_project_is_known() -> None:
    found = {
        str(path.relative_to(ROOT))
        for pattern in ("*/requirements.txt", "deploy/local/*.txt", "gateway/*/package-lock.json")
        for path in ROOT.glob(pattern)
    }
    assert found == {*PYTHON_LOCKS.values(), *NPM_LOCKS.values()}


def test_what_the_services_lock_is_locked_for_the_tests_too() -> None:
    locked = {name: set(read_requirements(ROOT / path)) for name, path in PYTHON_LOCKS.items()}
    for part in ("api_service", "ws_service", "worker", "local"):
        assert {one.purl for one in locked[part]} <= {one.purl for one in locked["tests"]}


def test_a_requirement_has_a_version_and_hashes(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(
        "# by make lock\nuvloop==0.23.0 ; sys_platform != 'win32' \\\n"
        "    --hash=sha256:ab12 \\\n    --hash=sha256:cd34\nRedis[hiredis]==8.1 --hash=sha256:ef\n"
    )
    assert read_requirements(path) == [
        Locked(
            "uvloop",
            "0.23.0",
            (("sha256", "ab12"), ("sha256", "cd34")),
            "pypi",
            only_elsewhere=True,
        ),
        Locked("redis", "8.1", (("sha256", "ef"),), "pypi"),
    ]


@pytest.mark.parametrize("line", ["uvloop", "uvloop>=1 --hash=sha256:ab", "uvloop==1", "-r x.txt"])
def test_what_is_not_pinned_is_no_lock(tmp_path: Path, line: str) -> None:
    (tmp_path / "requirements.txt").write_text(line)
    with pytest.raises(UnreadableLock):
        read_requirements(tmp_path / "requirements.txt")


def test_a_package_of_npm_is_listed_once_and_as_what_it_is_needed_for(tmp_path: Path) -> None:
    integrity = "sha512-qw=="
    packages = {
        "": {"name": "web"},
        "node_modules/@a/b": {"version": "1.0.0", "integrity": integrity, "dev": True},
        "node_modules/x/node_modules/@a/b": {"version": "1.0.0", "integrity": integrity},
        "node_modules/c": {"version": "2.0.0", "integrity": integrity, "dev": True},
        "node_modules/own": {"link": True},
    }
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": packages}))
    scoped, other = read_package_lock(tmp_path / "package-lock.json")
    assert (str(scoped.purl), scoped.only_to_build) == ("pkg:npm/%40a/b@1.0.0", False)
    assert (str(other.purl), other.only_to_build) == ("pkg:npm/c@2.0.0", True)
    assert scoped.hashes == (("sha512", "ab"),)


def test_a_package_of_npm_without_a_hash_is_not_locked(tmp_path: Path) -> None:
    packages = {"node_modules/a": {"version": "1.0.0"}}
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": packages}))
    with pytest.raises(UnreadableLock, match="a has no hash"):
        read_package_lock(tmp_path / "package-lock.json")

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import write_sbom
from lock_files import NPM_LOCKS, PYTHON_LOCKS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

PARTS = [*PYTHON_LOCKS, *NPM_LOCKS]


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("sbom")
    assert write_sbom.main(folder) == 0
    return {part: json.loads((folder / f"{part}.cdx.json").read_text()) for part in PARTS}


@pytest.mark.parametrize("part", PYTHON_LOCKS)
def test_every_locked_python_package_is_in_it(documents: dict[str, Any], part: str) -> None:
    text = (ROOT / PYTHON_LOCKS[part]).read_text(encoding="utf-8")
    pinned = re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*?\])?==([^\s;\\]+)", text, re.MULTILINE)
    assert pinned
    listed = [(one["name"], one["version"]) for one in documents[part]["components"]]
    assert sorted(listed) == sorted(pinned)


@pytest.mark.parametrize("part", NPM_LOCKS)
def test_every_locked_package_of_npm_is_in_it(documents: dict[str, Any], part: str) -> None:
    packages = json.loads((ROOT / NPM_LOCKS[part]).read_text(encoding="utf-8"))["packages"]
    locked = {
        (place.rpartition("node_modules/")[2], entry["version"])
        for place, entry in packages.items()
        if place
    }
    assert locked
    listed = {
        ("/".join(filter(None, (one.get("group"), one["name"]))), one["version"])
        for one in documents[part]["components"]
    }
    assert listed == locked


@pytest.mark.parametrize("part", PARTS)
def test_each_component_can_be_told_from_all_others_and_checked(
    documents: dict[str, Any], part: str
) -> None:
    document = documents[part]
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["component"]["name"] == f"adda-{part}"
    names = [one["purl"] for one in document["components"]]
    assert len(names) == len(set(names))
    assert all(one["hashes"] for one in document["components"])


def test_the_same_locks_make_the_same_bytes() -> None:
    packages = write_sbom.locks()["api_service"]
    assert write_sbom.sbom("x", packages) == write_sbom.sbom("x", packages)
    assert write_sbom.sbom("x", packages) != write_sbom.sbom("x", packages[1:])

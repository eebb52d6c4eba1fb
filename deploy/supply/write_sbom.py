"""Writes what the project is made of, as CycloneDX, from the lock files alone: `make sbom`.

One document for each lock file, the same bytes for the same lock: no time, no random number.
"""

from __future__ import annotations

import json
import sys
import tomllib
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

from lock_files import (
    NPM_LOCKS,
    PYTHON_LOCKS,
    ROOT,
    Locked,
    read_package_lock,
    read_requirements,
)

FOLDER: Final = ROOT / ".adda-sbom"

_NAMESPACE: Final = uuid.UUID("6f0d5c2e-64a5-5c1f-8f43-adda00000000")
_ALGORITHMS: Final = {
    "sha1": HashAlgorithm.SHA_1,
    "sha256": HashAlgorithm.SHA_256,
    "sha384": HashAlgorithm.SHA_384,
    "sha512": HashAlgorithm.SHA_512,
}


def locks() -> dict[str, list[Locked]]:
    """What is locked, by the name of the part."""
    python = {name: read_requirements(ROOT / path) for name, path in PYTHON_LOCKS.items()}
    npm = {name: read_package_lock(ROOT / path) for name, path in NPM_LOCKS.items()}
    return python | npm


def sbom(part: str, packages: Sequence[Locked]) -> str:
    """The document of one part, as JSON."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    root = Component(
        name=f"adda-{part}",
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref=f"adda-{part}@{version}",
    )
    components = [_component(package) for package in packages]
    listed = "\n".join(sorted(f"{one.purl} {one.hashes}" for one in packages))
    bom = Bom(
        components=components,
        metadata=BomMetaData(component=root),
        serial_number=uuid.uuid5(_NAMESPACE, f"{part} {version}\n{listed}"),
    )
    # A lock file does not say who wants whom, only that all of it is installed.
    bom.register_dependency(root, components)
    outputter = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6)
    document = json.loads(outputter.output_as_string())
    del document["metadata"]["timestamp"]
    return json.dumps(document, ensure_ascii=False, indent=1)


def _component(package: Locked) -> Component:
    group, _, name = package.name.rpartition("/")
    return Component(
        name=name,
        group=group or None,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(package.purl),
        purl=package.purl,
        scope=ComponentScope.EXCLUDED if package.only_to_build else ComponentScope.REQUIRED,
        # A version has one hash for each machine's file; the format wants one for each algorithm.
        hashes=[HashType(alg=_ALGORITHMS[name], content=digest) for name, digest in package.hashes],
    )


def main(folder: Path = FOLDER) -> int:
    """Writes all documents; returns the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, packages in locks().items():
        path = folder / f"{part}.cdx.json"
        path.write_text(sbom(part, packages) + "\n", encoding="utf-8")
        print(f"{path}: {len(packages)} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())

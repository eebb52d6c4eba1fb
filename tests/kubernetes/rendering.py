"""The overlays as `kubectl kustomize` renders them, and ways through them; not a test itself."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import make_secrets
import yaml
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

Object = dict[str, Any]

MANIFESTS: Final = ROOT / "deploy" / "k8s"
SNAPSHOTS: Final = ROOT / "tests" / "kubernetes" / "snapshots"
OVERLAYS: Final[Mapping[str, str]] = {
    "local": "overlays/local",
    "production": "overlays/production",
    "data": "overlays/production/data",
}
"""Name of each and where it is; `data` is what production's Redis and PostgreSQL are made of."""

OURS: Final = ("gateway", "api-service", "ws-service", "worker")
"""What Adda itself consists of."""

PASSWORD: Final = "not-a-secret-but-long-enough-for-one-in-a-test"


def render(folder: Path) -> str:
    """All objects of a kustomization, as YAML."""
    kubectl = shutil.which("kubectl", path=sysconfig.get_path("scripts"))
    if kubectl is None:
        raise FileNotFoundError("kubectl: it is one of the tests' requirements")
    done = subprocess.run(
        (kubectl, "kustomize", str(folder)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def render_all(directory: Path) -> dict[str, list[Object]]:
    """All overlays, from a copy in `directory` that has secrets of no value."""
    copy = directory / "k8s"
    shutil.copytree(MANIFESTS, copy, ignore=shutil.ignore_patterns("secrets", "__pycache__"))
    make_secrets.write(copy / "overlays" / "local" / "secrets", lambda: PASSWORD)
    return {name: list(objects_in(render(copy / path))) for name, path in OVERLAYS.items()}


def objects_in(text: str) -> Iterator[Object]:
    """What a text of YAML holds, one after the other."""
    yield from yaml.load_all(text, Loader=yaml.CSafeLoader)


def shown(objects: Iterable[Object]) -> str:
    """As a snapshot has them: without what Secrets hold."""
    told = [
        {**one, "data": dict.fromkeys(one["data"], "…")} if one["kind"] == "Secret" else one
        for one in objects
    ]
    return yaml.dump_all(told, sort_keys=False, allow_unicode=True, width=100)


def name_of(one: Object) -> str:
    """`Kind/name`."""
    return f"{one['kind']}/{one['metadata']['name']}"


def of_kind(objects: Iterable[Object], kind: str) -> dict[str, Object]:
    """All objects of a kind by their names."""
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


@dataclass(frozen=True, slots=True)
class Pod:
    """What a Deployment or a Job makes pods of."""

    owner: str
    labels: Mapping[str, str]
    spec: Object

    @property
    def container(self) -> Object:
        """The only one."""
        [container] = self.spec["containers"]
        found: Object = container
        return found


def pods_in(objects: Iterable[Object]) -> dict[str, Pod]:
    """By the name of what makes them; the version of a Job is left out."""
    found = {}
    for one in objects:
        if one["kind"] in {"Deployment", "Job"}:
            template = one["spec"]["template"]
            name = template["metadata"]["labels"]["app.kubernetes.io/name"]
            found[name] = Pod(name_of(one), template["metadata"]["labels"], template["spec"])
    return found


def environment_of(pod: Pod, objects: Iterable[Object]) -> dict[str, str]:
    """Variables of its container; what is only known in a cluster has its name for a value."""
    maps = of_kind(objects, "ConfigMap")
    found: dict[str, str] = {}
    for source in pod.container.get("envFrom", ()):
        found |= maps[source["configMapRef"]["name"]]["data"]
    for variable in pod.container.get("env", ()):
        told = variable.get("value") or variable["valueFrom"]["fieldRef"]["fieldPath"]
        found[variable["name"]] = told
    return found

"""The page about Kubernetes speaks of what is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.kubernetes.rendering import MANIFESTS, of_kind
from tests.unit.docs.markdown_files import code_in, commands_of, table_with

if TYPE_CHECKING:
    from tests.kubernetes.rendering import Object

README = MANIFESTS / "README.md"


def text() -> str:
    return README.read_text(encoding="utf-8")


def test_every_kind_has_its_reason(rendered: dict[str, list[Object]]) -> None:
    rows = [row[0] for row in table_with(text(), "Namespace")]
    explained = {kind for row in rows for kind in re.findall(r"[A-Z]\w+", row)}
    assert explained == {one["kind"] for some in rendered.values() for one in some}


def test_every_folder_that_is_named_is_there() -> None:
    named = {name for row in table_with(text(), "`base`") for name in code_in(row[0])}
    assert {path.parent for path in MANIFESTS.rglob("kustomization.yaml")} == {
        MANIFESTS / name for name in named
    }
    for command in commands_of(text()):
        for folder in re.findall(r"(?:-k|kustomize) (\S+)", command):
            assert (MANIFESTS.parents[1] / folder / "kustomization.yaml").is_file()


def test_the_numbers_of_replicas_are_those_of_the_autoscalers(production: list[Object]) -> None:
    rows = {code_in(row[0])[0]: row for row in table_with(text(), "`ws-service`") if "`" in row[0]}
    found = {}
    for name, one in of_kind(production, "ScaledObject").items():
        found[name] = (one["spec"]["minReplicaCount"], one["spec"]["maxReplicaCount"])
    for name, one in of_kind(production, "HorizontalPodAutoscaler").items():
        found[name] = (one["spec"]["minReplicas"], one["spec"]["maxReplicas"])
    assert {name: (int(row[2]), int(row[3])) for name, row in rows.items()} == found


def test_the_secrets_of_the_store_are_those_that_are_asked_for(
    production: list[Object], data: list[Object]
) -> None:
    asked = {
        (one["remoteRef"]["key"], one["remoteRef"]["property"])
        for some in (production, data)
        for secret in of_kind(some, "ExternalSecret").values()
        for one in secret["spec"]["data"]
    }
    rows = table_with(text(), "`adda/valkey`")
    listed = {(code_in(row[0])[0], name) for row in rows for name in code_in(row[1])}
    assert listed == asked


def test_the_job_that_is_waited_for_is_the_one_that_is_applied(
    production: list[Object], local: list[Object]
) -> None:
    waited = set(re.findall(r"job/(\S+)", " ".join(commands_of(text()))))
    assert waited == set(of_kind(production, "Job")) | set(of_kind(local, "Job"))

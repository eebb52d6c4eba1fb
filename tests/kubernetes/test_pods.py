"""Every pod is as little of a danger, and of a surprise, as it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from tests.kubernetes.rendering import OURS, name_of, of_kind, pods_in

if TYPE_CHECKING:
    from tests.kubernetes.rendering import Object, Pod

WITH_PODS: Final = ("local", "production")
VOLUMES: Final = {"emptyDir", "secret"}
ZONE_AND_HOST: Final = ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]


def is_restricted(pod: Pod) -> bool:
    """As the standard of that name has it, and read-only, and with a number for a user."""
    context, container = pod.spec["securityContext"], pod.container["securityContext"]
    return (
        context["runAsNonRoot"] is True
        and context["runAsUser"] > 0
        and context["seccompProfile"] == {"type": "RuntimeDefault"}
        and container
        == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        and not {"hostNetwork", "hostPID", "hostIPC"} & set(pod.spec)
        and all("hostPort" not in port for port in pod.container.get("ports", ()))
    )


@pytest.mark.parametrize("overlay", WITH_PODS)
def test_pods_are_restricted(overlay: str, rendered: dict[str, list[Object]]) -> None:
    pods = pods_in(rendered[overlay])
    assert {*OURS, "migrate"} <= set(pods)
    assert [name for name, pod in pods.items() if not is_restricted(pod)] == []
    kinds = {kind for pod in pods.values() for volume in pod.spec["volumes"] for kind in volume}
    assert kinds - {"name"} == VOLUMES


@pytest.mark.parametrize("overlay", ["local", "production", "data"])
def test_the_namespace_refuses_other_pods(overlay: str, rendered: dict[str, list[Object]]) -> None:
    [namespace] = of_kind(rendered[overlay], "Namespace").values()
    labels = namespace["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    elsewhere = {
        name_of(one)
        for one in rendered[overlay]
        if one is not namespace and one["metadata"]["namespace"] != namespace["metadata"]["name"]
    }
    assert elsewhere == set()


@pytest.mark.parametrize("overlay", WITH_PODS)
def test_pods_know_nothing_of_the_cluster(overlay: str, rendered: dict[str, list[Object]]) -> None:
    for pod in pods_in(rendered[overlay]).values():
        assert pod.spec["automountServiceAccountToken"] is False
        assert pod.spec["enableServiceLinks"] is False


@pytest.mark.parametrize("overlay", WITH_PODS)
def test_every_container_says_what_it_needs(
    overlay: str, rendered: dict[str, list[Object]]
) -> None:
    for pod in pods_in(rendered[overlay]).values():
        resources = pod.container["resources"]
        assert set(resources["requests"]) == {"cpu", "memory"}
        # Memory that is not there ends the process; processor time that is not there only delays.
        assert set(resources["limits"]) == {"memory"}


@pytest.mark.parametrize("overlay", WITH_PODS)
def test_every_image_has_a_version(overlay: str, rendered: dict[str, list[Object]]) -> None:
    for pod in pods_in(rendered[overlay]).values():
        _, _, tag = pod.container["image"].rpartition("/")[2].partition(":")
        assert tag not in {"", "latest"}


def test_all_images_of_ours_have_one_version(production: list[Object]) -> None:
    tags = {pod.container["image"].rpartition(":")[2] for pod in pods_in(production).values()}
    assert len(tags) == 1
    assert f"migrate-{tags.pop()}" in of_kind(production, "Job")


def test_liveness_asks_for_nothing_but_life(production: list[Object]) -> None:
    for name in OURS:
        container = pods_in(production)[name].container
        for probe in ("livenessProbe", "startupProbe"):
            assert container[probe]["httpGet"] == {"path": "/healthz", "port": "http"}


def test_readiness_asks_what_is_behind_only_of_who_works_with_it(
    production: list[Object],
) -> None:
    for name in OURS:
        path = pods_in(production)[name].container["readinessProbe"]["httpGet"]["path"]
        assert path == ("/healthz" if name == "gateway" else "/readyz")


def test_who_is_slow_is_not_killed_at_once(production: list[Object]) -> None:
    for name in OURS:
        probe = pods_in(production)[name].container["livenessProbe"]
        assert probe["periodSeconds"] * probe["failureThreshold"] >= 60


def test_nobody_starts_only_where_postgresql_is_there(production: list[Object]) -> None:
    # ws_service works without it; and a check of the version would keep old replicas from starting
    # again once the tables are newer, and so a rollback.
    assert [name for name, pod in pods_in(production).items() if "initContainers" in pod.spec] == []


def test_replicas_are_spread_over_zones_and_hosts(production: list[Object]) -> None:
    for name in OURS:
        pod = pods_in(production)[name]
        spread = pod.spec["topologySpreadConstraints"]
        assert [one["topologyKey"] for one in spread] == ZONE_AND_HOST
        for one in spread:
            assert one["labelSelector"]["matchLabels"].items() <= pod.labels.items()
            assert one["matchLabelKeys"] == ["pod-template-hash"]


def test_a_lost_node_is_not_waited_for(production: list[Object]) -> None:
    for name in OURS:
        tolerated = pods_in(production)[name].spec["tolerations"]
        assert {one["tolerationSeconds"] for one in tolerated} == {30}
        assert len(tolerated) == 2


def test_whatever_is_selected_is_there(production: list[Object]) -> None:
    pods = pods_in(production)
    services = of_kind(production, "Service")
    for name, service in services.items():
        assert service["spec"]["selector"].items() <= pods[name].labels.items()
    assert set(services) == set(OURS) - {"worker"}
    [ingress] = of_kind(production, "Ingress").values()
    [rule] = ingress["spec"]["rules"]
    [path] = rule["http"]["paths"]
    assert path["backend"]["service"] == {"name": "gateway", "port": {"name": "http"}}
    assert [rule["host"]] == ingress["spec"]["tls"][0]["hosts"]

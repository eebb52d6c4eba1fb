"""Who reaches whom: what is listed here, and nobody else."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from tests.kubernetes.network import Place, may_reach
from tests.kubernetes.rendering import of_kind, pods_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.kubernetes.rendering import Object

NAME: Final = "app.kubernetes.io/name"
ELSEWHERE: Final = {
    "ingress": Place("nginx-ingress", {NAME: "nginx-ingress"}),
    "prometheus": Place("monitoring", {NAME: "prometheus"}),
    "stranger": Place("default", {NAME: "stranger"}),
    "dns": Place("kube-system", {"k8s-app": "kube-dns"}),
}
"""No policies hold there: they may ask whom they like."""

SERVERS: Final = {
    "postgres": Place("adda-data", {"cnpg.io/cluster": "postgres"}),
    "valkey": Place("adda-data", {"valkey.io/cluster": "adda"}),
    "postgres operator": Place("cnpg-system", {NAME: "cloudnative-pg"}),
    "valkey operator": Place("valkey-operator-system", {NAME: "valkey-operator"}),
}
SOLVER: Final = Place("adda", {"acme.cert-manager.io/http01-solver": "true"})
"""By which cert-manager proves whose the name is; it stands beside the Ingress for a while."""

PORTS: Final = (53, 5432, 6379, 8000, 8089, 9121, 9187, 16379)
SERVICES: Final = ("api-service", "ws-service", "worker")


def links(policies: Sequence[Object], places: dict[str, Place]) -> set[tuple[str, str, int]]:
    """Everything that is let through towards what the policies guard."""
    guarded = {policy["metadata"]["namespace"] for policy in policies}
    return {
        (source, target, port)
        for source, target, port in product(places, places, PORTS)
        if {places[source].namespace, places[target].namespace} & guarded
        and may_reach(policies, places[source], places[target], port)
    }


def ours(objects: list[Object]) -> dict[str, Place]:
    return {name: Place("adda", pod.labels) for name, pod in pods_in(objects).items()}


def test_production_lets_through_what_it_needs_and_no_more(
    production: list[Object], data: list[Object]
) -> None:
    policies = [*of_kind(production, "NetworkPolicy").values()]
    policies += of_kind(data, "NetworkPolicy").values()
    places = ours(production) | SERVERS | ELSEWHERE | {"solver": SOLVER}
    guarded = [*ours(production), "postgres", "valkey", "solver"]
    assert links(policies, places) == {
        *((name, "dns", 53) for name in guarded),
        ("ingress", "gateway", 8000),
        ("ingress", "solver", 8089),
        ("gateway", "api-service", 8000),
        ("gateway", "ws-service", 8000),
        *((name, "postgres", 5432) for name in (*SERVICES, "migrate")),
        *((name, "valkey", 6379) for name in SERVICES),
        *(("prometheus", name, 8000) for name in SERVICES),
        ("prometheus", "postgres", 9187),
        ("prometheus", "valkey", 9121),
        *(("postgres", "postgres", port) for port in (5432, 8000)),
        *(("postgres operator", "postgres", port) for port in (5432, 8000)),
        *(("valkey", "valkey", port) for port in (6379, 16379)),
        ("valkey operator", "valkey", 6379),
    }


def test_the_proof_of_a_name_goes_by_the_ingress_that_has_it(production: list[Object]) -> None:
    [ingress] = of_kind(production, "Ingress").values()
    told = ingress["metadata"]["annotations"]
    assert "cert-manager.io/cluster-issuer" in told
    assert ingress["spec"]["ingressClassName"] == "nginx"  # which takes one Ingress of a host
    assert told["acme.cert-manager.io/http01-edit-in-place"] == "true"


def test_for_trying_only_the_gateway_is_open(local: list[Object]) -> None:
    policies = [*of_kind(local, "NetworkPolicy").values()]
    places = ours(local) | ELSEWHERE
    assert links(policies, places) == {
        *((name, "dns", 53) for name in ours(local)),
        *((name, "gateway", 8000) for name in ("ingress", "prometheus", "stranger", "dns")),
        ("gateway", "api-service", 8000),
        ("gateway", "ws-service", 8000),
        *((name, "postgres", 5432) for name in (*SERVICES, "migrate")),
        *((name, "valkey", 6379) for name in SERVICES),
    }


def test_no_pod_is_without_a_policy(production: list[Object], local: list[Object]) -> None:
    for objects in (production, local):
        [everybody] = [
            policy
            for policy in of_kind(objects, "NetworkPolicy").values()
            if policy["metadata"]["name"] == "default-deny"
        ]
        assert everybody["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}

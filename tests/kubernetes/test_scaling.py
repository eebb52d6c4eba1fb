"""Replicas grow by what they are full of, shrink slowly, and their servers can bear all of them."""

from __future__ import annotations

import json
import re
from typing import Final

import kubernetes_validate
import pytest
from tests.conftest import ROOT
from tests.kubernetes.rendering import (
    MANIFESTS,
    OURS,
    Object,
    environment_of,
    name_of,
    of_kind,
    pods_in,
)
from tests.unit.docs.markdown_files import table_with

from api_service.settings import ApiSettings
from api_service.wiring import ADMIN_CONNECTIONS
from shared.redis_schema.keys import Keys
from shared.runtime.settings import CommonSettings
from worker.settings import WorkerSettings
from worker.spread_partitions import slots_of
from ws_service.settings import WsSettings

METRICS: Final = {
    "ws-service": "adda_connections",
    "gateway": "adda_connections",
    "worker": "adda_ingest_lag_entries",
}
SLOTS: Final = 16384
OF_POSTGRESQL_ITSELF: Final = 20
"""Connections for replication, the operator and people."""


def default_of(settings: type[CommonSettings], name: str) -> int:
    return int(settings.model_fields[name].default)


def most_replicas(production: list[Object]) -> dict[str, int]:
    scaled = of_kind(production, "ScaledObject")
    found = {name: one["spec"]["maxReplicaCount"] for name, one in scaled.items()}
    autoscalers = of_kind(production, "HorizontalPodAutoscaler")
    return found | {name: one["spec"]["maxReplicas"] for name, one in autoscalers.items()}


def behaviors(production: list[Object]) -> dict[str, Object]:
    found: dict[str, Object] = {}
    for name, one in of_kind(production, "ScaledObject").items():
        config = one["spec"]["advanced"]["horizontalPodAutoscalerConfig"]
        found[name] = config["behavior"]
    for name, one in of_kind(production, "HorizontalPodAutoscaler").items():
        found[name] = one["spec"]["behavior"]
    return found


def test_everything_of_ours_is_scaled_once_and_says_no_number_itself(
    production: list[Object],
) -> None:
    targets = [
        one["spec"]["scaleTargetRef"]["name"]
        for one in production
        if one["kind"] in {"ScaledObject", "HorizontalPodAutoscaler"}
    ]
    assert sorted(targets) == sorted(OURS)
    deployments = of_kind(production, "Deployment")
    assert [name for name in OURS if "replicas" in deployments[name]["spec"]] == []


def test_nothing_is_ever_alone(production: list[Object]) -> None:
    scaled = of_kind(production, "ScaledObject").values()
    assert all(one["spec"]["minReplicaCount"] >= 2 for one in scaled)
    autoscalers = of_kind(production, "HorizontalPodAutoscaler").values()
    assert all(one["spec"]["minReplicas"] >= 2 for one in autoscalers)


def test_each_is_scaled_by_the_metric_that_it_is_full_of(production: list[Object]) -> None:
    for name, metric in METRICS.items():
        trigger = of_kind(production, "ScaledObject")[name]["spec"]["triggers"][0]
        query = trigger["metadata"]["query"]
        assert re.findall(r"adda_\w+", query) == [metric]
        # Each worker tells the whole queue, each replica its own connections.
        assert query.startswith("max(" if name == "worker" else "sum(")
        assert trigger["metricType"] == "AverageValue"


def test_a_metric_that_is_gone_sends_nobody_away(production: list[Object]) -> None:
    for one in of_kind(production, "ScaledObject").values():
        assert one["spec"]["fallback"]["behavior"] == "currentReplicasIfHigher"
        asked = [trigger for trigger in one["spec"]["triggers"] if trigger["type"] == "prometheus"]
        assert [trigger["metadata"]["ignoreNullValues"] for trigger in asked] == ["false"]


def test_a_replica_is_full_before_it_refuses(production: list[Object]) -> None:
    scaled = of_kind(production, "ScaledObject")
    people = {
        name: int(scaled[name]["spec"]["triggers"][0]["metadata"]["threshold"])
        for name in ("ws-service", "gateway")
    }
    sockets = environment_of(pods_in(production)["ws-service"], production)
    assert people["ws-service"] * 2 <= int(sockets["ADDA_MAX_CONNECTIONS"])
    nginx = environment_of(pods_in(production)["gateway"], production)
    taken = int(nginx["GATEWAY_PROCESSES"]) * int(nginx["GATEWAY_CONNECTIONS"]) // 2
    assert people["gateway"] * 2 <= taken


def test_a_gateway_may_hold_all_sockets_that_it_takes(production: list[Object]) -> None:
    measured = json.loads((ROOT / "deploy" / "docs" / "gateway.json").read_text("utf-8"))
    pod = pods_in(production)["gateway"]
    nginx = environment_of(pod, production)
    taken = int(nginx["GATEWAY_PROCESSES"]) * int(nginx["GATEWAY_CONNECTIONS"]) // 2
    limit = pod.container["resources"]["limits"]["memory"]
    assert taken * measured["bytes_per_connection"] * 1.2 <= int(limit.removesuffix("Mi")) << 20


def test_sockets_are_taken_away_one_at_a_time_and_late(production: list[Object]) -> None:
    for name in ("ws-service", "gateway"):
        down = behaviors(production)[name]["scaleDown"]
        assert down["stabilizationWindowSeconds"] >= 1800
        [policy] = down["policies"]
        assert (policy["type"], policy["value"]) == ("Pods", 1)
        grace = pods_in(production)[name].spec["terminationGracePeriodSeconds"]
        assert policy["periodSeconds"] > grace


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_what_keda_hands_on_is_something_that_an_autoscaler_takes(
    version: str, production: list[Object]
) -> None:
    for name, behavior in behaviors(production).items():
        autoscaler = {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": name},
            "spec": {
                "scaleTargetRef": {"kind": "Deployment", "name": name, "apiVersion": "apps/v1"},
                "maxReplicas": 2,
                "behavior": behavior,
            },
        }
        kubernetes_validate.validate(autoscaler, version, strict=True)


def test_evictions_take_one_at_a_time(production: list[Object]) -> None:
    budgets = of_kind(production, "PodDisruptionBudget")
    assert set(budgets) == set(OURS)
    for name, budget in budgets.items():
        assert budget["spec"]["maxUnavailable"] == 1
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        labels = pods_in(production)[name].labels
        assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_postgresql_has_a_connection_for_all_that_there_may_be(
    production: list[Object], data: list[Object]
) -> None:
    most = most_replicas(production)
    each = {
        "api-service": default_of(ApiSettings, "database_pool")
        + default_of(ApiSettings, "database_overflow")
        + ADMIN_CONNECTIONS,
        "ws-service": default_of(WsSettings, "db_pool_size"),
        "worker": default_of(WorkerSettings, "db_pool_size"),
    }
    needed = sum(most[name] * connections for name, connections in each.items())
    cluster = of_kind(data, "Cluster")["postgres"]["spec"]
    there = int(cluster["postgresql"]["parameters"]["max_connections"])
    assert needed + OF_POSTGRESQL_ITSELF <= there


def test_what_was_acknowledged_is_on_every_node_that_may_become_master(
    production: list[Object], data: list[Object]
) -> None:
    valkey = of_kind(data, "ValkeyCluster")["adda"]["spec"]
    for service in ("api-service", "ws-service", "worker"):
        told = environment_of(pods_in(production)[service], production)
        assert int(told["ADDA_REDIS_WAIT_REPLICAS"]) == valkey["replicas"]
    assert int(valkey["config"]["min-replicas-to-write"]) == valkey["replicas"]
    assert valkey["config"]["maxmemory-policy"] == "noeviction"
    assert valkey["config"]["appendonly"] == "yes"


def partitions_of_shards(shards: int) -> list[int]:
    """How many partitions each has, where slots are shared out in equal ranges."""
    fields = CommonSettings.model_fields
    slots = slots_of(Keys(fields["key_prefix"].default, fields["partitions"].default))
    return [sum(slot * shards // SLOTS == shard for slot in slots) for shard in range(shards)]


def test_nodes_of_redis_have_as_much_to_do_as_each_other(data: list[Object]) -> None:
    valkey = of_kind(data, "ValkeyCluster")["adda"]["spec"]
    assert len(set(partitions_of_shards(valkey["shards"]))) == 1


def test_the_page_tells_how_partitions_lie_on_shards() -> None:
    rows = table_with((MANIFESTS / "README.md").read_text("utf-8"), "16")
    told = {int(row[0]): (int(row[1]), int(row[2])) for row in rows}
    counted = {shards: partitions_of_shards(shards) for shards in told}
    assert told == {shards: (max(each), min(each)) for shards, each in counted.items()}


def test_what_goes_first_is_all_that_migrating_needs(
    production: list[Object], local: list[Object]
) -> None:
    def first(objects: list[Object]) -> set[str]:
        return {
            name_of(one)
            for one in objects
            if one["metadata"].get("labels", {}).get("adda/stage") == "first"
        }

    needed = {"Namespace/adda", "NetworkPolicy/default-deny", "NetworkPolicy/dns"}
    needed |= {"NetworkPolicy/to-postgres"}
    [version] = list(of_kind(production, "Job"))
    assert first(production) == {*needed, "ExternalSecret/migrate", f"Job/{version}"}
    own = {"Deployment/postgres", "Service/postgres", "NetworkPolicy/postgres", "Secret/postgres"}
    assert first(local) == {*needed, *own, "Secret/migrate", "Job/migrate-version"}

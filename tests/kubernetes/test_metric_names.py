"""What replicas are scaled by is what the services tell of themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tests.kubernetes.rendering import of_kind, pods_in

from shared.runtime.metrics import METRICS, Service

if TYPE_CHECKING:
    from tests.kubernetes.rendering import Object

TELLS: Final = {"ws-service": Service.WS, "gateway": Service.WS, "worker": Service.WORKER}
"""By what is scaled: whose metric it is scaled by."""


def test_what_is_asked_of_prometheus_is_a_gauge_of_the_service(production: list[Object]) -> None:
    declared = {metric.name: metric for metric in METRICS}
    scaled = of_kind(production, "ScaledObject")
    assert set(scaled) == set(TELLS)
    for name, one in scaled.items():
        for trigger in one["spec"]["triggers"]:
            for asked in re.findall(r"adda_\w+", trigger["metadata"].get("query", "")):
                assert declared[asked].kind == "gauge"
                assert TELLS[name] in declared[asked].services
                assert declared[asked].labels == ()


def test_whoever_has_metrics_is_asked_for_them(production: list[Object]) -> None:
    [monitor] = of_kind(production, "PodMonitor").values()
    [chosen] = monitor["spec"]["selector"]["matchExpressions"]
    assert len(chosen["values"]) == len(Service)
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["path"] == "/metrics"
    for name in chosen["values"]:
        ports = pods_in(production)[name].container["ports"]
        assert endpoint["port"] in {port["name"] for port in ports}

"""Prometheus on Kubernetes: replicas have the names that alerts ask for, by its own relabelling."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.kubernetes.rendering import of_kind
from tests.observability.rules import ALERTS, jobs_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kubernetes.rendering import Object

NAME = "__meta_kubernetes_pod_label_app_kubernetes_io_name"


def as_prometheus_has_it(rule: Object) -> Object:
    """A relabelling of the operator's, in the words of Prometheus' configuration."""
    words = {"sourceLabels": "source_labels", "targetLabel": "target_label"}
    return {words.get(key, key): value for key, value in rule.items()}


def jobs_of(monitor: Object, folder: Path) -> dict[str, str]:
    """The job of each pod by its name, as promtool relabels them.

    The operator's own rule comes first, which makes `namespace/name` the job of them all.
    """
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    [chosen] = monitor["spec"]["selector"]["matchExpressions"]
    rules = [{"target_label": "job", "replacement": "adda/adda"}]
    rules += [as_prometheus_has_it(rule) for rule in endpoint["relabelings"]]
    pods = [
        {"targets": [f"10.0.0.{place}:8000"], "labels": {NAME: name}}
        for place, name in enumerate(chosen["values"], start=1)
    ]
    scrape = {"job_name": "pods", "relabel_configs": rules, "static_configs": pods}
    (folder / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": [scrape]}))
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("needs promtool: apt-get install prometheus")
    done = subprocess.run(
        [program, "check", "service-discovery", "--timeout=2s", folder / "prometheus.yml", "pods"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {one["discoveredLabels"][NAME]: one["labels"]["job"] for one in json.loads(done.stdout)}


def test_each_pod_has_the_job_that_alerts_ask_for(production: list[Object], tmp_path: Path) -> None:
    [monitor] = of_kind(production, "PodMonitor").values()
    found = jobs_of(monitor, tmp_path)
    assert found == {
        "api-service": "api_service",
        "ws-service": "ws_service",
        "worker": "worker",
    }
    assert set(found.values()) == jobs_in(ALERTS.read_text(encoding="utf-8"))


def test_alerts_are_applied_with_what_they_are_about(production: list[Object]) -> None:
    [rules] = of_kind(production, "PrometheusRule").values()
    names = {rule.get("alert") for group in rules["spec"]["groups"] for rule in group["rules"]}
    assert "AddaNoReplica" in names
    assert rules["metadata"]["namespace"] == "adda"

from __future__ import annotations

from typing import Any

import kubernetes_rules
import yaml
from tests.observability.rules import ALERTS, RECORDING


def groups_of(text: str) -> Any:
    return yaml.safe_load(text)["groups"]


def test_the_object_is_not_stale() -> None:
    written = kubernetes_rules.DOCUMENT.read_text(encoding="utf-8")
    stale = "stale: python deploy/observability/kubernetes_rules.py"
    assert written == kubernetes_rules.document(), stale


def test_its_rules_are_those_that_prometheus_reads_elsewhere() -> None:
    spec = yaml.safe_load(kubernetes_rules.document())["spec"]
    files = [path.read_text(encoding="utf-8") for path in (RECORDING, ALERTS)]
    assert spec["groups"] == [group for text in files for group in groups_of(text)]

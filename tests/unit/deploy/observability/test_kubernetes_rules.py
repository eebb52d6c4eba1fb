from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import kubernetes_rules
import pytest
import yaml
from tests.observability.rules import ALERTS, RECORDING

if TYPE_CHECKING:
    from pathlib import Path


def groups_of(text: str) -> Any:
    return yaml.safe_load(text)["groups"]


def test_the_object_is_not_stale() -> None:
    written = kubernetes_rules.DOCUMENT.read_text(encoding="utf-8")
    stale = "stale: python deploy/observability/kubernetes_rules.py"
    assert written == kubernetes_rules.document(), stale


def test_its_rules_are_those_that_prometheus_reads_elsewhere() -> None:
    text = re.sub(r'(?<={)namespace="adda",|{namespace="adda"}', "", kubernetes_rules.document())
    spec = yaml.safe_load(text)["spec"]
    files = [path.read_text(encoding="utf-8") for path in (RECORDING, ALERTS)]
    assert spec["groups"] == [group for text in files for group in groups_of(text)]


def firing_beside(others: list[str], folder: Path) -> set[str]:
    """Alerts about Adda that fire where all of its replicas answer but workers, of whom none is."""
    rules = yaml.safe_load(kubernetes_rules.document())["spec"]
    (folder / "rules.yml").write_text(yaml.safe_dump(rules))
    own = [
        f'up{{namespace="adda",job="{job}",instance="a"}}' for job in ("api_service", "ws_service")
    ]
    told = [{"series": name, "values": "1x40"} for name in own]
    told += [{"series": name, "values": f"{value}x40"} for name, value in map(str.split, others)]
    names = [
        rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule
    ]
    asked = [{"eval_time": "10m", "alertname": name, "exp_alerts": []} for name in names]
    tests = [{"interval": "15s", "input_series": told, "alert_rule_test": asked}]
    (folder / "tests.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yml"], "tests": tests}))
    command = ["promtool", "test", "rules", str(folder / "tests.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return set(re.findall(r"alertname: ?(\w+)", done.stdout + done.stderr))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool")
def test_other_programs_of_the_cluster_neither_raise_nor_hide_an_alert(tmp_path: Path) -> None:
    """`worker` is what many call theirs, and one Prometheus reads the whole cluster."""
    others = [
        'up{namespace="shop",job="worker",instance="b"} 1',
        'up{namespace="shop",job="worker",instance="c"} 0',
        'process_open_fds{namespace="shop",job="worker",instance="b"} 95',
        'process_max_fds{namespace="shop",job="worker",instance="b"} 100',
        'adda_part_failing{namespace="trial",job="worker",instance="d",part="redis"} 1',
    ]
    assert firing_beside(others, tmp_path) == {"AddaNoReplica"}

"""Writes the rules of `prometheus/` as an object of Kubernetes, for deploy/k8s.

Kustomize reads nothing outside of its own folder, so what is one text here is two on disk; a test
finds them apart.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Final

RULES: Final = Path(__file__).parent / "prometheus"
FILES: Final = ("recording.yml", "alerts.yml")
DOCUMENT: Final = (
    Path(__file__).parents[1] / "k8s" / "components" / "monitoring" / "prometheus-rule.yaml"
)
HEAD: Final = """\
# Written by deploy/observability/kubernetes_rules.py of deploy/observability/prometheus: change it
# there. Recording rules first, then alerts.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: adda
spec:
  groups:
"""


def document() -> str:
    """The object, as it stands in DOCUMENT."""
    texts = [(RULES / name).read_text(encoding="utf-8") for name in FILES]
    groups = [text.partition("\ngroups:\n")[2] for text in texts]
    return HEAD + textwrap.indent("".join(groups), "  ")


def main() -> int:
    """Writes it; the exit code is 0."""
    DOCUMENT.write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Writes the rules of `prometheus/` as an object of Kubernetes, for deploy/k8s.

Kustomize reads nothing outside of its own folder, so what is one text here is two on disk; a test
finds them apart. One Prometheus reads the whole cluster there, and others have a `worker`, too: so
each series is asked for in Adda's namespace alone.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path
from typing import Final

RULES: Final = Path(__file__).parent / "prometheus"
FILES: Final = ("recording.yml", "alerts.yml")
DOCUMENT: Final = (
    Path(__file__).parents[1] / "k8s" / "components" / "monitoring" / "prometheus-rule.yaml"
)
NAMESPACE: Final = "adda"
SELECTOR: Final = re.compile(r"(?<![\w:])(up|(?:adda|process)_\w+)(?:\{(.*?)\})?(?![\w:])")
"""A series as it is asked for; what is recorded has colons in its name."""
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
    lines = map(_in_namespace, "".join(groups).splitlines(keepends=True))
    return HEAD + textwrap.indent("".join(lines), "  ")


def _in_namespace(line: str) -> str:
    """A line of an expression, which asks for nothing of others; any other line as it is."""
    if line.lstrip().startswith("summary:"):
        return line
    return SELECTOR.sub(
        lambda found: f'{found[1]}{{namespace="{NAMESPACE}"{"," + found[2] if found[2] else ""}}}',
        line,
    )


def main() -> int:
    """Writes it; the exit code is 0."""
    DOCUMENT.write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

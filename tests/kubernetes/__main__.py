"""`python -m tests.kubernetes`: renders the snapshots anew, to be looked at in the diff."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "deploy" / "k8s"))  # as pytest has it

from tests.kubernetes.rendering import SNAPSHOTS, render_all, shown

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for name, objects in render_all(Path(folder)).items():
            (SNAPSHOTS / f"{name}.yaml").write_text(shown(objects), encoding="utf-8")

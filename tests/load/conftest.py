from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_stack.ports import free_ports
from local_stack.services import StackOptions
from local_stack.stack import Stack


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A stack of its own, with two socket replicas."""
    with tempfile.TemporaryDirectory(prefix="adda-load-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # under root, PostgreSQL and nginx run as nobody
        options = StackOptions(
            directory=folder / "stack", port=free_ports(1)[0], ws=2, durable=False
        )
        with Stack(options) as running:
            yield running

"""What tests of operations share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local_stack.ports import free_ports
from local_stack.services import StackOptions
from local_stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def stack(reachable_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """Everything behind one gateway, for this test alone."""
    monkeypatch.delenv("ADDA_REDIS_URL", raising=False)
    monkeypatch.delenv("ADDA_DATABASE_URL", raising=False)
    options = StackOptions(directory=reachable_path / "stack", port=free_ports(1)[0], durable=False)
    with Stack(options) as running:
        yield running

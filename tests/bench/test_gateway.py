"""What the gateway costs can be measured; in seconds, so the figures are no figures."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.bench.gateway import QUICK, measure

from local_stack.accounts import forget_home

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="ws_service has a processor of its own"
)


def test_all_that_is_said_passes_through_the_gateway(reachable_path: Path) -> None:
    found = measure(reachable_path, QUICK)
    forget_home(reachable_path)
    assert found["deliveries"] > 0
    assert found["lost"] == 0
    assert found["bytes_per_connection"] > 0

"""How long it takes from nothing to a stack that serves."""

from __future__ import annotations

import os
import time

import pytest
from tests.containers.compose import UP, compose_stack
from tests.faults.results import record

SECONDS_UP = 60.0
"""With images built, on a machine that has nothing else to do."""

MEASURED = os.environ.get("ADDA_CONTAINERS") == "measure"
"""`make containers`: nothing else runs."""


@pytest.mark.alone
@pytest.mark.usefixtures("images")
def test_one_command_and_a_minute_lead_to_a_healthy_stack() -> None:
    with compose_stack() as stack:
        began = time.monotonic()
        stack.run(UP)
        seconds = time.monotonic() - began
        for service, count in {"api_service": 2, "ws_service": 3, "worker": 2}.items():
            stack.wait_healthy(service, count)
    print(f"healthy after {seconds:.1f} s")
    record("containers_start", {"seconds": round(seconds, 1)})
    assert seconds <= SECONDS_UP or not MEASURED

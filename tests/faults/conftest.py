"""What all runs under faults share."""

from __future__ import annotations

import asyncio

import pytest


@pytest.fixture(autouse=True)
async def _fast_loop() -> None:
    """The crowd lives in the test's event loop: its debug mode would cost more than all chat."""
    asyncio.get_running_loop().set_debug(False)

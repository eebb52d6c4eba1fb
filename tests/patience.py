"""How long tests wait for what must come: long, since only what fails is waited for to the end."""

from __future__ import annotations

import asyncio
import time
from inspect import isawaitable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_SECONDS: Final = 60.0
"""A machine may have much to do. How fast something is, is measured elsewhere."""

_LOOK_SECONDS: Final = 0.01


async def eventually(condition: Callable[[], object], what: str = "it") -> None:
    """Waits until `condition`, which may be async, holds.

    Raises AssertionError if it does not within our patience; `what` says then what did not.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        holds = condition()
        if isawaitable(holds):
            holds = await holds
        if holds:
            return
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE_SECONDS:.0f} s"
        await asyncio.sleep(_LOOK_SECONDS)

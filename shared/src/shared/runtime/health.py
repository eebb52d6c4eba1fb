"""Truthful readiness: can this process do its work now? Checked, not remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a process can work; `failing` names the parts that it misses."""

    failing: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """True when nothing is missing."""
        return not self.failing


ReadinessCheck = Callable[[], Awaitable[Readiness]]


async def check_parts(checks: Mapping[str, Callable[[], Awaitable[object]]]) -> Readiness:
    """Runs all checks at once; a check fails by raising or by taking over 2 s."""

    async def passes(check: Callable[[], Awaitable[object]]) -> bool:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await check()
        except Exception:  # noqa: BLE001 - whatever it is, the part does not work
            return False
        return True

    results = await asyncio.gather(*(passes(check) for check in checks.values()))
    return Readiness(tuple(name for name, ok in zip(checks, results, strict=True) if not ok))

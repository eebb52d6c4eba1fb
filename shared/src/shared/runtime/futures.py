"""From who is told to who waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import asyncio

_Result = TypeVar("_Result")


def settle(future: asyncio.Future[_Result], outcome: _Result | Exception) -> None:
    """Gives `future` its result or its exception, unless nobody waits for it any more."""
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)

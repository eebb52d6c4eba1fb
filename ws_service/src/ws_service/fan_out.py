"""The hottest loop of all: what it does, it does for every delivery."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ws_service.listener import Listener


def write_to_all(members: Iterable[Listener], frames: bytes) -> None:
    """Writes whole frames to each; never waits.

    Nearly every member has a socket that is open and takes all, and then this is one call of the
    system and nothing else. `deliver` does the rest: for who is still being brought up to date, who
    reads slowly, and who is gone.
    """
    size, write = len(frames), os.write
    for member in members:
        try:
            taken = write(member.outlet.open_fd, frames)
        except OSError:  # not open, full, or gone: `deliver` knows
            taken = 0
        if taken != size:
            member.deliver(frames[taken:])

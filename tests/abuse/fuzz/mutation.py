"""Makes new inputs of old ones, where no fuzzer that looks into the code is to be had."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from tests.abuse.fuzz.corpus import PIECES

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST: Final = 4096
MOST_CHANGES: Final = 6


class Mutator:
    """The same inputs for the same seed."""

    def __init__(self, seeds: Sequence[bytes], chance: random.Random) -> None:
        self._seeds = list(seeds)
        self._chance = chance

    def next(self) -> bytes:
        """One of the seeds, changed a few times."""
        chance = self._chance
        data = bytearray(chance.choice(self._seeds))
        for _ in range(chance.randint(1, MOST_CHANGES)):
            self._change(data)
        return bytes(data[:LONGEST])

    def _change(self, data: bytearray) -> None:
        chance = self._chance
        at = chance.randint(0, len(data))
        end = min(len(data), at + chance.choice((0, 1, 1, 2, 4, 16, 64)))
        how = chance.randrange(7)
        if how == 0:
            data[at:end] = chance.choice(PIECES)
        elif how == 1:
            del data[at:end]
        elif how == 2:
            data[at:at] = data[at:end]
        elif how == 3 and end > at:
            data[at] ^= 1 << chance.randrange(8)
        elif how == 4:
            data[at:end] = chance.randbytes(end - at)
        elif how == 5:  # another order of steps, for what is made of lines
            lines = bytes(data).split(b"\n")
            chance.shuffle(lines)
            data[:] = b"\n".join(lines[: chance.randint(1, len(lines))])
        else:
            other = chance.choice(self._seeds)
            start = chance.randint(0, len(other))
            data[at:end] = other[start : start + chance.choice((1, 8, 32, 200))]

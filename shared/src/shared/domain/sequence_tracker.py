"""Notices by number what pub/sub lost: one tracker per room and ws replica.

The tracker moves only over messages that were handed on in order. On a Gap the caller reads
the missing ones from the hot history and offers them, then the rest; on a NewEpoch it asks the
room's meta which epoch holds (the message may be a straggler of the old one) and restarts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from shared.domain.position import Position


@dataclass(frozen=True, slots=True)
class Deliver:
    """The next message in order, or, from compare(), nothing missing."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Already delivered: drop it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages `first`..`last` (both inclusive) of this epoch were not seen."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class NewEpoch:
    """The message counts in another epoch: the room's sequence may have begun anew."""

    epoch: str
    seq: int


Verdict: TypeAlias = Deliver | Duplicate | Gap | NewEpoch

# Shared, since nearly every verdict is one of these two.
DELIVER: Final = Deliver()
DUPLICATE: Final = Duplicate()


class SequenceTracker:
    """The position up to which a room's messages were delivered, gapless."""

    __slots__ = ("_epoch", "_seq")

    def __init__(self, epoch: str, seq: int) -> None:
        """Start after message `seq` (0: before the first) of `epoch`."""
        self._epoch = epoch
        self._seq = seq

    @property
    def position(self) -> Position:
        """The last message delivered in order."""
        return Position(self._epoch, self._seq)

    def offer(self, epoch: str, seq: int) -> Verdict:
        """Judge a message that arrived; only Deliver moves the tracker.

        Gap names the messages missing before this one, which is not delivered yet either.
        """
        if epoch != self._epoch:
            return NewEpoch(epoch, seq)
        expected = self._seq + 1
        if seq == expected:
            self._seq = seq
            return DELIVER
        return DUPLICATE if seq < expected else Gap(expected, seq - 1)

    def compare(self, epoch: str, head: int) -> Verdict:
        """Judge the room's newest position without a message in hand; moves nothing.

        Returns Gap up to and including `head`, Deliver when level with it, Duplicate when
        `head` is an old answer that messages have overtaken, or NewEpoch.
        """
        if epoch != self._epoch:
            return NewEpoch(epoch, head)
        if head > self._seq:
            return Gap(self._seq + 1, head)
        return DELIVER if head == self._seq else DUPLICATE

    def skip_to(self, seq: int) -> None:
        """Give up what is missing up to and including `seq`; never moves back."""
        self._seq = max(self._seq, seq)

    def restart(self, epoch: str, seq: int) -> None:
        """Continue after message `seq` of `epoch`, as the room's meta says."""
        self._epoch = epoch
        self._seq = seq

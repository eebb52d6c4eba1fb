"""Judges a history: what was promised, held against what was seen. Pure.

Each function looks at one promise and returns what breaks it, with the few lines that show it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tests.faults.history import STRANGER, Emptying, History, Row, Sending, View
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW_EPOCH_JUMP: Final = 500
"""A room leaves 1000 numbers free when Redis was emptied; a batch in hand may still take some."""

MOST_TOLD: Final = 20


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise, and where to see it."""

    kind: str
    room: int
    trace: str

    @override
    def __str__(self) -> str:
        return f"{self.kind.upper()} in room {self.room}: {self.trace}"


def check(history: History) -> list[Violation]:
    """Every promise that the run broke."""
    return [violation for promise in PROMISES for violation in promise(history)]


def report(violations: list[Violation]) -> str:
    """A few lines that a person reads: how many of each kind, and the first of them."""
    counts = Counter(violation.kind for violation in violations)
    head = ", ".join(f"{count} × {kind}" for kind, count in sorted(counts.items()))
    return "\n".join([head, *(str(violation) for violation in violations[:MOST_TOLD])])


def excused(history: History) -> set[int]:
    """Acked messages that an emptied Redis took along: PostgreSQL did not have them yet."""
    present = {row.content for rows in history.rest.values() for row in rows}
    return {
        number
        for number, sending in enumerate(history.sendings)
        if sending.acked is not None
        and sending.content not in present
        and any(
            sending.content not in emptying.stored and _taken_before(history, sending, emptying)
            for emptying in history.emptyings
        )
    }


def _taken_before(history: History, sending: Sending, emptying: Emptying) -> bool:
    """Whether Redis took it before it was emptied; its ack may have come a little later."""
    if sending.acked is None or sending.place is None or sending.began > emptying.ended:
        return False
    if sending.acked <= emptying.ended:
        return True
    head = max(
        (
            other.place.seq
            for other in history.sendings
            if other.room == sending.room
            and other.place is not None
            and other.acked is not None
            and other.acked <= emptying.ended
        ),
        default=0,
    )
    return sending.place.seq < head + NEW_EPOCH_JUMP


def nothing_is_lost(history: History) -> Iterator[Violation]:
    """What was acknowledged can be read by REST and is in PostgreSQL."""
    forgiven = excused(history)
    for where, rooms in (("REST", history.rest), ("PostgreSQL", history.postgres)):
        present = {row.content for rows in rooms.values() for row in rows}
        for number, sending in enumerate(history.sendings):
            if sending.acked is None or number in forgiven or sending.content in present:
                continue
            trace = f"{_told(sending)}, is not in {where}; {_around(history, sending)}"
            yield Violation("lost", sending.room, trace)


def nothing_is_doubled(history: History) -> Iterator[Violation]:
    """No message twice: in REST, in PostgreSQL, in any reader's view."""
    for where, rooms in (("REST", history.rest), ("PostgreSQL", history.postgres)):
        for room, rows in rooms.items():
            counts = Counter(row.content for row in rows)
            for content in [content for content, count in counts.items() if count > 1]:
                sending = history.sendings[history.index[content]]
                if not _retried_over_an_emptying(history, sending):
                    seqs = [row.seq for row in rows if row.content == content]
                    yield Violation("doubled", room, f"{_told(sending)}, in {where} as {seqs}")
    for view in history.views:
        seen = Counter(message for message in view.messages if message != STRANGER)
        for message in [message for message, count in seen.items() if count > 1]:
            sending = history.sendings[message]
            at = [n for n, shown in enumerate(view.messages) if shown == message]
            if not (
                _retried_over_an_emptying(history, sending)
                or _retried_over_failovers(history, sending, view, at)
            ):
                places = "; and again ".join(_excerpt(history, view, n) for n in at)
                trace = f"{_told(sending)}, shown {len(at)} times: {places}"
                yield Violation("doubled", view.room, trace)


def nothing_is_invented(history: History) -> Iterator[Violation]:
    """Whatever is read was sent."""
    for where, rooms in (("REST", history.rest), ("PostgreSQL", history.postgres)):
        for room, rows in rooms.items():
            for row in rows:
                if row.content not in history.index:
                    yield Violation("invented", room, f"{row.content!r} at {row.seq} in {where}")
    for view in history.views:
        for content in view.strangers:
            yield Violation("invented", view.room, f"{content!r}, shown to {view.reader}")


def places_agree(history: History) -> Iterator[Violation]:
    """An ack, REST, PostgreSQL and every reader say the same place of a message."""
    for where, rooms in (("REST", history.rest), ("PostgreSQL", history.postgres)):
        for room, rows in rooms.items():
            for row in rows:
                sending = _sending(history, row.content)
                if sending is None or sending.place is None:
                    continue
                same = (sending.place.seq, sending.place.message_id) == (row.seq, row.message_id)
                if not same and not _retried_over_an_emptying(history, sending):
                    trace = f"{_told(sending)}, is at {row.seq} ({row.message_id}) in {where}"
                    yield Violation("moved", room, trace)


def numbers_have_no_gap(history: History) -> Iterator[Violation]:
    """From 1 on without a hole, but for what an emptied Redis or an old master took along."""
    forgiven = excused(history)
    places = {
        (sending.room, sending.place.seq)
        for sending in (history.sendings[number] for number in forgiven)
        if sending.place is not None
    }
    for where, rooms in (("REST", history.rest), ("PostgreSQL", history.postgres)):
        for room, rows in rooms.items():
            jumps, steps = len(history.emptyings), len(history.failovers)
            for before, after in pairwise([0, *(row.seq for row in rows)]):
                missing = [n for n in range(before + 1, after) if (room, n) not in places]
                if len(missing) >= NEW_EPOCH_JUMP and jumps:
                    jumps -= 1
                elif missing and steps:  # were any acknowledged, `nothing_is_lost` tells
                    steps -= 1
                elif missing or after <= before:
                    yield Violation("gap", room, f"{before} is followed by {after} in {where}")


def readers_miss_nothing(history: History) -> Iterator[Violation]:
    """Each view goes on number by number, never back, and reaches the end of the room."""
    for view in history.views:
        breaks = {mark.at: mark.seq for mark in view.marks if mark.kind == "break"}
        last = view.marks[0].seq if view.marks else 0
        for at, seq in enumerate(view.seqs):
            last = breaks.get(at, last)
            if seq != last + 1:
                kind = "gap" if seq > last else "back"
                yield Violation(kind, view.room, _excerpt(history, view, at))
            last = seq
        last = breaks.get(len(view.seqs), last)
        head = max((row.seq for row in history.rest.get(view.room, [])), default=0)
        if last < head:
            trace = f"{view.reader} was shown all up to {last}, the room ends at {head}"
            yield Violation("gap", view.room, trace)


def breaks_have_a_cause(history: History) -> Iterator[Violation]:
    """A reader is told to begin anew only after Redis lost something; a head never goes back."""
    causes = [emptying.began for emptying in history.emptyings]
    causes += [failover.began for failover in history.failovers]
    for view in history.views:
        epoch = view.marks[0].epoch if view.marks else ""
        for mark in view.marks:
            if mark.epoch != epoch:
                if not any(began <= mark.time for began in causes):
                    trace = f"{view.reader} was told to begin anew at +{mark.time:.1f} s"
                    yield Violation("break", view.room, trace)
                epoch = mark.epoch
            elif mark.kind == "welcome" and mark.at and mark.seq < view.seqs[mark.at - 1]:
                trace = (
                    f"{view.reader} had seen {view.seqs[mark.at - 1]}, "
                    f"and was welcomed at {mark.seq} at +{mark.time:.1f} s"
                )
                yield Violation("back", view.room, trace)


def all_see_one_order(history: History) -> Iterator[Violation]:
    """One number is one message, whoever reads it."""
    known: dict[tuple[int, str, int], tuple[int, str]] = {}
    for view in history.views:
        epochs = {mark.at: mark.epoch for mark in view.marks}
        epoch = ""
        for at, (seq, message) in enumerate(zip(view.seqs, view.messages, strict=True)):
            epoch = epochs.get(at, epoch)
            other, reader = known.setdefault((view.room, epoch, seq), (message, view.reader))
            if other != message:
                trace = f"{seq} is {_name(history, other)} for {reader}; "
                yield Violation("reordered", view.room, trace + _excerpt(history, view, at))


def authors_keep_their_order(history: History) -> Iterator[Violation]:
    """Who sends one message after another finds them in the room in that order."""
    for room, rows in history.rest.items():
        last: dict[int, Sending] = {}
        for row in rows:
            sending = _sending(history, row.content)
            if sending is None or _retried_over_an_emptying(history, sending):
                continue
            before = last.get(sending.author)
            if before is not None and before.number > sending.number:
                trace = f"{_told(sending)}, stands at {row.seq} behind {_told(before)}"
                yield Violation("reordered", room, trace)
            last[sending.author] = sending


def totals_are_true(history: History) -> Iterator[Violation]:
    """`total_messages` counts what there is.

    But for batches that a worker had in hand when Redis was emptied: the room was loaded without.
    """
    late = _stored_after_an_emptying(history)
    for room, rows in history.rest.items():
        counts = {
            "total_messages": history.rest_totals[room],
            "REST": len(rows),
            "PostgreSQL": len(history.postgres[room]),
        }
        uncounted = len(rows) - history.rest_totals[room]
        if len(rows) != len(history.postgres[room]) or not 0 <= uncounted <= late[room]:
            yield Violation("total", room, ", ".join(f"{k} {v}" for k, v in counts.items()))


PROMISES: Final = (
    nothing_is_lost,
    nothing_is_doubled,
    nothing_is_invented,
    places_agree,
    numbers_have_no_gap,
    readers_miss_nothing,
    breaks_have_a_cause,
    all_see_one_order,
    authors_keep_their_order,
    totals_are_true,
)


def _stored_after_an_emptying(history: History) -> Counter[int]:
    """By room, how many messages were stored that Redis had lost before."""
    present = {row.content for rows in history.postgres.values() for row in rows}
    return Counter(
        sending.room
        for sending in history.sendings
        if sending.content in present
        and any(
            sending.began <= emptying.ended and sending.content not in emptying.stored
            for emptying in history.emptyings
        )
    )


def _sending(history: History, content: str) -> Sending | None:
    number = history.index.get(content)
    return None if number is None else history.sendings[number]


def _retried_over_an_emptying(history: History, sending: Sending) -> bool:
    """Its first answer was lost with the Redis that knew it: no retry can be told apart."""
    until = float("inf") if sending.acked is None else sending.acked
    return any(
        sending.began <= emptying.ended and emptying.began <= until
        for emptying in history.emptyings
    )


def _retried_over_failovers(history: History, sending: Sending, view: View, at: list[int]) -> bool:
    """Each time it was shown the old master alone had it, but for the last: a new epoch each."""
    until = float("inf") if sending.acked is None else sending.acked
    lost = sum(
        sending.began <= failover.ended and failover.began <= until
        for failover in history.failovers
    )
    epochs = {_epoch(view, n) for n in at}
    return len(at) == len(epochs) <= lost + 1


def _epoch(view: View, at: int) -> str:
    """Of what was shown at index `at`."""
    return [mark.epoch for mark in view.marks if mark.at <= at][-1]


def _told(sending: Sending) -> str:
    if sending.place is None or sending.acked is None:
        return f"{sending.content!r} (sent +{sending.began:.1f} s, never acked)"
    return (
        f"{sending.content!r} (sent +{sending.began:.1f} s, "
        f"acked +{sending.acked:.1f} s as {sending.place.seq})"
    )


def _name(history: History, message: int) -> str:
    return "a stranger" if message == STRANGER else repr(history.sendings[message].content)


def _around(history: History, sending: Sending) -> str:
    rows: list[Row] = history.rest.get(sending.room, [])
    if sending.place is None:
        return f"the room has {len(rows)} messages"
    near = [row for row in rows if abs(row.seq - sending.place.seq) <= 2]
    return "near it: " + (", ".join(f"{row.seq} {row.content!r}" for row in near) or "nothing")


def _excerpt(history: History, view: View, at: int) -> str:
    """What one reader was shown around index `at`, with the connections in between."""
    start, end = max(at - 2, 0), min(at + 2, len(view.seqs))
    parts = []
    for n in range(start, end):
        marks = [m for m in view.marks if m.at == n]
        parts += [f"[{m.kind} {m.epoch[:6]}:{m.seq} +{m.time:.1f} s]" for m in marks]
        parts.append(f"{view.seqs[n]} {_name(history, view.messages[n])}")
    return f"{view.reader} was shown … {', '.join(parts)} …"

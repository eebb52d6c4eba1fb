"""Prepares the scripts that take messages out of Redis: wished by their author, or too old."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from shared.redis_schema.scripts import ROOM_KEEP_SECONDS, Call, script

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from shared.redis_schema.keys import Keys

MOST_REWRITTEN: Final = 20_000
"""Entries of a log that is made anew in one call; more are there only while PostgreSQL is away."""


class Emptied(NamedTuple):
    """A message to be emptied, with revision and state as they were read."""

    seq: int
    micros: int
    revision: int
    deleted: bool
    body: bytes
    """With nothing in it any more."""


class Cut(NamedTuple):
    """What PostgreSQL has removed from a room for its age."""

    room: UUID
    upto: int
    """Greatest seq that was removed."""
    removed: int
    """Messages removed since the room began."""


def erase_call(keys: Keys, room: UUID, messages: Sequence[Emptied], most_backlog: int) -> Call:
    """Empties `messages` of one room."""
    args: list[str | bytes | int] = [
        str(room),
        keys.channel(room),
        ROOM_KEEP_SECONDS,
        most_backlog,
        MOST_REWRITTEN,
    ]
    for each in messages:
        args += (each.seq, each.micros, each.revision, int(each.deleted), each.body)
    return Call(
        script("erase"),
        [
            keys.meta(room),
            keys.edits(room),
            keys.ingest(keys.partition_of(room)),
            keys.edited(room),
            keys.log(room),
        ],
        args,
    )


def cut_call(keys: Keys, cut: Cut) -> Call:
    """Takes out of Redis what PostgreSQL has removed."""
    room = cut.room
    return Call(
        script("cut"),
        [keys.meta(room), keys.log(room), keys.edits(room), keys.edited(room), keys.unsaved(room)],
        [cut.upto, cut.removed],
    )

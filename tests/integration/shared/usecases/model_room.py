"""A real room beside a model of it, and what may happen to both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from tests.integration.shared.conftest import make_user
from tests.integration.shared.usecases.conftest import draft

from shared.protocol.codec import StoredMessage, decode_body

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from tests.integration.shared.usecases.mover import Mover

    from shared.usecases.change_message import MessageEditor
    from shared.usecases.post_message import MessagePoster
    from shared.usecases.read_history import HistoryReader

Line = tuple[int, str, int, bool]
"""Seq, content, revision, deleted."""


def line_of(message: StoredMessage) -> Line:
    return (
        message.seq,
        decode_body(message.body).message,
        message.revision,
        message.deleted,
    )


def lines(messages: Iterable[StoredMessage]) -> list[Line]:
    return [line_of(message) for message in messages]


@dataclass
class ModelRoom:
    """A real room, and beside it what it must look like."""

    room: UUID
    poster: MessagePoster
    editor: MessageEditor
    model: dict[int, Line] = field(default_factory=dict)
    ids: dict[int, UUID] = field(default_factory=dict)
    user = make_user()

    async def post(self, content: str) -> int:
        _, place = await self.poster.post(self.user, self.room, draft(content))
        self.model[place.seq] = (place.seq, content, 0, False)
        self.ids[place.seq] = UUID(place.message_id)
        return place.seq

    async def post_many(self, count: int) -> list[int]:
        return [await self.post(f"বার্তা {n}") for n in range(count)]

    async def change(self, seq: int, content: str) -> None:
        await self.editor.change(await self.editor.find(self.ids[seq]), draft(content))
        self.model[seq] = (seq, content, self.model[seq][2] + 1, False)

    async def delete(self, seq: int) -> None:
        await self.editor.delete(await self.editor.find(self.ids[seq]))
        self.model[seq] = (seq, "", self.model[seq][2] + 1, True)

    def living(self) -> list[Line]:
        return [line for _, line in sorted(self.model.items()) if not line[3]]

    def before(self, seq: int | None) -> list[Line]:
        return [line for line in reversed(self.living()) if seq is None or line[0] < seq]

    def after(self, seq: int) -> list[Line]:
        return [line for line in self.living() if line[0] > seq]


async def one_event(random: Random, room: ModelRoom, mover: Mover) -> None:
    """Something that may happen to a room at any time."""
    living = [line[0] for line in room.living()]
    match random.choices(
        ["post", "change", "delete", "save some", "save all", "trim", "expire", "lose"],
        [10, 4, 5, 3, 1, 3, 1, 0.3],
    ):
        case ["change"] if living:
            await room.change(random.choice(living), f"বদল {random.random()}")
        case ["delete"] if living:
            await room.delete(random.choice(living[-6:]))
        case ["save some"]:
            await mover.save(random.random(), random)
        case ["save all"]:
            await mover.save()
        case ["trim"]:
            await mover.trim(room.room, random.randrange(6))
        case ["expire"]:
            await mover.forget_edits(room.room)
        case ["lose"]:
            await mover.save()  # what was not saved would be lost
            await mover.lose(room.room)
        case _:
            for _ in range(random.randrange(1, 6)):
                await room.post(f"বার্তা {random.random()}")


async def assert_pages_are_true(random: Random, room: ModelRoom, history: HistoryReader) -> None:
    limit = random.choice([1, 2, 3, 7, 50])
    seq = random.choice([None, *room.model, *(seq + 1 for seq in room.model)])
    page = await history.before(room.room, seq, limit)
    expected = room.before(seq)
    assert (lines(page.messages), page.has_more) == (expected[:limit], len(expected) > limit)
    assert page.total == len(room.living())
    start = random.choice([0, *room.model])
    page = await history.after(room.room, start, limit)
    expected = room.after(start)
    assert (lines(page.messages), page.has_more) == (expected[:limit], len(expected) > limit)

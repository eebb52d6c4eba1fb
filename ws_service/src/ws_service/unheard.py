"""Messages that the room does not get: those that wait for staff, and those of the shadowed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from shared.message_log.outcomes import Published
from shared.message_store.review_directory import HeldRecord
from shared.protocol.codec import StoredMessage, encode_body
from shared.protocol.errors import ChatError, ErrorCode
from shared.usecases.outages import store_outage_as_unavailable
from ws_service import wire

if TYPE_CHECKING:
    from shared.message_store.review_directory import ReviewDirectory
    from shared.runtime.clock import Clock
    from shared.runtime.lifecycle import BackgroundTasks
    from shared.usecases.post_message import MessagePoster, Posting
    from ws_service.connection import Connection
    from ws_service.effects import Unheard


@dataclass(frozen=True, slots=True)
class UnheardMessages:
    """For the event loop's thread alone."""

    poster: MessagePoster
    reviews: ReviewDirectory
    clock: Clock
    tasks: BackgroundTasks
    counts: Counter[str] = field(default_factory=Counter)
    """`held` for staff, or heard by its author alone (`shadow`)."""

    def take(self, author: Connection, effect: Unheard) -> None:
        """Keeps a message for staff, or lets its author believe that it was heard."""
        posting = self.poster.begin(author.user, author.channel.room, effect.draft)
        self.counts["held" if effect.held else "shadow"] += 1
        if effect.held:
            self.tasks.start(self._hold(author, posting), "hold")
        else:
            self._whisper(author, posting)

    def _whisper(self, author: Connection, posting: Posting) -> None:
        """An answer as of a message that stands where the newest one stands.

        A number of its own would leave a gap for everybody else.
        """
        tracker = author.channel.tracker
        seq = 0 if tracker is None else tracker.position.seq
        body, micros = posting.body, self.clock.micros()
        frame = wire.message_frame(StoredMessage(seq, micros, encode_body(body)))
        for member in author.channel.members.values():
            if member.user.id == author.user.id:
                member.deliver(frame)
        if body.client_id is not None:
            published = Published(body.message_id, seq, micros, again=False)
            author.answer(wire.ack_frame(body.client_id, published))

    async def _hold(self, author: Connection, posting: Posting) -> None:
        body = posting.body
        held = HeldRecord(
            UUID(body.message_id),
            posting.room,
            UUID(body.user_id),
            body.username,
            body.user_color,
            body.message,
            body.message_type,
            body.file_url,
            None if body.reply_to is None else UUID(body.reply_to),
            self.clock.micros(),
        )
        try:
            with store_outage_as_unavailable():
                await self.reviews.hold(held)
        except ChatError as error:
            author.refuse(error, body.client_id)
        else:
            author.refuse(ChatError(ErrorCode.HELD_FOR_REVIEW), body.client_id)

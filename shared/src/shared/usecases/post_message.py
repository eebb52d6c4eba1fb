"""Saying something: the same path for a socket and for REST."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from shared.domain import rules
from shared.domain.ids import parse_uuid
from shared.domain.messages import (
    check_client_id,
    check_file_url,
    check_message_type,
    normalise_content,
)
from shared.domain.rules import RuleViolation
from shared.message_log.message_log import MessageLog
from shared.message_log.message_publisher import Tell
from shared.message_log.outcomes import Published, RoomNotLoaded
from shared.protocol.codec import MessageBody
from shared.protocol.errors import Unavailable

if TYPE_CHECKING:
    from shared.domain.entities import User
    from shared.runtime.clock import IdMaker
    from shared.usecases.open_room import RoomOpener


@lru_cache(65_536)
def _text_of(number: int) -> str:
    """Of a UUID that comes again and again, by its number: writing it costs more than a look."""
    return str(UUID(int=number))


class Draft(NamedTuple):
    """A message as a client wrote it."""

    content: str
    client_id: str | None = None
    message_type: str = "text"
    file_url: str | None = None
    reply_to: str | None = None


class CheckedDraft(NamedTuple):
    """A draft that keeps the rules."""

    content: str
    client_id: str | None
    message_type: str
    file_url: str | None
    reply_to: str | None


def check_draft(draft: Draft) -> CheckedDraft | None:
    """The draft in its stored form; None when it is blank and so to be ignored.

    Raises:
        RuleViolation: a field breaks a rule.
    """
    content = normalise_content(draft.content)
    if content is None:
        return None
    kind = check_message_type(draft.message_type)
    file_url = check_file_url(draft.file_url)
    if kind != "text" and file_url is None:
        raise RuleViolation("file_url", rules.BLANK)
    reply_to = None if not draft.reply_to else parse_uuid(draft.reply_to)
    if draft.reply_to and reply_to is None:
        raise RuleViolation("reply_to", "not_a_uuid")
    return CheckedDraft(
        content,
        check_client_id(draft.client_id),
        kind,
        file_url,
        None if reply_to is None else str(reply_to),
    )


class Posting(NamedTuple):
    """A message on its way into the log."""

    room: UUID
    body: MessageBody


@dataclass(frozen=True, slots=True)
class MessagePoster:
    """Hands messages to the log."""

    log: MessageLog
    rooms: RoomOpener
    ids: IdMaker

    async def post(
        self, user: User, room: UUID, draft: CheckedDraft, *, create: bool = False
    ) -> tuple[MessageBody, Published]:
        """Returns when the message is in Redis: it has its place and will not be lost.

        With `create` a room that is nowhere any more begins anew: its author is in it.

        Raises:
            ChatError: `room_not_found` or `client_id_conflict`.
            Unavailable: not accepted, or not known to be; a retry with the same client_id is safe.
        """
        posting = self.begin(user, room, draft)
        try:
            return posting.body, await self.log.publish(posting.body)
        except RoomNotLoaded:
            return posting.body, await self.go_on(posting, create=create)

    def begin(self, user: User, room: UUID, draft: CheckedDraft) -> Posting:
        """The first part of `post`: gives the message its id."""
        body = MessageBody(
            message=draft.content,
            user_id=_text_of(user.id.int),
            username=user.username,
            user_color=user.color,
            message_id=self.ids.new_text(),
            room_id=_text_of(room.int),
            client_id=draft.client_id,
            message_type=draft.message_type,
            file_url=draft.file_url,
            reply_to=draft.reply_to,
        )
        return Posting(room, body)

    def send(self, posting: Posting, tell: Tell) -> None:
        """The second part, for who does not wait. Messages of one author keep their order.

        `tell` is told what `post` returns or raises, and RoomNotLoaded: then `go_on`.

        Raises:
            Unavailable: too many wait already; then nothing more is told.
        """
        self.log.submit(posting.room, posting.body, tell)

    async def go_on(self, posting: Posting, *, create: bool) -> Published:
        """Brings the room into Redis, and the message to its end; raises what `post` does."""
        await self.rooms.open(posting.room, create=create)
        try:
            return await self.log.publish(posting.body)
        except RoomNotLoaded as error:  # Redis was emptied again between the two calls
            raise Unavailable("redis") from error

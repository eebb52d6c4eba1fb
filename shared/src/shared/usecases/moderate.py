"""What staff do: decided in PostgreSQL, told to Redis, and so in force at every replica at once."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import structlog
from typing_extensions import override

from shared.domain.entities import User
from shared.domain.moderation import (
    EVERYWHERE,
    MOST_SANCTIONS,
    MOST_WORDS,
    Role,
    Sanction,
    SanctionKind,
    SubjectKind,
    outranks,
)
from shared.domain.room_rules import Law
from shared.domain.times import DAY_MICROS, day_of
from shared.limits.addresses import KEPT_DAYS
from shared.message_store.moderation_directory import Deed
from shared.protocol.codec import decode_body
from shared.protocol.errors import ChatError, ErrorCode, Unavailable
from shared.usecases.outages import store_outage_as_unavailable
from shared.usecases.post_message import CheckedDraft

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.domain.word_filter import WordRule
    from shared.message_store.moderation_directory import ModerationDirectory
    from shared.message_store.review_directory import HeldRecord, ReviewDirectory
    from shared.protocol.codec import StoredMessage
    from shared.rooms.origins import Origins
    from shared.runtime.clock import Clock, IdMaker
    from shared.usecases.change_message import FoundMessage, MessageEditor
    from shared.usecases.know_rules import RulesReader
    from shared.usecases.post_message import MessagePoster
    from shared.usecases.read_history import HistoryReader

log = structlog.stdlib.get_logger()

MOST_PURGED: Final = 10_000
"""Messages of a room that one purge looks at, the newest first."""
PURGE_PAGE: Final = 100
PURGE_TOGETHER: Final = 16
SAY_SECONDS: Final = 2.0
"""So long Redis may take for an approved message: a connection to PostgreSQL waits for it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and as what."""

    role: Role
    name: str
    """User id; of an administrator the name of the account."""

    @override
    def __str__(self) -> str:
        return f"{self.role.value}:{self.name}"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a decision is about."""

    kind: SubjectKind
    subject: str
    shown_as: str
    users: frozenset[str]
    """Their user ids, as far as they are known in the room."""


def key_hash(key: str) -> bytes:
    """As the key of a room's moderators is kept."""
    return hashlib.sha256(key.encode()).digest()


@dataclass(frozen=True, slots=True)
class Moderator:
    """Every method raises Unavailable while a server that is needed is away.

    The order is always PostgreSQL, then Redis: what was interrupted between is brought over by the
    next change, or when the copy in Redis expires; a caller that is told of a failure tries again.
    But a held message is said first and noted then: what is noted as said, was heard.
    """

    directory: ModerationDirectory
    reviews: ReviewDirectory
    rules: RulesReader
    editor: MessageEditor
    poster: MessagePoster
    history: HistoryReader
    origins: Origins
    clock: Clock
    ids: IdMaker

    # ------------------------------------------------------------------ rules

    async def change_rules(self, actor: Actor, room: UUID, changes: dict[str, Any]) -> None:
        """Locks, slows or opens a room, or pins a notice; `changes` by field of RoomRules."""
        deed = self._deed(actor, room, "rules", "", changes)
        with store_outage_as_unavailable():
            await self.directory.change_rules(deed, changes)
        await self.rules.renew(room)

    async def put_word(self, actor: Actor, room: UUID, rule: WordRule) -> UUID:
        """Adds a word to the list of `room`, or changes what is done about it; returns its id.

        Raises:
            ChatError: `conflict`, the list is full.
        """
        with store_outage_as_unavailable():
            listed = [word.text for _, word in await self.directory.words(room)]
            if len(listed) >= MOST_WORDS and rule.text not in listed:
                raise ChatError(ErrorCode.CONFLICT, words=MOST_WORDS)
            details = {"action": rule.action.value}
            deed = self._deed(actor, room, "word", rule.text, details)
            word = await self.directory.put_word(deed, self.ids.new(), rule)
        await self.rules.renew(room)
        return word

    async def drop_word(self, actor: Actor, room: UUID, word: UUID) -> None:
        """Takes a word off the list.

        Raises:
            ChatError: `not_found`.
        """
        deed = self._deed(actor, room, "word_dropped", str(word))
        with store_outage_as_unavailable():
            dropped = await self.directory.drop_word(deed, word)
        await self._renew_and_tell(room, changed=dropped)

    # ------------------------------------------------------------------ moderators

    async def new_moderator_key(self, actor: Actor, room: UUID) -> str:
        """A new key by which people become moderators; the one before is of no use any more."""
        key = secrets.token_urlsafe(24)
        deed = self._deed(actor, room, "moderator_key", "")
        with store_outage_as_unavailable():
            await self.directory.set_moderator_key(deed, key_hash(key))
        return key

    async def become_moderator(self, user: User, room: UUID, key: str) -> None:
        """Makes the holder of the key a moderator.

        Raises:
            ChatError: `forbidden`, it is not the room's key (any more).
        """
        actor = Actor(Role.MODERATOR, str(user.id))
        deed = self._deed(actor, room, "moderator", str(user.id), {"name": user.username})
        with store_outage_as_unavailable():
            became = await self.directory.add_moderator(deed, key_hash(key), user.id, user.username)
        if not became:
            raise ChatError(ErrorCode.FORBIDDEN, room=str(room))
        await self.rules.renew(room)

    async def drop_moderator(self, actor: Actor, room: UUID, user: UUID) -> None:
        """Ends somebody's being a moderator.

        Raises:
            ChatError: `not_found`.
        """
        deed = self._deed(actor, room, "moderator_dropped", str(user))
        with store_outage_as_unavailable():
            dropped = await self.directory.drop_moderator(deed, user)
        await self._renew_and_tell(room, changed=dropped)

    # ------------------------------------------------------------------ people

    async def target(
        self, actor: Actor, room: UUID, user: UUID, shown_as: str, *, by_address: bool
    ) -> Target:
        """A person, or all who come from the address that they came from last.

        Raises:
            ChatError: `forbidden`, one of them is staff of no lower rank; `not_found`, nobody knows
                their address (any more).
        """
        found = Target(SubjectKind.USER, str(user), shown_as, frozenset({str(user)}))
        if by_address:
            today = day_of(self.clock.micros())
            origin = await self.origins.of_user(room, str(user), today)
            if origin is None:
                raise ChatError(ErrorCode.NOT_FOUND, user=str(user))
            users = await self.origins.users_from(room, origin)
            found = Target(SubjectKind.ADDRESS, str(origin), shown_as, users | found.users)
        await self._check_rank(actor, room, found.users)
        return found

    async def sanction(
        self,
        actor: Actor,
        room: UUID,
        kind: SanctionKind,
        target: Target,
        *,
        seconds: int | None,
        reason: str,
    ) -> Sanction:
        """Bans or mutes, for `seconds` or (None) until it is lifted.

        Raises:
            ChatError: `conflict`, there are too many in force.
        """
        now = self.clock.micros()
        sanction = Sanction(
            self.ids.new(),
            kind,
            target.kind,
            target.subject,
            self._end(target, now, seconds),
            reason,
        )
        # Whom an address belongs to stands in no record that outlives the name of the address.
        subject = target.shown_as if target.kind is SubjectKind.ADDRESS else target.subject
        details = {"by": target.kind.value, "name": target.shown_as, "seconds": seconds}
        deed = self._deed(actor, room, kind.value, subject, details | {"reason": reason})
        with store_outage_as_unavailable():
            if len(await self.directory.sanctions(room, now)) >= MOST_SANCTIONS:
                raise ChatError(ErrorCode.CONFLICT, sanctions=MOST_SANCTIONS)
            await self.directory.add_sanction(deed, sanction, target.shown_as)
        await self.rules.renew(room)
        return sanction

    def _end(self, target: Target, now: int, seconds: int | None) -> int | None:
        """An address can be told only as long as its name is kept."""
        end = None if seconds is None else now + seconds * 1_000_000
        if target.kind is not SubjectKind.ADDRESS:
            return end
        last = (int(target.subject.partition(":")[0]) + KEPT_DAYS) * DAY_MICROS
        return last if end is None else min(end, last)

    async def lift(self, actor: Actor, room: UUID, sanction: UUID) -> None:
        """Ends a sanction.

        Raises:
            ChatError: `not_found`.
        """
        deed = self._deed(actor, room, "lifted", str(sanction))
        with store_outage_as_unavailable():
            lifted = await self.directory.lift_sanction(deed, sanction)
        await self._renew_and_tell(room, changed=lifted)

    # ------------------------------------------------------------------ messages

    async def delete(self, actor: Actor, found: FoundMessage) -> None:
        """Deletes one message, and closes the reports of it.

        Raises:
            ChatError: `message_not_found`, it was deleted already; `forbidden`, its author is staff
                of no lower rank.
        """
        await self._check_rank(actor, found.room, [found.body.user_id])
        await self.editor.delete(found)
        message = UUID(found.body.message_id)
        details = {"user": found.body.user_id, "name": found.body.username}
        deed = self._deed(actor, found.room, "deleted", str(message), details)
        with store_outage_as_unavailable():
            await self.directory.record([deed])
            await self.reviews.decide_reports(
                found.room, message, str(actor), "deleted", deed.micros
            )

    async def purge(self, actor: Actor, room: UUID, target: Target, seconds: int) -> int:
        """Deletes what `target` has said within the last `seconds`; returns how much that was.

        At most the newest 10,000 messages of the room are looked at.
        """
        since = self.clock.micros() - seconds * 1_000_000
        before: int | None = None
        deleted = seen = 0
        while seen < MOST_PURGED:
            page = await self.history.before(room, before, PURGE_PAGE)
            recent = [m for m in page.messages if m.micros >= since]
            deleted += await self._delete_all(recent, target.users)
            seen += len(page.messages)
            if len(recent) < len(page.messages) or not page.has_more:
                break
            before = page.messages[-1].seq
        details = {"name": target.shown_as, "seconds": seconds, "messages": deleted}
        with store_outage_as_unavailable():
            await self.directory.record([self._deed(actor, room, "purged", "", details)])
        return deleted

    async def _delete_all(self, messages: list[StoredMessage], users: frozenset[str]) -> int:
        theirs = [
            UUID(body.message_id)
            for body in (decode_body(message.body) for message in messages)
            if body.user_id in users
        ]
        for at in range(0, len(theirs), PURGE_TOGETHER):
            await asyncio.gather(*map(self._delete_quietly, theirs[at : at + PURGE_TOGETHER]))
        return len(theirs)

    async def _delete_quietly(self, message: UUID) -> None:
        try:
            await self.editor.delete(await self.editor.find(message))
        except ChatError as error:
            if error.code is not ErrorCode.MESSAGE_NOT_FOUND:
                raise
            log.debug("purged_already", message=str(message))

    # ------------------------------------------------------------------ reviews

    async def dismiss_reports(self, actor: Actor, room: UUID, message: UUID) -> None:
        """Closes the reports of a message that may stay.

        Raises:
            ChatError: `not_found`, there are none.
        """
        deed = self._deed(actor, room, "reports_dismissed", str(message))
        with store_outage_as_unavailable():
            closed = await self.reviews.decide_reports(
                room, message, str(actor), "dismissed", deed.micros
            )
            if not closed:
                raise ChatError(ErrorCode.NOT_FOUND, message=str(message))
            await self.directory.record([deed])

    async def decide_held(self, actor: Actor, room: UUID, held: UUID, *, approve: bool) -> None:
        """Lets a message that was held be said now by who wrote it, or drops it.

        It is noted as approved only when Redis has it: what could not be said, waits as before.

        Raises:
            ChatError: `not_found`, somebody else was quicker; `room_not_found`, the room is gone,
                and what waits for it can only be dropped.
        """
        decision = "approved" if approve else "rejected"
        deed = self._deed(actor, room, f"held_{decision}", str(held))
        if approve:
            # May read PostgreSQL, which nobody should wait for who has a connection already.
            await self.history.rooms.open(room)
        with store_outage_as_unavailable():
            async with self.reviews.deciding_held(deed, held, decision) as deciding:
                if deciding is None:
                    raise ChatError(ErrorCode.NOT_FOUND, held=str(held))
                if approve and not deciding.said:
                    await self._say(deciding.held)

    async def _say(self, held: HeldRecord) -> None:
        author = User(held.user, b"", held.username, held.color, held.micros)
        reply_to = None if held.reply_to is None else str(held.reply_to)
        draft = CheckedDraft(
            held.content, held.client_id, held.message_type, held.file_url, reply_to
        )
        try:
            async with asyncio.timeout(SAY_SECONDS):
                await self.poster.post(author, held.room, draft)
        except TimeoutError as error:
            raise Unavailable("redis") from error

    # ------------------------------------------------------------------ inside

    async def _check_rank(self, actor: Actor, room: UUID, users: Iterable[str]) -> None:
        law = Law(await self.rules.read(room))  # who may act is asked, never remembered
        owner = None
        if room != EVERYWHERE:
            owner = (await self.history.rooms.open(room)).settings.owner_id
        for user in users:
            if not outranks(actor.role, law.role_of(user, owner)):
                raise ChatError(ErrorCode.FORBIDDEN, user=user)

    async def _renew_and_tell(self, room: UUID, *, changed: bool) -> None:
        """What is not there may have been taken away by a call that was broken off: renewed too."""
        await self.rules.renew(room)
        if not changed:
            raise ChatError(ErrorCode.NOT_FOUND, room=str(room))

    def _deed(
        self,
        actor: Actor,
        room: UUID,
        action: str,
        subject: str,
        details: dict[str, Any] | None = None,
    ) -> Deed:
        return Deed(
            self.ids.new(), room, str(actor), action, subject, self.clock.micros(), details or {}
        )


def named(pattern: str) -> Target:
    """All who bear a name of `pattern`, see `shared.domain.name_patterns`."""
    return Target(SubjectKind.NAME, pattern, pattern, frozenset())

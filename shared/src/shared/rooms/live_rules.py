"""Rules of rooms in Redis: a copy of what PostgreSQL holds, for whoever must obey them at once."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson

from shared.domain.moderation import Sanction, SanctionKind, Sanctions, SubjectKind
from shared.domain.room_rules import RoomRules
from shared.domain.word_filter import WordRule, compile_filter
from shared.domain.word_index import WordAction
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.scripts import Command, Scripts
from shared.runtime.redis_client import redis_outage_as_unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

RULES_KEEP_SECONDS: Final = 7 * 24 * 3600
"""Then they are read from PostgreSQL again."""
MOST_COMPILED: Final = 512
"""Rooms whose rules are kept ready: word lists cost some milliseconds to read."""
FORMAT: Final = 1
"""Of the document; replicas of other versions read it in a rolling deploy."""

_KINDS: Final = frozenset(kind.value for kind in SanctionKind)
_SUBJECT_KINDS: Final = frozenset(kind.value for kind in SubjectKind)


@dataclass(frozen=True, slots=True)
class WrittenRules:
    """Rules as they are written down."""

    room: UUID
    version: int = 0
    locked: bool = False
    slow_seconds: int = 0
    notice: str | None = None
    moderators: Sequence[str] = ()
    sanctions: Sequence[Sanction] = ()
    words: Sequence[WordRule] = ()

    def compiled(self, before: RoomRules | None = None) -> RoomRules:
        """The same, ready to judge by; a word list that is as it was `before` is not read again."""
        same_words = before is not None and before.words.rules == frozenset(self.words)
        return RoomRules(
            self.version,
            self.locked,
            self.slow_seconds,
            self.notice,
            frozenset(self.moderators),
            Sanctions.of(self.sanctions),
            before.words if before is not None and same_words else compile_filter(self.words),
        )


def encode_rules(rules: WrittenRules) -> bytes:
    """JSON of the rules, without the room and the version."""
    return orjson.dumps(
        {
            "v": FORMAT,
            "locked": rules.locked,
            "slow": rules.slow_seconds,
            "notice": rules.notice,
            "moderators": list(rules.moderators),
            "sanctions": [
                [str(s.id), s.kind, s.subject_kind, s.subject, s.until_micros, s.reason]
                for s in rules.sanctions
            ],
            "words": [[word.text, word.action] for word in rules.words],
        }
    )


def decode_rules(room: UUID, raw: bytes) -> WrittenRules:
    """Reads `<version> <JSON>`; what a newer version added is passed over.

    Raises:
        ValueError: it is not that.
    """
    version, _, document = raw.partition(b" ")
    try:
        data: dict[str, Any] = orjson.loads(document)
        return WrittenRules(
            room,
            int(version),
            data["locked"],
            data["slow"],
            data["notice"],
            data["moderators"],
            [_sanction(*fields[:6]) for fields in data["sanctions"] if _is_known(fields)],
            [WordRule(text, WordAction(action)) for text, action in data["words"]],
        )
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError(f"not rules: {error!r}") from error


def _is_known(fields: Sequence[Any]) -> bool:
    return fields[1] in _KINDS and fields[2] in _SUBJECT_KINDS


def _sanction(  # one parameter for each field of the document
    id_: str, kind: str, subject_kind: str, subject: str, until: int | None, reason: str
) -> Sanction:
    return Sanction(
        UUID(id_), SanctionKind(kind), SubjectKind(subject_kind), subject, until, reason
    )


class LiveRules:
    """Compiled rules are kept as long as their version is the one in Redis.

    Every method raises Unavailable while Redis is away.
    """

    def __init__(self, redis: Redis, scripts: Scripts) -> None:
        self._redis = redis
        self._scripts = scripts
        self._batcher = CallBatcher(redis)
        self._compiled: OrderedDict[UUID, RoomRules] = OrderedDict()

    async def read(self, room: UUID, known: RoomRules | None = None) -> RoomRules | None:
        """The rules of `room`; None when Redis does not have them.

        Whoever knows them hands them in, and has the very same back while they are those in Redis:
        who asks for more rooms than are kept here would never find one.
        """
        raw = await self._batcher.submit(Command.of("GET", self._scripts.keys.rules(room)))
        if raw is None:
            return None
        known = known or self._compiled.get(room)
        # Equal, not newer: where PostgreSQL was restored, versions went back.
        if known is None or not raw.startswith(b"%d " % known.version):
            known = decode_rules(room, raw).compiled(known)
        self._compiled[room] = known
        self._compiled.move_to_end(room)
        if len(self._compiled) > MOST_COMPILED:
            self._compiled.popitem(last=False)
        return known

    def last(self, room: UUID) -> RoomRules | None:
        """The rules of `room` as they were read last; None where they are not kept any more."""
        return self._compiled.get(room)

    async def put(self, rules: WrittenRules) -> None:
        """Takes rules over unless newer ones are there, and tells every replica."""
        call = self._scripts.rules_put(
            rules.room, rules.version, encode_rules(rules), RULES_KEEP_SECONDS
        )
        with redis_outage_as_unavailable():
            await call.run(self._redis)

"""Puts messages into calls: what waits for the same room goes to Redis together, in order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import structlog

from shared.message_log.outcomes import Published, refusal
from shared.message_log.seen_places import MOST_SEEN, SeenPlaces
from shared.protocol.codec import MessageBody, encode_body
from shared.protocol.errors import ErrorCode, Unavailable
from shared.redis_schema.publish_call import PublishCall, PublishKeys, PublishLimits
from shared.runtime.clock import IdMaker

if TYPE_CHECKING:
    from shared.redis_schema.call_batcher import CallBatcher
    from shared.redis_schema.keys import Keys
    from shared.runtime.message_spans import MessageSpans

log = structlog.stdlib.get_logger()

MOST_WAITING: Final = 8192
"""Messages without an answer; beyond it the sender is told to come back."""

Tell = Callable[[Published | Exception], None]
"""Told what becomes of a message, in the turn in which it is known."""

_Waiter = tuple[str, Tell]


class _Filling:
    """A call and those who wait for its answer, in the order of their messages."""

    __slots__ = ("call", "room", "waiters")

    def __init__(self, room: UUID, call: PublishCall) -> None:
        self.room = room
        self.call = call
        self.waiters: list[_Waiter] = []


def _traced(spans: MessageSpans, room: UUID, body: MessageBody, tell: Tell) -> Tell:
    answered = spans.publishing(body.message_id, room)
    if answered is None:
        return tell

    def told(result: Published | Exception) -> None:
        if isinstance(result, Exception):
            answered({"outcome": type(result).__name__})
        else:
            answered({"outcome": "again" if result.again else "published", "seq": result.seq})
        tell(result)

    return told


class MessagePublisher:
    """For the event loop's thread alone."""

    def __init__(
        self,
        keys: Keys,
        batcher: CallBatcher,
        seen: SeenPlaces,
        limits: PublishLimits,
        spans: MessageSpans | None,
    ) -> None:
        """`seen` learns of what is published here, too."""
        self._spans = spans
        self._batcher = batcher
        self._seen = seen
        self._limits = limits
        # By the numbers of ids, as in SeenPlaces.
        self._keys_of = lru_cache(MOST_SEEN)(lambda room: PublishKeys.of(keys, UUID(int=room)))
        self._filling: dict[int, _Filling] = {}
        self._waiting = 0
        self.published = 0
        """Messages that Redis has taken, and"""
        self.repeated = 0
        """retries that got their first answer again."""

    def __len__(self) -> int:
        """Messages that are not answered yet."""
        return self._waiting

    def submit(self, room: UUID, body: MessageBody, tell: Tell) -> None:
        """Lets `tell` know the place of a message; see MessageLog.submit."""
        if self._waiting >= MOST_WAITING:
            raise Unavailable("redis", 1.0, ErrorCode.OVERLOADED)
        if self._spans is not None:
            tell = _traced(self._spans, room, body, tell)
        filling = self._filling.get(room.int)
        if filling is None or not filling.call.is_open:
            filling = self._begin(room)
        filling.call.add(
            body.user_id,
            message_id=body.message_id,
            body=encode_body(body),
            client_id=body.client_id,
            digest="-" if body.client_id is None else _digest(body),
        )
        filling.waiters.append((body.message_id, tell))
        self._waiting += 1

    def _begin(self, room: UUID) -> _Filling:
        seen = self._seen.get(room)
        call = PublishCall(
            self._keys_of(room.int),
            self._limits,
            None if seen is None else seen.place,
            IdMaker.epoch(),
        )
        filling = _Filling(room, call)
        self._batcher.send(call, partial(self._finish, filling))
        self._filling[room.int] = filling
        return filling

    def _finish(self, filling: _Filling, answer: Any) -> None:
        self._waiting -= len(filling.waiters)
        if self._filling.get(filling.room.int) is filling:
            del self._filling[filling.room.int]
        results: list[Published | Exception]
        if isinstance(answer, Exception):
            results = [answer] * len(filling.waiters)
        else:
            results = self._results(filling, answer)
        for (_, tell), result in zip(filling.waiters, results, strict=True):
            try:
                tell(result)
            except Exception:  # the others wait, too
                log.exception("answer_failed")

    def _results(self, filling: _Filling, answer: list[Any]) -> list[Published | Exception]:
        refused = refusal(answer[0])
        if refused is not None:
            return [refused] * len(filling.waiters)
        results: list[Published | Exception] = []
        newest = None
        for (message_id, _), told in zip(filling.waiters, answer[2:], strict=True):
            if told[0] == b"ok":
                newest = Published(message_id, told[1], told[2], again=False)
                results.append(newest)
                self.published += 1
            elif told[0] == b"again":
                results.append(Published(told[3].decode(), told[1], told[2], again=True))
                self.repeated += 1
            else:
                results.append(refusal(told[0]) or AssertionError(told))
        if newest is not None:
            self._seen.saw(filling.room, answer[1].decode(), newest.seq, newest.micros)
        return results


def _digest(body: MessageBody) -> str:
    """What a retry must repeat: the same id with other content is the sender's mistake."""
    parts = (body.message, body.message_type, body.file_url or "", body.reply_to or "")
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()

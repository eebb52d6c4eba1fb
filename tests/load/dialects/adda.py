"""The contract of this project."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

import orjson
from tests.load.dialects.dialect import Answer, Dialect, Position, Visit, Welcome
from typing_extensions import override

_WELCOME: Final = b'{"type":"welcome"'
_ACK: Final = b'{"type":"ack"'
_USER_LIST: Final = b'{"type":"user_list"'


class AddaDialect(Dialect):
    """See Dialect."""

    acks = True
    numbered = True
    live = b'{"type":"message"'

    @override
    def url(self, visit: Visit) -> str:
        query = {"username": visit.name, "color": "#3366cc"}
        if visit.session is not None:
            query["session_id"] = visit.session
        if visit.since is not None:
            query |= {"epoch": visit.since.epoch, "since": str(visit.since.seq)}
        return f"{visit.base}/ws/chat/{visit.room}/?{urlencode(query)}"

    @override
    def is_welcome(self, payload: bytes) -> bool:
        return payload.startswith(_WELCOME)

    @override
    def is_ack(self, payload: bytes) -> bool:
        return payload.startswith(_ACK)

    @override
    def say(self, visit: Visit, text: str, number: int) -> bytes:
        # Before the stamp nothing is needed: the server puts the rest around the text.
        return orjson.dumps({"type": "message", "content": text, "client_id": f"{number}"})

    @override
    def read_welcome(self, payload: bytes) -> Welcome:
        told = orjson.loads(payload)
        return Welcome(Position(told["epoch"], told["seq"]), told.get("session_id"))

    @override
    def read_answer(self, payload: bytes) -> Answer:
        if payload.startswith(_USER_LIST):  # the largest, and its kind is all that counts
            return Answer("user_list")
        told = orjson.loads(payload)
        kind = told["type"]
        if kind == "recovered":
            return Answer(kind, Position(told["epoch"], told["seq"]), told["complete"])
        if kind == "error":
            return Answer(kind, code=told["code"], retry_after=told.get("retry_after"))
        return Answer(kind)

    @override
    def place_of(self, payload: bytes, epoch: str) -> Position:
        return Position(epoch, orjson.loads(payload)["seq"])


class OriginalDialect(AddaDialect):
    """The contract without what was added to it: no numbers, no acks."""

    acks = False
    numbered = False

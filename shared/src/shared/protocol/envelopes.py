"""What replicas tell each other over pub/sub: one ASCII header line, then JSON.

The header begins with a version digit and a letter. Replicas of other versions share a channel in a
rolling deploy: what is not understood raises UnknownEnvelope; the reader counts and skips it.

    2m <epoch> <seq of the first>                          <µs> body … messages, one on each line
    1e <epoch> <seq> <µs> <revision> <µs changed> <0|1> <ev>  body     changed or deleted
    1r <epoch> <rv> <j|l|n> <µs joined>                    person      roster (n: and the old one)
    1t <0|1> <µs>                                          person      typing
    1c <updated|closed>                                                the room itself
    1x <user id>                                                       a session was ended
    1p <token>                                                         probe
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import orjson

from shared.protocol.codec import Revision, StoredMessage, decode_body

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID


class UnknownEnvelope(Exception):
    """Another version's envelope, or noise."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person as stored in a room's roster."""

    id: str
    username: str
    color: str
    asked: str | None = None
    """The name without the number that it has in this room, if it has one."""


@dataclass(frozen=True, slots=True)
class MessagesEnvelope:
    """New messages, each with the number after that of the one before."""

    epoch: str
    messages: tuple[StoredMessage, ...]


@dataclass(frozen=True, slots=True)
class RevisionEnvelope:
    """A message changed or deleted; `message` is as it is now.

    `ev` counts such changes in the room, gapless within an epoch.
    """

    epoch: str
    message: StoredMessage
    ev: int


@dataclass(frozen=True, slots=True)
class RosterEnvelope:
    """The roster changed; `rv` counts the changes of one epoch, gapless."""

    epoch: str
    rv: int
    op: Literal["j", "l", "n"]
    joined_micros: int
    person: Person
    before: Person | None


@dataclass(frozen=True, slots=True)
class TypingEnvelope:
    """Somebody types, or stopped."""

    person: Person
    typing: bool
    micros: int


@dataclass(frozen=True, slots=True)
class ControlEnvelope:
    """The room's settings changed, or it was closed."""

    what: str


@dataclass(frozen=True, slots=True)
class SessionEndEnvelope:
    """Somebody's session is no more: their sockets are to be closed."""

    user_id: str


@dataclass(frozen=True, slots=True)
class ProbeEnvelope:
    """A replica's message to itself."""

    token: str


Envelope = (
    MessagesEnvelope
    | RevisionEnvelope
    | RosterEnvelope
    | TypingEnvelope
    | ControlEnvelope
    | SessionEndEnvelope
    | ProbeEnvelope
)


def encode_person(person: Person) -> bytes:
    """JSON of a person; equal people have equal bytes, which scripts compare.

    `asked` is not in it: a script that puts a number behind the name adds it (see names.lua).
    """
    return orjson.dumps({"id": person.id, "username": person.username, "color": person.color})


def decode_person(raw: bytes) -> Person:
    """The reverse; unknown fields of a newer version are passed over."""
    data = orjson.loads(raw)
    return Person(data["id"], data["username"], data["color"], data.get("asked"))


def encode_typing(person: Person, *, typing: bool, micros: int) -> bytes:
    """Envelope of a typing notice."""
    return f"1t {int(typing)} {micros}\n".encode() + encode_person(person)


def encode_session_end(user_id: UUID) -> bytes:
    """Envelope that ends a session."""
    return f"1x {user_id}\n".encode()


def encode_probe(token: str) -> bytes:
    """Envelope of a probe."""
    return f"1p {token}\n".encode()


def decode_envelope(raw: bytes) -> Envelope:
    """Reads what came over a channel.

    Raises:
        UnknownEnvelope: of a kind or version that is not known, or malformed.
    """
    try:
        header, _, body = raw.partition(b"\n")
        fields = header.decode("ascii").split(" ")
        return _READERS[fields[0]](fields, body)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise UnknownEnvelope(raw[:80]) from error


def _messages(fields: list[str], lines: bytes) -> MessagesEnvelope:
    messages = []
    for seq, line in enumerate(lines.split(b"\n"), int(fields[2])):
        micros, _, body = line.partition(b" ")  # JSON has no newline in it
        messages.append(StoredMessage(seq, int(micros), body))
    return MessagesEnvelope(fields[1], tuple(messages))


def _revision(fields: list[str], body: bytes) -> RevisionEnvelope:
    revision = Revision(int(fields[4]), int(fields[5]), fields[6] == "1", body)
    decode_body(body)  # whoever announces a deletion needs its ids
    plain = StoredMessage(int(fields[2]), int(fields[3]), body)
    return RevisionEnvelope(fields[1], plain.revised_by(revision), int(fields[7]))


def _roster(fields: list[str], body: bytes) -> RosterEnvelope:
    now, _, old = body.partition(b"\n")
    op = fields[3]
    if op not in {"j", "l", "n"}:
        raise ValueError(op)
    return RosterEnvelope(
        fields[1],
        int(fields[2]),
        op,  # type: ignore[arg-type]
        int(fields[4]),
        decode_person(now),
        decode_person(old) if old else None,
    )


def _typing(fields: list[str], body: bytes) -> TypingEnvelope:
    return TypingEnvelope(decode_person(body), fields[1] == "1", int(fields[2]))


def _control(fields: list[str], _body: bytes) -> ControlEnvelope:
    return ControlEnvelope(fields[1])


def _session_end(fields: list[str], _body: bytes) -> SessionEndEnvelope:
    return SessionEndEnvelope(fields[1])


def _probe(fields: list[str], _body: bytes) -> ProbeEnvelope:
    return ProbeEnvelope(fields[1])


_READERS: Final[dict[str, Callable[[list[str], bytes], Envelope]]] = {
    "2m": _messages,
    "1e": _revision,
    "1r": _roster,
    "1t": _typing,
    "1c": _control,
    "1x": _session_end,
    "1p": _probe,
}

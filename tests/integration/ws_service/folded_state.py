"""What a client shows: a pure fold of the events of its connections, one after the other.

It is also the shortest description of what a client must do: a message's newest revision wins,
deletion is final, and a `recovered` that is not complete begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from shared.domain.position import Position

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One message as shown."""

    content: str
    revision: int
    deleted: bool


@dataclass(frozen=True, slots=True)
class Someone:
    """One person in the list."""

    name: str
    color: str
    joined_at: str


@dataclass(slots=True)
class FoldedState:
    """Snapshot ⊕ events. `take` fails on what must never be told."""

    epoch: str = ""
    seq: int = 0
    messages: dict[int, Line] = field(default_factory=dict)
    roster: dict[str, Someone] | None = None
    """None until the first list of a connection."""
    total: int = 0
    lacks_history: bool = True
    """Older messages must be read; a client does so when it has begun anew."""
    _resumes: bool = False
    _told: dict[int, int] = field(default_factory=dict)
    """Newest revision of each message that was told live on this connection."""

    @property
    def position(self) -> Position | None:
        """Where a reconnect goes on; None before the first welcome."""
        return Position(self.epoch, self.seq) if self.epoch else None

    def living(self) -> dict[int, tuple[str, int]]:
        """Content and revision of all messages that are not deleted."""
        return {n: (m.content, m.revision) for n, m in self.messages.items() if not m.deleted}

    def take(self, event: Json) -> None:
        """One event, in the order of arrival."""
        handler = getattr(self, f"_take_{event['type']}", None)
        if handler is not None:
            handler(event)

    # ------------------------------------------------------------------ messages

    def _take_welcome(self, event: Json) -> None:
        self.roster, self._told = None, {}
        self._resumes = bool(self.epoch)
        if not self._resumes:
            self.epoch, self.seq = event["epoch"], event["seq"]

    def _take_recovered(self, event: Json) -> None:
        if event["complete"]:
            assert self._resumes, "recovered without having asked"
            assert event["epoch"] == self.epoch, "complete, but of another epoch"
            expected = list(range(self.seq + 1, event["seq"] + 1))
            assert [m["seq"] for m in event["messages"]] == expected, "complete, but it is not"
        else:
            self.messages.clear()
            self.lacks_history = True
        self.epoch, self.seq, self._resumes, self._told = event["epoch"], event["seq"], False, {}
        for message in event["messages"]:
            assert message["seq"] <= self.seq, "a message from beyond the position"
            self._show(message)
        for revision in event["revisions"]:
            self._show(revision)

    def _take_message(self, event: Json) -> None:
        assert not self._resumes, "live before recovered"
        assert event["seq"] == self.seq + 1, f"after {self.seq} came {event['seq']}"
        self.seq = event["seq"]
        self._show(event)

    def _take_message_updated(self, event: Json) -> None:
        self._take_revision(event, event["revision"])

    def _take_message_deleted(self, event: Json) -> None:
        self._take_revision(event, 1 << 53)

    def _take_revision(self, event: Json, revision: int) -> None:
        assert not self._resumes, "live before recovered"
        assert revision >= self._told.get(event["seq"], 0), "an older revision after a newer one"
        self._told[event["seq"]] = revision
        self._show(event)

    def _take_history(self, event: Json) -> None:
        for message in event["messages"]:
            self._show(message)
        self.lacks_history = event["has_more"]

    def _show(self, event: Json) -> None:
        deleted = event["type"] == "message_deleted" or bool(event.get("deleted"))
        line = Line(event.get("message", ""), event.get("revision") or 0, deleted)
        shown = self.messages.get(event["seq"])
        if shown is None or (
            not shown.deleted and (line.deleted or line.revision > shown.revision)
        ):
            self.messages[event["seq"]] = line

    # ------------------------------------------------------------------ people

    def _take_user_list(self, event: Json) -> None:
        self.roster = {user["id"]: _someone(user) for user in event["users"]}
        self._count(event)

    def _take_joined(self, event: Json) -> None:
        assert self.roster is not None, "a change before the list"
        self.roster[event["user"]["id"]] = _someone(event["user"])
        self._count(event)

    def _take_left(self, event: Json) -> None:
        assert self.roster is not None, "a change before the list"
        assert self.roster.pop(event["user_id"], None) is not None, "left without being there"
        self._count(event)

    def _count(self, event: Json) -> None:
        self.total = event["total"]
        assert self.roster is not None
        assert self.total == len(self.roster), "the total is not that of the list"


def _someone(user: Json) -> Someone:
    return Someone(user["username"], user["color"], user["joined_at"])

from __future__ import annotations

import json
from typing import Any, Literal

from hypothesis import given
from hypothesis import strategies as st

from shared.presence.presence import Present, RosterSnapshot
from shared.protocol.envelopes import Person, RosterEnvelope
from shared.protocol.events import UserListEvent
from ws_service.roster import Roster


def change(rv: int, op: Literal["j", "l", "n"], user: str, name: str = "ক") -> RosterEnvelope:
    return RosterEnvelope("e", rv, op, rv, Person(user, name, "#000000"), None)


def listed(roster: Roster, limit: int = 200) -> dict[str, Any]:
    event = json.loads(roster.user_list(0, limit))
    UserListEvent.model_validate(event)
    assert isinstance(event, dict)
    return event


def empty() -> Roster:
    roster = Roster()
    roster.load(RosterSnapshot("e", 0, ()))
    return roster


def test_who_is_here_is_known_as_the_room_calls_them() -> None:
    roster = empty()
    roster.apply(change(1, "j", "a", "রাকিব ২"))
    worn = roster.worn("a")
    assert worn is not None
    assert (worn.username, worn.color) == ("রাকিব ২", "#000000")
    roster.apply(change(2, "l", "a"))
    assert roster.worn("a") is None


def test_changes_are_applied_in_order_and_once() -> None:
    roster = empty()
    assert roster.apply(change(1, "j", "a")) == "applied"
    assert roster.apply(change(1, "j", "a")) == "old"
    assert roster.apply(change(3, "j", "c")) == "gap"
    assert roster.apply(change(2, "j", "b")) == "applied"
    assert [user["id"] for user in listed(roster)["users"]] == ["a", "b"]


def test_another_epoch_is_a_gap() -> None:
    roster = empty()
    assert roster.apply(RosterEnvelope("f", 1, "j", 0, Person("a", "ক", "#000000"), None)) == "gap"


def test_a_rename_keeps_the_place() -> None:
    roster = empty()
    for rv, op, user, name in [(1, "j", "a", "ক"), (2, "j", "b", "খ"), (3, "n", "a", "গ")]:
        roster.apply(change(rv, op, user, name))  # type: ignore[arg-type]
    assert [user["username"] for user in listed(roster)["users"]] == ["গ", "খ"]


def test_the_list_is_capped_but_the_total_is_true() -> None:
    roster = empty()
    for n in range(1, 301):
        roster.apply(change(n, "j", f"u{n}"))
    event = listed(roster)
    assert (len(event["users"]), event["total"]) == (200, 300)


@given(
    st.lists(st.tuples(st.sampled_from("jln"), st.sampled_from("abcde")), max_size=40), st.data()
)
def test_a_snapshot_and_later_changes_equal_a_fresh_snapshot(
    steps: list[tuple[str, str]], data: st.DataObject
) -> None:
    changes: list[RosterEnvelope] = []
    present: dict[str, Present] = {}
    snapshots = [RosterSnapshot("e", 0, ())]
    for op, user in steps:
        if (op == "j") == (user in present):
            continue
        rv = len(changes) + 1
        one = change(rv, op, user, f"n{rv}")  # type: ignore[arg-type]
        if op == "l":
            del present[user]
        else:
            joined = present[user].joined_micros if op == "n" else rv
            one = RosterEnvelope("e", rv, one.op, joined, one.person, None)
            present[user] = Present(one.person, joined)
        changes.append(one)
        snapshots.append(RosterSnapshot("e", rv, tuple(present.values())))
    start = data.draw(st.integers(0, len(changes)))
    late = data.draw(st.integers(0, start))
    roster = Roster()
    roster.load(snapshots[start])
    for one in changes[late:]:  # some are older than the snapshot: they must not count twice
        assert roster.apply(one) in {"applied", "old"}
    fresh = Roster()
    fresh.load(snapshots[-1])
    assert listed(roster) == listed(fresh)

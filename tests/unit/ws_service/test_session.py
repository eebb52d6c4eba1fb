from __future__ import annotations

import json
from typing import Any

import pytest

from shared.protocol.close_codes import CloseCode
from shared.protocol.errors import ErrorCode, ValidationFailed
from ws_service.effects import Close, Effect, Fetch, Pong, Post, Refuse, Rename, Typing
from ws_service.session import FLOOD_STRIKES, RENAME_COST, Allowance, Session


def frame(**fields: object) -> str:
    return json.dumps(fields, ensure_ascii=False)


@pytest.fixture
def session() -> Session:
    return Session(Allowance(0.0, burst=1000, rate=1000))


def refusal(effects: list[Effect]) -> Refuse:
    (effect,) = effects
    assert isinstance(effect, Refuse)
    return effect


def test_a_message_is_trimmed_and_posted(session: Session) -> None:
    (effect,) = session.receive(frame(type="message", content="  সবাইকে সালাম!\n"), 0)
    assert isinstance(effect, Post)
    assert effect.draft.content == "সবাইকে সালাম!"


def test_a_missing_type_means_message(session: Session) -> None:
    (effect,) = session.receive(frame(content="হ্যালো"), 0)
    assert isinstance(effect, Post)


@pytest.mark.parametrize("content", ["", "   ", "\u200d\u200c", "\n\t"])
def test_a_blank_message_is_ignored(session: Session, content: str) -> None:
    assert session.receive(frame(type="message", content=content), 0) == []


@pytest.mark.parametrize("text", ["{", "[]", "1", '"message"', "", "nul"])
def test_what_is_not_a_json_object_is_refused(session: Session, text: str) -> None:
    assert refusal(session.receive(text, 0)).error.code is ErrorCode.BAD_JSON


@pytest.mark.parametrize("kind", ["shout", 5, None, [], {}])
def test_an_unknown_type_is_refused(session: Session, kind: object) -> None:
    assert refusal(session.receive(frame(type=kind), 0)).error.code is ErrorCode.UNKNOWN_TYPE


@pytest.mark.parametrize(
    ("fields", "field", "problem"),
    [
        ({"content": 5}, "content", "not_a_string"),
        ({}, "content", "required"),
        ({"content": "ক" * 4001}, "content", "too_long"),
        ({"content": "a", "client_id": "x" * 65}, "client_id", "too_long"),
        ({"content": "a", "message_type": "video"}, "message_type", "not_a_choice"),
        ({"content": "a", "message_type": "image"}, "file_url", "blank"),
        ({"content": "a", "file_url": "javascript:alert(1)"}, "file_url", "not_a_url"),
        ({"content": "a", "reply_to": "nobody"}, "reply_to", "not_a_uuid"),
    ],
)
def test_a_bad_field_is_named(
    session: Session, fields: dict[str, object], field: str, problem: str
) -> None:
    error = refusal(session.receive(frame(type="message", **fields), 0)).error
    assert isinstance(error, ValidationFailed)
    assert error.problems == {field: [problem]}


def test_a_refusal_carries_the_client_id(session: Session) -> None:
    effects = session.receive(frame(type="message", content="ক" * 4001, client_id="m1"), 0)
    assert refusal(effects).client_id == "m1"


def test_typing_is_told_at_most_once_a_second(session: Session) -> None:
    assert session.receive(frame(type="typing", typing=True), 0) == [Typing(True)]
    assert session.receive(frame(type="typing", typing=False), 0.2) == []
    assert session.receive(frame(type="typing", typing=True), 0.4) == []
    assert session.receive(frame(type="typing", typing=False), 0.6) == []
    assert session.tick(0.9) == []
    assert session.tick(1.0) == [Typing(False)]
    assert not session.needs_ticks


def test_typing_expires_by_itself_after_five_seconds(session: Session) -> None:
    session.receive(frame(type="typing", typing=True), 0)
    assert session.tick(4.9) == []
    assert session.needs_ticks
    assert session.tick(5.0) == [Typing(False)]
    assert not session.needs_ticks


def test_typing_that_goes_on_is_shown_again_before_it_expires(session: Session) -> None:
    told = [
        (now, effect)
        for now in range(20)
        for effect in session.receive(frame(type="typing", typing=True), float(now))
    ]
    assert [now for now, _ in told] == [0, 3, 6, 9, 12, 15, 18]


def test_who_sends_does_not_type_any_more(session: Session) -> None:
    session.receive(frame(type="typing", typing=True), 0)
    effects = session.receive(frame(type="message", content="হ্যালো"), 1.5)
    assert isinstance(effects[0], Post)
    assert effects[1:] == [Typing(False)]


def test_stopping_to_type_without_having_typed_tells_nothing(session: Session) -> None:
    assert session.receive(frame(type="typing", typing=False), 0) == []
    assert not session.needs_ticks


def test_a_colour_alone_may_change(session: Session) -> None:
    assert session.receive(frame(type="user_update", color="#00FF00"), 0) == [
        Rename(None, "#00ff00")
    ]


def test_a_blank_name_changes_nothing(session: Session) -> None:
    assert session.receive(frame(type="user_update", username="  "), 0) == []


@pytest.mark.parametrize("name", ["ক\u202eখ", "a\nb", "a\x00b", "ক" * 101])
def test_a_dangerous_or_long_name_is_refused(session: Session, name: str) -> None:
    error = refusal(session.receive(frame(type="user_update", username=name), 0)).error
    assert isinstance(error, ValidationFailed)
    assert "username" in error.problems


def test_history_takes_one_direction(session: Session) -> None:
    assert session.receive(frame(type="history", before=9, limit=5), 0) == [Fetch(9, None, 5)]
    error = refusal(session.receive(frame(type="history", before=9, after=1), 0)).error
    assert error.code is ErrorCode.VALIDATION
    error = refusal(session.receive(frame(type="history", limit=101), 0)).error
    assert isinstance(error, ValidationFailed)
    assert error.problems == {"limit": ["out_of_range"]}


def test_a_ping_is_answered_with_its_own_word(session: Session) -> None:
    assert session.receive(frame(type="ping", t=12.5), 0) == [Pong(12.5)]


def test_a_flood_is_told_to_slow_down_and_then_cut_off() -> None:
    session = Session(Allowance(0.0, burst=2, rate=1))
    ping = frame(type="ping")
    assert [type(e) for e in session.receive(ping, 0) + session.receive(ping, 0)] == [Pong, Pong]
    error = refusal(session.receive(ping, 0)).error
    assert error.code is ErrorCode.RATE_LIMITED
    effects = [session.receive(ping, 0) for _ in range(FLOOD_STRIKES - 1)]
    assert effects[-1] == [Close(CloseCode.FLOOD)]


def test_who_listens_to_the_limit_is_served_again() -> None:
    session = Session(Allowance(0.0, burst=1, rate=1))
    ping = frame(type="ping")
    for now in range(300):
        session.receive(ping, now)
        session.receive(ping, now)  # refused: a strike, which the next second forgives
    assert session.receive(ping, 301) == [Pong(None)]


def test_who_is_gone_does_not_type(session: Session) -> None:
    assert session.end() == []
    session.receive(frame(type="typing", typing=True), 0)
    assert session.end() == [Typing(False)]
    assert not session.needs_ticks


def test_tabs_of_one_user_share_what_the_user_may_do() -> None:
    allowance = Allowance(0.0, burst=2, rate=1)
    first, second = Session(allowance), Session(allowance)
    ping = frame(type="ping")
    assert first.receive(ping, 0) == second.receive(ping, 0) == [Pong(None)]
    assert refusal(second.receive(ping, 0)).error.code is ErrorCode.RATE_LIMITED
    typing = Allowance(0.0, burst=9, rate=9)
    first, second = Session(typing), Session(typing)
    assert first.receive(frame(type="typing", typing=True), 0) == [Typing(True)]
    assert second.receive(frame(type="typing", typing=True), 0.5) == []


def test_a_refused_message_is_told_from_others_by_its_client_id() -> None:
    session = Session(Allowance(0.0, burst=1, rate=1))
    session.receive(frame(type="ping"), 0)
    ids = [
        refusal(session.receive(frame(type="message", content="ক", client_id=str(n)), 0)).client_id
        for n in range(3)
    ]
    assert ids == ["0", "1", "2"]
    broken = frame(type="message", content=5, client_id="b")
    assert refusal(session.receive(broken, 9)).client_id == "b"


def test_of_refusals_without_an_id_one_a_second_is_told() -> None:
    session = Session(Allowance(0.0, burst=1, rate=0.001))
    told = [now for now in range(10) if session.receive(frame(type="ping"), now / 4)]
    assert told == [0, 1, 5, 9]


def test_a_steady_flood_is_cut_off_too() -> None:
    session = Session(Allowance(0.0, burst=60, rate=20))
    effects = [
        effect for n in range(600) for effect in session.receive(frame(type="ping"), n / 200)
    ]
    assert Close(CloseCode.FLOOD) in effects


def test_a_rename_costs_more_than_a_word() -> None:
    session = Session(Allowance(0.0, burst=RENAME_COST * 2, rate=0.001))
    rename = frame(type="user_update", color="#00ff00")
    assert [len(session.receive(rename, 0)) for _ in range(2)] == [1, 1]
    assert refusal(session.receive(rename, 0)).error.code is ErrorCode.RATE_LIMITED


class Hushed:
    """A standing in a room where nobody's typing is shown until a time, and then one is silent."""

    def __init__(self, *, shows_from: float, silent_from: float) -> None:
        self._shows_from, self._silent_from = shows_from, silent_from

    def may_show_typing(self, now: float) -> bool:
        return now >= self._shows_from

    def is_silent(self, now: float) -> bool:
        return now >= self._silent_from


def hushed(shows_from: float, silent_from: float) -> Session:
    standing: Any = Hushed(shows_from=shows_from, silent_from=silent_from)
    return Session(Allowance(0.0, burst=10, rate=10), standing=standing)


def test_typing_for_which_there_is_no_place_is_shown_when_there_is() -> None:
    session = hushed(shows_from=2.0, silent_from=9.0)
    assert session.receive(frame(type="typing", typing=True), 0) == []
    assert session.needs_ticks
    assert session.tick(1.0) == []
    assert session.tick(2.0) == [Typing(typing=True)]


def test_typing_that_waited_is_not_shown_once_one_must_be_silent() -> None:
    session = hushed(shows_from=2.0, silent_from=1.0)
    assert session.receive(frame(type="typing", typing=True), 0) == []
    assert session.tick(2.0) == []
    assert not session.needs_ticks

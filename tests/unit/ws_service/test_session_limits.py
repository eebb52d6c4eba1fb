"""What limits mean for one connection: those of its user, its address and its room."""

from __future__ import annotations

import json

import pytest

from shared.domain.account import Account
from shared.domain.budgets import Budget, Scope, price_in_room
from shared.domain.reserved_names import ReservedNames
from shared.protocol.close_codes import CloseCode
from shared.protocol.errors import ErrorCode, Unavailable, ValidationFailed
from ws_service.effects import Close, Effect, Pause, Pong, Post, Refuse, Rename
from ws_service.session import (
    FLOOD_STRIKES,
    PAUSE_SECONDS,
    RENAME_BURST,
    RENAMES_PER_SECOND,
    STRIKES_TO_PAUSE,
    SUSPECT_STRIKES,
    Allowance,
    Session,
)


def frame(**fields: object) -> str:
    return json.dumps(fields, ensure_ascii=False)


def refusal(effects: list[Effect]) -> Refuse:
    (effect,) = effects
    assert isinstance(effect, Refuse)
    return effect


def limited(
    payer: Account | None = None, room: Account | None = None, address: Account | None = None
) -> Session:
    return Session(Allowance(0.0, burst=1000, rate=1000), payer, address, room)


def account(burst: float = 1000) -> Account:
    return Account(Scope.SESSION, "রাকিব", Budget(burst, 1), set(), 0.0)


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        (frame(content="হ্যালো"), 1.0),
        (frame(type="history"), 1.0),
        (frame(type="typing", typing=True), 0.1),
        (frame(type="ping", t=1), 0.1),
        (frame(type="user_update", username="মিতা"), 2.0),
        ("{", 1.0),
        (frame(content="হ্যালো", message_type="?"), 1.0),
    ],
)
def test_each_command_has_its_price(text: str, cost: float) -> None:
    payer = account()
    limited(payer).receive(text, 0)
    assert payer.owed == cost


def test_who_has_to_wait_is_told_how_long_and_pays_nothing() -> None:
    payer = account()
    payer.told(3.5, 0.0)
    refused = refusal(limited(payer).receive(frame(content="হ্যালো", client_id="১"), 1.0))
    assert refused.error.code is ErrorCode.RATE_LIMITED
    assert isinstance(refused.error, Unavailable)
    assert refused.error.retry_after == 2.5
    assert refused.client_id == "১"
    assert payer.owed == 0


def test_who_goes_on_while_waiting_is_cut_off() -> None:
    payer = account()
    payer.told(60.0, 0.0)
    session = limited(payer)
    effects = [session.receive(frame(content="হ্যালো"), 1.0) for _ in range(FLOOD_STRIKES)]
    assert effects[-1] == [Close(CloseCode.FLOOD)]


def test_what_others_at_the_address_have_spent_sends_nobody_away() -> None:
    address = account()
    address.told(600.0, 0.0)
    session = limited(address=address)
    told = []
    for second in range(2 * FLOOD_STRIKES):
        for _ in range(5):  # as some clients tell of each key
            told += session.receive(frame(type="typing", typing=True), float(second))
    assert {type(effect) for effect in told} == {Refuse}
    assert len(told) == 2 * FLOOD_STRIKES  # one a second
    assert address.owed == 0


def test_who_is_told_when_a_room_takes_more_is_never_sent_away_for_heeding_it() -> None:
    room = account()
    room.told(0.1, 0.0)
    refused = refusal(limited(room=room).receive(frame(content="হ্যালো", client_id="১"), 0.0))
    assert isinstance(refused.error, Unavailable)
    assert refused.error.retry_after == 1.0  # as fast as strikes are forgiven


def test_a_room_that_hears_too_much_takes_messages_only_later() -> None:
    room = account()
    session = limited(room=room)
    assert isinstance(session.receive(frame(content="হ্যালো"), 0)[0], Post)
    assert room.owed == 1
    room.told(2.0, 0.0)
    refused = refusal(session.receive(frame(content="হ্যালো", client_id="২"), 1.0))
    assert (refused.error.code, refused.client_id) == (ErrorCode.RATE_LIMITED, "২")
    assert isinstance(session.receive(frame(type="ping", t=1), 1.0)[0], Pong)
    assert room.owed == 1


def crowded() -> Session:
    """In a room that may be told nothing for long."""
    room = account()
    room.told(1e6, 0.0)
    return limited(room=room)


def test_who_floods_a_room_that_takes_no_more_is_cut_off() -> None:
    session = crowded()
    message = frame(content="হ্যালো", client_id="১")
    effects = [session.receive(message, 0.1) for _ in range(FLOOD_STRIKES)]
    assert effects[-1] == [Close(CloseCode.FLOOD)]


def test_who_types_a_word_a_second_against_it_is_only_told() -> None:
    session = crowded()
    message = frame(content="হ্যালো", client_id="১")
    for now in range(4 * FLOOD_STRIKES):
        assert refusal(session.receive(message, now)).client_id == "১"


def test_after_some_refusals_nothing_is_read_for_a_moment() -> None:
    session = crowded()
    message = frame(content="হ্যালো", client_id="১")
    effects = [session.receive(message, 0.1) for _ in range(2 * STRIKES_TO_PAUSE)]
    paused = {at: each[1] for at, each in enumerate(effects, start=1) if len(each) > 1}
    first, second = Pause(PAUSE_SECONDS), Pause(2 * PAUSE_SECONDS)
    assert paused == {STRIKES_TO_PAUSE: first, 2 * STRIKES_TO_PAUSE: second}
    assert all(isinstance(each[0], Refuse) for each in effects)  # each is told from its refusal


def test_what_is_not_read_is_not_forgiven() -> None:
    session = crowded()
    message = frame(content="হ্যালো", client_id="১")
    now, effects = 0.1, list[Effect]()
    for tens in range(FLOOD_STRIKES // STRIKES_TO_PAUSE):
        effects = [e for _ in range(STRIKES_TO_PAUSE) for e in session.receive(message, now)]
        now += PAUSE_SECONDS * 2**tens
    assert effects[-1] == Close(CloseCode.FLOOD)


def test_with_who_is_suspect_there_is_less_patience() -> None:
    room = account()
    room.told(1e6, 0.0)
    allowance = Allowance(0.0, burst=1000, rate=1000, most_strikes=SUSPECT_STRIKES)
    session = Session(allowance, room=room)
    message = frame(content="হ্যালো", client_id="১")
    effects = [session.receive(message, 0.1) for _ in range(SUSPECT_STRIKES)]
    assert effects[-1] == [Close(CloseCode.FLOOD)]
    assert [Close(CloseCode.FLOOD)] not in effects[:-1]


def test_one_user_takes_only_so_many_names() -> None:
    session = Session(Allowance(0.0, burst=1000, rate=1000))
    names = [frame(type="user_update", username=f"রাকিব {n}") for n in range(20)]
    effects = [effect for name in names for effect in session.receive(name, 0)]
    assert sum(isinstance(effect, Rename) for effect in effects) == RENAME_BURST
    later = 1 / RENAMES_PER_SECOND + 0.1
    assert session.receive(names[0], later) == [Rename("রাকিব 0", None)]


def test_a_reserved_name_is_refused() -> None:
    session = Session(Allowance(0.0, burst=1000, rate=1000), reserved=ReservedNames(("admin",)))
    error = refusal(session.receive(frame(type="user_update", username="a.d.m.i.n"), 0)).error
    assert isinstance(error, ValidationFailed)
    assert error.problems == {"username": ["reserved"]}
    (effect,) = session.receive(frame(type="user_update", username="রাকিব"), 0)
    assert effect == Rename("রাকিব", None)


def test_a_message_costs_the_room_by_how_many_hear_it() -> None:
    room = account()
    session = Session(Allowance(0.0, burst=10, rate=10), room=room, crowd=range(1000))
    session.receive(frame(content="হ্যালো"), 0)
    assert room.owed == price_in_room(1000, 6)

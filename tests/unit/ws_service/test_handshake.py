from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from shared.domain.position import Position
from shared.domain.rules import RuleViolation
from ws_service.handshake import origin_allowed, read_caller, read_join_request

ROOM = "123e4567-e89b-12d3-a456-426614174000"
SESSION = "a1b2c3d4-e5f6-7890-1234-567890abcdef"


def scope_of(query: str = "", *, room: str = ROOM, **more: Any) -> dict[str, Any]:
    return {
        "path": f"/ws/chat/{room}/",
        "query_string": query.encode(),
        "headers": [],
        "subprotocols": [],
    } | more


def test_parameters_are_percent_decoded() -> None:
    query = f"username={quote('রাকিব')}&color={quote('#ff0000')}&session_id={SESSION}"
    request = read_join_request(scope_of(query))
    assert (request.username, request.color, request.session_id) == ("রাকিব", "#ff0000", SESSION)


def test_everything_but_the_room_may_be_left_out() -> None:
    request = read_join_request(scope_of())
    assert str(request.room) == ROOM
    assert (request.username, request.color, request.session_id, request.position) == (
        None,
        None,
        None,
        None,
    )


def test_a_proof_of_work_may_come_along() -> None:
    assert read_join_request(scope_of()).proof is None
    proof = "eyJ+/w=="  # Base64 has signs that mean something in addresses
    assert read_join_request(scope_of(f"proof={quote(proof, safe='')}")).proof == proof


def test_a_missing_slash_changes_nothing() -> None:
    assert str(read_join_request(scope_of() | {"path": f"/ws/chat/{ROOM}"}).room) == ROOM


@pytest.mark.parametrize("room", ["5", "lobby", ROOM + "0", "", f"{ROOM}/x"])
def test_a_malformed_room_is_refused(room: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        read_join_request(scope_of(room=room))
    assert (caught.value.field, caught.value.code) == ("room_id", "not_a_uuid")


def test_an_empty_session_is_none_so_that_strangers_do_not_share_it() -> None:
    assert read_join_request(scope_of("session_id=&username=")).session_id is None


@pytest.mark.parametrize("session", ["short", "x" * 256, quote("সেশন" * 8)])
def test_a_session_that_nobody_could_have_been_given_is_refused(session: str) -> None:
    with pytest.raises(RuleViolation):
        read_join_request(scope_of(f"session_id={session}"))


def test_a_session_may_come_as_a_subprotocol() -> None:
    request = read_join_request(scope_of(subprotocols=["adda", SESSION]))
    assert request.session_id == SESSION
    assert read_caller(scope_of(subprotocols=["adda", SESSION]), "new", 1).subprotocol == "adda"
    assert read_join_request(scope_of(subprotocols=["other", SESSION])).session_id is None


def test_a_colour_that_is_none_is_passed_over() -> None:
    assert read_join_request(scope_of("color=red")).color is None


def test_a_position_needs_both_halves() -> None:
    assert read_join_request(scope_of("epoch=ab12&since=7")).position == Position("ab12", 7)
    with pytest.raises(RuleViolation):
        read_join_request(scope_of("since=7"))


@pytest.mark.parametrize("query", ["username=%ff", "&".join(f"a{n}=1" for n in range(30))])
def test_a_query_that_cannot_be_read_is_refused(query: str) -> None:
    with pytest.raises(RuleViolation):
        read_join_request(scope_of(query))


def test_the_first_of_two_equal_parameters_counts() -> None:
    assert read_join_request(scope_of("username=a&username=b")).username == "a"


def test_origins_are_checked_only_for_web_pages() -> None:
    assert origin_allowed(None, ("https://adda.example",))
    assert origin_allowed("https://adda.example", ("https://adda.example",))
    assert origin_allowed("https://evil.example", ("*",))
    assert not origin_allowed("https://evil.example", ("https://adda.example",))
    assert not origin_allowed("null", ("https://adda.example",))


def test_the_language_is_the_callers() -> None:
    english = scope_of(headers=[(b"accept-language", b"en-GB,en;q=0.9")])
    assert read_caller(english, "new", 1).language == "en"
    assert read_caller(scope_of(), "new", 1).language == "bn"


def test_a_harmless_request_id_is_kept_and_another_replaced() -> None:
    def id_of(value: bytes) -> str:
        return read_caller(scope_of(headers=[(b"x-request-id", value)]), "new", 1).request_id

    assert id_of(b"abc-1.2_3") == "abc-1.2_3"
    assert id_of(b"a b") == id_of(b"x" * 65) == id_of(b"") == "new"


def test_the_roster_comes_whole_or_by_deltas() -> None:
    assert not read_join_request(scope_of()).roster_deltas
    assert read_join_request(scope_of("roster=delta")).roster_deltas
    with pytest.raises(RuleViolation):
        read_join_request(scope_of("roster=some"))

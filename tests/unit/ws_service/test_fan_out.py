from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from shared.domain.entities import User
from ws_service.fan_out import NO_SOCKET, Seat, Seats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.protocol.close_codes import CloseCode
    from shared.protocol.envelopes import Person


class Member:
    """One end of a real socket; what does not go there is noted."""

    def __init__(self) -> None:
        self.id: UUID = uuid4()
        self.user = User(uuid4(), b"", "", "", 0)
        self.roster_deltas = False
        self.seat: Seat | None = None
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.far.setblocking(False)
        self.delivered = b""

    def sit_among(self, seats: Seats) -> None:
        self.seat = seats.add(self)
        self.seat.let(self.near.fileno())

    def sit(self, seat: Seat) -> None:
        raise AssertionError(seat)

    def read(self) -> bytes:
        try:
            return self.far.recv(1 << 20)
        except BlockingIOError:
            return b""

    def deliver(self, frames: bytes) -> None:
        self.delivered += frames

    def take_name(self, people: Mapping[str, Person]) -> None:
        raise AssertionError(people)

    def judge(self) -> None:
        raise AssertionError

    def close(self, code: CloseCode) -> None:
        raise AssertionError(code)


@pytest.fixture
def members() -> Iterator[list[Member]]:
    three = [Member() for _ in range(3)]
    yield three
    for member in three:
        member.near.close()
        member.far.close()


@pytest.fixture
def seats(members: list[Member]) -> Seats:
    seats = Seats()
    for member in members:
        member.sit_among(seats)
    return seats


def test_everybody_gets_the_same_past_the_members(seats: Seats, members: list[Member]) -> None:
    seats.write(b"frames")
    assert [member.read() for member in members] == [b"frames"] * 3
    assert [member.delivered for member in members] == [b""] * 3


def test_who_has_no_open_socket_is_asked(seats: Seats, members: list[Member]) -> None:
    assert members[1].seat is not None
    members[1].seat.let(NO_SOCKET)
    seats.write(b"frames")
    assert [member.read() for member in members] == [b"frames", b"", b"frames"]
    assert [member.delivered for member in members] == [b"", b"frames", b""]


def test_what_a_full_socket_does_not_take_is_handed_to_its_member(
    seats: Seats, members: list[Member]
) -> None:
    frames = b"x" * (8 << 20)
    seats.write(frames)
    for member in members:
        taken = b""
        while piece := member.read():
            taken += piece
        assert 0 < len(taken) < len(frames)
        assert taken + member.delivered == frames


@pytest.mark.parametrize("leaver", [0, 1, 2])
def test_who_leaves_takes_nobody_along(seats: Seats, members: list[Member], leaver: int) -> None:
    gone = members[leaver]
    assert gone.seat is not None
    gone.seat.leave()
    gone.seat = None
    seats.write(b"1")
    assert [member.read() for member in members] == [b"" if m is gone else b"1" for m in members]
    # Those who moved still have their own places.
    for member in members:
        if member.seat is not None:
            member.seat.let(NO_SOCKET)
            seats.write(b"2")
            assert member.delivered == b"2"
            member.seat.let(member.near.fileno())
            member.delivered = b""


def test_who_leaves_because_of_a_delivery_harms_no_other(
    seats: Seats, members: list[Member]
) -> None:
    first = members[0]
    assert first.seat is not None
    first.seat.let(NO_SOCKET)

    def leave(_frames: bytes) -> None:
        assert first.seat is not None
        first.seat.leave()

    first.deliver = leave  # type: ignore[method-assign,assignment]
    seats.write(b"frames")
    assert [member.read() for member in members[1:]] == [b"frames"] * 2
    assert seats.members == [members[2], members[1]]


def test_nothing_costs_nothing(seats: Seats, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_: Any) -> int:
        raise AssertionError

    monkeypatch.setattr(os, "write", write)
    seats.write(b"")

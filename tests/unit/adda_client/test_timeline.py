from __future__ import annotations

import random
from typing import Any

import pytest

from adda_client.timeline import Timeline
from shared.domain.position import Position
from shared.protocol.events import (
    Event,
    HistoryEvent,
    Limits,
    MessageEvent,
    RecoveredEvent,
    RoomInfo,
    WelcomeEvent,
)


def message(seq: int) -> MessageEvent:
    return MessageEvent(
        message=str(seq),
        user_id="u",
        username="রাকিব",
        user_color="#000000",
        message_id=f"m{seq}",
        room_id="r",
        client_id=None,
        message_type="text",
        file_url=None,
        reply_to=None,
        seq=seq,
        timestamp="t",
    )


def messages(*seqs: int) -> list[MessageEvent]:
    return [message(seq) for seq in seqs]


def welcome(epoch: str, seq: int) -> WelcomeEvent:
    room = RoomInfo(
        id="r",
        name="আড্ডা",
        description=None,
        is_public=True,
        max_users=9,
        online_users=1,
        total_messages=seq,
    )
    limits: Any = dict.fromkeys(Limits.model_fields, 1)
    return WelcomeEvent(
        connection_id="c",
        user_id="u",
        username="রাকিব",
        color="#000000",
        session_id=None,
        room=room,
        epoch=epoch,
        seq=seq,
        limits=Limits(**limits),
        timestamp="t",
    )


def recovered(complete: bool, epoch: str, seq: int, *seqs: int) -> RecoveredEvent:  # noqa: FBT001
    return RecoveredEvent(complete=complete, epoch=epoch, seq=seq, messages=messages(*seqs))


def seqs(events: list[Event]) -> list[int]:
    return [event.seq for event in events if isinstance(event, MessageEvent)]


@pytest.fixture
def timeline() -> Timeline:
    """Has seen number 5 of epoch a."""
    made = Timeline()
    made.take(welcome("a", 5))
    return made


def test_a_newcomer_begins_where_the_welcome_says(timeline: Timeline) -> None:
    assert timeline.position == Position("a", 5)
    assert seqs(timeline.take(message(6)).deliver) == [6]


def test_what_was_seen_is_not_seen_again(timeline: Timeline) -> None:
    timeline.take(message(6))
    assert timeline.take(message(6)).deliver == []
    assert timeline.take(message(5)).deliver == []


def test_a_reconnect_delivers_what_was_missed_and_goes_on_live(timeline: Timeline) -> None:
    timeline.disconnected()
    timeline.take(welcome("a", 8))
    assert timeline.position == Position("a", 5)
    assert seqs(timeline.take(recovered(True, "a", 8, 6, 7, 8)).deliver) == [6, 7, 8]
    assert seqs(timeline.take(message(9)).deliver) == [9]


def test_a_number_that_was_left_out_was_deleted(timeline: Timeline) -> None:
    assert seqs(timeline.take(recovered(True, "a", 9, 6, 8)).deliver) == [6, 8]
    assert timeline.position == Position("a", 9)
    assert seqs(timeline.take(message(10)).deliver) == [10]


def test_too_much_missed_is_read_page_by_page(timeline: Timeline) -> None:
    step = timeline.take(recovered(False, "a", 20, 18, 19, 20))
    assert (step.deliver, step.fetch_after) == ([], 5)
    assert timeline.take(message(21)).deliver == []
    step = timeline.take(HistoryEvent(messages=messages(6, 7, 8), has_more=True))
    assert (seqs(step.deliver), step.fetch_after) == ([6, 7, 8], 8)
    step = timeline.take(HistoryEvent(messages=messages(*range(9, 20)), has_more=False))
    assert (seqs(step.deliver), step.fetch_after) == ([*range(9, 22)], None)
    assert seqs(timeline.take(message(22)).deliver) == [22]


def test_a_gap_in_what_is_live_is_read(timeline: Timeline) -> None:
    step = timeline.take(message(8))
    assert (step.deliver, step.fetch_after) == ([], 5)
    step = timeline.take(HistoryEvent(messages=messages(6, 7), has_more=False))
    assert seqs(step.deliver) == [6, 7, 8]


def test_a_lost_connection_ends_the_reading_of_a_gap(timeline: Timeline) -> None:
    timeline.take(message(8))
    timeline.disconnected()
    assert timeline.take(HistoryEvent(messages=messages(6), has_more=False)).deliver == []
    assert seqs(timeline.take(recovered(True, "a", 8, 6, 7, 8)).deliver) == [6, 7, 8]


def test_another_epoch_is_told_and_begins_anew(timeline: Timeline) -> None:
    news = recovered(False, "b", 1003, 1001, 1002, 1003)
    assert timeline.take(news).deliver == [news]
    assert timeline.position == Position("b", 1003)
    assert seqs(timeline.take(message(1004)).deliver) == [1004]


def test_a_room_that_was_set_back_begins_anew_though_its_epoch_is_the_same(
    timeline: Timeline,
) -> None:
    news = recovered(False, "a", 3, 1, 2, 3)
    assert timeline.take(news).deliver == [news]
    assert seqs(timeline.take(message(4)).deliver) == [4]


def test_a_page_without_messages_ends_the_reading(timeline: Timeline) -> None:
    timeline.take(message(8))
    step = timeline.take(HistoryEvent(messages=[], has_more=True))
    assert (seqs(step.deliver), step.fetch_after) == ([8], None)


def test_whatever_is_repeated_or_dropped_the_order_has_no_gap() -> None:
    for seed in range(300):
        chance = random.Random(seed)
        timeline = Timeline()
        timeline.take(welcome("a", 0))
        seen: list[int] = []
        head = 0
        for _ in range(60):
            head += chance.randrange(3)
            step = timeline.take(message(max(1, head - chance.randrange(2))))
            seen += seqs(step.deliver)
            while step.fetch_after is not None:
                start = step.fetch_after
                page = range(start + 1, min(head, start + 4) + 1)
                more = bool(page) and page[-1] < head
                step = timeline.take(HistoryEvent(messages=messages(*page), has_more=more))
                seen += seqs(step.deliver)
        assert seen == list(range(1, len(seen) + 1)), seed

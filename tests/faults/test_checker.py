"""The checker itself: a good run passes, and each planted fault is found and told."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest
from tests.faults.checker import check, excused, report
from tests.faults.history import Emptying, Failover, History, Mark, Place, Row, Sending, View

READERS = ("ws-1/0", "ws-2/1", "gateway/2")


@pytest.fixture
def history() -> History:
    """Three readers, two authors, twenty messages in one room; nothing went wrong."""
    made = History()
    views = [View(reader, 0, marks=[Mark(0, "welcome", "a", 0, 0.0)]) for reader in READERS]
    for seq in range(1, 21):
        sending = Sending(0, seq % 2, seq // 2, seq * 0.1, seq * 0.1 + 0.01, Place(seq, f"m{seq}"))
        made.add(sending)
        for view in views:
            made.show(view, seq, sending.content)
    made.views = views
    rows = [Row(n, f"m{n}", made.sendings[n - 1].content) for n in range(1, 21)]
    made.rest, made.postgres, made.rest_totals = {0: list(rows)}, {0: list(rows)}, {0: 20}
    return made


def kinds(history: History) -> set[str]:
    return {violation.kind for violation in check(history)}


def drop(view: View, at: int) -> None:
    del view.seqs[at], view.messages[at]


def test_a_good_run_breaks_nothing(history: History) -> None:
    assert check(history) == []


def test_a_lost_message_is_found_in_rest_and_in_postgresql(history: History) -> None:
    del history.postgres[0][7]
    assert kinds(history) == {"lost", "gap", "total"}
    del history.rest[0][7]
    told = report(check(history))
    assert "LOST in room 0: '0/0/4' (sent +0.8 s, acked +0.8 s as 8), is not in REST" in told
    assert "near it: 6 '0/0/3', 7 '0/1/3', 9 '0/1/4', 10 '0/0/5'" in told


def test_a_message_that_was_never_acked_may_be_missing(history: History) -> None:
    history.sendings[19].acked = history.sendings[19].place = None
    history.rest[0].pop()
    history.postgres[0].pop()
    history.rest_totals[0] = 19
    for view in history.views:
        drop(view, 19)
    assert check(history) == []


def test_a_doubled_message_is_found_wherever_it_is(history: History) -> None:
    twin = history.rest[0][4]
    for rooms in (history.rest, history.postgres):
        rooms[0].append(replace(twin, seq=21, message_id="m21"))
    history.rest_totals[0] = 21
    assert kinds(history) >= {"doubled", "moved"}


def test_a_message_that_a_reader_is_shown_twice_is_found(history: History) -> None:
    view = history.views[1]
    view.seqs.insert(10, view.seqs[9])
    view.messages.insert(10, view.messages[9])
    assert kinds(history) == {"doubled", "back"}
    assert "ws-2/1 was shown … 9 '0/1/4', 10 '0/0/5', 10 '0/0/5', 11 '0/1/5' …" in report(
        check(history)
    )


def test_a_swap_in_one_view_is_found(history: History) -> None:
    view = history.views[2]
    view.messages[5], view.messages[6] = view.messages[6], view.messages[5]
    assert kinds(history) == {"reordered"}


def test_a_gap_in_one_view_is_found(history: History) -> None:
    drop(history.views[0], 5)
    assert kinds(history) == {"gap"}
    assert "ws-1/0 was shown … 4 '0/0/2', 5 '0/1/2', 7 '0/1/3'" in report(check(history))


def test_a_view_that_stops_before_the_end_is_found(history: History) -> None:
    drop(history.views[0], 19)
    assert [str(violation) for violation in check(history)] == [
        "GAP in room 0: ws-1/0 was shown all up to 19, the room ends at 20"
    ]


def test_authors_whose_messages_changed_places_are_found(history: History) -> None:
    for rooms in (history.rest, history.postgres):
        first, second = rooms[0][3], rooms[0][5]
        rooms[0][3] = replace(first, content=second.content)
        rooms[0][5] = replace(second, content=first.content)
    assert kinds(history) >= {"reordered", "moved"}


def test_a_message_that_nobody_sent_is_found(history: History) -> None:
    history.rest[0][3] = replace(history.rest[0][3], content="চোর")
    history.show(history.views[0], 21, "চোর")
    assert kinds(history) >= {"invented", "lost"}


def test_an_ack_with_another_number_than_history_is_found(history: History) -> None:
    history.sendings[3].place = Place(5, "m4")
    assert kinds(history) == {"moved"}


def test_a_reconnect_that_goes_back_is_found(history: History) -> None:
    history.views[0].marks.append(Mark(10, "welcome", "a", 9, 1.0))
    assert kinds(history) == {"back"}


def test_a_false_total_is_found(history: History) -> None:
    history.rest_totals[0] = 19
    assert [str(violation) for violation in check(history)] == [
        "TOTAL in room 0: total_messages 19, REST 20, PostgreSQL 20"
    ]


def test_being_told_to_begin_anew_without_a_cause_is_found(history: History) -> None:
    history.views[0].marks.append(Mark(10, "break", "b", 10, 1.0))
    assert "break" in kinds(history)


class TestAnEmptiedRedis:
    """Ten messages, the last two of them not in PostgreSQL; then a new epoch."""

    @pytest.fixture
    def emptied(self, history: History) -> History:
        contents = [sending.content for sending in history.sendings]
        history.emptyings = [Emptying(1.05, 1.06, frozenset(contents[:8]))]
        for rooms in (history.rest, history.postgres):
            rooms[0] = [
                *rooms[0][:8],
                *(replace(row, seq=row.seq + 998) for row in rooms[0][10:]),
            ]
        history.rest_totals[0] = 18
        for sending in history.sendings[10:]:
            assert sending.place is not None
            sending.place = replace(sending.place, seq=sending.place.seq + 998)
        for view in history.views:
            view.seqs = array("q", [*range(1, 11), *range(1009, 1019)])
            view.marks.append(Mark(10, "break", "b", 1008, 1.07))
        return history

    def test_what_postgresql_did_not_have_may_be_lost(self, emptied: History) -> None:
        assert check(emptied) == []
        assert excused(emptied) == {8, 9}

    def test_an_ack_may_have_been_on_its_way(self, emptied: History) -> None:
        emptied.sendings[9].acked = 1.2
        assert check(emptied) == []
        emptied.sendings[9].place = Place(1010, "m10")  # a number of the new epoch
        assert "lost" in kinds(emptied)

    def test_what_postgresql_had_may_not(self, emptied: History) -> None:
        for rooms in (emptied.rest, emptied.postgres):
            del rooms[0][3]
        emptied.rest_totals[0] = 17
        assert kinds(emptied) == {"lost", "gap"}

    def test_a_total_may_lack_what_was_stored_afterwards_and_no_more(
        self, emptied: History
    ) -> None:
        for rooms in (emptied.rest, emptied.postgres):
            rooms[0].insert(8, Row(9, "m9", emptied.sendings[8].content))
        assert emptied.rest_totals[0] == len(emptied.rest[0]) - 1
        assert check(emptied) == []
        emptied.rest_totals[0] -= 1
        assert kinds(emptied) == {"total"}

    def test_what_was_acked_afterwards_may_not(self, emptied: History) -> None:
        for rooms in (emptied.rest, emptied.postgres):
            rooms[0].pop()
        emptied.rest_totals[0] = 17
        assert kinds(emptied) == {"lost"}

    def test_what_was_under_way_may_be_there_twice(self, emptied: History) -> None:
        sending = emptied.sendings[7]
        sending.began, sending.acked = 0.8, 1.2
        for rooms in (emptied.rest, emptied.postgres):
            rooms[0].append(Row(1019, "m21", sending.content))
        emptied.rest_totals[0] = 19
        for view in emptied.views:
            emptied.show(view, 1019, sending.content)
        assert check(emptied) == []


class TestAFailover:
    """Two messages were shown and never acknowledged; their retries are 11 and 12 of a new epoch.

    They came to 1009 and 1010: the new master has counted on beyond all that was shown.
    """

    @pytest.fixture
    def failed_over(self, history: History) -> History:
        history.failovers = [Failover(1.05, 1.3)]
        for rooms in (history.rest, history.postgres):
            rooms[0] = [
                *rooms[0][:10],
                *(replace(row, seq=row.seq + 998) for row in rooms[0][10:]),
            ]
        for sending in history.sendings[10:]:
            assert sending.place is not None
            assert sending.acked is not None
            sending.place = replace(sending.place, seq=sending.place.seq + 998)
            sending.acked += 0.3
        for view in history.views:
            view.messages = array("q", [*range(12), *range(10, 20)])
            view.seqs = array("q", [*range(1, 13), *range(1009, 1019)])
            view.marks.append(Mark(12, "break", "b", 1008, 1.35))
        return history

    def test_what_was_shown_and_not_acknowledged_may_vanish_and_come_again(
        self, failed_over: History
    ) -> None:
        assert check(failed_over) == []
        assert excused(failed_over) == set()

    def test_what_was_acknowledged_may_not_vanish(self, failed_over: History) -> None:
        for rooms in (failed_over.rest, failed_over.postgres):
            del rooms[0][9]
        failed_over.rest_totals[0] = 19
        assert kinds(failed_over) == {"lost"}

    def test_what_was_acknowledged_before_may_not_be_shown_again(
        self, failed_over: History
    ) -> None:
        failed_over.sendings[10].acked = 1.04
        assert kinds(failed_over) == {"doubled"}

    def test_nothing_is_shown_twice_in_one_epoch(self, failed_over: History) -> None:
        view = failed_over.views[0]
        view.messages.insert(15, view.messages[14])
        view.seqs.insert(15, view.seqs[14])
        assert kinds(failed_over) == {"doubled", "back"}

    def test_nothing_is_stored_twice(self, failed_over: History) -> None:
        twin = failed_over.rest[0][10]
        for rooms in (failed_over.rest, failed_over.postgres):
            rooms[0].insert(10, replace(twin, seq=11))
        failed_over.rest_totals[0] = 21
        assert kinds(failed_over) == {"doubled", "moved"}

    def test_a_number_is_not_given_out_again(self, failed_over: History) -> None:
        view = failed_over.views[0]
        view.messages[10], view.messages[11] = view.messages[11], view.messages[10]
        assert kinds(failed_over) == {"reordered"}

    def test_numbers_jump_once(self, failed_over: History) -> None:
        for rooms in (failed_over.rest, failed_over.postgres):
            rooms[0][15:] = [replace(row, seq=row.seq + 10) for row in rooms[0][15:]]
        assert "gap" in kinds(failed_over)

    def test_being_told_to_begin_anew_before_it_is_found(self, failed_over: History) -> None:
        failed_over.failovers = [Failover(1.36, 1.4)]
        assert "break" in kinds(failed_over)

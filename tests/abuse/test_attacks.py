"""Each attack of `make abuse`, small and short: who is told what, and what nobody notices of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from tests.abuse.attacks import ATTACKS
from tests.abuse.campaign import ENVIRONMENT, Size, run

from local_stack.ports import free_ports
from local_stack.services import StackOptions
from local_stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.abuse.campaign import Outcome

SIZE: Final = Size(
    attackers=60, spread=12, seconds=3, before_seconds=0.5, ordinary=5, every_seconds=0.5
)
MOST_GROWTH_MIB: Final = 96.0
"""Of a replica: sixty connections, each with the megabyte that may wait for it, and some room."""

TOLD: Final = {
    "message": {"rate_limited", "slow_mode", "proof_required"},
    "join_leave": {"proof_required"},
    "typing": set[str](),  # who types too much is not told; it is only shown less often
    "rename": {"rate_limited"},
    "room_creation": {"proof_required", "rate_limited"},
    "report": {"rate_limited"},
    "slow_reader": set[str](),
}
"""What attackers are refused with, all of it."""

SLOWED: Final = defaultdict(set[str], message={"slow_mode", "rate_limited"})
"""And what others meet in the room that they flood: it is in slow mode then. Elsewhere, nothing."""


@pytest.fixture(scope="module")
def stack(server_directory: Path) -> Iterator[Stack]:
    """Two replicas of everything that the public reaches; five attackers share an address."""
    options = StackOptions(
        directory=server_directory / "attacked",
        port=free_ports(1)[0],
        durable=False,
        api=2,
        ws=2,
        # What a thousand would reach by default, sixty reach here.
        environment={**ENVIRONMENT, "ADDA_LIMIT_IPV4": "40/5"},
    )
    with Stack(options) as running:
        yield running


@pytest.mark.parametrize("name", ATTACKS)
async def test_ordinary_people_notice_nothing_and_attackers_are_told(
    stack: Stack, name: str
) -> None:
    block = SIZE.block + list(ATTACKS).index(name)  # nobody pays for who attacked before
    outcome = await run(stack, ATTACKS[name], replace(SIZE, block=block))
    assert outcome.failed == 0
    assert outcome.told.statuses.keys() <= {"201", "204", "404", "429"}, outcome.told
    assert set(outcome.told.refused) <= TOLD[name], outcome.told
    # Who is not even let in is told by a status.
    assert bool(outcome.told.refused or outcome.told.statuses["429"]) == bool(TOLD[name])
    assert set(outcome.told.closed) <= {"4008", "4009", "1013", "1006"}, outcome.told
    for place, table in outcome.tables.items():
        assert table.refused().keys() <= (SLOWED[name] if place == "attacked" else set()), place
        acked = {seq for person in table.people for seq in person.acked}
        assert acked
        for person in table.people:
            assert person.ended is None
            assert person.said == {}
            assert person.missed() == 0
            assert acked <= set(person.heard)
    assert_memory_is_bounded(outcome)


def assert_memory_is_bounded(outcome: Outcome) -> None:
    before = outcome.resident_mib["before"]
    for phase in ("during", "after"):
        for process, resident in outcome.resident_mib[phase].items():
            assert resident - before[process] <= MOST_GROWTH_MIB, (phase, process)

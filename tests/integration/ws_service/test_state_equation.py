"""Snapshot ⊕ events = a fresh snapshot, for every interleaving.

Each example is one interleaving of what people do, what pub/sub delays and loses, and what happens
to Redis, on two real replicas. ADDA_EXAMPLES=10000 tries so many, ADDA_SEED=1000 other ones.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, Final

import hypothesis
import pytest
import structlog
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from pydantic import SecretStr
from tests.faults.results import LONG, tally
from tests.integration.ws_service.folded_state import FoldedState
from tests.integration.ws_service.steered_replica import NEVER, stop_the_clocks
from tests.integration.ws_service.steered_room import COLORS, NAMES, SteeredRoom, Surroundings
from tests.integration.ws_service.viewer import Viewer
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from tests.own_valkey import OwnValkey

    from ws_service.settings import WsSettings

EXAMPLES: Final = int(os.environ.get("ADDA_EXAMPLES", "10000" if LONG else "60"))
FIRST_SEED: Final = int(os.environ.get("ADDA_SEED", "0"))
MOST_PER_TEST: Final = 250
STEPS: Final = 15 if LONG else 30

VIEWERS = st.integers(0, 3)
REPLICAS = st.integers(0, 1)
FEW = st.integers(1, 3)


class Steering:
    """Runs an event loop by hand, and the surroundings in it."""

    def __init__(self, settings: tuple[WsSettings, WsSettings]) -> None:
        self.loop = asyncio.new_event_loop()
        self.failures: list[Any] = []
        self._opened = Surroundings.open(*settings)
        self.around = self.run(self._opened.__aenter__())

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(coroutine)

    def close(self) -> None:
        self.run(self._opened.__aexit__(None, None, None))
        self.loop.close()

    def note(self, _logger: Any, level: str, event: Any) -> Any:
        """Takes every log entry; what a replica logs as an error has failed."""
        if level in {"error", "exception", "critical"}:
            self.failures.append(event)
        raise structlog.DropEvent


@pytest.fixture
def steering(
    settings_for: Callable[..., WsSettings], own_valkey: OwnValkey, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Steering]:
    stop_the_clocks(monkeypatch)
    more = {
        "redis_url": SecretStr(own_valkey.url),
        "position_check_seconds": NEVER,
        "probe_seconds": NEVER,
        "partitions": 2,
    }
    steering = Steering((settings_for("ws-1", **more), settings_for("ws-2", **more)))
    structlog.configure(processors=[steering.note])
    yield steering
    structlog.reset_defaults()
    steering.close()


class Interleaving(RuleBasedStateMachine):
    """Draws depend on nothing that happened: the same seed gives the same steps."""

    def __init__(self, steering: Steering) -> None:
        super().__init__()
        self.steering = steering
        self.room = SteeredRoom(steering.around)
        self.failed = False

    def step(self, coroutine: Coroutine[Any, Any, None]) -> None:
        try:
            self.steering.run(coroutine)
            assert self.steering.failures == []
        except BaseException:
            self.failed = True
            raise

    def act(self, what: Callable[..., None], *values: Any) -> None:
        """Something that happens within one tick."""

        async def happen() -> None:
            what(*values)
            await self.room.settle()

        self.step(happen())

    # ------------------------------------------------------------------ people

    @initialize(places=st.tuples(*[st.integers(0, 2)] * 4))
    def begins(self, places: tuple[int, ...]) -> None:
        """The third place is elsewhere."""
        for viewer, place in zip(self.room.viewers, places, strict=True):
            if place < len(self.room.replicas):
                self.step(self.room.come(viewer, self.room.replicas[place]))

    @rule(viewer=VIEWERS, replica=REPLICAS, reloads=st.booleans())
    def comes(self, viewer: int, replica: int, *, reloads: bool) -> None:
        who = self.room.viewers[viewer]
        if not who.here:
            who.state = FoldedState() if reloads else who.state
            self.step(self.room.come(who, self.room.replicas[replica]))

    @rule(viewer=VIEWERS)
    def goes(self, viewer: int) -> None:
        self.act(self.room.viewers[viewer].go)

    @rule(viewer=VIEWERS, count=FEW)
    def says(self, viewer: int, count: int) -> None:
        for _ in range(count):
            self.step(self.room.say(self.room.viewers[viewer]))

    @rule(viewer=VIEWERS, name=st.sampled_from(NAMES), color=st.sampled_from(COLORS))
    def is_renamed(self, viewer: int, name: str, color: str) -> None:
        self.step(self.room.rename(self.room.viewers[viewer], name, color))

    @rule(which=st.integers(0, 3))
    def message_is_changed(self, which: int) -> None:
        self.step(self.room.change(which))

    @rule(which=st.integers(0, 3))
    def message_is_deleted(self, which: int) -> None:
        self.step(self.room.delete(which))

    # ------------------------------------------------------------------ what carries it

    @rule(replica=REPLICAS)
    def pub_sub_stalls(self, replica: int) -> None:
        self.room.replicas[replica].stalled = True

    @rule(replica=REPLICAS, count=FEW, what=st.sampled_from(("loses", "brings", "is rebuilt")))
    def pub_sub(self, replica: int, what: str, count: int) -> None:
        link = self.room.replicas[replica]
        match what:
            case "loses":
                self.act(link.lose, count)
            case "brings":
                self.act(link.deliver, count)
            case _:
                self.act(link.rebuild_link, self.room.room)

    @rule(replica=REPLICAS)
    def pub_sub_flows(self, replica: int) -> None:
        self.act(self.room.replicas[replica].flow)

    @rule(replica=REPLICAS, count=st.integers(0, 3))
    def answers_stall_after(self, replica: int, count: int) -> None:
        answers = self.room.replicas[replica].answers
        answers.shut = True
        self.act(answers.let, count)

    @rule(replica=REPLICAS)
    def answers_flow(self, replica: int) -> None:
        self.act(self.room.replicas[replica].answers.open)

    # ------------------------------------------------------------------ time and servers

    @rule(replica=REPLICAS, what=st.sampled_from(("positions", "presence", "window", "linger")))
    def clock_comes_to(self, replica: int, what: str) -> None:
        there = self.room.replicas[replica]
        match what:
            case "positions":
                self.step(self.room.check_positions(there))
            case "presence":
                self.step(self.room.renew(there))
            case "window":
                self.act(there.end_window, self.room.room)
            case _:
                self.step(self.room.give_up(there))

    @rule()
    def graces_end(self) -> None:
        self.step(self.room.end_graces())

    @rule(what=st.sampled_from(("saved", "trimmed", "emptied", "saved and emptied")), keep=FEW)
    def log_is(self, what: str, keep: int) -> None:
        match what:
            case "saved":
                self.step(self.room.save())
            case "trimmed":
                self.step(self.room.trim(keep - 1))
            case _:
                self.step(self.room.empty_redis(saved=what != "emptied"))

    # ------------------------------------------------------------------ the equation

    @override
    def teardown(self) -> None:
        try:
            if not self.failed:
                self.step(self.compare())
        finally:
            self.steering.run(self.room.end())
            self.steering.failures.clear()

    async def compare(self) -> None:
        """Who came long ago shows what one shows who comes now, on either replica."""
        room = self.room
        await room.level()
        fresh = [Viewer(f"new {n}", "session-of-newcomer", deltas=bool(n)) for n in range(2)]
        room.viewers += fresh
        for newcomer, replica in zip(fresh, room.replicas, strict=True):
            await room.come(newcomer, replica)
        await room.level()
        shown = fresh[0].state.living()
        assert {n: shown.get(n, ("",))[0] for n in room.said} == room.said
        for viewer in room.viewers:
            if viewer.here:
                state, expected = viewer.state, fresh[0].state
                assert state.living() == shown, viewer.name
                assert state.position == expected.position, viewer.name
                assert state.roster == expected.roster, viewer.name
                assert state.total == expected.total, viewer.name
                user, name, color = viewer.author
                assert state.roster is not None
                assert (state.roster[user].name, state.roster[user].color) == (name, color)


def shards() -> list[tuple[int, int]]:
    """Seed and number of examples of each test: several, for several processes."""
    tests = -(-EXAMPLES // MOST_PER_TEST)
    return [(FIRST_SEED + n, EXAMPLES // tests + (n < EXAMPLES % tests)) for n in range(tests)]


@pytest.mark.timeout(600)  # to find the shortest steps that fail takes up to five minutes
@pytest.mark.parametrize(("seed", "examples"), shards())
def test_a_snapshot_and_what_follows_are_what_a_newcomer_is_shown(
    steering: Steering, seed: int, examples: int
) -> None:
    @hypothesis.seed(seed)
    def interleaving() -> Interleaving:
        return Interleaving(steering)

    run_state_machine_as_test(
        interleaving,  # type: ignore[arg-type]  # a function is allowed, says its docstring
        settings=hypothesis.settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
    tally("state_equation", "interleavings", examples)

"""One session under any order of frames, pauses, decisions of staff and answers of Redis."""

from __future__ import annotations

import os

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from tests.abuse.fuzz.lives import lead
from tests.abuse.fuzz.seeds import FRAMES
from tests.abuse.fuzz.session_driver import PAUSES, SessionDriver
from typing_extensions import override

EXAMPLES = int(os.environ.get("ADDA_FUZZ_EXAMPLES", "60"))


class SessionMachine(RuleBasedStateMachine):
    """What must hold after each step is in the driver."""

    def __init__(self) -> None:
        super().__init__()
        self.driver = SessionDriver()

    @rule(frame=st.sampled_from(FRAMES), times=st.integers(1, 12))
    def say(self, frame: str, times: int) -> None:
        for _ in range(times):
            self.driver.receive(frame)

    @rule(text=st.text(max_size=40))
    def babble(self, text: str) -> None:
        self.driver.receive(text)

    @rule(typing=st.booleans())
    def type(self, typing: bool) -> None:  # noqa: FBT001 - what hypothesis draws
        self.driver.receive('{"type":"typing","typing":%s}' % ("true" if typing else "false"))

    @rule()
    def send_bytes(self) -> None:
        self.driver.receive_binary()

    @rule(seconds=st.sampled_from(PAUSES))
    def wait(self, seconds: float) -> None:
        self.driver.wait(seconds)

    @rule(seconds=st.sampled_from(PAUSES))
    def tick(self, seconds: float) -> None:
        self.driver.wait(seconds)
        self.driver.tick()

    @rule(choice=st.integers(0, 127))
    def decide(self, choice: int) -> None:
        self.driver.rule(choice)

    @rule()
    def settle(self) -> None:
        self.driver.settle()

    @precondition(lambda self: self.driver.closed)
    @rule()
    def begin_anew(self) -> None:
        self.driver = SessionDriver()

    @override
    def teardown(self) -> None:
        self.driver.end()


TestSession = SessionMachine.TestCase
TestSession.settings = settings(max_examples=EXAMPLES, stateful_step_count=40)


def test_in_long_lives_everything_holds_and_floods_end() -> None:
    led = lead(3_000, 1971)
    assert led.inputs.total() >= 3_000
    assert 0 < led.flooded < led.lives


def test_whoever_only_floods_is_cut_off() -> None:
    driver = SessionDriver()
    driver.assert_flood_ends()


def test_what_was_typed_before_a_mute_is_not_shown_after_it() -> None:
    driver = SessionDriver()
    typing = '{"type":"typing","typing":%s}'
    driver.receive(typing % "true")
    driver.wait(1.0)
    driver.receive(typing % "false")
    driver.wait(0.3)
    driver.receive(typing % "true")  # within the second: to be told later
    driver.rule(1)
    driver.wait(1.0)
    driver.tick()


def test_in_the_last_moment_of_a_shadow_mute_two_clocks_may_differ() -> None:
    driver = SessionDriver()
    driver.rule(2)
    driver.wait(10.0 - 1e-9)
    driver.receive('{"content":"হ্যালো"}')
    driver.wait(1.0)
    driver.receive('{"content":"হ্যালো"}')

from __future__ import annotations

from worker.progress import CHECK_SECONDS, READY_SECONDS, Progress


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def micros(self) -> int:
        return int(self.now * 1_000_000)

    def monotonic(self) -> float:
        return self.now


async def test_a_worker_that_has_done_nothing_is_not_ready() -> None:
    assert (await Progress(ManualClock()).readiness()).failing == ("redis", "postgres")


async def test_a_worker_is_ready_while_both_parts_answered_lately() -> None:
    clock = ManualClock()
    progress = Progress(clock)
    progress.redis_answered()
    progress.postgres_answered()
    assert (await progress.readiness()).ready
    clock.now += READY_SECONDS - 1
    progress.redis_answered()
    assert (await progress.readiness()).ready
    clock.now += 2
    assert (await progress.readiness()).failing == ("postgres",)


def test_postgresql_is_asked_when_it_was_silent_for_a_while() -> None:
    clock = ManualClock()
    progress = Progress(clock)
    due = [progress.postgres_is_due]
    progress.postgres_answered()
    due.append(progress.postgres_is_due)
    clock.now += CHECK_SECONDS
    due.append(progress.postgres_is_due)
    assert due == [True, False, True]

"""What can go wrong with the stack without containers, and what a person then sees."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest
from tests.e2e.run_stand_ins import STAND_INS
from tests.e2e.stack_runs import CHILDREN, Run, answers, processes_of, run
from tests.patience import PATIENCE_SECONDS

from local_stack.child import wait_for
from local_stack.errors import StackError
from local_stack.ports import free_ports
from local_stack.runfile import ProcessRecord, RunRecord, write_record
from local_stack.services import StackOptions
from local_stack.stack import Stack


def test_a_killed_part_is_started_again(reachable_path: Path, port: int) -> None:
    with run(reachable_path, port) as started:
        started.wait_until_up()
        for name in sorted(CHILDREN):
            before = started.children()[name].pid
            os.kill(before, signal.SIGKILL)

            assert wait_for(partial(_has_another_pid, started, name, before), PATIENCE_SECONDS), (
                name
            )
        assert wait_for(
            lambda: "✗ gateway ended (killed by SIGKILL)" in started.output(), PATIENCE_SECONDS
        )
        assert wait_for(lambda: answers(port), PATIENCE_SECONDS)


def _has_another_pid(started: Run, name: str, before: int) -> bool:
    child = started.children().get(name)
    return child is not None and child.pid != before


def test_nothing_outlives_a_killed_supervisor(reachable_path: Path, port: int) -> None:
    with run(reachable_path, port) as started:
        started.wait_until_up()
        started.process.kill()
        started.process.wait()
        assert wait_for(lambda: processes_of(started.directory) == [], PATIENCE_SECONDS), (
            processes_of(started.directory)
        )


def test_after_a_killed_run_the_next_one_starts(reachable_path: Path, port: int) -> None:
    with run(reachable_path, port) as started:
        started.wait_until_up()
        started.process.kill()
        started.process.wait()
        with run(reachable_path, port) as again:
            again.wait_until_up()
            assert answers(port)
            log = (again.directory / "logs" / "postgres.log").read_text()
            assert "database system was shut down at" in log.split("starting PostgreSQL")[2]


def test_orphans_of_a_killed_run_are_stopped_by_their_record(
    reachable_path: Path, port: int
) -> None:
    directory = reachable_path / "adda"
    directory.mkdir()
    orphan = subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
    innocent = subprocess.Popen(["/bin/sleep", "600"], start_new_session=True)
    created = psutil.Process(orphan.pid).create_time()
    children = (
        ProcessRecord("ws-1", orphan.pid, created),
        # The number of a process of ours, given to somebody else's since.
        ProcessRecord("ws-2", innocent.pid, created - 3600),
    )
    write_record(directory, RunRecord(ProcessRecord("supervisor", 1, 0.0), "", children))
    with run(reachable_path, port) as started:
        started.wait_until_up()
        assert "stopped ws-1, left over from a run that was killed" in started.output()
        assert orphan.wait(PATIENCE_SECONDS) == -signal.SIGTERM
        assert innocent.poll() is None
    innocent.kill()
    innocent.wait()


def test_a_second_run_in_the_same_folder_is_refused(reachable_path: Path, port: int) -> None:
    with run(reachable_path, port) as first:
        first.wait_until_up()
        options = StackOptions(directory=first.directory, port=free_ports(1)[0])
        with pytest.raises(StackError, match=f"already runs at http://localhost:{port}"):
            Stack(options).start()
        assert answers(port)


def test_a_taken_port_is_one_clear_line(reachable_path: Path, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)), run(reachable_path, port) as started:
        assert started.process.wait(20) == 1
        assert f"✗ port {port} is already used by another program → stop that" in started.output()
        assert "Traceback" not in started.output()
        assert processes_of(started.directory) == []


@pytest.mark.parametrize("name", ["ws-2", "one-shot"])
def test_a_part_that_dies_at_start_is_told_with_its_last_lines(
    reachable_path: Path, port: int, name: str
) -> None:
    with run(reachable_path, port, {"STAND_IN_FAILS": name}) as started:
        assert started.process.wait(30) == 1
        told = started.output()
        assert f"| {name} cannot find its configuration" in told
        assert ("ws-2 ended while starting" if name == "ws-2" else "migrate cannot do") in told
        assert "Traceback" not in told
        assert processes_of(started.directory) == []


def test_a_part_that_ignores_the_signal_is_killed_in_the_end(
    reachable_path: Path, port: int
) -> None:
    with run(reachable_path, port, {"STAND_IN_SLOW_STOP": "ws-1"}) as started:
        started.wait_until_up()
        began = time.monotonic()
        started.process.terminate()
        assert started.process.wait(40) == 0
        assert 7 < time.monotonic() - began < 25
        assert processes_of(started.directory) == []


def test_a_stop_during_the_start_leaves_nothing(reachable_path: Path, port: int) -> None:
    with run(reachable_path, port) as started:
        assert wait_for(lambda: "postgres" in started.children(), 20.0)
        started.process.terminate()
        assert started.process.wait(30) == 0
        assert processes_of(started.directory) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk and enters /root")
class TestAsRoot:
    def test_a_full_disk_is_one_clear_line(self, reachable_path: Path, port: int) -> None:
        with _small_disk(reachable_path, "40m"), run(reachable_path, port) as started:
            assert started.process.wait(30) == 1
            assert "is full" in started.output()
            assert "Traceback" not in started.output()
            assert processes_of(started.directory) == []

    def test_a_disk_that_fills_up_while_postgres_starts_is_one_clear_line(
        self, reachable_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("local_stack.stack.check_disk", lambda _: None)
        with _small_disk(reachable_path, "20m"):
            options = StackOptions(reachable_path / "adda", port=port, programs=STAND_INS)
            with pytest.raises(StackError, match="is full"):
                Stack(options).start()
            assert processes_of(options.directory) == []

    def test_a_folder_that_nobody_may_enter_works_all_the_same(
        self, reachable_path: Path, port: int
    ) -> None:
        (reachable_path / "private").mkdir(mode=0o700)
        directory = reachable_path / "private" / "adda"
        options = StackOptions(directory, port=port, durable=False, programs=STAND_INS)
        stack = Stack(options)
        try:
            with stack:
                assert answers(port)
        finally:
            stack.forget()


@contextmanager
def _small_disk(folder: Path, size: str) -> Iterator[None]:
    (folder / "adda").mkdir()
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder / "adda")],
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("this root may not mount")
    try:
        yield
    finally:
        subprocess.run(["/bin/umount", str(folder / "adda")], check=True)

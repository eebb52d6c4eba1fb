"""One child process: how it is started, watched and stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from local_stack.accounts import Account
from local_stack.output import Console, LogFile, relay_output

LAUNCHER = Path(__file__).with_name("launch.py")
TICK = 0.02
"""Seconds between two looks while waiting for something."""


@dataclass(frozen=True, slots=True)
class Command:
    """Everything needed to start, watch and stop one child."""

    name: str
    argv: tuple[str, ...]
    """The program's absolute path and its arguments."""
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to our own environment."""
    ready: Callable[[], bool] = lambda: True
    """Does it serve? Asked again and again, must not block for more than about a second."""
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    """How long it may take to stop by itself."""
    last_signal: signal.Signals = signal.SIGKILL
    """Sent after that. PostgreSQL gets SIGQUIT: killed outright it leaves shared memory behind."""
    on_screen: bool = True
    """Are its lines shown, or only kept in its log?"""
    before_start: Callable[[], None] = lambda: None
    """Runs before each start: makes folders, removes what a killed one left."""


class Child:
    """A running (or ended) process of a Command."""

    def __init__(self, command: Command, log: Path, console: Console | None = None) -> None:
        """Start it. Raises OSError if the machine cannot start a process or write the log."""
        self.command = command
        command.before_start()
        self._log = LogFile(log)
        self._process = subprocess.Popen(
            _launch(command),
            cwd=command.cwd,
            env={**os.environ, **command.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us alone: we stop the children in order
        )
        self._asked = False
        self.started_at = time.monotonic()
        self.created = created_at(self._process.pid) or 0.0
        if self._process.stdout is None:
            raise AssertionError
        shown = console if command.on_screen else None
        arguments = (command.name, self._process.stdout, self._log, shown)
        self._reader = threading.Thread(target=relay_output, args=arguments, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process id, also that of its process group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.poll()

    @property
    def running(self) -> bool:
        """Has it not ended?"""
        return self.exit_code is None

    @property
    def log_failure(self) -> OSError | None:
        """Why lines of its log were lost, if they were."""
        return self._log.failure

    def last_lines(self, count: int = 12) -> tuple[str, ...]:
        """The end of what it said."""
        if not self.running:
            self._reader.join(1.0)  # the last words may still be in the pipe
        return tuple(self._log.last_lines)[-count:]

    def wait(self, seconds: float) -> bool:
        """Wait until it ended; False if it still runs after `seconds`."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def send(self, signum: signal.Signals) -> None:
        """Send a signal to it alone, if it still runs."""
        if self.running:
            self._process.send_signal(signum)

    def ask_to_stop(self) -> None:
        """Begin a clean stop, once: a second signal would mean "at once". `stop` waits for it."""
        if not self._asked:
            self._asked = True
            self.send(self.command.stop_signal)

    def stop(self) -> None:
        """Stop it, and all it has started, whatever it takes."""
        self.ask_to_stop()
        if not self.wait(self.command.stop_seconds):
            self.send(self.command.last_signal)
            self.wait(self.command.stop_seconds)
        self.clear_group()
        self._reader.join(1.0)

    def clear_group(self) -> None:
        """End what its death left behind: nginx' workers outlive a killed master."""
        end_group(self.pid, self.command.stop_signal, self.command.last_signal)


def _launch(command: Command) -> list[str]:
    account = command.account
    return [
        sys.executable,
        "-I",
        "-S",
        str(LAUNCHER),
        str(os.getpid()),
        str(int(command.stop_signal)),
        f"{account.uid}:{account.gid}" if account else "-",
        *command.argv,
    ]


def created_at(pid: int) -> float | None:
    """When process `pid` was started (seconds since the epoch), None if there is none."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def end_group(leader: int, first: signal.Signals, last: signal.Signals) -> None:
    """End a process group: `first` to its leader, who ends the others; if that fails `last` to all.

    Never `first` to all: PostgreSQL's children take the leader's signals for something else.
    """
    if created_at(leader) is not None:
        os.kill(leader, first)
        if wait_for(lambda: not group_lives(leader), 10.0):
            return
    if _signal_group(leader, last):
        wait_for(lambda: not group_lives(leader), 10.0)


def group_lives(group: int) -> bool:
    """Has the process group a member that is more than a zombie?"""
    if not _signal_group(group, None):
        return False
    for process in psutil.process_iter(["status"]):
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                return True
        except (ProcessLookupError, PermissionError, psutil.Error):
            continue
    return False


def _signal_group(group: int, signum: signal.Signals | None) -> bool:
    try:
        os.killpg(group, signum or 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # they run as another user, but they run
    return True


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Look again and again until `condition` holds; False if it never did within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(TICK)
    return True

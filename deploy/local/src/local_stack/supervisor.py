"""Keeps children running: starts them, restarts the dead with growing pauses, stops them in order.

It knows nothing of Adda; `stack.py` decides what is started and in which order.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_stack.child import TICK, Child, Command
from local_stack.errors import StackError
from local_stack.output import Console
from local_stack.preflight import disk_full, tells_of_full_disk

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
STEADY_SECONDS = 30.0
"""A child that ran this long starts again with the first pause."""
WATCH_SECONDS = 0.1


class Cancelled(Exception):
    """A stop was asked for while something was waited for."""


@dataclass(slots=True)
class _Managed:
    """A command and what became of it."""

    command: Command
    child: Child
    wanted: bool = True
    """False while it is held down on purpose."""
    pause: float = FIRST_PAUSE
    restart_at: float | None = None


class Supervisor:
    """The children of one run. Its methods may be called from any thread."""

    def __init__(
        self,
        logs: Path,
        console: Console,
        on_change: Callable[[Sequence[Child]], None] = lambda _: None,
    ) -> None:
        """`on_change` is called with all running children after each start and end."""
        self.cancel = threading.Event()
        self._logs = logs
        self._console = console
        self._on_change = on_change
        self._managed: dict[str, _Managed] = {}
        self._lock = threading.RLock()
        self._watcher: threading.Thread | None = None
        self._watching = threading.Event()

    def start(self, command: Command) -> None:
        """Start a child; `wait_ready` waits until it serves. Raises OSError, StackError."""
        with self._lock:
            self._managed[command.name] = _Managed(command, self._spawn(command))
            self._changed()

    def run_once(self, command: Command, seconds: float = 120.0) -> None:
        """Run a child to its end. Raises StackError if it fails, Cancelled."""
        self.start(command)
        child = self.child(command.name)
        deadline = time.monotonic() + seconds
        try:
            while child.running:
                if time.monotonic() > deadline:
                    raise _died(child, f"did not end within {seconds:.0f} s")
                self._pause()
            if child.exit_code != 0:
                raise _died(child, "cannot do its work")
        finally:
            self._forget(command.name)

    def wait_ready(self, names: Iterable[str], seconds: float = 60.0) -> None:
        """Wait until all of `names` serve. Raises StackError (dead or late), Cancelled."""
        deadline = time.monotonic() + seconds
        waiting = [self.child(name) for name in names]
        while waiting:
            for child in waiting:
                if not child.running:
                    raise _died(child, "ended while starting")
                if time.monotonic() > deadline:
                    raise _died(child, f"is not ready after {seconds:.0f} s")
            waiting = [child for child in waiting if not child.command.ready()]
            if waiting:
                self._pause()

    def _pause(self) -> None:
        if self.cancel.wait(TICK):
            raise Cancelled

    def child(self, name: str) -> Child:
        """The present process of `name`. Raises KeyError."""
        return self._managed[name].child

    def running(self) -> list[Child]:
        """All that run now, in the order of their first start."""
        with self._lock:
            return [each.child for each in self._managed.values() if each.child.running]

    def hold(self, name: str) -> None:
        """Stop `name` and keep it down until `release`."""
        with self._lock:
            managed = self._managed[name]
            managed.wanted = False
        managed.child.stop()
        self._changed()

    def release(self, name: str) -> None:
        """Start `name` again after `hold` (or at once, if it is dead and waits for its restart)."""
        with self._lock:
            managed = self._managed[name]
            managed.wanted = True
            if not managed.child.running:
                self._restart(managed)

    def watch(self) -> None:
        """Begin to restart whatever dies; until `stop_all`."""
        self._watching.set()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._watcher.start()

    def stop_all(self, order: Sequence[Callable[[str], bool]]) -> None:
        """Stop everything: first all whose names the first question says yes to, and so on.

        Names that match none are stopped last, one by one, newest first.
        """
        self._watching.clear()
        if self._watcher is not None:
            self._watcher.join()
        for belongs in order:
            self._stop([child for child in self.running() if belongs(child.command.name)])
        for child in reversed(self.running()):
            self._stop([child])
        for each in self._managed.values():
            each.child.clear_group()
        self._managed.clear()

    def _stop(self, children: list[Child]) -> None:
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.stop()

    def _watch(self) -> None:
        while self._watching.is_set():
            with self._lock:
                for managed in self._managed.values():
                    try:
                        self._look_after(managed)
                    except OSError as exc:  # such as a full disk: the watch goes on
                        self._console.say(f"✗ {managed.command.name}: {exc}")
            time.sleep(WATCH_SECONDS)

    def _look_after(self, managed: _Managed) -> None:
        if managed.child.running or not managed.wanted:
            return
        now = time.monotonic()
        if managed.restart_at is None:
            if now - managed.child.started_at > STEADY_SECONDS:
                managed.pause = FIRST_PAUSE
            managed.restart_at = now + managed.pause
            self._console.say(
                f"✗ {managed.command.name} ended ({_ending(managed.child)}); "
                f"restart in {managed.pause:g} s"
            )
            managed.pause = min(managed.pause * 2, LONGEST_PAUSE)
            self._changed()
        elif now >= managed.restart_at:
            self._restart(managed)

    def _restart(self, managed: _Managed) -> None:
        managed.child.clear_group()
        try:
            managed.child = self._spawn(managed.command)
        except (OSError, StackError) as exc:
            self._console.say(f"✗ {managed.command.name} cannot be started: {exc}")
            managed.restart_at = time.monotonic() + LONGEST_PAUSE
            return
        managed.restart_at = None
        self._console.say(f"↻ {managed.command.name} started again (pid {managed.child.pid})")
        self._changed()

    def _spawn(self, command: Command) -> Child:
        return Child(command, self._logs / f"{command.name}.log", self._console)

    def _forget(self, name: str) -> None:
        with self._lock:
            self._managed.pop(name).child.stop()
            self._changed()

    def _changed(self) -> None:
        self._on_change(self.running())


def _ending(child: Child) -> str:
    code = child.exit_code
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


def _died(child: Child, what: str) -> StackError:
    lines = child.last_lines()
    if child.log_failure is not None or tells_of_full_disk(lines):
        return disk_full(child.command.cwd, f"{child.command.name} {what}")
    name = child.command.name
    ended = "" if child.running else f" ({_ending(child)})"
    return StackError(f"{name} {what}{ended}", f"its last lines, from {name}.log:", lines)

"""How the tests of the stack run it, as a process of its own, and look at it; not a test itself."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests.conftest import ROOT
from tests.patience import PATIENCE_SECONDS

from local_stack.child import wait_for
from local_stack.cli import main
from local_stack.runfile import ProcessRecord, read_record

PROGRAM = Path(__file__).with_name("run_stand_ins.py")
CHILDREN = {"valkey", "postgres", "api-1", "ws-1", "ws-2", "worker-1", "gateway"}


@dataclass
class Run:
    """A `make run` in a process of its own."""

    process: subprocess.Popen[str]
    directory: Path
    port: int

    def wait_until_up(self) -> None:
        assert wait_for(self._up, PATIENCE_SECONDS), self.output()

    def _up(self) -> bool:
        return self.process.poll() is not None or "Adda is running" in self.output()

    def output(self) -> str:
        return (self.directory.parent / "output").read_text()

    def children(self) -> dict[str, ProcessRecord]:
        record = read_record(self.directory)
        return {child.name: child for child in record.children} if record else {}

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(60)


@contextmanager
def run(folder: Path, port: int, environment: Mapping[str, str] | None = None) -> Iterator[Run]:
    sources = ("gateway/src", "deploy/local/src", "")
    paths = os.pathsep.join(str(ROOT / source) for source in sources)
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(folder / "adda"), str(port)],
            env={**os.environ, "PYTHONPATH": paths, "NO_COLOR": "1", **(environment or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    started = Run(process, folder / "adda", port)
    try:
        yield started
    finally:
        started.end()
        main(["--directory", str(started.directory), "stop"])


def get(port: int, path: str) -> dict[str, object]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        loaded: dict[str, object] = json.loads(connection.getresponse().read())
        return loaded
    finally:
        connection.close()


def processes_of(directory: Path) -> list[str]:
    """Command lines that name `directory`: nothing else on the machine does."""
    found = []
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            if str(directory) in line or str(directory) in process.cwd():
                found.append(line)
        except psutil.Error:
            continue
    return found


def answers(port: int) -> bool:
    try:
        get(port, "/api/")
        get(port, "/ws/")
    except (OSError, ValueError):
        return False
    return True

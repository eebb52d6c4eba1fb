"""A lean HTTP/1.1 load generator: raw keep-alive connections, in a process of its own.

    python -m tests.bench.http_load < request.json > answer.json

Without a rate each connection asks again as soon as it is answered (closed loop). With one,
requests are due at fixed times, whether connections are free or not, and their latency counts from
then on: a stall is not hidden by those who did not ask meanwhile.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import orjson
import psutil
import uvloop
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """What to ask, and how fast."""

    port: int
    """On 127.0.0.1."""
    paths: Sequence[str]
    """Asked for in turn."""
    server_pid: int
    """Whose processor time is measured."""
    connections: int = 32
    seconds: float = 4.0
    warm_seconds: float = 1.0
    """Before them, not measured."""
    rate: float | None = None
    """Requests per second; None: as many as are answered."""
    core: int | None = None
    """Where the generator runs."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of it."""

    requests: int
    """Within the measured seconds."""
    all_requests: int
    """With those of the warm-up."""
    failed: int
    """Answers other than 200, of all."""
    seconds: float
    cpu_seconds: float
    """Of the server, within the measured seconds."""
    server_waited: float
    """Share of the measured seconds in which the server could have run and others had its core."""
    generator_waited: float
    """The same of the generator: where either is high, latencies tell of the machine."""
    body_bytes: int
    """Of the last answer."""
    latencies_ms: dict[str, float]
    """By `p50`, `p99` and `max`."""


@dataclass(slots=True)
class _Tally:
    measuring: bool = False
    every: int = 0
    failed: int = 0
    body_bytes: int = 0
    latencies: list[float] = field(default_factory=list)


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._buffer = bytearray()
        self._missing = -1
        """Bytes of the answer that are still to come; -1: its head is not complete."""
        self.due = 0.0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's has another base

    def ask(self, request: bytes, due: float) -> None:
        self.due = due
        self._transport.write(request)

    @override
    def data_received(self, data: bytes) -> None:
        if self._missing >= 0:
            self._missing -= len(data)
        else:
            self._buffer += data
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._begin_body(end)
        if self._missing == 0:
            self._missing = -1
            self._run.answered(self)

    def _begin_body(self, end: int) -> None:
        head = bytes(self._buffer[:end]).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        self._missing = length - (len(self._buffer) - end - 4)
        self._run.tally.body_bytes = length
        if not head.startswith(b"http/1.1 200"):
            self._run.tally.failed += 1
        self._buffer.clear()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._run.lost()

    def close(self) -> None:
        self._transport.abort()


class _Run:
    """All connections of one load."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self.tally = _Tally()
        self._requests: Iterator[bytes] = itertools.cycle(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{load.port}\r\n\r\n".encode()
            for path in load.paths
        )
        self._loop = asyncio.get_running_loop()
        self._idle: deque[_Connection] = deque()
        self._due: deque[float] = deque()
        self._stopped = False

    async def run(self) -> Measured:
        load = self._load
        server = psutil.Process(load.server_pid)
        connections = [await self._connect() for _ in range(load.connections)]
        if load.rate is None:
            for connection in connections:
                connection.ask(next(self._requests), time.perf_counter())
            pacing = None
        else:
            self._idle.extend(connections)
            pacing = asyncio.create_task(self._pace(load.rate))
        await asyncio.sleep(load.warm_seconds)
        began, cpu = time.perf_counter(), _cpu(server)
        pids = (load.server_pid, os.getpid())
        waits = [_waited(pid) for pid in pids]
        self.tally.measuring = True
        await asyncio.sleep(load.seconds)
        seconds, used = time.perf_counter() - began, _cpu(server) - cpu
        shares = [
            (_waited(pid) - before) / seconds for pid, before in zip(pids, waits, strict=True)
        ]
        self.tally.measuring, self._stopped = False, True
        if pacing is not None:
            pacing.cancel()
        for connection in connections:
            connection.close()
        return self._measured(seconds, used, shares)

    async def _connect(self) -> _Connection:
        _, connection = await self._loop.create_connection(
            lambda: _Connection(self), "127.0.0.1", self._load.port
        )
        return connection

    async def _pace(self, rate: float) -> None:
        began = time.perf_counter()
        for n in itertools.count():
            due = began + n / rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            if self._idle:
                self._idle.popleft().ask(next(self._requests), due)
            else:
                self._due.append(due)

    def answered(self, connection: _Connection) -> None:
        now = time.perf_counter()
        self.tally.every += 1
        if self.tally.measuring:
            self.tally.latencies.append(now - connection.due)
        if self._stopped:
            return
        if self._load.rate is None:
            connection.ask(next(self._requests), now)
        elif self._due:
            connection.ask(next(self._requests), self._due.popleft())
        else:
            self._idle.append(connection)

    def lost(self) -> None:
        assert self._stopped, "the server closed a connection"

    def _measured(self, seconds: float, cpu_seconds: float, waited: list[float]) -> Measured:
        ordered = sorted(self.tally.latencies)
        assert ordered, "no request was answered"
        places = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        return Measured(
            requests=len(ordered),
            all_requests=self.tally.every,
            failed=self.tally.failed,
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            server_waited=waited[0],
            generator_waited=waited[1],
            body_bytes=self.tally.body_bytes,
            latencies_ms={
                name: round(ordered[min(int(len(ordered) * at), len(ordered) - 1)] * 1000, 2)
                for name, at in places.items()
            },
        )


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _waited(pid: int) -> float:
    """Seconds that the process's first thread was ready to run and did not; 0 where nobody says."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


async def generate(load: Load) -> Measured:
    """Runs `load` in another process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.http_load",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(load.warm_seconds + load.seconds + PATIENCE_SECONDS):
            answer, _ = await process.communicate(orjson.dumps(load))
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, "the load generator failed"
    return Measured(**orjson.loads(answer))


async def _run(load: Load) -> Measured:
    return await _Run(load).run()


def main() -> None:
    """The generator's process."""
    load = Load(**orjson.loads(sys.stdin.buffer.read()))
    if load.core is not None:
        psutil.Process().cpu_affinity([load.core])
    sys.stdout.buffer.write(orjson.dumps(asdict(uvloop.run(_run(load)))))


if __name__ == "__main__":
    main()

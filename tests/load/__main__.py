"""Puts a load on a running stack, and tells how it bore it.

python -m tests.load http://localhost:8000 --scenario hot-room --clients 500 --rate 20 --rooms 1
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx
from rich.console import Console
from tests.load.generator import open_generator
from tests.load.progress import Progress, summary
from tests.load.results import write
from tests.load.scenarios import SCENARIOS

MOST_USERS = 100_000


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("url", help="of the gateway, such as http://localhost:8000")
    parser.add_argument("--scenario", choices=SCENARIOS, default="hot-room")
    parser.add_argument("--clients", type=int, help="connections")
    parser.add_argument("--rate", type=float, help="messages per second, of all together")
    parser.add_argument("--rooms", type=int)
    parser.add_argument("--seconds", type=float, help="of talking, when all are in")
    parser.add_argument("--join-seconds", type=float, help="over which all come")
    parser.add_argument("--size", type=int, default=64, help="characters of a message")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--ws", action="append", help="ws://… of a replica, to go past the gateway; repeatable"
    )
    parser.add_argument("--out", type=Path, default=Path(".adda-load"), help="folder of results")
    return parser.parse_args(arguments)


def make_rooms(url: str, count: int) -> list[str]:
    """New rooms with places for everybody; their ids.

    Raises:
        httpx.HTTPError: there is no stack at `url`, or it refuses.
    """
    with httpx.Client(base_url=url, trust_env=False, timeout=10) as http:
        made: list[Any] = [
            http.post(
                "/api/rooms/",
                json={"name": f"ভিড় {uuid4().hex[:8]}", "max_users": MOST_USERS},
            )
            for _ in range(count)
        ]
        return [answer.raise_for_status().json()["id"] for answer in made]


def _socket_base(url: str) -> str:
    parts = urlsplit(url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return urlunsplit((scheme, parts.netloc, "", "", ""))


def main(arguments: list[str] | None = None) -> int:
    """Runs the program; returns its exit code: 1 when messages were lost or doubled."""
    options = _options(arguments)
    scenario = SCENARIOS[options.scenario].resized(
        clients=options.clients,
        rate=options.rate,
        rooms=options.rooms,
        seconds=options.seconds,
        join_seconds=options.join_seconds,
    )
    console = Console()
    try:
        rooms = make_rooms(options.url, scenario.rooms)
    except httpx.HTTPError as error:
        console.print(f"no rooms at {options.url}: {error}")
        return 2
    bases = options.ws or [_socket_base(options.url)]
    with (
        Progress(console) as progress,
        open_generator(
            scenario,
            bases,
            rooms,
            processes=options.processes,
            message_size=options.size,
            on_second=progress.show,
        ) as generator,
    ):
        outcome = generator.play()
    console.print(summary(outcome))
    for path in write(outcome, options.out):
        console.print(str(path))
    return 1 if outcome.total("lost") or outcome.total("doubled") else 0


if __name__ == "__main__":
    sys.exit(main())

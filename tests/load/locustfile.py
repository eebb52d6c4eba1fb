"""For people who live in Locust: everybody joins one of a few rooms, talks, and asks for history.

locust -f tests/load/locustfile.py --host http://localhost:8000 --users 200 --spawn-rate 20

A message counts from its sending to its ack. `python -m tests.load` makes far more load from the
same processor, and measures from the time when a message was due.
"""

from __future__ import annotations

import json
import random
import time
from contextlib import suppress
from typing import Any
from uuid import uuid4

import gevent  # type: ignore[import-untyped]
import websocket
from locust import User, between, events, task
from typing_extensions import override

ROOMS = 5
MOST_USERS = 100_000


class Talker(User):
    """Somebody with a socket."""

    wait_time = between(2, 10)
    rooms: tuple[str, ...] = ()

    @override
    def on_start(self) -> None:
        if not Talker.rooms:
            Talker.rooms = tuple(self._make_room() for _ in range(ROOMS))
        self._sent: dict[str, float] = {}
        base = str(self.host).replace("http", "ws", 1)
        room = random.choice(Talker.rooms)
        began = time.perf_counter()
        self._socket = websocket.create_connection(f"{base}/ws/chat/{room}/", timeout=30)
        self._tell("join", began, len(self._socket.recv()))
        self._reader = gevent.spawn(self._read)

    @override
    def on_stop(self) -> None:
        self._socket.close()
        self._reader.kill()

    @task(10)
    def say(self) -> None:
        """A message that is acknowledged."""
        client_id = uuid4().hex
        self._sent[client_id] = time.perf_counter()
        self._send(type="message", content="সবাই কেমন আছেন?", client_id=client_id)

    @task(1)
    def read_history(self) -> None:
        """What was said before."""
        self._sent["history"] = time.perf_counter()
        self._send(type="history", limit=50)

    def _make_room(self) -> str:
        import urllib.request  # noqa: PLC0415 - gevent has patched it by now

        body = json.dumps({"name": f"ভিড় {uuid4().hex[:8]}", "max_users": MOST_USERS}).encode()
        request = urllib.request.Request(  # noqa: S310 - the host is the user's own choice
            f"{self.host}/api/rooms/", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
            return str(json.loads(answer.read())["id"])

    def _send(self, **command: Any) -> None:
        self._socket.send(json.dumps(command))

    def _read(self) -> None:
        with suppress(websocket.WebSocketException, OSError):
            while True:
                frame = self._socket.recv()
                event = json.loads(frame)
                kind = event["type"]
                key = event["client_id"] if kind == "ack" else kind
                if (began := self._sent.pop(key, None)) is not None:
                    self._tell(kind, began, len(frame))

    def _tell(self, name: str, began: float, length: int) -> None:
        events.request.fire(  # type: ignore[no-untyped-call]
            request_type="ws",
            name=name,
            response_time=(time.perf_counter() - began) * 1000,
            response_length=length,
            exception=None,
        )

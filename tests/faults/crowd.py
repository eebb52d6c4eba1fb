"""The people of a run: each reads and writes in one room, and notes all that it sees and does."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
from tests.faults.history import History, Mark, Place, Sending, View
from typing_extensions import override

from adda_client import ChatClient, ClientError, FullJitter
from shared.protocol.events import MessageEvent, RecoveredEvent, WelcomeEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.faults.bed import Bed

CLIENT_OPTIONS = {"proxy": None}
REST_SECONDS = 10.0
LAST_ACK_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Load:
    """How many talk where, and how much."""

    rooms: int = 16
    clients: int = 200
    rest_authors: int = 10
    messages_per_second: float = 600.0
    """Of all authors together; while something is down they send what they can."""
    cuts_per_second: float = 0.5
    """Clients that lose their connection, as phones do."""


@dataclass(slots=True)
class Run:
    """What everybody in a run shares."""

    history: History = field(default_factory=History)
    began: float = field(default_factory=time.monotonic)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    rooms: list[str] = field(default_factory=list)
    latencies: list[tuple[float, float]] = field(default_factory=list)
    """Time of each ack, and seconds it took."""

    @property
    def now(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began

    async def pause(self, seconds: float) -> None:
        """Sleeps, but not beyond the end of writing."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()


class Author:
    """Sends one message after another; how, the kinds of authors know."""

    def __init__(self, run: Run, number: int, room: int, interval: float) -> None:
        self._run = run
        self._number = number
        self._room = room
        self._interval = interval
        self._count = 0

    async def write(self) -> None:
        """Until the run stops; the last message is brought to its end."""
        run = self._run
        await run.pause(random.uniform(0, self._interval))
        while not run.stopping.is_set():
            due = time.monotonic() + self._interval * random.uniform(0.5, 1.5)
            sending = Sending(self._room, self._number, self._count, run.now)
            self._count += 1
            run.history.add(sending)
            sending.place = await self.send(sending.content)
            sending.acked = run.now
            run.latencies.append((sending.acked, sending.acked - sending.began))
            await run.pause(due - time.monotonic())

    async def send(self, content: str) -> Place:
        """Returns when it was acknowledged, however often it was tried."""
        raise NotImplementedError


class Talker(Author):
    """A socket client."""

    def __init__(self, run: Run, number: int, room: int, interval: float, base: str) -> None:
        super().__init__(run, number, room, interval)
        self.view = View(f"{base.rpartition(':')[2]}/{number}", room)
        run.history.views.append(self.view)
        self.chat = ChatClient(
            base,
            run.rooms[room],
            username=f"জন {number}",
            options=CLIENT_OPTIONS,
            backoff=FullJitter(base=0.5, cap=4.0),
        )

    @override
    async def send(self, content: str) -> Place:
        ack = await self.chat.send(content, client_id=content)
        return Place(ack.seq, ack.message_id)

    async def read(self) -> None:
        """Notes what is shown, until cancelled."""
        run, view = self._run, self.view
        async for event in self.chat:
            match event:
                case MessageEvent():
                    run.history.show(view, event.seq, event.message)
                case WelcomeEvent(epoch=epoch, seq=seq):
                    view.marks.append(Mark(len(view.seqs), "welcome", epoch, seq, run.now))
                case RecoveredEvent(epoch=epoch, seq=seq):
                    view.marks.append(Mark(len(view.seqs), "break", epoch, seq, run.now))
                case _:
                    pass

    def cut(self) -> None:
        """The connection is gone without a word."""
        if self.chat._socket is not None:
            self.chat._socket.transport.abort()


class RestAuthor(Author):
    """Posts messages; the same `client_id` again until one is answered."""

    def __init__(
        self, run: Run, number: int, room: int, interval: float, http: httpx.AsyncClient
    ) -> None:
        super().__init__(run, number, room, interval)
        self._http = http
        self._headers: dict[str, str] = {}

    @override
    async def send(self, content: str) -> Place:
        room = self._run.rooms[self._room]
        body = {"room_id": room, "content": content, "client_id": content}
        answer = await self._post("/api/messages/", body)
        return Place(answer["seq"], answer["id"])

    async def enter(self) -> None:
        """Gets a session."""
        made = await self._post("/api/create-user/", {"username": f"জন {self._number}"})
        self._headers = {"Authorization": f"Bearer {made['session_id']}"}

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        backoff = FullJitter(base=0.2, cap=2.0)
        attempt = 0
        while True:
            try:
                answer = await self._http.post(path, json=body, headers=self._headers)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 201:
                return answer.json()
            if answer is not None and answer.status_code < 429:
                raise AssertionError(f"{answer.status_code} {answer.text}")
            await asyncio.sleep(backoff.seconds(attempt))
            attempt += 1


@dataclass(slots=True)
class Crowd:
    """Everybody, running."""

    run: Run
    talkers: list[Talker]
    rest: list[RestAuthor]
    http: httpx.AsyncClient
    load: Load
    _writing: list[asyncio.Task[None]] = field(default_factory=list)
    _reading: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Everybody enters and begins."""
        for at in range(0, len(self.talkers), 50):  # as fast as doors open, not all at once
            await asyncio.gather(*(t.chat.__aenter__() for t in self.talkers[at : at + 50]))
        await asyncio.gather(*(author.enter() for author in self.rest))
        loop = asyncio.get_running_loop()
        self._reading = [loop.create_task(talker.read()) for talker in self.talkers]
        authors: Sequence[Author] = [*self.talkers, *self.rest]
        self._writing = [loop.create_task(author.write()) for author in authors]
        if self.load.cuts_per_second:
            self._writing.append(loop.create_task(self._lose_connections()))

    async def _lose_connections(self) -> None:
        while not self.run.stopping.is_set():
            await self.run.pause(random.expovariate(self.load.cuts_per_second))
            random.choice(self.talkers).cut()

    async def finish_writing(self) -> None:
        """Each author ends with the message in hand; those that get no ack are in the history."""
        self.run.stopping.set()
        done, late = await asyncio.wait(self._writing, timeout=LAST_ACK_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for task in done:
            task.result()

    async def wait_level(self, heads: dict[int, int], seconds: float) -> None:
        """Returns when each reader is there and has reached its room's head, or after `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if all(self._at_head(talker, heads) for talker in self.talkers):
                return
            await asyncio.sleep(0.1)

    @staticmethod
    def _at_head(talker: Talker, heads: dict[int, int]) -> bool:
        position = talker.chat.position
        shown = talker.view.seqs[-1] if talker.view.seqs else 0
        reached = -1 if position is None else max(position.seq, shown)
        return talker.chat.connected and reached >= heads[talker.view.room]

    async def leave(self) -> None:
        """Everybody goes, whether or not they have ended."""
        for task in self._writing:
            task.cancel()
        await asyncio.gather(*self._writing, return_exceptions=True)
        await asyncio.gather(*(talker.chat.close() for talker in self.talkers))
        done, stuck = await asyncio.wait(self._reading, timeout=5)
        for task in stuck:
            task.cancel()
        for task in done:
            with suppress(ClientError):
                task.result()
        await self.http.aclose()


async def gather_crowd(bed: Bed, load: Load) -> Crowd:
    """Makes rooms and people; half of the sockets go through the gateway, half straight."""
    run = Run()
    http = httpx.AsyncClient(base_url=bed.stack.url, trust_env=False, timeout=REST_SECONDS)
    for number in range(load.rooms):
        made = await http.post("/api/rooms/", json={"name": f"রুম {number} {uuid4()}"})
        run.rooms.append(made.raise_for_status().json()["id"])
    straight = [bed.stack.service_url(n).replace("http", "ws", 1) for n in bed.names("ws")]
    bases = [base for one in straight for base in (one, bed.stack.ws_url)]
    interval = (load.clients + load.rest_authors) / load.messages_per_second
    talkers = [
        Talker(run, n, n % load.rooms, interval, bases[n // load.rooms % len(bases)])
        for n in range(load.clients)
    ]
    rest = [
        RestAuthor(run, load.clients + n, n % load.rooms, interval, http)
        for n in range(load.rest_authors)
    ]
    return Crowd(run, talkers, rest, http, load)

"""What attackers do, by socket and by REST; a few of them share each address."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import orjson
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HANDSHAKE_SECONDS: Final = 20.0
ENTER_SECONDS: Final = 60.0
RETURN_SECONDS: Final = 0.5
"""After which who was thrown out tries again, whatever it was told."""
_ERROR: Final = b'{"type":"error"'


@dataclass(frozen=True, slots=True)
class Attack:
    """One kind of abuse."""

    name: str
    rate: float
    """Deeds per second of one attacker."""
    burst: int = 0
    """Deeds of one attacker at once, at the beginning."""
    over_rest: bool = False


ATTACKS: Final = {
    attack.name: attack
    for attack in (
        Attack("message", rate=10, burst=60),
        Attack("join_leave", rate=2),
        Attack("typing", rate=10),
        Attack("rename", rate=2, burst=10),
        Attack("room_creation", rate=5, over_rest=True),
        Attack("report", rate=5, over_rest=True),
        Attack("slow_reader", rate=0.05),
    )
}


@dataclass(slots=True)
class Told:
    """What attackers of one process have done, and what they were told."""

    deeds: int = 0
    connected: int = 0
    acked: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """`error` events, and error answers, by their code."""
    closed: Counter[str] = field(default_factory=Counter)
    """Connections that the other side ended, by code."""
    statuses: Counter[str] = field(default_factory=Counter)
    """Of answers over REST and of refused handshakes."""

    def add(self, other: Told) -> None:
        """What another gang has done."""
        self.deeds += other.deeds
        self.connected += other.connected
        self.acked += other.acked
        for name in ("refused", "closed", "statuses"):
            getattr(self, name).update(getattr(other, name))


@dataclass(frozen=True, slots=True)
class Target:
    """Where attackers go."""

    base: str
    """`http://host:port` of the gateway."""
    room: str
    message: str
    """One that can be reported."""


class Pace:
    """Lets all attackers of a process do their deeds one after the other.

    They stand for as many machines, whose deeds do not come in heaps. Those of one process would,
    whenever it had to wait for the processor: so what it was kept from doing is not made up for.
    """

    def __init__(self, per_second: float) -> None:
        """Of all together."""
        self._step = 1 / per_second
        self._next_at = 0.0

    async def turn(self) -> None:
        """Returns when it is the caller's turn."""
        now = asyncio.get_running_loop().time()
        self._next_at = max(now, self._next_at + self._step)
        await asyncio.sleep(self._next_at - now)


class SocketAttacker(WSListener):
    """One anonymous connection, and those that follow it."""

    def __init__(
        self, attack: Attack, target: Target, address: str, told: Told, pace: Pace
    ) -> None:
        self._attack = attack
        self._target = target
        self._address = address
        self._told = told
        self._pace = pace
        self._transport: WSTransport | None = None
        self._let_in = asyncio.Event()
        self._numbers = itertools.count()

    async def enter(self) -> None:
        """Tries once to get in."""
        self._let_in.clear()
        base = self._target.base.replace("http", "ws", 1)
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                await ws_connect(
                    lambda: self,
                    f"{base}/ws/chat/{self._target.room}/",
                    local_addr=(self._address, 0),
                    websocket_handshake_timeout=HANDSHAKE_SECONDS,
                )
                await self._let_in.wait()
        except (OSError, WSError, TimeoutError) as error:
            status = getattr(getattr(error, "response", None), "status", None)
            self._told.statuses[type(error).__name__ if status is None else str(int(status))] += 1

    async def act(self, end: float) -> None:
        """Does its deeds until `end` of the loop's clock."""
        loop = asyncio.get_running_loop()
        if self._attack.name == "slow_reader" and self._transport is not None:
            self._transport.underlying_transport.pause_reading()
        # All begin within one period, not all in one moment.
        period = 1 / self._attack.rate
        due = loop.time() + period * random.random()
        await self._pace.turn()
        for _ in range(self._attack.burst):
            self._do()
        while due < end:
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self._pace.turn()
            due = max(due + period, loop.time())
            if self._attack.name == "join_leave":
                self._told.deeds += 1
                self.leave()
                await self.enter()
            elif self._transport is None:
                await asyncio.sleep(RETURN_SECONDS)
                await self.enter()
            else:
                self._do()

    def leave(self) -> None:
        """Goes, without a word."""
        if self._transport is not None:
            self._transport.disconnect(graceful=False)
            self._transport = None

    def _do(self) -> None:
        if self._transport is None:
            return
        number = next(self._numbers)
        commands: dict[str, Callable[[], dict[str, Any]]] = {
            # Who does not read says something long now and then, so that there is much unread.
            "slow_reader": lambda: {"content": f"{number} {'x' * 3900}"},
            "message": lambda: {"content": f"বন্যা {number}", "client_id": f"{number}"},
            "typing": lambda: {"type": "typing", "typing": number % 2 == 0},
            "rename": lambda: {"type": "user_update", "username": f"বদল {number} {id(self)}"},
        }
        if (command := commands.get(self._attack.name)) is not None:
            self._told.deeds += 1
            self._transport.send(WSMsgType.TEXT, orjson.dumps(command()))

    @override
    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._told.connected += 1

    @override
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self._let_in.set()
        payload = frame.get_payload_as_bytes()
        if frame.msg_type is WSMsgType.CLOSE:
            transport.disconnect()
        elif payload.startswith(b'{"type":"ack"'):
            self._told.acked += 1
        elif payload.startswith(_ERROR):
            self._told.refused[orjson.loads(payload)["code"]] += 1

    @override
    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._let_in.set()
        self._told.connected -= 1
        if self._transport is transport:  # it did not leave by itself
            self._transport = None
            handshake: Any = transport.close_handshake
            received = None if handshake is None else handshake.recv
            code = 1006 if received is None else int(getattr(received.code, "value", received.code))
            self._told.closed[str(code)] += 1


class RestAttacker:
    """One keep-alive connection that asks again as soon as it is due and was answered."""

    def __init__(
        self, attack: Attack, target: Target, address: str, told: Told, pace: Pace
    ) -> None:
        self._attack = attack
        self._target = target
        self._address = address
        self._told = told
        self._pace = pace
        self._session = ""
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def enter(self) -> None:
        """Becomes somebody, however often it is told to come again."""
        loop = asyncio.get_running_loop()
        end = loop.time() + ENTER_SECONDS
        while not self._session and loop.time() < end:
            body = await self._ask("/api/create-user/", {"username": "আক্রমণকারী"})
            self._session = str(body.get("session_id", ""))
            if not self._session:
                await asyncio.sleep(RETURN_SECONDS)

    async def act(self, end: float) -> None:
        """Does its deeds until `end` of the loop's clock."""
        loop = asyncio.get_running_loop()
        due = loop.time() + random.random() / self._attack.rate
        while due < end:
            await asyncio.sleep(max(0.0, due - loop.time()))
            await self._pace.turn()
            due = max(due + 1 / self._attack.rate, loop.time())
            self._told.deeds += 1
            if self._attack.name == "report":
                path = f"/api/messages/{self._target.message}/report/"
                await self._ask(path, {"reason": "বন্যা"})
            else:
                await self._ask("/api/rooms/", {"name": "বন্যার রুম"})

    def leave(self) -> None:
        """Goes."""
        if self._streams is not None:
            self._streams[1].transport.abort()

    async def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Answer of one request; notes its status, and the code of an error."""
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                status, answer = await self._exchange(path, orjson.dumps(body))
        except (OSError, EOFError, TimeoutError) as error:
            self.leave()
            self._streams = None
            self._told.statuses[type(error).__name__] += 1
            return {}
        self._told.statuses[str(status)] += 1
        found: dict[str, Any] = orjson.loads(answer) if answer else {}
        if status >= 400:
            self._told.refused[str(found.get("code"))] += 1
        return found

    async def _exchange(self, path: str, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(self._target.base)
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                parts.hostname, parts.port, local_addr=(self._address, 0)
            )
        reader, writer = self._streams
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self._session}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        status = int(answer.split(b" ", 2)[1])
        if b"content-length:" in answer:
            length = int(answer.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            return status, await reader.readexactly(length)
        if b"transfer-encoding: chunked" in answer:
            return status, b"".join([chunk async for chunk in _chunks(reader)])
        return status, b""


async def _chunks(reader: asyncio.StreamReader) -> Any:
    while (size := int(await reader.readline(), 16)) > 0:
        yield await reader.readexactly(size)
        await reader.readline()
    await reader.readline()


def addresses(count: int, block: int) -> Iterator[str]:
    """So many of the loopback's 127.`block`.x.x, again and again."""
    return itertools.cycle([f"127.{block}.{n // 200}.{1 + n % 200}" for n in range(count)])


class Gang:
    """All attackers of one process."""

    def __init__(
        self, attack: Attack, target: Target, *, count: int, spread: int, block: int
    ) -> None:
        """`count` attackers come from `spread` addresses of 127.`block`.x.x."""
        self.told = Told()
        kind = RestAttacker if attack.over_rest else SocketAttacker
        pace = Pace(attack.rate * count)
        self._attackers = [
            kind(attack, target, address, self.told, pace)
            for address, _ in zip(addresses(spread, block), range(count), strict=False)
        ]

    async def enter(self, per_second: float) -> None:
        """All try to get in, evenly."""
        entering = []
        for attacker in self._attackers:
            entering.append(asyncio.create_task(attacker.enter()))
            await asyncio.sleep(1 / per_second)
        await asyncio.gather(*entering)

    async def act(self, seconds: float) -> None:
        """All do their deeds."""
        end = asyncio.get_running_loop().time() + seconds
        await asyncio.gather(*(attacker.act(end) for attacker in self._attackers))

    async def leave(self) -> None:
        """All go."""
        for attacker in self._attackers:
            attacker.leave()
        await asyncio.sleep(0.1)

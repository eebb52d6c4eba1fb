"""The client itself: one room, one identity, any number of connections one after another."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from adda_client.answers import Answers, ConnectionLost, TryAgain
from adda_client.backoff import FullJitter
from adda_client.errors import ChatClosed, ChatRefused
from adda_client.proof import prove
from adda_client.timeline import Timeline
from adda_client.wire import chat_address, decode_event, encode_command
from shared.protocol.close_codes import CLOSES, CloseCode
from shared.protocol.events import (
    AckEvent,
    ErrorEvent,
    Event,
    HistoryEvent,
    PongEvent,
    WelcomeEvent,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from types import TracebackType
    from uuid import UUID

    from shared.domain.position import Position


ACK_SECONDS: Final = 8.0
"""Who waits longer for an answer has a dead connection: it is given up for a new one."""

MOST_WAITING: Final = 10_000
"""Events that may wait to be taken, and one answer's more; what comes then is read again later."""

MOST_PROOFS: Final = 3
"""Who has worked so often and still is not in waits like the others."""

MOST_FRAME_BYTES: Final = 8 << 20
FILL_PAGE: Final = 100
LOST: Final = (OSError, TimeoutError, ConnectionClosed, InvalidHandshake)
"""What ends a connection, or keeps one from being made, for now."""

_DEFAULTS: Final[Mapping[str, Any]] = {
    "compression": None,
    "max_size": MOST_FRAME_BYTES,
    "open_timeout": 10,
    "ping_interval": 10,
    "ping_timeout": 10,
    "close_timeout": 2,
}


class ChatClient:
    """Connects when entered, and again whenever the connection is lost, until it is left.

    Iterating yields the room's events: each message once and in order, also those that were sent
    while there was no connection. `welcome` comes with each connection; `recovered` only when the
    room was begun anew and what is shown must be reloaded.
    """

    def __init__(
        self,
        base: str,
        room: UUID | str,
        *,
        username: str | None = None,
        color: str | None = None,
        session_id: str | None = None,
        backoff: FullJitter | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """`base` is `ws://host:port` of the gateway or a replica.

        `session_id` is who one is; without one a new identity is made, kept over reconnects.
        `options` go to `websockets.connect`.
        """
        self.base = base
        self.room = str(room)
        self.session_id = session_id or secrets.token_urlsafe(24)
        self.user_id: str | None = None
        self.connections = 0
        """Connections so far, the present one included."""
        self._names = {"username": username, "color": color}
        self._backoff = backoff or FullJitter()
        self._options = {**_DEFAULTS, **(options or {})}
        self._timeline = Timeline()
        self._answers = Answers()
        self._socket: ClientConnection | None = None
        self._welcomed = asyncio.Event()
        self._attempt = 0
        self._asked_wait = 0.0
        self._challenge: str | None = None
        """Where the server wants the next attempt to bring a proof from."""
        self._proof: str | None = None
        self._proofs = 0
        self._waiting: deque[Event] = deque()
        """Events that the program has not taken yet."""
        self._paused = False
        self._arrived = asyncio.Event()
        self._sending = asyncio.Lock()
        self._runner: asyncio.Task[None] | None = None
        self._end: Exception | None = None

    # ------------------------------------------------------------------ for the program

    async def __aenter__(self) -> Self:
        """Returns once the server has said welcome.

        Raises:
            ChatRefused: it will not have this connection.
        """
        self._runner = asyncio.get_running_loop().create_task(self._run(), name="chat client")
        try:
            await self._connection()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def connected(self) -> bool:
        """Is there a connection just now?"""
        return self._welcomed.is_set() and self._end is None

    @property
    def position(self) -> Position | None:
        """The last message that arrived."""
        return self._timeline.position

    async def send(self, content: str, *, client_id: str | None = None, **more: Any) -> AckEvent:
        """Says something; returns its place in the room. `more`: `reply_to`, `file_url`, ….

        Tries again with the same `client_id` for as long as it takes; the server knows it again for
        ten minutes, so the message is in the room once unless nothing was heard for longer. One at
        a time: what is sent later comes later, whatever happens.

        Raises:
            MessageRefused: the server will never take it.
            ChatRefused: the server will not have this connection any more.
            ChatClosed: the client was closed meanwhile; the message may or may not have arrived.
        """
        own = client_id or secrets.token_urlsafe(12)
        frame = encode_command(type="message", content=content, client_id=own, **more)
        async with self._sending:
            attempt = 0
            while True:
                try:
                    return await self._send_once(own, frame)
                except TryAgain as later:
                    await asyncio.sleep(self._backoff.seconds(attempt, later.seconds))
                except (ConnectionLost, *LOST):
                    await asyncio.sleep(0)  # the runner may have to notice it first
                attempt += 1

    async def typing(self, *, typing: bool = True) -> None:
        """Tells that one types, or stopped; lost while there is no connection."""
        await self._tell(type="typing", typing=typing)

    async def rename(self, username: str | None = None, color: str | None = None) -> None:
        """Takes another name or colour, and keeps it over reconnects."""
        self._names.update({k: v for k, v in (("username", username), ("color", color)) if v})
        await self._tell(type="user_update", username=username, color=color)

    async def history(
        self, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> HistoryEvent:
        """Older or newer messages, oldest first.

        Raises:
            ConnectionError: the connection was lost, or the server cannot read it now.
        """
        await self._connection()
        answer: asyncio.Future[HistoryEvent] = asyncio.get_running_loop().create_future()
        self._answers.histories.append(answer)
        await self._tell(type="history", before=before, after=after, limit=limit)
        try:
            async with asyncio.timeout(ACK_SECONDS):
                return await answer
        except (ConnectionLost, TimeoutError) as error:
            raise ConnectionError("the history could not be read now") from error

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events()

    async def _events(self) -> AsyncIterator[Event]:
        while True:
            while not self._waiting:
                if self._end is not None:
                    if isinstance(self._end, ChatClosed):
                        return
                    raise self._end
                self._arrived.clear()
                await self._arrived.wait()
            event = self._waiting.popleft()
            if self._paused and len(self._waiting) <= MOST_WAITING // 2:
                self._paused = False
                self._drop()  # the next connection brings what was let go
            yield event

    async def close(self) -> None:
        """Leaves the room. What waits to be taken can still be taken."""
        if self._end is None:
            self._finish(ChatClosed())
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    # ------------------------------------------------------------------ sending

    async def _connection(self) -> ClientConnection:
        """The present connection, after its welcome; waits for one."""
        while True:
            await self._welcomed.wait()
            if self._end is not None:
                raise self._end
            if self._socket is not None:
                return self._socket
            await asyncio.sleep(0)

    async def _send_once(self, client_id: str, frame: str) -> AckEvent:
        socket = await self._connection()
        answer: asyncio.Future[AckEvent] = asyncio.get_running_loop().create_future()
        answers = self._answers
        answers.acks[client_id] = answer
        try:
            async with asyncio.timeout(ACK_SECONDS):
                await socket.send(frame)
                return await answer
        except TimeoutError:
            socket.transport.abort()
            raise
        finally:
            answers.forget(client_id)

    async def _tell(self, **command: Any) -> None:
        if self._socket is not None and self._welcomed.is_set():
            try:
                await self._socket.send(encode_command(**command))
            except ConnectionClosed:
                return  # whoever waits for an answer is told by the runner

    # ------------------------------------------------------------------ receiving

    async def _run(self) -> None:
        """Keeps one connection until the end."""
        while True:
            try:
                await self._converse()
            except LOST as error:
                if (refusal := _refusal(error)) is not None:
                    self._finish(refusal)
                    return
            except Exception as error:  # noqa: BLE001 - a fault of ours: the program must hear of it
                self._finish(error)
                return
            if await self._work():
                continue
            wait = self._backoff.seconds(self._attempt, self._asked_wait)
            self._attempt += 1
            self._asked_wait = 0.0
            await asyncio.sleep(wait)

    async def _work(self) -> bool:
        """Makes the proof that the server asked for, if it did; False: there is none."""
        place, self._challenge = self._challenge, None
        if place is None or self._proofs >= MOST_PROOFS:
            return False
        self._proofs += 1
        self._proof = await prove(self.base, place, self._options)
        return self._proof is not None

    async def _converse(self) -> None:
        protocols = [Subprotocol("adda"), Subprotocol(self.session_id)]
        try:
            async with connect(self._address(), subprotocols=protocols, **self._options) as socket:
                self._socket = socket
                while True:
                    event = decode_event(await socket.recv())
                    if event is not None:
                        await self._take(event)
        finally:
            self._socket = None
            if self._end is None:  # who waits for a connection that will not come must go on
                self._welcomed.clear()
            self._answers.lose()
            self._answers = Answers()
            self._timeline.disconnected()

    def _address(self) -> str:
        position = self._timeline.position
        proof, self._proof = self._proof, None  # it is good once
        return chat_address(
            self.base,
            self.room,
            **self._names,
            epoch=None if position is None else position.epoch,
            since=None if position is None else position.seq,
            proof=proof,
        )

    async def _take(self, event: Event) -> None:
        match event:
            case AckEvent():
                self._answers.take_ack(event)
                return
            case ErrorEvent():
                self._take_error(event)
                return
            case PongEvent():
                return
            case HistoryEvent() if self._answers.take_history(event):
                return
            case WelcomeEvent():
                self.user_id = event.user_id
                self.connections += 1
                self._attempt = self._proofs = 0
                self._welcomed.set()
            case _:
                pass
        if not self._paused:
            step = self._timeline.take(event)
            self._deliver(step.deliver)
            if step.fetch_after is not None:
                await self._fetch(step.fetch_after)

    def _deliver(self, events: list[Event]) -> None:
        self._waiting.extend(events)
        # From now on what comes is let go: it is read again, from the position reached.
        self._paused = len(self._waiting) > MOST_WAITING
        self._arrived.set()

    async def _fetch(self, after: int) -> None:
        self._answers.histories.append(None)
        await self._tell(type="history", after=after, limit=FILL_PAGE)

    def _take_error(self, event: ErrorEvent) -> None:
        if not self._welcomed.is_set():
            self._asked_wait = event.retry_after or 0.0  # the close says whether to come back
            self._challenge = event.challenge
            return
        whose = self._answers.take_error(event)
        if whose == "unclear":
            self._drop()
        if whose != "told" and not self._paused:
            self._deliver([event])

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.transport.abort()

    def _finish(self, end: Exception) -> None:
        self._end = end
        self._answers.lose()
        self._welcomed.set()  # whoever waits for a connection learns that there will be none
        self._arrived.set()


def _refusal(error: Exception) -> ChatRefused | None:
    """Does this end mean that coming back is of no use?"""
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        passing = status in {408, 425, 429} or status >= 500  # noqa: PLR2004 - RFC 9110 §15
        return None if passing else ChatRefused(status, error.response.reason_phrase)
    if isinstance(error, ConnectionClosed) and error.rcvd is not None:
        code, reason = error.rcvd.code, error.rcvd.reason
        if code in set(CloseCode) and not CLOSES[CloseCode(code)].reconnect:
            return ChatRefused(code, reason)
    return None

"""One room on two steered replicas, its viewers, and all that may happen to them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from tests.integration.shared.usecases.mover import Mover
from tests.integration.ws_service.steered_replica import MARK, SteeredReplica
from tests.integration.ws_service.viewer import Viewer
from tests.patience import PATIENCE_SECONDS

from shared.message_log.message_log import MessageLog
from shared.message_store.bulk_writer import BulkWriter
from shared.message_store.database import open_database
from shared.message_store.engine import create_bulk_pool
from shared.message_store.message_reader import MessageReader
from shared.message_store.room_directory import RoomDirectory
from shared.presence.presence import Presence
from shared.protocol.errors import ChatError, ErrorCode
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.rooms.live_rooms import LiveRooms
from shared.runtime.clock import IdMaker, SystemClock
from shared.runtime.redis_client import open_redis
from shared.usecases.change_message import MessageEditor
from shared.usecases.open_room import RoomOpener
from shared.usecases.post_message import CheckedDraft
from ws_service.effects import Post, Rename
from ws_service.wiring import open_deps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from redis.asyncio import Redis

    from ws_service.settings import WsSettings

NAMES: Final = ("রাকিব", "সুমি", "মিতু")
COLORS: Final = ("#ff0000", "#00ff00")
QUIET_ROUNDS: Final = 6
"""Rounds of the event loop without a call under way, after which nothing will go on by itself."""
MARK_ROUNDS: Final = 500
"""Rounds after which a mark should long have been heard."""

LOST_BY_NOW: Final = {ErrorCode.MESSAGE_NOT_FOUND, ErrorCode.ROOM_NOT_FOUND, ErrorCode.CONFLICT}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The replicas, and what the other services do to their rooms."""

    replicas: tuple[SteeredReplica, SteeredReplica]
    redis: Redis
    keys: Keys
    presence: Presence
    editor: MessageEditor
    mover: Mover

    @classmethod
    @asynccontextmanager
    async def open(cls, *settings: WsSettings) -> AsyncIterator[Surroundings]:
        """For `settings` of two replicas on the same servers."""
        first, second = settings
        async with AsyncExitStack() as stack:
            replicas = [
                SteeredReplica(await stack.enter_async_context(open_deps(one)))
                for one in (first, second)
            ]
            redis = open_redis(first.redis_url.get_secret_value(), "test")
            stack.push_async_callback(redis.aclose)
            database = first.database_url.get_secret_value()
            store = open_database(database, "test", pool_size=2, max_overflow=0, read_seconds=3.0)
            stack.push_async_callback(store.dispose)
            pool = await stack.enter_async_context(create_bulk_pool(database, "test"))
            keys = Keys(first.key_prefix, first.partitions)
            scripts = Scripts(redis, keys)
            clock = SystemClock()
            opener = RoomOpener(
                LiveRooms(redis, scripts), RoomDirectory(store), clock, IdMaker(clock)
            )
            log = MessageLog(redis, scripts)
            yield cls(
                (replicas[0], replicas[1]),
                redis,
                keys,
                Presence(redis, scripts),
                MessageEditor(log, MessageReader(store), opener),
                Mover(redis, keys, scripts, BulkWriter(pool)),
            )


class SteeredRoom:
    """A room of its own. Every method returns when nothing goes on by itself any more."""

    _marks = count(1)
    _words = count(1)

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.replicas = around.replicas
        self.room: UUID = uuid4()
        # The last one is another tab of the first.
        self.viewers = [
            Viewer(f"{n}", f"session-of-viewer-number-{n % 3}", deltas=n % 2 == 1) for n in range(4)
        ]
        self.said: dict[int, str] = {}
        """What was acknowledged and is neither deleted nor lost with Redis."""
        self._ids: list[tuple[int, UUID]] = []
        self._drafts: dict[str, str] = {}
        self._doings: list[asyncio.Task[None]] = []

    # ------------------------------------------------------------------ what people do

    async def come(self, viewer: Viewer, replica: SteeredReplica) -> None:
        self._doings.append(viewer.come(replica, self.room))
        await self.settle()

    async def say(self, viewer: Viewer) -> None:
        text = f"কথা {next(self._words)}"
        self._drafts[text] = text
        await self._do(viewer.do(Post(CheckedDraft(text, text, "text", None, None))))

    async def rename(self, viewer: Viewer, name: str, color: str) -> None:
        await self._do(viewer.do(Rename(name, color)))

    async def change(self, which: int) -> None:
        await self._revise(which, f"বদল {next(self._words)}")

    async def delete(self, which: int) -> None:
        await self._revise(which, None)

    async def _revise(self, which: int, text: str | None) -> None:
        if not self._ids:
            return
        seq, message_id = self._ids[which % len(self._ids)]
        editor = self.around.editor
        try:
            found = await editor.find(message_id)
            if text is None:
                await editor.delete(found)
                self.said.pop(seq, None)
            else:
                await editor.change(found, CheckedDraft(text, None, "text", None, None))
                self.said[seq] = text
        except ChatError as error:
            if error.code not in LOST_BY_NOW:
                raise
        await self.settle()

    def _begin(self, doing: Coroutine[Any, Any, None]) -> None:
        self._doings.append(asyncio.get_running_loop().create_task(doing))

    async def _do(self, doing: Coroutine[Any, Any, None]) -> None:
        self._begin(doing)
        await self.settle()

    # ------------------------------------------------------------------ what happens to servers

    async def check_positions(self, replica: SteeredReplica) -> None:
        await self._do(replica.heartbeat.check_positions())

    async def renew(self, replica: SteeredReplica) -> None:
        await self._do(replica.heartbeat.renew_presence())

    async def give_up(self, replica: SteeredReplica) -> None:
        await replica.give_up(self.room)
        await self.settle()

    async def end_graces(self) -> None:
        partition = self.around.keys.partition_of(self.room)
        leaving = self.around.keys.leaving(partition)
        members: Any = await self.around.redis.zrange(leaving, 0, -1)
        if members:
            await self.around.redis.zadd(leaving, dict.fromkeys(members, 0))
            await self.around.presence.reap(partition)
        await self.settle()

    async def save(self) -> None:
        await self.around.mover.save()

    async def trim(self, keep: int) -> None:
        await self.around.mover.trim(self.room, keep)

    async def empty_redis(self, *, saved: bool) -> None:
        if saved:
            await self.save()
        else:
            self.said.clear()
        await self.around.redis.flushall()

    # ------------------------------------------------------------------ waiting

    async def settle(self) -> None:
        """Waits until all that can go on has gone on, then lets everybody look."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._quiet()
            await self._hear_all()
            await self._quiet()
            for viewer in self.viewers:
                if viewer.state.position and not viewer.state._resumes:
                    replica = viewer.replica
                    if replica is not None and not replica.answers.shut:
                        self._look(viewer)
                        await viewer.read_history()
        for viewer in self.viewers:
            self._look(viewer)
        for doing in [doing for doing in self._doings if doing.done()]:
            self._doings.remove(doing)
            doing.result()

    async def _quiet(self) -> None:
        quiet = 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            while quiet < QUIET_ROUNDS:
                quiet = 0 if any(replica.busy for replica in self.replicas) else quiet + 1
                await asyncio.sleep(0)

    async def _hear_all(self) -> None:
        """A mark goes the way of all events: what was published before it has arrived."""
        mark = MARK + b"%d" % next(self._marks)
        channel = self.around.keys.channel(self.room)
        redis: Any = self.around.redis
        for rounds in count():
            if rounds % MARK_ROUNDS == 0:  # again, in case a subscription has only begun now
                await redis.execute_command("SPUBLISH", channel, mark)
            listening = [replica for replica in self.replicas if replica.listens_to(self.room)]
            if all(replica.heard_mark == mark for replica in listening):
                return
            await asyncio.sleep(0)

    def _look(self, viewer: Viewer) -> None:
        for event in viewer.look():
            if event["type"] == "ack" and event["client_id"] in self._drafts:
                self.said[event["seq"]] = self._drafts.pop(event["client_id"])
                self._ids.append((event["seq"], UUID(event["message_id"])))

    async def level(self) -> None:
        """All that was withheld arrives, and the clocks go on until nothing is left to repair."""
        for replica in self.replicas:
            replica.flow()
            replica.answers.open()
        await self.settle()
        for _ in range(2):
            for replica in self.replicas:
                self._begin(replica.heartbeat.renew_presence())
                self._begin(replica.heartbeat.check_positions())
                replica.end_window(self.room)
            await self.settle()
        for replica in self.replicas:
            replica.end_window(self.room)
        await self.settle()

    async def end(self) -> None:
        """Everybody goes; nothing of this room stays in the replicas."""
        for replica in self.replicas:
            replica.flow()
            replica.answers.open()
        for viewer in self.viewers:
            viewer.cut()
        await self._quiet()
        for replica in self.replicas:
            await replica.give_up(self.room)
        for task in asyncio.all_tasks():
            if task.get_name() == f"linger {self.room}":
                task.cancel()
        await self._quiet()

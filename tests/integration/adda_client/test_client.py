"""The client against real replicas: what it promises when connections, replicas and Redis go."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from tests.integration.ws_service.conftest import Replica, run_replica
from tests.patience import PATIENCE_SECONDS
from tests.unit.docs.markdown_files import blocks_of, text_of

from adda_client import ChatClient, ChatClosed, ChatRefused, FullJitter, MessageRefused, client
from local_stack.ports import free_ports
from shared.protocol.events import ErrorEvent, Event, MessageEvent, RecoveredEvent, UserListEvent

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tests.own_valkey import OwnValkey

    from ws_service.settings import WsSettings

E = TypeVar("E", bound=Event)
FAST = FullJitter(base=0.05, cap=0.2)


def chat_at(base: str, room: UUID | str, name: str = "রাকিব", **more: Any) -> ChatClient:
    options = {"proxy": None} | more.pop("options", {})
    return ChatClient(base, room, username=name, backoff=FAST, options=options, **more)


def longest(_low: float, high: float) -> float:
    return high


async def texts_of(chat: ChatClient, count: int) -> list[str]:
    """The next `count` messages."""
    found: list[str] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for event in chat:
            if isinstance(event, MessageEvent):
                found.append(event.message)
                if len(found) == count:
                    break
    return found


async def next_of(chat: ChatClient, kind: type[E]) -> E:
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for event in chat:
            if isinstance(event, kind):
                return event
    raise AssertionError("the iteration has ended")


def cut(chat: ChatClient) -> None:
    """The connection is gone, without a word."""
    socket = chat._socket
    assert socket is not None
    socket.transport.abort()


async def test_what_one_sends_the_other_reads_in_order(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat_at(replicas[0].base, room) as writer, chat_at(replicas[1].base, room) as reader:
        acks = [await writer.send(str(n)) for n in range(5)]
        assert [ack.seq for ack in acks] == [1, 2, 3, 4, 5]
        assert await texts_of(reader, 5) == ["0", "1", "2", "3", "4"]


async def test_a_lost_connection_loses_and_doubles_nothing(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat_at(replicas[0].base, room) as writer, chat_at(replicas[1].base, room) as reader:

        async def write() -> None:
            for n in range(100):
                await writer.send(str(n))

        async def disturb() -> None:
            for turn in range(10):
                await asyncio.sleep(0.05)
                if (writer, reader)[turn % 2].connected:
                    cut((writer, reader)[turn % 2])

        _, _, seen = await asyncio.gather(write(), disturb(), texts_of(reader, 100))
        assert seen == [str(n) for n in range(100)]
        assert reader.connections > 1
        assert writer.connections > 1


async def test_the_identity_is_kept_over_reconnects(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat_at(replicas[0].base, room) as chat:
        before = chat.user_id
        cut(chat)
        ack = await chat.send("আমি")
        assert (chat.user_id, ack.seq) == (before, 1)
        await chat.rename("মিতা")
        [text] = await texts_of(chat, 1)
        assert text == "আমি"


async def test_a_message_that_the_server_will_never_take_is_told(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat_at(replicas[0].base, room) as chat:
        with pytest.raises(MessageRefused, match="validation_error"):
            await chat.send("ক" * 5000)
        await chat.send("এক", client_id="one")
        with pytest.raises(MessageRefused, match="client_id_conflict"):
            await chat.send("দুই", client_id="one")


async def test_the_same_client_id_gets_the_first_answer_again(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat_at(replicas[0].base, room) as chat:
        assert await chat.send("এক", client_id="one") == await chat.send("এক", client_id="one")


async def test_a_full_room_and_an_unknown_page_are_not_tried_again(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat_at(replicas[0].base, room):
        redis: Any = replicas[0].deps.redis
        await redis.hset(replicas[0].deps.hub.parts.keys.meta(room), "max_users", 1)
        with pytest.raises(ChatRefused, match="4001"):
            await chat_at(replicas[1].base, room).__aenter__()
    with pytest.raises(ChatRefused, match="4000"):
        await chat_at(replicas[0].base, "not-a-room").__aenter__()
    with pytest.raises(ChatRefused, match="404"):
        await chat_at(f"{replicas[0].base}/elsewhere", room).__aenter__()


async def test_a_room_that_is_deleted_ends_the_iteration_with_the_reason(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat_at(replicas[0].base, room) as chat:
        await replicas[0].deps.hub.parts.history.rooms.live.close(room)
        with pytest.raises(ChatRefused, match="4000"):
            await texts_of(chat, 1)
        with pytest.raises(ChatRefused):
            await chat.send("কেউ আছেন?")


async def test_it_waits_for_a_replica_that_is_not_there_yet(
    settings_for: Callable[..., WsSettings], room: UUID
) -> None:
    settings = settings_for("ws-1")
    entering = asyncio.create_task(
        chat_at(f"ws://{settings.host}:{settings.port}", room).__aenter__()
    )
    await asyncio.sleep(0.2)
    assert not entering.done()
    async with run_replica(settings):
        chat = await asyncio.wait_for(entering, 10)
        assert (await chat.send("এসেছি")).seq == 1
        await chat.close()


async def test_closing_ends_a_wait_for_a_server_that_never_comes(room: UUID) -> None:
    chat = chat_at(f"ws://127.0.0.1:{free_ports(1)[0]}", room)
    entering = asyncio.create_task(chat.__aenter__())
    await asyncio.sleep(0.1)
    await chat.close()
    with pytest.raises(ChatClosed):
        await asyncio.wait_for(entering, 5)


async def test_who_sends_or_asks_after_the_end_is_told(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat_at(replicas[0].base, room) as chat:
        await chat.send("এক")
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(ChatClosed):
            await chat.send("দুই")
        with pytest.raises(ChatClosed):
            await chat.history()


async def test_a_refusal_that_may_be_anybodys_begins_again_and_misses_nothing(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat_at(replicas[0].base, room) as chat:
        await chat.send("এক")
        asking = asyncio.create_task(chat.history())
        await asyncio.sleep(0)
        chat._answers.histories.append(None)  # as when a gap is being read, too
        await chat._tell(type="nonsense")
        await chat._tell(type="nonsense")
        await asyncio.gather(asking, return_exceptions=True)
        await chat.send("দুই")
        assert await texts_of(chat, 2) == ["এক", "দুই"]
        assert chat.connections > 1


async def test_redis_restarts_and_the_message_arrives_once(
    settings_for: Callable[..., WsSettings], own_valkey: OwnValkey, room: UUID
) -> None:
    settings = settings_for("ws-1", redis_url=own_valkey.url)
    async with run_replica(settings) as replica, chat_at(replica.base, room) as chat:
        await chat.send("আগে")
        own_valkey.kill()
        sending = asyncio.create_task(chat.send("মাঝে", client_id="once"))
        await asyncio.sleep(0.3)
        own_valkey.start()
        ack = await asyncio.wait_for(sending, 20)
        assert ack == await chat.send("মাঝে", client_id="once")
        assert await texts_of(chat, 2) == ["আগে", "মাঝে"]


async def test_more_missed_than_a_reconnect_brings_is_read_page_by_page(
    replicas: tuple[Replica, Replica], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.usecases.read_history.RECOVERY_LIMIT", 10)
    async with chat_at(replicas[0].base, room) as writer, chat_at(replicas[1].base, room) as reader:
        reader._backoff = FullJitter(base=1.0, draw=longest)
        cut(reader)
        for n in range(250):
            await writer.send(str(n))
        assert await texts_of(reader, 250) == [str(n) for n in range(250)]


async def test_who_takes_nothing_reads_it_again_later(
    replicas: tuple[Replica, Replica], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MOST_WAITING", 20)
    async with chat_at(replicas[0].base, room) as writer, chat_at(replicas[1].base, room) as lazy:
        for n in range(100):
            await writer.send(str(n))
        assert await texts_of(lazy, 100) == [str(n) for n in range(100)]
        assert lazy.connections > 1


async def test_an_emptied_redis_is_told_as_a_break(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat_at(replicas[0].base, room) as chat:
        await chat.send("আগে")
        redis: Any = replicas[0].deps.redis
        await redis.delete(replicas[0].deps.hub.parts.keys.meta(room))
        await chat.send("পরে")
        assert (await next_of(chat, RecoveredEvent)).complete is False


async def test_history_and_the_other_events_are_typed(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat_at(replicas[0].base, room) as chat:
        for n in range(3):
            await chat.send(str(n))
        page = await chat.history(before=3)
        assert [message.seq for message in page.messages] == [1, 2]
        assert (await next_of(chat, UserListEvent)).total == 1
        await chat._tell(type="nonsense")
        assert (await next_of(chat, ErrorEvent)).code == "unknown_type"


async def test_the_bot_of_the_readme_answers(replicas: tuple[Replica, Replica], room: UUID) -> None:
    [block] = [block for block in blocks_of(text_of("README.md")) if block.language == "python"]
    source = block.text.replace("ws://localhost:8000", replicas[0].base)
    names: dict[str, Any] = {}
    exec(compile(source, "bot.py", "exec"), names)  # noqa: S102
    assert len([line for line in source.splitlines() if line]) == 10
    bot = asyncio.create_task(names["main"](str(room)))
    async with chat_at(replicas[1].base, room) as chat:
        while (await next_of(chat, UserListEvent)).total < 2:
            pass  # the bot answers what it hears, and is not here yet
        await chat.send("হ্যালো")
        try:
            assert await texts_of(chat, 2) == ["হ্যালো", "🔁 হ্যালো"]
        finally:
            bot.cancel()
            await asyncio.gather(bot, return_exceptions=True)

"""Changes of messages that a replica heard late, in part, or never."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.chat_client import ChatClient, chat
from tests.integration.ws_service.conftest import Replica
from tests.patience import eventually

from shared.protocol.codec import decode_body
from shared.protocol.envelopes import RevisionEnvelope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    import pytest

    from shared.protocol.envelopes import Envelope


async def change(replica: Replica, room: UUID, seq: int, content: str) -> None:
    """Changes a message by the log, as the REST service does."""
    log = replica.deps.hub.parts.history.log
    (message,) = (await log.before(room, seq + 1, 1)).messages
    body = decode_body(message.body)._replace(message=content)
    await log.revise(room, message, body, delete=False)


def withhold(channel: Any) -> list[Envelope]:
    """What comes for the room from now on is kept in the list instead."""
    late: list[Envelope] = []
    channel.take = late.append
    return late


async def arrived(late: list[Envelope], count: int) -> None:
    await eventually(lambda: len(late) >= count)


async def say(client: ChatClient, *texts: str) -> None:
    for text in texts:
        await client.say(text, client_id=text)
        await client.wait_for("ack", lambda ack, text=text: ack["client_id"] == text)  # type: ignore[misc]


async def test_a_change_that_its_replica_missed_is_told_to_who_went_to_another(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    async with chat(replicas[0].base, room) as client:
        await say(client, "আগে")
        channel: Any = replicas[0].deps.hub.parts.channels[room]
        take = channel.take
        channel.take = lambda e: None if isinstance(e, RevisionEnvelope) else take(e)
        await change(replicas[0], room, 1, "বদলে গেছে")
        await say(client, "পরে")
        await client.wait_for("message", lambda e: e["seq"] == 2)
        assert client.of("message_updated") == []
        epoch = client.of("welcome")[0]["epoch"]
    async with chat(replicas[1].base, room, epoch=epoch, since=2) as client:
        recovered = await client.wait_for("recovered")
        assert recovered["complete"] is True
        assert [(e["seq"], e["message"]) for e in recovered["revisions"]] == [(1, "বদলে গেছে")]


async def test_more_missed_changes_than_are_told_again_are_a_reason_to_reload(
    replicas: tuple[Replica, Replica], room: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ws_service.room_channel.MOST_CHANGES", 1)
    async with chat(replicas[0].base, room) as client:
        await say(client, "১", "২", "৩")
        await client.wait_for("message", lambda e: e["seq"] == 3)
        channel: Any = replicas[0].deps.hub.parts.channels[room]
        take = channel.take
        late = withhold(channel)
        for seq in (1, 2):
            await change(replicas[0], room, seq, f"বদল {seq}")
        await arrived(late, 2)
        channel.take = take
        channel.check()
        recovered = await client.wait_for("recovered")
        assert recovered["complete"] is False
        assert [m["message"] for m in recovered["messages"]] == ["বদল 1", "বদল 2", "৩"]
        # From here on it goes on as ever.
        await change(replicas[0], room, 3, "বদল 3")
        await client.wait_for("message_updated", lambda e: e["seq"] == 3)
        assert len(client.of("recovered")) == 1


async def test_a_change_that_was_read_is_not_told_again_by_an_older_one(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    log: Any = replicas[0].deps.hub.parts.history.log
    read_changes = log.changes
    texts: Iterator[str] = iter(("২", "৩"))

    async def changes(*args: Any) -> Any:
        for text in texts:  # after the head was read, before the changes are
            await change(replicas[1], room, 1, text)
        return await read_changes(*args)

    async with chat(replicas[0].base, room) as client, chat(replicas[1].base, room):
        await say(client, "০")
        await client.wait_for("message")
        channel: Any = replicas[0].deps.hub.parts.channels[room]
        take = channel.take
        late = withhold(channel)
        await change(replicas[1], room, 1, "১")
        await arrived(late, 1)
        log.changes = changes
        channel.check()
        await arrived(late, 3)
        await client.wait_for("message_updated", lambda e: e["revision"] == 3)
        for envelope in late:
            take(envelope)
        channel.take = take
        await change(replicas[1], room, 1, "৪")
        await client.wait_for("message_updated", lambda e: e["revision"] == 4)
        assert [e["revision"] for e in client.of("message_updated")] == [3, 4]


async def test_who_must_reload_is_not_sent_back_behind_what_came_meanwhile(
    replicas: tuple[Replica, Replica], room: UUID
) -> None:
    parts = replicas[0].deps.hub.parts
    log: Any = parts.history.log
    read_before = log.before
    async with chat(replicas[0].base, room) as client:
        await say(client, "১")
        await client.wait_for("message")
        channel: Any = parts.channels[room]
        take = channel.take
        late = withhold(channel)
        await say(client, "২", "৩")
        # The log has lost what would fill the gap.
        await replicas[0].deps.redis.xtrim(parts.keys.log(room), minid="3-0", approximate=False)

        async def before(*args: Any) -> Any:
            page = await read_before(*args)
            log.before = read_before
            await say(client, "৪")
            await arrived(late, 3)
            for envelope in late:
                take(envelope)
            return page

        log.before = before
        channel.check()
        recovered = await client.wait_for("recovered")
        assert recovered["seq"] == 4
        channel.take = take
        await say(client, "৫")
        await client.wait_for("message", lambda e: e["seq"] == 5)
        assert client.texts == ["১", "২", "৩", "৪", "৫"]

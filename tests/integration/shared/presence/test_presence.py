from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.integration.shared.conftest import IDS, make_user

from shared.presence.presence import Joined, Member, Presence, Refused, Renewal
from shared.protocol.envelopes import RosterEnvelope, decode_envelope
from shared.runtime.redis_client import node_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from uuid import UUID

    from redis.asyncio import Redis

    from shared.domain.entities import User
    from shared.redis_schema.keys import Keys
    from shared.redis_schema.scripts import Scripts
    from shared.rooms.live_rooms import LiveRooms

    Listen = Callable[[UUID], Awaitable["RecordingListener"]]


@pytest.fixture
def presence(redis: Redis, scripts: Scripts) -> Presence:
    return Presence(redis, scripts)


class RecordingListener:
    """Hears a room's roster changes in order."""

    def __init__(self, redis: Redis, channel: str) -> None:
        self._redis = redis
        self._channel = channel

    async def start(self) -> None:
        self._pubsub = (await node_for(self._redis, self._channel)).pubsub()
        await self._pubsub.ssubscribe(self._channel)
        await self._pubsub.get_message(timeout=1)

    async def changes(self) -> list[RosterEnvelope]:
        found = []
        while message := await self._pubsub.get_message(timeout=0.1):
            envelope = decode_envelope(message["data"])
            assert isinstance(envelope, RosterEnvelope)
            found.append(envelope)
        return found

    async def stop(self) -> None:
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]


@pytest.fixture
async def listen(
    redis: Redis, keys: Keys
) -> AsyncIterator[Callable[[UUID], Awaitable[RecordingListener]]]:
    listeners: list[RecordingListener] = []

    async def listen_to(room: UUID) -> RecordingListener:
        listener = RecordingListener(redis, keys.channel(room))
        await listener.start()
        listeners.append(listener)
        return listener

    yield listen_to
    for listener in listeners:
        await listener.stop()


def connection_of(room: UUID, user: User) -> Member:
    return Member(room, user.id, IDS.new())


async def join(presence: Presence, room: UUID, user: User) -> tuple[Member, Joined]:
    member = connection_of(room, user)
    outcome = await presence.join(member, user)
    assert isinstance(outcome, Joined)
    return member, outcome


async def leave_now(presence: Presence, keys: Keys, member: Member, user: User) -> None:
    await presence.leave(member, user, grace_ms=0)
    await asyncio.sleep(0.005)
    await presence.reap(keys.partition_of(member.room))


async def test_a_newcomer_is_announced_once(
    presence: Presence, open_room: Callable[..., Awaitable[UUID]], listen: Listen
) -> None:
    room = await open_room()
    listener = await listen(room)
    user = make_user()
    _, outcome = await join(presence, room, user)
    assert (outcome.how, outcome.online) == ("joined", 1)
    changes = await listener.changes()
    assert [(c.op, c.rv, c.person.username) for c in changes] == [("j", 1, "রাকিব")]


async def test_a_second_tab_is_not_announced(
    presence: Presence, open_room: Callable[..., Awaitable[UUID]], listen: Listen
) -> None:
    room = await open_room()
    user = make_user()
    await join(presence, room, user)
    listener = await listen(room)
    _, outcome = await join(presence, room, user)
    assert (outcome.how, outcome.online) == ("tab", 1)
    assert await listener.changes() == []


async def test_a_reload_within_the_grace_is_not_seen(
    presence: Presence, open_room: Callable[..., Awaitable[UUID]], listen: Listen, keys: Keys
) -> None:
    room = await open_room()
    user = make_user()
    member, _ = await join(presence, room, user)
    listener = await listen(room)
    await presence.leave(member, user, grace_ms=60_000)
    await presence.reap(keys.partition_of(room))
    _, outcome = await join(presence, room, user)
    assert (outcome.how, outcome.online) == ("back", 1)
    await presence.reap(keys.partition_of(room))
    assert await listener.changes() == []


async def test_a_leave_is_announced_after_the_grace_by_one_reaper_only(
    presence: Presence, open_room: Callable[..., Awaitable[UUID]], listen: Listen, keys: Keys
) -> None:
    room = await open_room()
    user = make_user()
    member, _ = await join(presence, room, user)
    listener = await listen(room)
    await presence.leave(member, user, grace_ms=0)
    await asyncio.sleep(0.005)
    await asyncio.gather(*(presence.reap(keys.partition_of(room)) for _ in range(10)))
    assert [c.op for c in await listener.changes()] == ["l"]
    assert (await presence.snapshot(room)).people == ()


async def test_closing_one_of_two_tabs_is_not_seen(
    presence: Presence, open_room: Callable[..., Awaitable[UUID]], listen: Listen, keys: Keys
) -> None:
    room = await open_room()
    user = make_user()
    first, _ = await join(presence, room, user)
    await join(presence, room, user)
    listener = await listen(room)
    await leave_now(presence, keys, first, user)
    assert await listener.changes() == []


async def test_fifty_simultaneous_joins_fill_a_room_exactly(
    presence: Presence, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room(max_users=20)
    users = [make_user(f"জন {n}") for n in range(50)]
    outcomes = await asyncio.gather(
        *(presence.join(connection_of(room, user), user) for user in users)
    )
    assert sum(isinstance(outcome, Joined) for outcome in outcomes) == 20
    assert [o for o in outcomes if not isinstance(o, Joined)] == [Refused("full")] * 30
    assert len((await presence.snapshot(room)).people) == 20


async def test_a_second_tab_gets_into_a_full_room(
    presence: Presence, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room(max_users=2)
    first, second = make_user("ক"), make_user("খ")
    await join(presence, room, first)
    await join(presence, room, second)
    _, outcome = await join(presence, room, first)
    assert outcome.how == "tab"


async def test_who_has_left_a_full_room_holds_no_place(
    presence: Presence, open_room: Callable[..., Awaitable[UUID]], listen: Listen
) -> None:
    room = await open_room(max_users=2)
    first, second, third = make_user("ক"), make_user("খ"), make_user("গ")
    member, _ = await join(presence, room, first)
    await join(presence, room, second)
    listener = await listen(room)
    await presence.leave(member, first)
    _, outcome = await join(presence, room, third)
    assert (outcome.how, outcome.online) == ("joined", 2)
    assert [(c.op, c.person.username) for c in await listener.changes()] == [("l", "ক"), ("j", "গ")]


async def test_connections_that_are_not_renewed_are_reaped(
    redis: Redis,
    presence: Presence,
    open_room: Callable[..., Awaitable[UUID]],
    keys: Keys,
    listen: Listen,
) -> None:
    room = await open_room()
    user = make_user()
    member, _ = await join(presence, room, user)
    listener = await listen(room)
    partition = keys.partition_of(room)
    assert await presence.reap(partition) == 0
    await redis.zadd(keys.conns(partition), {str(member): 1})
    assert await presence.reap(partition) == 2  # one connection, one person
    assert [c.op for c in await listener.changes()] == ["l"]


async def test_a_renewal_that_comes_first_wins_over_the_reaper(
    redis: Redis, presence: Presence, open_room: Callable[..., Awaitable[UUID]], keys: Keys
) -> None:
    room = await open_room()
    user = make_user()
    member, _ = await join(presence, room, user)
    partition = keys.partition_of(room)
    await redis.zadd(keys.conns(partition), {str(member): 1})
    assert await presence.renew([member]) == Renewal([], None)
    assert await presence.reap(partition) == 0


async def test_a_renewal_tells_which_connections_are_gone(
    presence: Presence, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    user = make_user()
    member, _ = await join(presence, room, user)
    lost = connection_of(room, user)
    assert await presence.renew([member, lost]) == Renewal([lost], None)


async def test_a_new_name_is_announced_with_the_old_one(
    presence: Presence, open_room: Callable[..., Awaitable[UUID]], listen: Listen
) -> None:
    room = await open_room()
    user = make_user("রাকিব")
    await join(presence, room, user)
    listener = await listen(room)
    assert await presence.rename(room, user.called("রকি", None))
    assert await presence.rename(room, user.called("রকি", None))
    (change,) = await listener.changes()
    assert change.before is not None
    assert (change.op, change.before.username, change.person.username) == ("n", "রাকিব", "রকি")


async def test_pages_of_a_roster_are_in_the_order_of_joining(
    presence: Presence, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    for n in range(5):
        await join(presence, room, make_user(f"জন {n}"))
    page, total = await presence.page(room, 2, 2)
    assert ([p.person.username for p in page], total) == (["জন 2", "জন 3"], 5)


async def test_rooms_are_ranked_by_people_online(
    presence: Presence, live: LiveRooms, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    quiet, busy = await open_room(), await open_room()
    await join(presence, quiet, make_user())
    for _ in range(3):
        await join(presence, busy, make_user())
    assert await live.ranked_public() == [(busy, 3), (quiet, 1)]


async def test_a_room_that_redis_does_not_know_lets_nobody_in(presence: Presence) -> None:
    user = make_user()
    assert await presence.join(connection_of(IDS.new(), user), user) == Refused("no_room")


async def test_a_closed_room_lets_nobody_in(
    presence: Presence, live: LiveRooms, open_room: Callable[..., Awaitable[UUID]]
) -> None:
    room = await open_room()
    await live.close(room)
    user = make_user()
    assert await presence.join(connection_of(room, user), user) == Refused("closed")


async def test_who_was_seen_is_told_with_the_time_and_a_stranger_is_missing(
    presence: Presence,
) -> None:
    users = [IDS.new() for _ in range(40)]  # over all partitions
    for n, user in enumerate(users[:-1]):
        await presence.mark_seen([user], 1_000 + n)
    expected = {user: 1_000 + n for n, user in enumerate(users[:-1])}
    assert await presence.last_seen(users) == expected
    assert await presence.last_seen([]) == {}

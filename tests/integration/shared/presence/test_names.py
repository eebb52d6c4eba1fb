"""No two people of a room are called by names that look alike."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.integration.shared.conftest import IDS, make_user

from shared.domain.confusables import confusable_skeleton
from shared.domain.names import MAX_NAME_GRAPHEMES
from shared.domain.worn_names import numbered
from shared.presence.presence import Joined, Member, Presence
from shared.protocol.envelopes import Person

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from redis.asyncio import Redis

    from shared.domain.entities import User
    from shared.redis_schema.keys import Keys
    from shared.redis_schema.scripts import Scripts

    OpenRoom = Callable[..., Awaitable[UUID]]


@pytest.fixture
def presence(redis: Redis, scripts: Scripts) -> Presence:
    return Presence(redis, scripts)


async def come(
    presence: Presence, room: UUID, user: User, *, number: int = 1, force: bool = False
) -> Member:
    member = Member(room, user.id, IDS.new())
    outcome = await presence.join(member, user, number=number, force=force)
    assert isinstance(outcome, Joined)
    return member


async def go(presence: Presence, keys: Keys, member: Member, user: User) -> None:
    """Leaves, and the grace ends."""
    await presence.leave(member, user, grace_ms=-1)
    await presence.reap(keys.partition_of(member.room))


async def called(presence: Presence, room: UUID) -> list[str]:
    """The names in the room, who came first first."""
    return [present.person.username for present in (await presence.snapshot(room)).people]


async def assert_consistent(redis: Redis, keys: Keys, presence: Presence, room: UUID) -> None:
    """Each person has exactly the name that the roster shows, and nobody else has any."""
    people = [present.person for present in (await presence.snapshot(room)).people]
    raw: Any = await redis.hgetall(keys.names(room))
    held = {field.decode(): value.decode() for field, value in raw.items()}
    expected = {confusable_skeleton(person.username): person.id for person in people}
    assert len(expected) == len(people), "two look alike"
    backwards = {field[1:]: value for field, value in held.items() if field[:1] == "\n"}
    assert {n: v for n, v in held.items() if n[:1] != "\n"} == expected
    assert {v.partition(" ")[2]: user for user, v in backwards.items()} == expected
    for person in people:
        number = int(backwards[person.id].partition(" ")[0])
        assert numbered(person.asked or person.username, number) == person.username


async def test_who_comes_second_under_a_name_gets_a_number(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    room = await open_room()
    for name in ("রাকিব", "রাকিব", "ৰাকিব", "করিম", " রা\u200cকিব"):
        await come(presence, room, make_user(name))
    assert await called(presence, room) == ["রাকিব", "রাকিব ২", "ৰাকিব ৩", "করিম", " রা\u200cকিব ৪"]
    await assert_consistent(redis, keys, presence, room)


async def test_who_joins_is_told_what_the_room_calls_them(
    presence: Presence, open_room: OpenRoom
) -> None:
    room = await open_room()
    await come(presence, room, make_user('র"া\\কিব'))
    user = make_user('র"া\\কিব')
    outcome = await presence.join(Member(room, user.id, IDS.new()), user)
    assert isinstance(outcome, Joined)
    assert outcome.called.person == Person(str(user.id), 'র"া\\কিব ২', user.color, asked='র"া\\কিব')


async def test_the_same_name_in_another_room_is_free(
    presence: Presence, open_room: OpenRoom
) -> None:
    first, second = await open_room(), await open_room()
    await come(presence, first, make_user("রাকিব"))
    await come(presence, second, make_user("রাকিব"))
    assert await called(presence, second) == ["রাকিব"]


async def test_a_hundred_simultaneous_guests_are_a_hundred_different_ones(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    room = await open_room(max_users=200)
    await asyncio.gather(*(come(presence, room, make_user("অতিথি")) for _ in range(100)))
    names = await called(presence, room)
    assert {"অতিথি", *(f"অতিথি {digit}" for digit in "২৩৪৫৬৭৮৯")} <= set(names)
    await assert_consistent(redis, keys, presence, room)


async def test_the_number_of_a_name_is_looked_for_among_few(
    presence: Presence, open_room: OpenRoom
) -> None:
    """A storm of guests must not cost the more, the more are there."""
    room = await open_room(max_users=1000)
    users = [make_user("অতিথি") for _ in range(600)]
    await asyncio.gather(*(come(presence, room, user) for user in users))
    names = await called(presence, room)
    highest = max(int(name.partition(" ")[2] or "1") for name in names)
    assert highest < 2 * 600 + 10


async def test_the_longest_name_is_cut_for_its_number(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    room, name = await open_room(), "কি" * MAX_NAME_GRAPHEMES
    for _ in range(2):
        await come(presence, room, make_user(name))
    assert await called(presence, room) == [name, numbered(name, 2)]
    await assert_consistent(redis, keys, presence, room)


async def test_who_returns_within_the_grace_keeps_the_name(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    room = await open_room()
    first, second = make_user("রাকিব"), make_user("রাকিব")
    member = await come(presence, room, first)
    again = await come(presence, room, second)
    await presence.leave(again, second)
    await go(presence, keys, member, first)
    await come(presence, room, second)  # the name itself is free meanwhile
    await come(presence, room, make_user("রাকিব"))
    assert await called(presence, room) == ["রাকিব ২", "রাকিব"]
    await assert_consistent(redis, keys, presence, room)


async def test_a_second_tab_is_nobody_else(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    room = await open_room()
    await come(presence, room, make_user("রাকিব"))
    user = make_user("রাকিব")
    for _ in range(2):
        await come(presence, room, user)
    assert await called(presence, room) == ["রাকিব", "রাকিব ২"]
    await come(presence, room, user.called("করিম", None))  # another tab wants another name
    assert await called(presence, room) == ["রাকিব", "করিম"]
    await assert_consistent(redis, keys, presence, room)


async def test_who_is_in_already_may_be_let_in_and_called_as_before(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    room, user = await open_room(), make_user("রাকিব")
    for wish in (user, user.called("করিম", "#123456")):
        outcome = await presence.join(Member(room, user.id, IDS.new()), wish, keep=True)
        assert isinstance(outcome, Joined)
        assert outcome.called.person == Person(str(user.id), "রাকিব", user.color)
    assert (await presence.snapshot(room)).rv == 1
    await assert_consistent(redis, keys, presence, room)
    # An older replica has put them in, without names.
    await redis.delete(keys.names(room))
    await presence.join(Member(room, user.id, IDS.new()), user, keep=True)
    await assert_consistent(redis, keys, presence, room)


async def test_who_has_gone_leaves_the_name_to_others(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    room, user = await open_room(max_users=2), make_user("রাকিব")
    member = await come(presence, room, user)
    await come(presence, room, make_user("করিম"))
    await presence.leave(member, user)
    await come(presence, room, make_user("রাকিব"))  # the room was full but for who had left
    assert await called(presence, room) == ["করিম", "রাকিব"]
    await assert_consistent(redis, keys, presence, room)


async def test_who_crashed_leaves_the_name_to_others(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    room = await open_room()
    member = await come(presence, room, make_user("রাকিব"))
    await come(presence, room, make_user("রাকিব"))
    await redis.zadd(keys.conns(keys.partition_of(room)), {str(member): 1})
    await presence.reap(keys.partition_of(room))
    await assert_consistent(redis, keys, presence, room)
    await come(presence, room, make_user("রাকিব"))
    assert await called(presence, room) == ["রাকিব ২", "রাকিব"]


async def test_the_last_one_turns_out_the_light(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    room, user = await open_room(), make_user("রাকিব")
    member = await come(presence, room, user)
    await redis.hset(keys.names(room), "left by an older replica", str(IDS.new()))
    await go(presence, keys, member, user)
    assert await redis.exists(keys.names(room)) == 0


async def test_what_an_older_replica_has_left_is_free(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    """It takes people off the roster without their names, and adds some without names."""
    room = await open_room()
    ghost, unnamed = make_user("রাকিব"), make_user("করিম")
    for user in (ghost, unnamed, make_user("মিতা")):
        await come(presence, room, user)
    await redis.hdel(keys.users(room), str(ghost.id))
    await redis.zrem(keys.roster(room), str(ghost.id))
    await redis.hdel(keys.tabs(room), str(ghost.id))
    await redis.hdel(keys.names(room), "করিম", f"\n{unnamed.id}")
    await come(presence, room, make_user("রাকিব"))
    await come(presence, room, ghost)
    await come(presence, room, unnamed)
    assert await called(presence, room) == ["করিম", "মিতা", "রাকিব", "রাকিব ২"]
    await assert_consistent(redis, keys, presence, room)


async def test_who_is_put_in_by_an_older_replica_takes_nobodys_name_away(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    room = await open_room()
    ghost = make_user("রাকিব")
    member = await come(presence, room, ghost)
    person: Any = await redis.hget(keys.users(room), str(ghost.id))
    await redis.hdel(keys.users(room), str(ghost.id))
    await come(presence, room, make_user("রাকিব"))
    await redis.hset(keys.users(room), str(ghost.id), person)
    await go(presence, keys, member, ghost)
    assert await called(presence, room) == ["রাকিব"]
    await assert_consistent(redis, keys, presence, room)


async def test_a_new_name_that_is_taken_gets_a_number_and_a_free_one_gives_the_old_back(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    room = await open_room()
    rakib, karim = make_user("রাকিব"), make_user("করিম")
    await come(presence, room, rakib)
    await come(presence, room, karim)
    changed = await presence.rename(room, karim.called("রাকিব", None))
    assert changed is not None
    assert (changed.person.username, changed.person.asked) == ("রাকিব ২", "রাকিব")
    await assert_consistent(redis, keys, presence, room)
    await presence.rename(room, rakib.called("করিম", None))
    await presence.rename(room, karim.called("রাকিব", None))  # asks once more: it is free now
    assert await called(presence, room) == ["করিম", "রাকিব"]
    await assert_consistent(redis, keys, presence, room)


async def test_who_asks_again_for_a_name_that_is_still_taken_keeps_the_number(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    room = await open_room()
    users = [make_user("রাকিব") for _ in range(3)]
    members = [await come(presence, room, user) for user in users]
    await go(presence, keys, members[1], users[1])
    await presence.rename(room, users[2])
    assert await called(presence, room) == ["রাকিব", "রাকিব ৩"]
    await assert_consistent(redis, keys, presence, room)


async def test_a_new_colour_leaves_the_number(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    room = await open_room()
    first, second = make_user("রাকিব"), make_user("রাকিব")
    member = await come(presence, room, first)
    await come(presence, room, second)
    await go(presence, keys, member, first)
    changed = await presence.rename(room, second.called(None, "#123456"), keep=True)
    assert changed is not None
    assert (changed.person.username, changed.person.color) == ("রাকিব ২", "#123456")
    await assert_consistent(redis, keys, presence, room)


async def test_one_who_writes_the_own_name_otherwise_has_no_rival(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    room, user = await open_room(), make_user("rakib")
    await come(presence, room, user)
    await presence.rename(room, user.called("RAKIB", None))
    assert await called(presence, room) == ["RAKIB"]
    await assert_consistent(redis, keys, presence, room)


async def test_two_who_swap_names_at_once_stay_two(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    room = await open_room()
    rakib, karim = make_user("রাকিব"), make_user("করিম")
    await come(presence, room, rakib)
    await come(presence, room, karim)
    for _ in range(5):
        await asyncio.gather(
            presence.rename(room, rakib.called("করিম", None)),
            presence.rename(room, karim.called("রাকিব", None)),
        )
        await assert_consistent(redis, keys, presence, room)
        await asyncio.gather(presence.rename(room, rakib), presence.rename(room, karim))
        await assert_consistent(redis, keys, presence, room)


async def test_who_is_put_in_again_has_the_number_again(
    redis: Redis, keys: Keys, presence: Presence, open_room: OpenRoom
) -> None:
    """Redis was emptied; whoever is first, nobody gets another's name."""
    room = await open_room()
    first, second = make_user("রাকিব"), make_user("রাকিব")
    await come(presence, room, second, number=2, force=True)
    third = make_user("রাকিব")
    await come(presence, room, third, number=2, force=True)  # was called so in another life
    await come(presence, room, first, force=True)
    assert await called(presence, room) == ["রাকিব ২", "রাকিব ৩", "রাকিব"]
    await assert_consistent(redis, keys, presence, room)


PEOPLE = [make_user("-") for _ in range(4)]
NAMES = st.sampled_from(["রাকিব", "ৰাকিব", "রাকিব ২", "রাকিব ৪", "রাকিব 8", "করিম"])
STEPS = st.tuples(
    st.sampled_from(["join", "go", "rename", "colour", "crash"]), st.integers(0, 3), NAMES
)


class Play:
    """A small room, and what people do in it."""

    def __init__(self, redis: Redis, keys: Keys, presence: Presence, room: UUID) -> None:
        self._redis, self._keys, self._presence, self._room = redis, keys, presence, room
        self._partition = keys.partition_of(room)
        self._members: dict[int, list[Member]] = {}

    async def do(self, what: str, who: int, name: str) -> None:
        user = PEOPLE[who].called(name, None)
        if what == "join":
            member = Member(self._room, user.id, IDS.new())
            if isinstance(await self._presence.join(member, user), Joined):
                self._members.setdefault(who, []).append(member)
        elif what in {"rename", "colour"}:
            color = "#123456" if what == "colour" else None
            changed = user.called(None, color)
            await self._presence.rename(self._room, changed, keep=what == "colour")
        elif self._members.get(who):
            await self._end(what, self._members[who].pop(), user)

    async def _end(self, how: str, member: Member, user: User) -> None:
        if how == "go":
            await self._presence.leave(member, user, grace_ms=2000)
        else:
            conns = self._keys.conns(self._partition)
            await self._redis.zadd(conns, {str(member): 1}, xx=True)
            await self._presence.reap(self._partition)

    async def end(self) -> None:
        for who, members in self._members.items():
            for member in members:
                await self._presence.leave(member, PEOPLE[who])
        leaving = self._keys.leaving(self._partition)
        waiting: Any = await self._redis.zrange(leaving, 0, -1)
        if waiting:
            await self._redis.zadd(leaving, dict.fromkeys(waiting, 0))
        await self._presence.reap(self._partition)


@settings(
    max_examples=40,
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.lists(STEPS, min_size=1, max_size=3), max_size=12))
async def test_whatever_people_do_names_and_roster_agree(
    redis: Redis,
    keys: Keys,
    presence: Presence,
    open_room: OpenRoom,
    steps: list[list[tuple[str, int, str]]],
) -> None:
    room = await open_room(max_users=3)
    play = Play(redis, keys, presence, room)
    for together in steps:
        await asyncio.gather(*(play.do(*step) for step in together))
        await assert_consistent(redis, keys, presence, room)
    await play.end()
    assert await called(presence, room) == []
    assert await redis.exists(keys.names(room)) == 0

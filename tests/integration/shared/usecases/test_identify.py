from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.integration.shared.conftest import IDS
from tests.redis_nodes import names_like

from shared.domain.entities import User
from shared.domain.ids import is_session_id, session_hash
from shared.domain.names import DEFAULT_COLOR, DEFAULT_USERNAME
from shared.domain.reserved_names import ReservedNames
from shared.domain.rules import RuleViolation
from shared.message_store.database import Database
from shared.message_store.user_directory import UserDirectory
from shared.protocol.errors import Unavailable
from shared.runtime.clock import SystemClock
from shared.sessions.session_store import SessionStore
from shared.usecases.identify import Identifier

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from sqlalchemy.ext.asyncio import AsyncEngine

    from shared.redis_schema.keys import Keys


@pytest.fixture
def sessions(redis: Redis, keys: Keys) -> SessionStore:
    return SessionStore(redis, keys)


@pytest.fixture
def identifier(sessions: SessionStore, users: UserDirectory) -> Identifier:
    return Identifier(sessions, users, SystemClock(), IDS)


@pytest.fixture
def without_postgres(sessions: SessionStore, engine_away: AsyncEngine) -> Identifier:
    return Identifier(sessions, UserDirectory(Database(engine_away)), SystemClock(), IDS)


def stored_user(session_id: str) -> User:
    return User(IDS.new(), session_hash(session_id), "সুমন", "#00ff00", SystemClock().micros())


async def test_who_brings_no_session_gets_a_user_and_a_session_to_keep(
    identifier: Identifier,
) -> None:
    identity = await identifier.identify(None, "রাকিব", "#ff0000")
    assert identity.new_session_id is not None
    assert is_session_id(identity.new_session_id)
    assert (identity.user.username, identity.user.color) == ("রাকিব", "#ff0000")
    again = await identifier.identify(identity.new_session_id, None, None)
    assert (again.user, again.new_session_id) == (identity.user, None)
    assert await identifier.known(identity.new_session_id) == identity.user


async def test_who_says_nothing_of_themselves_gets_the_defaults(identifier: Identifier) -> None:
    user = (await identifier.identify(None, None, None)).user
    assert (user.username, user.color) == (DEFAULT_USERNAME, DEFAULT_COLOR)


async def test_two_who_bring_no_session_are_two_people(identifier: Identifier) -> None:
    one, other = [await identifier.identify(None, "রাকিব", None) for _ in range(2)]
    assert one.user.id != other.user.id
    assert one.new_session_id != other.new_session_id


async def test_a_session_that_nobody_knows_gets_a_new_user_as_in_the_original(
    identifier: Identifier,
) -> None:
    session_id = IDS.session_id()
    assert await identifier.known(session_id) is None
    identity = await identifier.identify(session_id, "রাকিব", None)
    assert identity.new_session_id is None
    assert await identifier.known(session_id) == identity.user


async def test_of_many_tabs_that_bring_one_new_session_at_once_all_are_one_person(
    identifier: Identifier,
) -> None:
    session_id = IDS.session_id()
    found = await asyncio.gather(
        *(identifier.identify(session_id, "রাকিব", "#ff0000") for _ in range(10))
    )
    assert len({identity.user for identity in found}) == 1


async def test_a_session_that_only_postgresql_knows_is_read_through_once(
    identifier: Identifier, without_postgres: Identifier, users: UserDirectory
) -> None:
    session_id = IDS.session_id()
    user = stored_user(session_id)
    await users.create_user(user)
    assert await identifier.known(session_id) == user
    assert await without_postgres.known(session_id) == user  # from Redis by now


async def test_a_given_name_or_colour_is_a_wish_until_it_replaces_the_known_one(
    identifier: Identifier, sessions: SessionStore
) -> None:
    identity = await identifier.identify(None, "রাকিব", "#ff0000")
    assert identity.known == identity.user
    session_id = identity.new_session_id
    renamed = await identifier.identify(session_id, "সুমন", "#00FF00")
    assert renamed.user == identity.user.called("সুমন", "#00ff00")
    assert renamed.known == identity.user
    painted = await identifier.identify(session_id, None, "#00FF00")
    assert painted.user == identity.user.called(None, "#00ff00")
    await sessions.replace(renamed.user)
    again = await identifier.identify(session_id, None, None)
    assert again.user == again.known == renamed.user


@pytest.mark.parametrize(("username", "color"), [("\u202eরাকিব", None), (None, "reddish")])
async def test_what_breaks_a_rule_is_refused_and_nobody_is_made(
    identifier: Identifier, redis: Redis, keys: Keys, username: str | None, color: str | None
) -> None:
    with pytest.raises(RuleViolation):
        await identifier.identify(None, username, color)
    assert await names_like(redis, f"{keys.prefix}*") == []


async def test_without_postgresql_newcomers_and_those_whom_redis_knows_come_in(
    without_postgres: Identifier,
) -> None:
    identity = await without_postgres.identify(None, "রাকিব", None)
    again = await without_postgres.identify(identity.new_session_id, None, None)
    assert again.user == identity.user


async def test_without_postgresql_a_session_that_it_may_know_is_unavailable_and_not_new(
    without_postgres: Identifier,
) -> None:
    for call in (
        without_postgres.known(IDS.session_id()),
        without_postgres.identify(IDS.session_id(), None, None),
    ):
        with pytest.raises(Unavailable) as caught:
            await call
        assert caught.value.part == "postgres"


async def test_without_redis_nobody_is_known(
    redis_away: Redis, keys: Keys, users: UserDirectory
) -> None:
    identifier = Identifier(SessionStore(redis_away, keys), users, SystemClock(), IDS)
    with pytest.raises(Unavailable) as caught:
        await identifier.identify(None, None, None)
    assert caught.value.part == "redis"


async def test_a_reserved_name_is_taken_from_nobody_and_given_to_nobody(
    identifier: Identifier,
) -> None:
    made = (await identifier.identify(None, "রাকিব", None)).new_session_id
    assert made is not None
    strict = replace(identifier, reserved=ReservedNames(("admin",)))
    for session in (None, made, "a-session-that-nobody-knows"):
        with pytest.raises(RuleViolation) as caught:
            await strict.identify(session, "4dm1n", None)
        assert (caught.value.field, caught.value.code) == ("username", "reserved")
    assert (await strict.identify(made, None, None)).user.username == "রাকিব"


async def test_who_had_a_name_before_it_was_reserved_is_a_guest_again(
    identifier: Identifier,
) -> None:
    made = (await identifier.identify(None, "admin", "#ff0000")).new_session_id
    assert made is not None
    strict = replace(identifier, reserved=ReservedNames(("admin",)))
    user = (await strict.identify(made, None, None)).user
    assert (user.username, user.color) == (DEFAULT_USERNAME, "#ff0000")

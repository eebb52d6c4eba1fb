from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.shared.conftest import IDS, make_user
from tests.redis_nodes import names_like

from shared.domain.entities import User
from shared.domain.ids import session_hash
from shared.protocol.errors import ErrorCode, Unavailable
from shared.runtime.redis_client import open_redis
from shared.sessions.session_store import SESSION_KEEP_SECONDS, SessionStore

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys


@pytest.fixture
def sessions(redis: Redis, keys: Keys) -> SessionStore:
    return SessionStore(redis, keys)


async def test_an_unknown_session_is_none(sessions: SessionStore) -> None:
    assert await sessions.find(session_hash("nobody")) is None


async def test_a_claimed_session_is_found_again(sessions: SessionStore) -> None:
    user = make_user("রাকিব 😀\n")
    assert await sessions.claim(user) == user
    assert await sessions.find(user.session_hash) == user


async def test_who_claims_second_gets_the_first_one(sessions: SessionStore) -> None:
    first = make_user("প্রথম")
    second = User(IDS.new(), first.session_hash, "দ্বিতীয়", "#00ff00", 7)
    await sessions.claim(first)
    assert await sessions.claim(second) == first
    assert await sessions.find(first.session_hash) == first


async def test_of_many_who_claim_at_once_one_holds(sessions: SessionStore) -> None:
    key = session_hash(IDS.session_id())
    rivals = [User(IDS.new(), key, f"{n}", "#000000", n) for n in range(20)]
    holders = await asyncio.gather(*(sessions.claim(user) for user in rivals))
    assert len(set(holders)) == 1
    assert await sessions.find(key) == holders[0]


async def test_a_new_name_replaces_the_old_one(sessions: SessionStore) -> None:
    user = await sessions.claim(make_user())
    renamed = user.called("সুমন", "#00ff00")
    await sessions.replace(renamed)
    assert await sessions.find(user.session_hash) == renamed


async def test_use_keeps_a_session_alive(sessions: SessionStore, redis: Redis, keys: Keys) -> None:
    user = await sessions.claim(make_user())
    name = keys.session(user.session_hash)
    for use in (sessions.find(user.session_hash), sessions.replace(user)):
        await redis.expire(name, 5)
        await use
        assert SESSION_KEEP_SECONDS - 5 < await redis.ttl(name) <= SESSION_KEEP_SECONDS


async def test_a_session_expires_by_itself(
    sessions: SessionStore, redis: Redis, keys: Keys
) -> None:
    user = await sessions.claim(make_user())
    assert 0 < await redis.ttl(keys.session(user.session_hash)) <= SESSION_KEEP_SECONDS


async def test_the_session_id_itself_is_nowhere_in_redis(
    sessions: SessionStore, redis: Redis, keys: Keys
) -> None:
    session_id = IDS.session_id()
    user = await sessions.claim(User(IDS.new(), session_hash(session_id), "ক", "#000000", 0))
    held: Any = await redis.get(keys.session(user.session_hash))
    names = await names_like(redis, f"{keys.prefix}*")
    assert held is not None
    assert session_id.encode() not in held + b"".join(names)


async def test_an_outage_is_an_error_that_may_be_retried(keys: Keys) -> None:
    nowhere = open_redis("redis://127.0.0.1:1", "test")
    sessions, user = SessionStore(nowhere, keys), make_user()
    for call in (sessions.find(user.session_hash), sessions.claim(user), sessions.replace(user)):
        with pytest.raises(Unavailable) as caught:
            await call
        assert caught.value.code is ErrorCode.UNAVAILABLE
    await nowhere.aclose()

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from shared.domain.moderation import (
    BANS,
    Sanction,
    SanctionKind,
    SubjectKind,
    Who,
    no_address,
)
from shared.domain.word_filter import WordRule
from shared.domain.word_index import WordAction
from shared.rooms.live_rules import LiveRules, WrittenRules, decode_rules, encode_rules

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys
    from shared.redis_schema.scripts import Scripts

ROOM = uuid4()
USER = str(uuid4())
RULES = WrittenRules(
    ROOM,
    version=7,
    locked=True,
    slow_seconds=30,
    notice="খেলা চলছে",
    moderators=[str(uuid4())],
    sanctions=[Sanction(uuid4(), SanctionKind.BAN, SubjectKind.USER, USER, 12, "গালাগালি")],
    words=[WordRule("বোকা", WordAction.MASK)],
)


@pytest.fixture
def live_rules(redis: Redis, scripts: Scripts) -> LiveRules:
    return LiveRules(redis, scripts)


def test_rules_are_read_as_they_were_written() -> None:
    assert decode_rules(ROOM, b"7 " + encode_rules(RULES)) == RULES


def test_what_a_newer_version_adds_is_passed_over() -> None:
    document = encode_rules(RULES).replace(b'[["', b'[["0","curse","star","x",null,""],["', 1)
    document = document.replace(b"{", b'{"new":1,', 1)
    assert decode_rules(ROOM, b"7 " + document) == RULES


@pytest.mark.parametrize("raw", [b"", b"7", b"x {}", b"7 {}", b"7 []", b"7 null"])
def test_what_is_no_document_is_told_apart(raw: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the contract is the class
        decode_rules(ROOM, raw)


async def test_a_room_of_which_nothing_is_known_has_no_document(live_rules: LiveRules) -> None:
    assert await live_rules.read(ROOM) is None


async def test_rules_come_back_ready_to_judge_by(live_rules: LiveRules) -> None:
    await live_rules.put(RULES)
    rules = await live_rules.read(ROOM)
    assert rules is not None
    assert (rules.version, rules.locked, rules.slow_seconds) == (7, True, 30)
    assert rules.sanctions.find(Who(USER, "রাকিব", no_address), BANS, 0) is not None
    assert rules.words.judge("বোকা").action is WordAction.MASK
    assert await live_rules.read(ROOM) is rules  # compiled once


async def test_older_rules_never_replace_newer_ones(live_rules: LiveRules) -> None:
    await live_rules.put(RULES)
    await live_rules.put(WrittenRules(ROOM, version=6))
    rules = await live_rules.read(ROOM)
    assert rules is not None
    assert rules.version == 7


async def test_another_version_is_compiled_anew(live_rules: LiveRules) -> None:
    await live_rules.put(RULES)
    await live_rules.read(ROOM)
    await live_rules.put(WrittenRules(ROOM, version=70))
    rules = await live_rules.read(ROOM)
    assert rules is not None
    assert (rules.version, rules.locked) == (70, False)


async def test_who_knows_them_has_the_same_back_though_they_are_not_kept(
    live_rules: LiveRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.rooms.live_rules.MOST_COMPILED", 0)
    await live_rules.put(RULES)
    known = await live_rules.read(ROOM)
    assert live_rules.last(ROOM) is None
    assert await live_rules.read(ROOM, known) is known
    assert await live_rules.read(ROOM) is not known


async def test_rules_that_went_back_with_a_restored_database_are_taken_over(
    live_rules: LiveRules, redis: Redis, keys: Keys
) -> None:
    await live_rules.put(RULES)
    known = await live_rules.read(ROOM)
    await redis.delete(keys.rules(ROOM))
    await live_rules.put(WrittenRules(ROOM, version=6))
    rules = await live_rules.read(ROOM, known)
    assert rules is not None
    assert (rules.version, rules.locked) == (6, False)


async def test_words_are_compiled_again_only_when_they_are_others(live_rules: LiveRules) -> None:
    await live_rules.put(RULES)
    before = await live_rules.read(ROOM)
    await live_rules.put(replace(RULES, version=8, locked=False))
    after = await live_rules.read(ROOM)
    await live_rules.put(replace(RULES, version=9, words=[WordRule("বোকা", WordAction.BLOCK)]))
    last = await live_rules.read(ROOM)
    assert before is not None
    assert after is not None
    assert last is not None
    assert after.words is before.words
    assert last.words.judge("বোকা").action is WordAction.BLOCK


async def test_they_are_kept_for_a_week(live_rules: LiveRules, redis: Redis, keys: Keys) -> None:
    await live_rules.put(RULES)
    assert 0 < await redis.ttl(keys.rules(ROOM)) <= 7 * 24 * 3600

from __future__ import annotations

import hashlib
import inspect
import re
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ResponseError
from tests.integration.shared.conftest import IDS, make_settings
from tests.redis_nodes import tell_all

from shared.redis_schema import login_call, publish_call, removal_calls
from shared.redis_schema import scripts as scripts_module
from shared.redis_schema.keys import CONSUMER_GROUP
from shared.redis_schema.pipelines import run_all
from shared.redis_schema.scripts import Call, Script, script
from shared.runtime.redis_client import node_for, nodes_of

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.redis_schema.keys import Keys
    from shared.redis_schema.scripts import Scripts
    from shared.rooms.live_rooms import LiveRooms

SOURCES = {
    path.name.removesuffix(".lua"): path.read_text(encoding="utf-8")
    for path in (resources.files("shared.redis_schema") / "lua").iterdir()
}
INCLUDED = {name for text in SOURCES.values() for name in re.findall(r"-- include (\w+)", text)}
RUN = sorted(set(SOURCES) - INCLUDED)


def keys_used(source: str) -> set[int]:
    return {int(n) for n in re.findall(r"KEYS\[(\d+)\]", source)}


def echo(keys: Keys, text: str) -> Call:
    return Call(script("refresh"), [keys.conns(0)], [1000, text])


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_a_script_opens_with_what_it_is_for(name: str) -> None:
    first = SOURCES[name].splitlines()[0]
    assert re.match(r"-- [A-Z].{10,}", first)


@pytest.mark.parametrize("name", RUN)
def test_a_script_tells_its_keys_arguments_and_answer(name: str) -> None:
    header = SOURCES[name].split("\nlocal ")[0]
    assert re.search(r"^-- KEYS 1 \w", header, re.MULTILINE)
    assert re.search(r"^-- ARGV 1 \S", header, re.MULTILINE)
    assert "-- Returns " in header or name == "mark_saved"


@pytest.mark.parametrize("name", RUN)
def test_every_key_a_script_uses_by_number_is_in_its_header(name: str) -> None:
    (line,) = re.findall(r"^-- KEYS (.*(?:\n--   .*)*)$", SOURCES[name], re.MULTILINE)
    told = {int(n) for n in re.findall(r"(?:^|\s)(\d+) ", line)}
    assert keys_used(SOURCES[name]) <= told


def test_the_wrappers_and_the_files_are_the_same_scripts() -> None:
    elsewhere = (publish_call, removal_calls, login_call)
    sources = inspect.getsource(scripts_module.Scripts)
    sources += "".join(inspect.getsource(module) for module in elsewhere)
    wrapped = re.findall(r'script\("(\w+)"\)', sources)
    assert sorted(set(wrapped)) == RUN


def test_a_sha_is_that_of_the_source_with_its_includes() -> None:
    join = script("join")
    assert "local function announce" in join.source
    assert "-- include" not in join.source
    digest = hashlib.sha1(join.source.encode(), usedforsecurity=False).hexdigest()
    assert join.sha == digest


@pytest.mark.parametrize("name", RUN)
async def test_the_server_compiles_a_script_and_names_it_alike(redis: Redis, name: str) -> None:
    for node in await nodes_of(redis):
        assert await node.script_load(script(name).source) == script(name).sha


async def test_a_call_teaches_a_server_that_does_not_know_the_script(
    redis: Redis, keys: Keys
) -> None:
    await tell_all(redis, "SCRIPT", "FLUSH")
    assert await echo(keys, "a").run(redis) == [b"a"]
    node = await node_for(redis, keys.conns(0))
    assert await node.script_exists(script("refresh").sha) == [True]
    assert await echo(keys, "b").run(redis) == [b"b"]


async def test_a_pipeline_teaches_the_server_and_keeps_the_order(redis: Redis, keys: Keys) -> None:
    name = keys.prefix + "order"
    push = "redis.call('RPUSH', KEYS[1], ARGV[1]) return tonumber(ARGV[1])"
    pushing = Script(push, hashlib.sha1(push.encode(), usedforsecurity=False).hexdigest())
    await tell_all(redis, "SCRIPT", "FLUSH")
    answers = await run_all(redis, [Call(pushing, [name], [n]) for n in range(50)])
    written: Any = await redis.lrange(name, 0, -1)
    assert [int(n) for n in written] == answers == list(range(50))


async def test_in_a_pipeline_each_call_has_its_own_answer_or_error(
    redis: Redis, keys: Keys
) -> None:
    unknown = Script("return redis.error_reply('ERR broken')", "0" * 40)
    calls = [echo(keys, "a"), Call(unknown, [keys.conns(0)], []), echo(keys, "b")]
    first, broken, last = await run_all(redis, calls)
    assert (first, last) == ([b"a"], [b"b"])
    assert isinstance(broken, ResponseError)


async def test_entries_are_taken_off_the_queue_in_any_number(
    redis: Redis, scripts: Scripts, keys: Keys
) -> None:
    room = IDS.new()
    partition, saved = keys.partition_of(room), list(range(1, 2501))
    ingest = keys.ingest(partition)
    await redis.xgroup_create(ingest, CONSUMER_GROUP, id="0", mkstream=True)
    pipeline = redis.pipeline(transaction=False)
    for seq in [*saved, 2501]:
        pipeline.xadd(ingest, {"s": seq}, id=f"{seq}-0")
        pipeline.zadd(keys.unsaved(room), {str(seq): seq})
    pipeline.xadd(keys.log(room), {"b": "x"}, id="1-0")
    await pipeline.execute()
    await redis.xreadgroup(CONSUMER_GROUP, "worker-1", {ingest: ">"}, count=5000)

    await scripts.mark_saved(partition, [f"{seq}-0" for seq in saved], {room: saved})
    pending: Any = await redis.xpending(ingest, CONSUMER_GROUP)
    assert (await redis.xlen(ingest), pending["pending"]) == (1, 1)
    assert await redis.zrange(keys.unsaved(room), 0, -1) == [b"2501"]
    assert await redis.ttl(keys.log(room)) == -1  # one message is only here
    await scripts.mark_saved(partition, ["2501-0"], {room: [2501]})
    assert await redis.ttl(keys.log(room)) > 0


async def test_a_new_epoch_finds_nothing_of_the_old_one(
    redis: Redis, live: LiveRooms, keys: Keys
) -> None:
    settings = make_settings()
    await redis.xadd(keys.log(settings.id), {"t": 1, "b": "old"}, id="7-0")
    await redis.hset(keys.edits(settings.id), "7", "old")
    await redis.zadd(keys.unsaved(settings.id), {"7": 7})
    await live.load(settings, epoch="new", last_seq=0, total=0, closed=False)
    assert not await redis.exists(
        keys.log(settings.id), keys.edits(settings.id), keys.unsaved(settings.id)
    )

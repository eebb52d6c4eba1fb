from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from uuid import UUID

from redis.crc import key_slot

from shared.redis_schema import keys as keys_module
from shared.redis_schema.keys import KEY_TABLE, Keys

ROOM = UUID("123e4567-e89b-12d3-a456-426614174000")
KEYS = Keys("t:", 16)
SOURCES = Path(keys_module.__file__).parents[1]


def names_of_a_room() -> list[str]:
    partition = KEYS.partition_of(ROOM)
    by_room = [
        KEYS.meta,
        KEYS.log,
        KEYS.edits,
        KEYS.edited,
        KEYS.unsaved,
        KEYS.users,
        KEYS.roster,
        KEYS.tabs,
        KEYS.leavers,
        KEYS.names,
        KEYS.rules,
    ]
    by_partition = [KEYS.conns, KEYS.leaving, KEYS.online, KEYS.unlisted, KEYS.ingest, KEYS.dead]
    return [
        *(build(ROOM) for build in by_room),
        *(build(partition) for build in by_partition),
        KEYS.dedup(ROOM, ROOM, "client"),
        KEYS.origins(ROOM, 20_000),
        KEYS.channel(ROOM),
    ]


def test_all_keys_of_a_room_share_one_slot() -> None:
    assert len({key_slot(name.encode()) for name in names_of_a_room()}) == 1


def test_a_room_and_its_buckets_share_a_slot() -> None:
    bucket, meta = KEYS.bucket("room", str(ROOM)), KEYS.meta(ROOM)
    assert key_slot(bucket.encode()) == key_slot(meta.encode())


def test_every_key_has_the_prefix() -> None:
    names = [*names_of_a_room(), KEYS.seen(ROOM), KEYS.session(b"\x01"), *KEYS.probes("ws-1")]
    names += [KEYS.bucket("room", "x"), KEYS.open_connections("x"), KEYS.address_secret(1)]
    names.append(KEYS.login("x"))
    assert all(name.startswith("t:") for name in names)


def test_the_table_names_every_key_that_can_be_built() -> None:
    def pattern(name: str) -> str:
        name = re.sub(r"\{p\d+\}", "{pN}", name.removeprefix("t:"))
        name = name.replace(f"dedup:{ROOM}:client", "dedup:<user>:<client_id>")
        return name.replace("origins:20000", "origins:<day>").replace(str(ROOM), "<room>")

    built = {pattern(name) for name in [*names_of_a_room(), KEYS.seen(ROOM)]}
    built |= {"session:<hash>", pattern(KEYS.probe(0, "<instance>"))}
    built |= {pattern(KEYS.bucket("<scope>", "<subject>")), "address-secret:<day>"}
    built |= {pattern(KEYS.open_connections("<address>")), pattern(KEYS.used_proof("<nonce>"))}
    built |= {pattern(KEYS.login("<subject>"))}
    assert built == {row.pattern for row in KEY_TABLE}


def test_no_other_module_spells_a_key() -> None:
    part = re.compile(
        r"^\S*(\{p|(^|:)(room|session|seen|ingest|conns|dedup|leaving|probe|limit|login|open|address-secret|c):)\S*$"
    )
    offenders = [
        (path.name, node.value)
        for path in SOURCES.rglob("*.py")
        if path.name not in {"keys.py", "scripts.py"}
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and part.match(node.value)
    ]
    assert offenders == []


def test_rooms_spread_over_the_partitions() -> None:
    partitions = {KEYS.partition_of(UUID(int=n)) for n in range(400)}
    assert partitions == set(range(16))


def test_every_builder_says_what_it_builds() -> None:
    methods = [
        m for name, m in inspect.getmembers(Keys) if not name.startswith("_") and callable(m)
    ]
    assert all(method.__doc__ for method in methods)

"""Partitions are spread over a real Cluster, and what is in them comes along."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from local_stack.cluster import start_cluster
from shared.redis_schema.keys import Keys
from shared.runtime.redis_client import open_redis
from worker.spread_partitions import held, look, main, slots_of

if TYPE_CHECKING:
    from pathlib import Path


async def counts(url: str, keys: Keys) -> list[int]:
    redis = open_redis(url, "test")
    try:
        return sorted(len(each) for each in held(await look(redis), slots_of(keys)).values())
    finally:
        await redis.aclose()


def test_partitions_are_spread_and_keep_what_is_in_them(
    reachable_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = start_cluster(reachable_path / "cluster")
    try:
        keys = Keys("adda:", 16)
        monkeypatch.setenv("ADDA_REDIS_URL", cluster.url)
        asyncio.run(fill(cluster.url, keys))
        assert asyncio.run(counts(cluster.url, keys)) == [4, 5, 7]
        assert main([]) == 0  # tells only
        assert "→" in capsys.readouterr().out
        assert asyncio.run(counts(cluster.url, keys)) == [4, 5, 7]
        assert main(["--apply"]) == 0
        assert asyncio.run(counts(cluster.url, keys)) == [5, 5, 6]
        asyncio.run(check(cluster.url, keys))
        capsys.readouterr()
        assert main(["--apply"]) == 0
        assert "evenly spread" in capsys.readouterr().out
    finally:
        cluster.stop()


async def fill(url: str, keys: Keys) -> None:
    redis = open_redis(url, "test")
    for partition in range(keys.partitions):
        await redis.xadd(keys.ingest(partition), {"n": partition})
    await redis.aclose()


async def check(url: str, keys: Keys) -> None:
    redis = open_redis(url, "test")
    for partition in range(keys.partitions):
        entries: Any = await redis.xrange(keys.ingest(partition))
        assert [fields for _, fields in entries] == [{b"n": str(partition).encode()}]
    await redis.aclose()


def test_one_server_has_nothing_to_spread(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ADDA_REDIS_URL", "redis://127.0.0.1:9")  # which need not even be there
    assert main([]) == 0
    assert "nothing to spread" in capsys.readouterr().out


def test_a_cluster_that_is_away_is_an_error_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ADDA_REDIS_URL", "redis+cluster://127.0.0.1:9")
    assert main([]) == 1
    assert capsys.readouterr().err.startswith("spread_partitions: ")

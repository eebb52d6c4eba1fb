"""Streams, a database and settings that only one test uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from tests.integration.worker.harness import Ingest

from api_service.settings import ApiSettings
from api_service.wiring import Deps, open_deps
from shared.redis_schema.keys import Keys
from shared.runtime.redis_client import open_redis
from worker.settings import WorkerSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PARTITIONS = 4


@pytest.fixture
async def ingest(redis_url: str, redis_key_prefix: str, database_url: str) -> AsyncIterator[Ingest]:
    redis = open_redis(redis_url, "test")
    yield Ingest(redis, Keys(redis_key_prefix, PARTITIONS), database_url)
    await redis.aclose()


@pytest.fixture
def settings(redis_url: str, redis_key_prefix: str, database_url: str) -> WorkerSettings:
    return WorkerSettings.model_validate(
        {
            "redis_url": redis_url,
            "database_url": database_url,
            "key_prefix": redis_key_prefix,
            "partitions": PARTITIONS,
            "instance": "worker-1",
            "reclaim_idle_seconds": 0.5,
            "reclaim_every_seconds": 0.1,
            "reap_every_seconds": 0.1,
            "stop_seconds": 5.0,
        }
    )


@pytest.fixture
async def deps(settings: WorkerSettings) -> AsyncIterator[Deps]:
    """What the REST service does its work with."""
    api = ApiSettings(
        redis_url=SecretStr(settings.redis_url.get_secret_value()),
        database_url=SecretStr(settings.database_url.get_secret_value()),
        key_prefix=settings.key_prefix,
        partitions=settings.partitions,
        instance="beside",
    )
    async with open_deps(api) as deps:
        yield deps

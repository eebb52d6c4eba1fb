"""Connections to a freshly migrated database of one test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.message_store.bulk_writer import BulkWriter
from shared.message_store.engine import create_bulk_pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from asyncpg import Pool


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool[Any]]:
    async with create_bulk_pool(database_url, "test-bulk", size=4) as pool:
        yield pool


@pytest.fixture
def writer(pool: Pool[Any]) -> BulkWriter:
    return BulkWriter(pool)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

SESSION = "s3ss10n-of-somebody"


async def test_the_text_of_an_error_does_not_hold_the_values_that_were_sent(
    engine: AsyncEngine,
) -> None:
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError, match="division by zero") as caught:
            await connection.execute(
                text("SELECT 1 / 0 WHERE :session <> ''"), {"session": SESSION}
            )
    assert SESSION not in str(caught.value)

"""`python -m worker.seed_demo`: the four demo rooms, once in the life of a database.

That they were made is remembered, so a demo room that somebody deleted does not come back.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog
from pydantic import ValidationError
from sqlalchemy.dialects.postgresql import insert

from shared.domain.entities import RoomSettings
from shared.message_store.engine import create_engine
from shared.message_store.room_directory import insert_room
from shared.message_store.tables import Seed
from shared.message_store.unavailable import StoreUnavailable, outage_as_unavailable
from shared.runtime.clock import IdMaker, SystemClock
from shared.runtime.logging import configure
from shared.runtime.settings import CommonSettings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from shared.runtime.clock import Clock

SEED_NAME: Final = "demo_rooms"

log = structlog.stdlib.get_logger()


class DemoRoom(NamedTuple):
    """What a demo room is called and how many it holds."""

    name: str
    description: str
    max_users: int


DEMO_ROOMS: Final = (
    DemoRoom("সাধারণ আলোচনা", "সব বিষয় নিয়ে মুক্ত আলোচনা", 200),
    DemoRoom("টেকনোলজি", "টেকনোলজি এবং প্রোগ্রামিং নিয়ে আলোচনা", 150),
    DemoRoom("খেলাধুলা", "ক্রিকেট, ফুটবল সহ সব খেলাধুলা", 150),
    DemoRoom("সিনেমা-গান", "সিনেমা, গান এবং বিনোদন", 150),
)


async def seed_once(engine: AsyncEngine, clock: Clock) -> bool:
    """Makes the demo rooms unless that was done before; returns whether it made them.

    Raises:
        StoreUnavailable: PostgreSQL cannot answer now.
    """
    ids = IdMaker(clock)
    now = clock.micros()
    remember = insert(Seed).values(name=SEED_NAME).on_conflict_do_nothing().returning(Seed.name)
    with outage_as_unavailable():
        async with engine.begin() as connection:
            if await connection.scalar(remember) is None:
                return False
            for place, room in enumerate(DEMO_ROOMS):
                # A microsecond apart, so that lists by age keep the order above.
                created = now - place
                settings = RoomSettings(
                    id=ids.new(),
                    name=room.name,
                    description=room.description,
                    is_public=True,
                    max_users=room.max_users,
                    owner_id=None,
                    created_micros=created,
                    updated_micros=created,
                )
                await insert_room(connection, settings)
    return True


async def _run(url: str) -> int:
    engine = create_engine(url, "adda-seed", pool_size=1)
    try:
        made = await seed_once(engine, SystemClock())
    except StoreUnavailable as error:
        log.error("postgresql_unavailable", error=str(error))  # noqa: TRY400 - not a bug of ours
        return 1
    finally:
        await engine.dispose()
    log.info("demo_rooms_made" if made else "demo_rooms_known", rooms=len(DEMO_ROOMS))
    return 0


def main() -> int:
    """Runs once; returns the process's exit code."""
    try:
        settings = CommonSettings.from_environment()
    except ValidationError as error:
        print(f"worker.seed_demo: settings are not usable: {error}", file=sys.stderr)  # noqa: T201
        return 2
    configure(settings, "seed_demo")
    return asyncio.run(_run(settings.database_url.get_secret_value()))


if __name__ == "__main__":
    sys.exit(main())

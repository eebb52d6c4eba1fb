"""People who talk by the REST service's own parts, and a worker beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from tests.integration.worker.harness import Ingest, running_worker
from tests.redis_nodes import names_like

from shared.usecases.post_message import CheckedDraft

if TYPE_CHECKING:
    from api_service.wiring import Deps
    from shared.domain.entities import RoomSettings, User
    from worker.settings import WorkerSettings


async def make_person(deps: Deps, name: str, color: str = "#000000") -> User:
    user = deps.identifier.new_user(deps.ids.session_id(), name, color)
    await deps.user_directory.create_user(user)
    await deps.sessions.claim(user)
    return user


async def make_room(deps: Deps, owner: User | None = None) -> RoomSettings:
    settings = deps.rooms._new_room(uuid4())
    settings = replace(settings, owner_id=None if owner is None else owner.id)
    await deps.room_directory.create_room(settings)
    return settings


async def say(deps: Deps, user: User, room: UUID, text: str, *, file: str | None = None) -> UUID:
    draft = CheckedDraft(text, None, "text" if file is None else "image", file, None)
    _, place = await deps.poster.post(user, room, draft)
    return UUID(place.message_id)


async def make_cold(ingest: Ingest, room: UUID) -> None:
    """As if nobody had used the room for a month."""
    names = await names_like(ingest.redis, f"{ingest.keys.room_root(room)}*")
    for name in names:
        await ingest.redis.delete(name)


async def carried(ingest: Ingest, settings: WorkerSettings) -> None:
    async with running_worker(settings):
        await ingest.wait_until_empty()


async def assert_sums_are_exact(deps: Deps, ingest: Ingest, *rooms: UUID) -> None:
    living = "SELECT count(*) FROM messages WHERE deleted_at IS NULL"
    total = await ingest.query("SELECT sum(value) FROM counters WHERE name = 'messages'")
    assert total == await ingest.query(living)
    assert await ingest.query("SELECT sum(value) FROM counters WHERE name = 'users'") == (
        await ingest.query("SELECT count(*) FROM users")
    )
    for room in rooms:
        own = await ingest.query(f"{living} AND room_id = $1", room)
        stored = "SELECT total_messages FROM room_stats WHERE room_id = $1"
        assert await ingest.query(stored, room) == own
        live = await deps.live.read(room)
        assert live is None or live.total == own

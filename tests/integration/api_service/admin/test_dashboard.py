"""The first page: its numbers are those of the servers, and it outlives each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from tests.integration.api_service.admin.conftest import Browser
from tests.integration.api_service.conftest import make_person, make_room, say, sit_in

from api_service.admin.dashboard import Dashboard
from api_service.admin.live import LiveState
from api_service.wiring import open_deps

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from api_service.settings import ApiSettings
    from api_service.wiring import Deps

NOWHERE = SecretStr("redis://127.0.0.1:1/0")
NO_DATABASE = SecretStr("postgresql://adda@127.0.0.1:1/adda")


@pytest.fixture
def dashboard(deps: Deps) -> Dashboard:
    """Of the test's servers."""
    return Dashboard(deps, LiveState(deps.redis, deps.keys))


async def test_people_rooms_connections_and_queues_are_counted(
    api: httpx.AsyncClient, deps: Deps, dashboard: Dashboard
) -> None:
    crowded, quiet = await make_room(api, name="ভিড়"), await make_room(api, name="নিরিবিলি")
    await sit_in(deps, crowded["id"], "এক", "দুই", "তিন")
    await sit_in(deps, quiet["id"], "চার")
    person = await make_person(api)
    await say(api, person, quiet["id"], "একা একা")
    partition = deps.keys.partition_of(UUID(quiet["id"]))
    await deps.redis.xadd(deps.keys.dead(partition), {"reason": "x"})
    numbers = await dashboard.numbers()
    while numbers.failing:  # on a busy machine a part may not answer in time
        numbers = await dashboard.numbers()
    assert numbers.failing == ()
    assert numbers.online is not None
    assert (numbers.online.users, numbers.online.rooms, numbers.connections) == (4, 2, 4)
    assert [(room.name, room.online) for room in numbers.hot or ()] == [("ভিড়", 3), ("নিরিবিলি", 1)]
    assert numbers.queued >= 1
    assert numbers.dead == 1
    assert numbers.lag_seconds >= 0
    assert partition in {queue.partition for queue in numbers.busy}
    assert numbers.totals is not None
    assert (numbers.totals.rooms, numbers.totals.messages) == (2, 0)


async def test_the_rate_is_what_was_stored_since_the_page_was_last_asked_for(
    api: httpx.AsyncClient,
    deps: Deps,
    dashboard: Dashboard,
    persist: Callable[[], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (await dashboard.numbers()).rate is None
    person = await make_person(api)
    room = await make_room(api, person)
    for n in range(20):
        await say(api, person, room["id"], f"বার্তা {n}")
    began = deps.clock.monotonic()
    await persist()
    while deps.clock.monotonic() - began < 1.1:
        pass
    rate = (await dashboard.numbers()).rate
    assert rate is not None
    assert 0 < rate <= 20
    # Asked again at once, it does not start anew.
    monkeypatch.setattr("api_service.admin.dashboard.SHORTEST_SPAN_SECONDS", 60.0)
    assert (await dashboard.numbers()).rate is None


async def test_the_page_shows_them_in_bangla_and_asks_again_by_itself(
    api: httpx.AsyncClient, deps: Deps, admin: Browser
) -> None:
    room = await make_room(api, name="<b>ছাদ</b>")
    await sit_in(deps, room["id"], *(f"জন {n}" for n in range(12)))
    text = (await admin.get("/admin/")).text
    assert "&lt;b&gt;ছাদ" in text
    assert "<b>ছাদ" not in text
    assert "১২" in text
    assert '<meta http-equiv="refresh" content="5; url=' in text
    assert "চলছে" in text
    assert "People online" in (await admin.get("/admin/?lang=en")).text


async def test_without_redis_what_postgres_knows_is_shown(
    settings_for: Callable[..., ApiSettings],
) -> None:
    async with open_deps(settings_for(redis_url=NOWHERE)) as deps:
        numbers = await Dashboard(deps, LiveState(deps.redis, deps.keys)).numbers()
    assert numbers.failing == ("redis",)
    assert (numbers.online, numbers.hot, numbers.queues) == (None, None, None)
    assert (numbers.connections, numbers.lag_seconds, numbers.busy) == (0, 0.0, [])
    assert numbers.totals is not None


async def test_without_postgres_what_redis_knows_is_shown(
    settings_for: Callable[..., ApiSettings],
) -> None:
    async with open_deps(settings_for(database_url=NO_DATABASE)) as deps:
        numbers = await Dashboard(deps, LiveState(deps.redis, deps.keys)).numbers()
    assert numbers.failing == ("postgres",)
    assert numbers.totals is None
    assert numbers.queues is not None
    assert numbers.online is not None

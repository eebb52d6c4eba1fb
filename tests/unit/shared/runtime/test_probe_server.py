from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import orjson
import pytest

from local_stack.ports import free_ports
from shared.runtime.health import Readiness
from shared.runtime.metrics import INGEST_LAG, Service
from shared.runtime.metrics_page import MetricsPage
from shared.runtime.probe_server import ProbeApp, probe_answer, serve_probes

if TYPE_CHECKING:
    from shared.runtime.health import ReadinessCheck
    from shared.runtime.metrics_page import Readings


def answering(readiness: Readiness) -> ProbeApp:
    async def is_ready() -> Readiness:
        return readiness

    return ProbeApp(is_ready, page_of(is_ready))


def page_of(is_ready: ReadinessCheck) -> MetricsPage:
    async def read() -> Readings:
        return {INGEST_LAG: 7}

    return MetricsPage(Service.WORKER, is_ready, read)


async def ask(app: ProbeApp, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://probe") as client:
        return await client.get(path)


def test_readiness_as_status_and_body() -> None:
    status, body = probe_answer(Readiness(("redis",)))
    assert (status, orjson.loads(body)) == (503, {"status": "unready", "failing": ["redis"]})
    status, body = probe_answer(Readiness())
    assert (status, orjson.loads(body)) == (200, {"status": "ready", "failing": []})


async def test_a_process_that_cannot_work_is_still_alive() -> None:
    app = answering(Readiness(("postgres", "redis")))
    alive, ready = await ask(app, "/healthz"), await ask(app, "/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()["failing"]) == (503, ["postgres", "redis"])


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/other"])
async def test_no_answer_may_be_kept(path: str) -> None:
    response = await ask(answering(Readiness()), path)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/", "/healthz/", "/metrics/", "/api/status/"])
async def test_all_else_is_not_found(path: str) -> None:
    assert (await ask(answering(Readiness()), path)).status_code == 404


async def test_prometheus_is_told_even_by_who_cannot_work() -> None:
    response = await ask(answering(Readiness(("redis",))), "/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    assert "adda_ingest_lag_entries 7.0" in response.text
    assert "adda_ready 0.0" in response.text


async def reached(url: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        for _ in range(200):
            try:
                return await client.get(url)
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
    raise AssertionError(f"{url} does not answer")


async def test_it_serves_beside_the_callers_work_and_ends_with_it() -> None:
    failing: list[str] = []

    async def is_ready() -> Readiness:
        return Readiness(tuple(failing))

    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    port = int(url.rsplit(":", 1)[1])
    async with serve_probes("127.0.0.1", port, is_ready, page_of(is_ready)):
        assert (await reached(f"{url}/readyz")).status_code == 200
        failing.append("redis")
        assert (await reached(f"{url}/readyz")).json()["failing"] == ["redis"]
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{url}/healthz")


async def test_a_caller_that_fails_at_once_is_not_held_up() -> None:
    async def is_ready() -> Readiness:
        return Readiness()

    with pytest.raises(ValueError, match="at once"):
        async with (
            asyncio.timeout(10),
            serve_probes("127.0.0.1", free_ports(1)[0], is_ready, page_of(is_ready)),
        ):
            raise ValueError("at once")

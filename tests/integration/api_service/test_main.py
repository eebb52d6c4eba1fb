"""The service as a process: bad settings, and an orderly stop."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
from tests.conftest import service_environment
from tests.patience import PATIENCE_SECONDS

from local_stack.ports import free_ports

if TYPE_CHECKING:
    from pathlib import Path


def test_bad_settings_are_told_without_their_values() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "api_service"],
        env=service_environment(ADDA_PORT="geheim", ADDA_ENV="production"),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert run.returncode == 2
    assert "port" in run.stderr
    assert "geheim" not in run.stderr
    assert "Traceback" not in run.stderr


async def test_a_stopping_replica_is_unready_first_and_still_answers(
    redis_url: str, redis_key_prefix: str, database_url: str, reachable_path: Path
) -> None:
    [port] = free_ports(1)
    environment = service_environment(
        ADDA_REDIS_URL=redis_url,
        ADDA_DATABASE_URL=database_url,
        ADDA_KEY_PREFIX=redis_key_prefix,
        ADDA_PORT=str(port),
        ADDA_DRAIN_SETTLE_SECONDS="1.5",
    )
    with (reachable_path / "output").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "api_service", env=environment, stdout=output, stderr=output
        )
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=PATIENCE_SECONDS
    ) as client:
        await until_ready(client)
        process.terminate()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (ready := await client.get("/readyz")).status_code == 200:
                await asyncio.sleep(0.02)
        assert ready.json() == {"status": "unready", "failing": ["stopping"]}
        assert (await client.get("/api/status/")).status_code == 200
        assert (await client.get("/api/health/")).json()["failing"] == ["stopping"]
    assert await process.wait() == 0
    assert "Traceback" not in (reachable_path / "output").read_text()


async def until_ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                if (await client.get("/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.05)

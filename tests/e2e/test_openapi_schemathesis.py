"""The REST service against its own OpenAPI document, by requests that nobody wrote."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.conftest import ROOT, service_environment
from tests.patience import PATIENCE_SECONDS

from local_stack.child import wait_for
from local_stack.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
EXAMPLES = os.environ.get("ADDA_SCHEMATHESIS_EXAMPLES", "10")
"""Requests per operation and phase; more finds more and takes longer."""
SEED = os.environ.get("ADDA_SCHEMATHESIS_SEED", "1971")
"""The same requests each time, so that a change is judged by itself; look further with others."""


@dataclass(frozen=True, slots=True)
class Api:
    """A running `python -m api_service`."""

    base: str
    output: Path

    def answered(self) -> set[tuple[str, str, int]]:
        """Method, path and status of every request so far."""
        lines = [json.loads(line) for line in self.output.read_text().splitlines()]
        return {
            (line["method"], line["path"], line["status"])
            for line in lines
            if line["event"] == "http_request"
        }


@pytest.fixture
def api(
    redis_url: str, redis_key_prefix: str, database_url: str, reachable_path: Path
) -> Iterator[Api]:
    """A replica in a process of its own."""
    [port] = free_ports(1)
    environment = service_environment(
        ADDA_REDIS_URL=redis_url,
        ADDA_DATABASE_URL=database_url,
        ADDA_KEY_PREFIX=redis_key_prefix,
        ADDA_PORT=str(port),
        ADDA_INSTANCE="api-schemathesis",
        ADDA_LOG_FORMAT="json",
        # One author from one address; the limits have tests of their own.
        ADDA_LIMIT_SESSION="off",
    )
    base, output = f"http://127.0.0.1:{port}", reachable_path / "output"
    with output.open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "api_service"],
            env=environment,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
        try:
            assert wait_for(lambda: _is_ready(base), 20.0), output.read_text()
            yield Api(base, output)
        finally:
            process.terminate()
            assert process.wait(20) == 0
    assert "Traceback" not in output.read_text(), output.read_text()


def _is_ready(base: str) -> bool:
    try:
        return httpx.get(f"{base}/readyz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.timeout(300)
def test_every_answer_is_as_documented(api: Api, tmp_path: Path) -> None:
    with _calling(api.base) as client:
        made = client.post("/api/create-user/", json={"username": "পরীক্ষক"})
    seen = tmp_path / "seen"
    sources = [str(ROOT / name / "src") for name in ("shared", "api_service")]
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{api.base}/openapi.json"),
            *(
                "--mode",
                "all",
                "--checks",
                "all",
                "--max-examples",
                EXAMPLES,
                "--continue-on-failure",
            ),
            *("--header", f"Authorization: Bearer {made.json()['session_id']}"),
            # It would end the session of all requests behind it.
            *("--exclude-operation-id", "erase_me"),
            *("--seed", SEED, "--generation-database", "none", "--no-color", "--warnings", "off"),
        ],
        cwd=tmp_path,
        env=service_environment(
            SCHEMATHESIS_HOOKS=str(HOOKS),
            SCHEMATHESIS_SEEN=str(seen),
            PYTHONPATH=os.pathsep.join(sources),
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]
    _erase(made.json()["session_id"], api.base)
    assert made.json()["session_id"] not in api.output.read_text()
    # It would also pass if nothing ever succeeded.
    with _calling(api.base) as client:
        document = client.get("/openapi.json").json()
    assert _never_succeeded(document["paths"], api.answered()) == set()
    _assert_nonsense_was_refused(seen.read_text().splitlines())


def _assert_nonsense_was_refused(seen: list[str]) -> None:
    """Much of what was sent was wrong on purpose, and nothing of it was a fault of the server."""
    wrong = Counter(line.partition(" ")[2] for line in seen if line.startswith("negative"))
    refused = sum(count for status, count in wrong.items() if status.startswith("4"))
    assert refused > 200, wrong
    assert not [status for status in wrong if status.startswith("5")], wrong


def _calling(base: str, **headers: str) -> httpx.Client:
    return httpx.Client(base_url=base, headers=headers, trust_env=False, timeout=PATIENCE_SECONDS)


def _erase(session_id: str, base: str) -> None:
    with _calling(base, Authorization=f"Bearer {session_id}") as client:
        begun = client.request("DELETE", "/api/me/", json={"confirm": True})
        assert client.get(begun.headers["Location"], headers={}).status_code == 200


def _never_succeeded(
    paths: dict[str, dict[str, object]], answered: set[tuple[str, str, int]]
) -> set[tuple[str, str]]:
    """Operations that no request got a 2xx from.

    Not those of staff: what they decide about, chance does not make. They are called rightly in
    `tests/abuse/test_moderation.py`.
    """
    succeeded = {(method, path) for method, path, status in answered if 200 <= status < 300}
    return {
        (method.upper(), template)
        for template, operations in paths.items()
        for method in operations
        if "/moderation/" not in template
        and not any(
            method.upper() == sent and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
            for sent, path in succeeded
        )
    }

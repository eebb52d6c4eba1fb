from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from altcha import create_challenge, verify_solution
from typing_extensions import override

from adda_client.proof import prove

PLACE = "/api/challenge/?for=join"
SECRET = "of the server"
HARD = create_challenge("PBKDF2/SHA-256", 100, key_prefix="00" * 8, hmac_secret=SECRET)
EASY = create_challenge("PBKDF2/SHA-256", 10, counter=20, hmac_secret=SECRET)


@contextmanager
def serving(status: int, body: bytes, heard: list[Any]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append((self.path, self.headers.get("X-Forwarded-For"), self.client_address[0]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, *_: object) -> None:
            """Not on the screen."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


async def test_a_proof_is_fetched_and_made_from_the_sockets_own_address() -> None:
    heard: list[Any] = []
    options = {
        "local_addr": ("127.0.0.5", 0),
        "additional_headers": {"X-Forwarded-For": "203.0.113.7"},
    }
    with serving(200, json.dumps(EASY.to_dict()).encode(), heard) as base:
        proof = await prove(base, PLACE, options)
    assert heard == [(PLACE, "203.0.113.7", "127.0.0.5")]
    assert proof is not None
    assert verify_solution(proof, SECRET).verified


@pytest.mark.parametrize(
    ("status", "body"),
    [(429, b'{"code": "rate_limited"}'), (200, b"<html>"), (200, b"[]"), (200, b"{}")],
)
async def test_there_is_no_proof_without_a_challenge(status: int, body: bytes) -> None:
    with serving(status, body, []) as base:
        assert await prove(base, PLACE, {}) is None


async def test_there_is_no_proof_where_nobody_answers() -> None:
    with serving(200, b"", []) as base:
        pass
    assert await prove(base, PLACE, {}) is None


async def test_work_that_nobody_waits_for_ends() -> None:
    before = threading.active_count()
    heard: list[Any] = []
    with serving(200, json.dumps(HARD.to_dict()).encode(), heard) as base:
        work = asyncio.create_task(prove(base, PLACE, {}))
        while not heard:
            await asyncio.sleep(0.01)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    # Else the loop would wait for the thread at its end.
    await asyncio.wait_for(asyncio.get_running_loop().shutdown_default_executor(), 30)
    assert threading.active_count() <= before

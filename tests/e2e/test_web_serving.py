"""What the gateway serves of the web client, and with which headers, from a real nginx."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest
from tests.e2e.upstreams import Upstream, running
from tests.patience import PATIENCE_SECONDS

from local_stack import accounts
from local_stack.child import Child, wait_for
from local_stack.gateway import gateway_command
from local_stack.ports import free_ports
from local_stack.services import TEMPLATE
from shared.protocol.errors import ErrorCode

ROOM: Final = "0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e01"
INDEX: Final = "<!doctype html><title>আড্ডা</title>" + " " * 2000
FILES: Final = {
    "index.html": (INDEX, "text/html; charset=utf-8"),
    "sw.js": ("// ক" + "-" * 2000, "text/javascript; charset=utf-8"),
    "manifest.webmanifest": (
        '{"name":"আড্ডা"}' + " " * 2000,
        "application/manifest+json; charset=utf-8",
    ),
    "icon.svg": ("<svg>" + " " * 2000 + "</svg>", "image/svg+xml; charset=utf-8"),
    "icon-192.png": ("png" * 1000, "image/png"),
    "icons/maskable.512.png": ("png" * 1000, "image/png"),
    "favicon.ico": ("ico" * 1000, "image/x-icon"),
    "robots.txt": ("User-agent: *\n" * 200, "text/plain; charset=utf-8"),
    "assets/index-Bx3_9-aZ.js": ("let ক;" * 500, "text/javascript; charset=utf-8"),
    "assets/index-Q1.css": ("a{}" * 1000, "text/css; charset=utf-8"),
    "assets/noto-bn-1f.woff2": ("wOF2" * 1000, "font/woff2"),
    "assets/rules-2.json": ("[]" + " " * 2000, "application/json; charset=utf-8"),
    "assets/leaf-3.webp": ("webp" * 1000, "image/webp"),
}
ASSETS: Final = [name for name in FILES if name.startswith("assets/")]
OTHERS: Final = [name for name in FILES if not name.startswith("assets/")]
PACKED: Final = [name for name in FILES if name.endswith((".js", ".css", ".svg", ".html", "fest"))]


@dataclass
class Site:
    """A running gateway with a page of FILES, and one API behind it."""

    port: int
    api: Upstream
    folder: Path

    def raw(self, path: str, method: str = "GET") -> tuple[int, bytes]:
        """As httpx would not send it: the path as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """As a build in a checkout that nobody else may enter, under a careful umask."""
    for name, (text, _) in FILES.items():
        path = tmp_path / "dist" / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
    (tmp_path / "dist" / ".adda-stamp").write_text("secret")
    (tmp_path / "secret.txt").write_text("secret")
    tmp_path.chmod(0o700)
    return tmp_path / "dist"


async def site_of(page: Path | None, folder: Path) -> AsyncIterator[Site]:
    ports = free_ports(3)
    command = gateway_command(
        folder,
        TEMPLATE,
        host="127.0.0.1",
        port=ports[0],
        api_ports=ports[1:2],
        ws_ports=ports[2:3],
        page=page,
    )
    child = Child(command, folder / "gateway.log")
    assert await asyncio.to_thread(wait_for, child.command.ready, 10.0), child.last_lines()
    async with running(Upstream(ports[1])) as api:
        yield Site(ports[0], api, folder)
    await asyncio.to_thread(child.stop)


@pytest.fixture
async def site(built: Path, reachable_path: Path) -> AsyncIterator[Site]:
    async for each in site_of(built, reachable_path):
        yield each


@pytest.fixture
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    base = f"http://127.0.0.1:{site.port}"
    async with httpx.AsyncClient(
        base_url=base, trust_env=False, timeout=PATIENCE_SECONDS
    ) as client:
        yield client


@pytest.mark.parametrize(
    "path", ["/", f"/r/{ROOM}", f"/r/{ROOM}/", "/r/x/y?a=b", "/r/", "/index.html", "/?from=home"]
)
async def test_rooms_have_addresses_and_all_lead_to_the_one_page(
    client: httpx.AsyncClient, site: Site, path: str
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.text) == (200, INDEX)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert site.api.requests == []


@pytest.mark.parametrize("name", FILES)
async def test_every_file_comes_as_it_is_and_as_what_it_is(
    client: httpx.AsyncClient, name: str
) -> None:
    text, kind = FILES[name]
    answer = await client.get(f"/{name}")
    assert (answer.status_code, answer.content) == (200, text.encode())
    assert answer.headers["Content-Type"] == kind


@pytest.mark.parametrize("name", ASSETS)
async def test_assets_are_kept_for_ever(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/{name}")
    assert answer.headers.get_list("Cache-Control") == ["public, max-age=31536000, immutable"]


@pytest.mark.parametrize("name", OTHERS)
async def test_what_keeps_its_name_is_asked_for_again_and_mostly_not_sent_again(
    client: httpx.AsyncClient, name: str
) -> None:
    answer = await client.get(f"/{name}")
    assert answer.headers.get_list("Cache-Control") == ["no-cache"]
    again = await client.get(f"/{name}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", f"/r/{ROOM}", "/sw.js", f"/{ASSETS[0]}"])
async def test_the_page_may_do_little_and_nobody_may_frame_it(
    client: httpx.AsyncClient, path: str
) -> None:
    headers = (await client.get(path)).headers
    [policy] = headers.get_list("Content-Security-Policy")
    rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "img-src": "'self' data: blob: https: http:",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "worker-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "svelte-trusted-html adda",
    }
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert {"camera=()", "microphone=()", "geolocation=()"} <= set(
        headers["Permissions-Policy"].split(", ")
    )
    assert headers.get_list("X-Content-Type-Options") == ["nosniff"]
    assert headers.get_list("Referrer-Policy") == ["no-referrer"]
    assert headers.get_list("X-Frame-Options") == ["DENY"]
    assert re.fullmatch("[0-9a-f]{32}", headers["X-Request-ID"])


@pytest.mark.parametrize("name", FILES)
async def test_texts_are_packed_and_what_is_packed_already_is_not(
    client: httpx.AsyncClient, site: Site, name: str
) -> None:
    async with client.stream("GET", f"/{name}", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    packed = answer.headers.get("Content-Encoding") == "gzip"
    assert packed == (name in PACKED or name.endswith(".json"))
    assert (gzip.decompress(raw) if packed else raw) == FILES[name][0].encode()
    assert (site.raw(f"/{name}")[1]) == FILES[name][0].encode()


@pytest.mark.parametrize(
    "path", ["/assets/gone-1.js", "/assets/", "/assets/.adda-stamp", "/assets/index.html"]
)
async def test_an_asset_that_is_not_there_is_an_error_and_nobody_else_is_asked(
    client: httpx.AsyncClient, site: Site, path: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == ErrorCode.NOT_FOUND
    assert answer.headers["Cache-Control"] == "no-store"
    assert site.api.requests == []


@pytest.mark.parametrize(
    "path", ["/api/status/", "/docs", "/openapi.json", "/asyncapi.json", "/other.js", "/r", "/rx"]
)
async def test_all_else_is_the_apis_as_before(
    client: httpx.AsyncClient, site: Site, path: str
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert len(site.api.requests) == 1
    assert "Content-Security-Policy" not in answer.headers
    assert "Cache-Control" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", f"/r/{ROOM}", f"/{ASSETS[0]}"])
async def test_the_page_is_only_for_reading(
    client: httpx.AsyncClient, site: Site, method: str, path: str
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == 405
    assert answer.json()["code"] == ErrorCode.METHOD_NOT_ALLOWED
    assert site.api.requests == []


async def test_head_tells_all_but_the_page(client: httpx.AsyncClient) -> None:
    answer = await client.head("/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/r/../secret.txt",
        "/r/%2e%2e/secret.txt",
        "/r/..%2f..%2fsecret.txt",
        "/assets/../../secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/../secret.txt",
        "/.adda-stamp",
        "/r/../.adda-stamp",
        "/assets/../.adda-stamp",
        "/assets/%00",
        "/nginx.conf",
        "/assets/../../nginx.conf",
        "//secret.txt",
    ],
)
async def test_no_way_leads_to_what_is_beside_the_page(site: Site, path: str) -> None:
    status, body = await asyncio.to_thread(site.raw, path)
    assert b"secret" not in body
    assert b"worker_processes" not in body
    # The page, an error, or a question to the API, which has no such thing.
    assert (status, body) in {(200, INDEX.encode()), (200, b"ok")} or status in {400, 404}


async def test_no_log_line_holds_what_stands_behind_a_question_mark(
    client: httpx.AsyncClient, site: Site
) -> None:
    await client.get("/r/x?session_id=secret-one", headers={"Referer": "http://x/?s=secret-two"})
    log = site.folder / "gateway.log"
    await asyncio.to_thread(wait_for, lambda: '"path":"/r/x"' in log.read_text(), 5.0)
    assert '"path":"/r/x"' in log.read_text()
    assert "secret" not in log.read_text()


@pytest.mark.parametrize("path", ["/", f"/r/{ROOM}", "/sw.js"])
async def test_without_a_page_these_are_the_apis_too(reachable_path: Path, path: str) -> None:
    async for site in site_of(None, reachable_path):
        assert await asyncio.to_thread(site.raw, path) == (200, b"ok")


async def test_a_careful_umask_hides_nothing_from_the_workers(
    built: Path, reachable_path: Path
) -> None:
    before = os.umask(0o077)
    try:
        async for site in site_of(built, reachable_path):
            assert await asyncio.to_thread(site.raw, "/") == (200, INDEX.encode())
    finally:
        os.umask(before)


async def test_a_checkout_that_others_may_not_enter_has_its_page_all_the_same(
    built: Path, tmp_path: Path, reachable_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "OUTSIDE", reachable_path / "outside")
    async for site in site_of(built, tmp_path / "adda"):
        assert await asyncio.to_thread(site.raw, "/") == (200, INDEX.encode())
        status, body = await asyncio.to_thread(site.raw, f"/{ASSETS[0]}")
        assert (status, body) == (200, FILES[ASSETS[0]][0].encode())

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from shared.protocol.asyncapi import asyncapi_document

if TYPE_CHECKING:
    import httpx


@pytest.mark.parametrize("path", ["/", "/api/", "/api"])
async def test_the_index_leads_to_everything(client: httpx.AsyncClient, path: str) -> None:
    found = (await client.get(path)).json()
    assert found["project"] == "বাংলা পাবলিক চ্যাট"
    for name, address in found["endpoints"].items():
        answer = await client.get(address)
        assert answer.status_code == (405 if name in {"create_user", "join_room"} else 200), name


async def test_the_page_of_the_documentation_fetches_nothing_from_elsewhere(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get("/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"].split("style-src")[0]
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(assets) == 4
    for address in assets:
        asset = await client.get(address)
        assert address.startswith("/docs/")
        assert asset.status_code == 200, address
        assert asset.content
    assert "<script>" not in page.text
    assert (await client.get("/docs/other.js")).status_code == 404
    assert (await client.get("/docs/../settings.py")).status_code == 404


async def test_the_documents_are_served(client: httpx.AsyncClient) -> None:
    openapi = await client.get("/openapi.json")
    assert openapi.json()["openapi"].startswith("3.1")
    assert "রুমের তালিকা" in openapi.text
    assert (await client.get("/asyncapi.json")).json() == asyncapi_document()


@pytest.mark.parametrize("path", ["/openapi.json", "/asyncapi.json"])
async def test_a_description_is_made_once_however_often_it_is_asked_for(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    first = await client.get(path)

    def again(*_: object) -> None:
        raise AssertionError("made again")

    monkeypatch.setattr("api_service.routes.documentation.document", again)
    monkeypatch.setattr("api_service.routes.documentation.asyncapi_document", again)
    assert (await client.get(path)).content == first.content

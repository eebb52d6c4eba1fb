"""The pages as a whole: what each of them shows, to whom, and with which headers."""

from __future__ import annotations

import pytest
from tests.integration.api_service.admin.conftest import Browser

from api_service.admin.pages import VIEWS


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.called)
async def test_each_list_opens_empty_or_not(admin: Browser, view: type) -> None:
    path = "/admin/connections" if view.called == "connections" else f"/admin/{view.called}/list"
    answer = await admin.get(path)
    assert answer.status_code == 200, answer.text

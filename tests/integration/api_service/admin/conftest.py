"""One replica with pages of administrators, and people of each role who are logged in to them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr
from tests.integration.api_service.conftest import run_api

from api_service.admin.accounts import Accounts
from api_service.admin.roles import Role
from shared.domain.text import nfc

if TYPE_CHECKING:
    from api_service.settings import ApiSettings
    from api_service.wiring import Deps

KEY: Final = "a-key-of-the-tests-for-sessions-0123456789"
PASSWORD: Final = "চায়ের দোকান ৪২ নম্বর"
_TOKEN: Final = re.compile(r'name="token" value="([0-9a-f]{64})"')


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Of PASSWORD, cheap to check: how costly hashes are is tested where they are made."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(nfc(PASSWORD))


@dataclass(slots=True)
class Browser:
    """Somebody at the pages: keeps cookies, and knows the token of the forms."""

    client: httpx.AsyncClient
    token: str = ""

    async def get(self, path: str, **more: Any) -> httpx.Response:
        answer = await self.client.get(path, **more)
        self._remember(answer)
        return answer

    async def post(self, path: str, **fields: str) -> httpx.Response:
        return await self.client.post(path, data={"token": self.token, **fields})

    async def log_in(self, name: str, password: str = PASSWORD, code: str = "") -> httpx.Response:
        await self.get("/admin/login")
        answer = await self.post("/admin/login", name=name, password=password, code=code)
        if answer.status_code == 303:
            self._remember(await self.client.get("/admin/"))
        return answer

    def _remember(self, answer: httpx.Response) -> None:
        if found := _TOKEN.search(answer.text):
            self.token = found[1]


NewBrowser = Callable[..., Awaitable[Browser]]
"""`new_browser(Role.ADMIN)` is logged in as one; `new_browser(None)` as nobody."""


@pytest.fixture
def settings_for(settings_for: Callable[..., ApiSettings]) -> Callable[..., ApiSettings]:
    """As around it, with a key for sessions."""

    def build(**more: Any) -> ApiSettings:
        return settings_for(**{"admin_session_key": SecretStr(KEY), **more})

    return build


@pytest.fixture
async def api(settings_for: Callable[..., ApiSettings]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of one running replica that has the pages."""
    async with run_api(settings_for()) as client:
        yield client


@pytest.fixture
def accounts(deps: Deps) -> Accounts:
    """The accounts of this test's database."""
    return Accounts(deps.database, deps.clock, deps.ids)


@pytest.fixture
async def new_browser(
    api: httpx.AsyncClient, accounts: Accounts, password_hash: str
) -> AsyncIterator[NewBrowser]:
    """Makes browsers; an account of a role is made when it is first needed."""
    async with AsyncExitStack() as stack:

        async def make(role: Role | None = None, **headers: str) -> Browser:
            client = await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=api.base_url, timeout=30, trust_env=False, headers=headers
                )
            )
            browser = Browser(client)
            if role is None:
                await browser.get("/admin/login")
                return browser
            if await accounts.by_name(role.value) is None:
                await accounts.create(role.value, password_hash, role, "admin:test")
            answer = await browser.log_in(role.value)
            assert answer.status_code == 303, answer.text
            return browser

        yield make


@pytest.fixture
async def admin(new_browser: NewBrowser) -> Browser:
    """Somebody who may do everything."""
    return await new_browser(Role.ADMIN)


@pytest.fixture
async def moderator(new_browser: NewBrowser) -> Browser:
    """Somebody who may decide about people and messages."""
    return await new_browser(Role.MODERATOR)


@pytest.fixture
async def viewer(new_browser: NewBrowser) -> Browser:
    """Somebody who may look."""
    return await new_browser(Role.VIEWER)

"""Where the pages of administrators begin: beside the API, not within its layers.

They have a session in a cookie, which CORS of the API must never let another origin use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse

from api_service.admin.accounts import Accounts
from api_service.admin.audit import AuditLog
from api_service.admin.cookies import PATH, Sealer
from api_service.admin.gate import Gate, KnownAccounts
from api_service.admin.login import Login
from api_service.admin.pages import Pages
from api_service.admin.passwords import PasswordCheck
from api_service.admin.throttle import LoginThrottle
from api_service.middleware.body_limit import BodyLimit
from api_service.middleware.guard import Deadlines, Guard

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from starlette.types import ASGIApp, Receive, Scope, Send

    from api_service.wiring import Deps

PERMANENT: Final = 308


class AdminDoor:
    """Leads to the pages whoever asks for them, if there are any; everything else passes through.

    The lifespan puts the pages into the state as `pages`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        pages: ASGIApp | None = None
        if scope["type"] == "http" and is_below(scope["path"]):
            pages = scope["state"].get("pages")
        if pages is None:
            await self._app(scope, receive, send)
        elif scope["path"] == PATH:
            await RedirectResponse(PATH + "/", PERMANENT)(scope, receive, send)
        else:
            await pages(scope, receive, send)


def is_below(path: str) -> bool:
    """Is it one of the pages' paths?"""
    return path == PATH or path.startswith(PATH + "/")


def open_pages(deps: Deps, engine: AsyncEngine, deadlines: Deadlines) -> ASGIApp | None:
    """The pages with all that lies around them; None without a key for their sessions."""
    key = deps.settings.admin_session_key
    if key is None:
        return None
    sealer = Sealer(key.get_secret_value())
    accounts = Accounts(deps.database, deps.clock, deps.ids)
    known = KnownAccounts(accounts, deps.clock)
    audit = AuditLog(deps.database, deps.clock, deps.ids)
    throttle = LoginThrottle(deps.redis, deps.keys)
    login = Login(accounts, PasswordCheck(), throttle, audit, deps.clock)
    pages = Pages(deps, engine, sealer, login, known)

    async def filled(scope: Scope, receive: Receive, send: Send) -> None:
        pages.fill(scope["state"])
        await pages.app(scope, receive, send)

    gate = Gate(filled, sealer, known, deps.clock, deps.settings.trusted_hops)
    return BodyLimit(Guard(gate, deadlines), deps.settings.body_bytes)

"""The application below /admin/: sqladmin with routes, templates and rights of our own.

Of sqladmin's routes only those are there that show something. What changes something are the
log-in, the log-out and the deeds of views, and all of them are POSTs of a form.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import resources
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqladmin import Admin
from sqladmin.authentication import AuthenticationBackend, login_required
from sqladmin.authorization import AuthorizationBackend
from sqlalchemy.ext.asyncio import async_sessionmaker
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from typing_extensions import override

from api_service.admin.cookies import PATH, Sealer
from api_service.admin.dashboard import Dashboard
from api_service.admin.live import LiveState
from api_service.admin.login import Login, LoginForm, Refused
from api_service.admin.roles import Role
from api_service.admin.view import StaffView
from api_service.admin.views.accounts import AccountView
from api_service.admin.views.connections import ConnectionView
from api_service.admin.views.messages import MessageView
from api_service.admin.views.records import RecordView
from api_service.admin.views.reviews import HeldView, ReportView
from api_service.admin.views.rooms import RoomView
from api_service.admin.views.sanctions import SanctionView, WordView
from api_service.admin.views.users import UserView
from api_service.errors import answer_of
from shared.domain.client_address import client_address, network_of
from shared.domain.times import MICROS_PER_SECOND, day_of
from shared.message_store.unavailable import StoreUnavailable
from shared.protocol.errors import ChatError, Unavailable
from shared.runtime.clock import chance

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine
    from starlette.types import ASGIApp, Receive, Scope, Send

    from api_service.admin.gate import KnownAccounts
    from api_service.wiring import Deps

log = structlog.stdlib.get_logger()

SEE_OTHER: Final = 303
TOO_MANY: Final = 429
UNFIT: Final = 400
REFRESH_SECONDS: Final = 5
_FOLDER: Final = resources.files("api_service.admin")

TABLES: Final[tuple[type[StaffView], ...]] = (
    RoomView,
    UserView,
    MessageView,
    ReportView,
    HeldView,
    SanctionView,
    WordView,
    RecordView,
    AccountView,
)
VIEWS: Final[tuple[type[StaffView | ConnectionView], ...]] = (
    *TABLES[:3],
    ConnectionView,
    *TABLES[3:],
)
"""In the order of the menu."""

_SEES: Final = {view.called: view.sees for view in VIEWS}


class StaffAuthentication(AuthenticationBackend):
    """Who asks was found out by the gate; here it only counts."""

    def __init__(self) -> None:
        self.middlewares = []  # no second session beside ours

    @override
    async def authenticate(self, request: Request) -> Response | bool:
        if request.state.staff is None:
            return RedirectResponse(request.url_for("admin:login"), SEE_OTHER)
        return True


class ByRole(AuthorizationBackend):
    """What each role sees; what it may do is asked at each deed."""

    @override
    def has_permission(
        self, request: Request, identity: str, action: str, obj: Any | None = None
    ) -> bool:
        staff = request.state.staff
        return staff is not None and staff.role.includes(_SEES.get(identity, Role.ADMIN))


class Refusals:
    """Ends what the gate refused before any route is looked for."""

    def __init__(
        self, app: ASGIApp, show: Callable[[Request, Exception], Awaitable[Response]]
    ) -> None:
        self._app = app
        self._show = show

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        refusal = scope["state"].get("refusal")
        app = self._app if refusal is None else await self._show(Request(scope), refusal)
        await app(scope, receive, send)


class Pages(Admin):
    """All pages."""

    def __init__(
        self,
        deps: Deps,
        engine: AsyncEngine,
        sealer: Sealer,
        login: Login,
        known: KnownAccounts,
    ) -> None:
        super().__init__(
            Starlette(),
            session_maker=async_sessionmaker(engine),
            base_url=PATH,
            title="আড্ডা",
            templates_dir=str(_FOLDER / "templates"),
            authentication_backend=StaffAuthentication(),
            authorization_backend=ByRole(),
            middlewares=[Middleware(Refusals, self._show_problem)],
        )
        self._deps = deps
        self._sealer = sealer
        self._login = login
        self._known = known
        self._live = LiveState(deps.redis, deps.keys)
        self._dashboard = Dashboard(deps, self._live)
        self.admin.router.routes = [
            Mount("/static", StaticFiles(directory=str(_FOLDER / "static")), name="static"),
            Route("/", self.index, name="index"),
            Route("/login", self.login, name="login", methods=["GET", "POST"]),
            Route("/logout", self.logout, name="logout", methods=["POST"]),
            Route("/{identity}/list", self.list, name="list"),
            Route("/{identity}/details/{pk:path}", self.details, name="details"),
        ]
        self.admin.router.redirect_slashes = False
        self.admin.exception_handlers = {
            HTTPException: self._show_problem,
            ChatError: self._show_problem,
            StoreUnavailable: self._show_problem,
            Exception: self._show_problem,
        }
        for view in VIEWS:
            # A class of its own for each application: sqladmin keeps its own in the class.
            self.add_view(
                type(
                    view.__name__, (view,), {"identity": view.called, "__module__": view.__module__}
                )
            )

    def fill(self, state: dict[str, Any]) -> None:
        """Puts into a request's state what views ask for."""
        state["live_state"] = self._live
        state["known_accounts"] = self._known
        state["passwords"] = self._login.passwords

    @login_required
    @override
    async def index(self, request: Request) -> Response:
        """The live numbers."""
        context = {"numbers": await self._dashboard.numbers(), "refresh": REFRESH_SECONDS}
        return await self.templates.TemplateResponse(request, "dashboard.html", context)

    @override
    async def login(self, request: Request) -> Response:
        """The form, and what was sent in it."""
        if request.method != "POST":
            return await self._show_login(request, {})
        form = request.state.form
        found = client_address(
            request.scope["headers"], request.client, self._deps.settings.trusted_hops
        )
        outcome = await self._login.enter(
            LoginForm(
                name=form.get("name", ""),
                password=form.get("password", ""),
                code=form.get("code", ""),
                address=await self._name_of(found),
            )
        )
        if isinstance(outcome, Refused):
            return await self._refuse(request, outcome)
        self._known.forget()
        now = self._deps.clock.micros() // MICROS_PER_SECOND
        request.state.renewed = self._sealer.begin(now, outcome.id, outcome.session_epoch)
        return RedirectResponse(request.url_for("admin:index"), SEE_OTHER)

    @login_required
    @override
    async def logout(self, request: Request) -> Response:
        """Ends all sessions of the account."""
        await self._login.leave(request.state.staff)
        self._known.forget()
        now = self._deps.clock.micros() // MICROS_PER_SECOND
        request.state.renewed = self._sealer.begin(now)
        return RedirectResponse(request.url_for("admin:login"), SEE_OTHER)

    async def _name_of(self, address: IPv4Address | IPv6Address | None) -> str:
        """An address by its name of today, whether its requests are counted or not."""
        addresses = self._deps.addresses
        if await addresses.secret() is not None:
            name = addresses.name_on(network_of(address), day_of(self._deps.clock.micros()))
            if name is not None:
                return name
        raise Unavailable("redis")

    async def _refuse(self, request: Request, refused: Refused) -> Response:
        context = {"wait": refused.wait, "name": request.state.form.get("name", "")}
        if refused.wait == 0:
            return await self._show_login(request, {**context, "unfit": True}, UNFIT)
        response = await self._show_login(request, context, TOO_MANY)
        response.headers["Retry-After"] = str(refused.wait)
        return response

    async def _show_login(
        self, request: Request, context: dict[str, Any], status: int = 200
    ) -> Response:
        return await self.templates.TemplateResponse(
            request, "login.html", context, status_code=status
        )

    async def _show_problem(self, request: Request, error: Exception) -> Response:
        """A page for whatever went wrong; it tells nothing that the API would not tell."""
        speech = request.state.speech
        if isinstance(error, HTTPException):
            status, headers = error.status_code, dict(error.headers or {})
            text = speech.status(status)
        else:
            answer = answer_of(error, speech.language, chance())
            status, headers, text = answer.status, answer.headers, answer.view.message
            headers.pop("WWW-Authenticate", None)
        context = {"status": status, "text": text}
        response = await self.templates.TemplateResponse(
            request, "problem.html", context, status_code=status
        )
        response.headers.update(headers)
        return response

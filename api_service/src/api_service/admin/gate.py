"""What lies around the pages of administrators: address, headers, language, session, tokens.

Every request passes here, whatever page answers it: who asks is settled before, and nothing that
changes anything gets past without the token of the session's forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection

from api_service.admin.cookies import (
    COOKIE,
    LANGUAGE_COOKIE,
    LONGEST_SECONDS,
    PATH,
    RENEW_SECONDS,
    Sealer,
    Session,
)
from api_service.admin.language import Speech, choose
from api_service.public_url import public_origin
from shared.domain.times import MICROS_PER_SECOND
from shared.protocol.errors import ChatError, ErrorCode

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api_service.admin.accounts import Account, Accounts
    from api_service.public_url import PublicOrigin
    from shared.runtime.clock import Clock

log = structlog.stdlib.get_logger()

STATIC: Final = PATH + "/static/"
SAFE: Final = frozenset({"GET", "HEAD"})
FORM_TYPE: Final = "application/x-www-form-urlencoded"
TOKEN_FIELD: Final = "token"  # noqa: S105 - the name of a field
LANGUAGE_PARAMETER: Final = "lang"
AUTOMATIC_PARAMETER: Final = "auto"
"""In addresses that a page asks for by itself: they keep no session alive."""

ACCOUNT_SECONDS: Final = 1.0
"""So long an account is not asked for again."""

_MOST_KEPT: Final = 1000
_MOST_FIELDS: Final = 100
_LANGUAGE_SECONDS: Final = 365 * 24 * 3600

# No script at all: nothing that somebody wrote into a message or a name can ever run.
POLICY: Final = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}


class KnownAccounts:
    """Accounts by id, each asked for at most once a second."""

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock
        self._kept: dict[UUID, tuple[float, Account | None]] = {}

    async def find(self, account_id: UUID) -> Account | None:
        """The account as it was a second ago at most. Raises StoreUnavailable."""
        now = self._clock.monotonic()
        kept = self._kept.get(account_id)
        if kept is not None and now < kept[0]:
            return kept[1]
        account = await self._accounts.by_id(account_id)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[account_id] = (now + ACCOUNT_SECONDS, account)
        return account

    def forget(self) -> None:
        """Something was changed here: it counts at once."""
        self._kept.clear()


class Gate:
    """Puts `staff` (an Account or None), `session`, `speech`, `token` and `form` into the state."""

    def __init__(
        self, app: ASGIApp, sealer: Sealer, known: KnownAccounts, clock: Clock, trusted_hops: int
    ) -> None:
        self._app = app
        self._sealer = sealer
        self._known = known
        self._clock = clock
        self._hops = trusted_hops

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request below PATH."""
        origin = public_origin(scope, self._hops)
        scope = _seen_from_outside(scope, origin)
        state: dict[str, Any] = scope["state"]
        asking = HTTPConnection(scope)
        now = self._clock.micros() // MICROS_PER_SECOND
        state["session"] = kept = self._sealer.open(asking.cookies.get(COOKIE), now)
        state["renewed"] = None
        state["staff"] = None
        state["refusal"] = None
        asked = asking.query_params.get(LANGUAGE_PARAMETER)
        accepted = asking.headers.get("accept-language")
        speech = Speech(choose(asked, asking.cookies.get(LANGUAGE_COOKIE), accepted))
        state["speech"] = speech
        if scope["path"].startswith(STATIC):
            await self._app(scope, receive, _with_headers(send, {"Cache-Control": "max-age=3600"}))
            return
        if kept is None:
            kept = state["session"] = state["renewed"] = self._sealer.begin(now)
        elif now - kept.seen >= RENEW_SECONDS and AUTOMATIC_PARAMETER not in asking.query_params:
            state["renewed"] = kept.seen_at(now)
        state["token"] = self._sealer.form_token(kept)
        state["form"] = {}

        async def send_with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for cookie in self._cookies(state, origin, asked and speech.language):
                    headers.append("Set-Cookie", cookie)
            await send(message)

        state["refusal"] = await self._refusal(scope, receive, origin)
        await self._app(scope, receive, _with_headers(send_with_cookies, {}))

    async def _refusal(
        self, scope: Scope, receive: Receive, origin: PublicOrigin
    ) -> Exception | None:
        """Fills in who asks and what was sent; returns why the request goes no further."""
        state = scope["state"]
        try:
            state["staff"] = await self._staff_of(state["session"])
            if scope["method"] not in SAFE:
                await self._take_form(scope, receive, origin)
        except Exception as error:  # noqa: BLE001 - told on a page, like what pages raise
            return error
        return None

    async def _staff_of(self, session: Session) -> Account | None:
        if session.admin is None:
            return None
        account = await self._known.find(session.admin)
        if account is None or account.disabled or account.session_epoch != session.epoch:
            return None
        return account

    async def _take_form(self, scope: Scope, receive: Receive, origin: PublicOrigin) -> None:
        headers = Headers(scope=scope)
        if not _comes_from_us(headers, origin):
            raise ChatError(ErrorCode.ORIGIN_REFUSED)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        form = _parsed(await _body(receive)) if kind == FORM_TYPE else {}
        state = scope["state"]
        if not self._sealer.is_form_token(state["session"], form.get(TOKEN_FIELD, "")):
            raise ChatError(ErrorCode.FORBIDDEN)
        state["form"] = form

    def _cookies(
        self, state: Mapping[str, Any], origin: PublicOrigin, language: str | None
    ) -> list[str]:
        secure = "; Secure" if origin.secure else ""
        cookies = []
        renewed: Session | None = state["renewed"]
        if renewed is not None:
            cookies.append(
                f"{COOKIE}={self._sealer.seal(renewed)}; Path={PATH}; HttpOnly; SameSite=Strict; "
                f"Max-Age={LONGEST_SECONDS}{secure}"
            )
        if language:
            cookies.append(
                f"{LANGUAGE_COOKIE}={language}; Path={PATH}; HttpOnly; SameSite=Strict; "
                f"Max-Age={_LANGUAGE_SECONDS}{secure}"
            )
        return cookies


def _seen_from_outside(scope: Scope, origin: PublicOrigin) -> Scope:
    """The scope as if the caller had reached us directly: addresses in pages are made of it."""
    headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
    headers.append((b"host", origin.host.encode()))
    return {
        **scope,
        "scheme": "https" if origin.secure else "http",
        "headers": headers,
        "state": dict(scope["state"]),
    }


def _with_headers(send: Send, more: Mapping[str, str]) -> Send:
    async def send_marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in {**HEADERS, **more}.items():
                headers[name] = value
        await send(message)

    return send_marked


def _comes_from_us(headers: Headers, origin: PublicOrigin) -> bool:
    """By what browsers say of a request that they send for a page; programs say nothing.

    Sec-Fetch-Site counts more: under the gateway's `no-referrer` a form's Origin is `null`.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    said = headers.get("origin")
    return said is None or said == f"http{'s' if origin.secure else ''}://{origin.host}"


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _parsed(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise ChatError(ErrorCode.VALIDATION) from None
    return dict(pairs)

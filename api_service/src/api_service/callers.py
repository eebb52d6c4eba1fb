"""Who calls? A session in `Authorization: Bearer …`, an administrator's token there, or nobody."""

import hmac
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request
from typing_extensions import override

from api_service.wiring import Deps
from shared.domain.entities import User
from shared.domain.ids import is_session_id
from shared.protocol.errors import ChatError, ErrorCode


@dataclass(frozen=True, slots=True)
class Caller:
    """A person with a session, or an administrator (`user` is None)."""

    user: User | None
    session_id: str = ""

    @property
    def is_admin(self) -> bool:
        """True for administrators, who are nobody in a room."""
        return self.user is None

    def may_act_for(self, owner: UUID | None) -> bool:
        """Is this the owner, or an administrator?"""
        return self.user is None or (owner is not None and owner == self.user.id)

    @override
    def __repr__(self) -> str:
        return f"Caller({self.user!r})"  # the session stays out of logs


async def deps_of(request: Request) -> Deps:  # not async, it would cost a change of threads
    """What the lifespan opened."""
    deps = request.state.deps
    assert isinstance(deps, Deps)  # noqa: S101 - the lifespan's type, told to the checker
    return deps


DepsIn = Annotated[Deps, Depends(deps_of)]

_SCHEME: Final = "bearer"


def bearer_token(authorization: str | None) -> str | None:
    """The token of an Authorization header; None without the header.

    Raises:
        ChatError: `session_unknown`, the header holds no bearer token.
    """
    if authorization is None:
        return None
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != _SCHEME:
        raise ChatError(ErrorCode.SESSION_UNKNOWN)
    return token.strip()


async def find_caller(request: Request, deps: DepsIn) -> Caller | None:
    """The caller, None without credentials.

    Raises:
        ChatError: `session_unknown`.
        Unavailable: the session cannot be looked up now.
    """
    token = bearer_token(request.headers.get("authorization"))
    if token is None:
        return None
    admin = deps.settings.admin_token
    if admin is not None and hmac.compare_digest(token.encode(), admin.get_secret_value().encode()):
        return Caller(None)
    user = await deps.identifier.known(token) if is_session_id(token) else None
    if user is None:
        raise ChatError(ErrorCode.SESSION_UNKNOWN)
    return Caller(user, token)


OptionalCaller = Annotated[Caller | None, Depends(find_caller)]


async def require_caller(caller: OptionalCaller) -> Caller:
    """A caller with credentials, for what is not everybody's.

    Raises:
        ChatError: `session_required`.
    """
    if caller is None:
        raise ChatError(ErrorCode.SESSION_REQUIRED)
    return caller


CallerIn = Annotated[Caller, Depends(require_caller)]

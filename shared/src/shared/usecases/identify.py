"""Who is this? A session is a capability; whoever brings it is its user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.domain.entities import User
from shared.domain.ids import session_hash
from shared.domain.names import (
    DEFAULT_COLOR,
    DEFAULT_USERNAME,
    normalise_color,
    normalise_username,
)
from shared.domain.reserved_names import NOTHING_RESERVED, ReservedNames
from shared.sessions.session_store import SessionEnded
from shared.usecases.outages import store_outage_as_unavailable

if TYPE_CHECKING:
    from shared.message_store.user_directory import UserDirectory
    from shared.runtime.clock import Clock, IdMaker
    from shared.sessions.session_store import SessionStore


@dataclass(frozen=True, slots=True)
class Identity:
    """A user and, if the server made it just now, the session id to tell once."""

    user: User
    """As they want to be called."""
    known: User
    """As the session knows them; the same, unless they want another name or colour now."""
    new_session_id: str | None


@dataclass(frozen=True, slots=True)
class Identifier:
    """Finds and makes users.

    Raises Unavailable while a server that is needed is away, and RuleViolation for names and
    colours that break the rules. A reserved name is refused; who had it before it was reserved is
    a guest again.
    """

    sessions: SessionStore
    directory: UserDirectory
    clock: Clock
    ids: IdMaker
    reserved: ReservedNames = NOTHING_RESERVED

    async def known(self, session_id: str) -> User | None:
        """The holder of a session: from Redis, else read through from PostgreSQL once."""
        try:
            return await self._holder(session_id)
        except SessionEnded:
            return None

    async def _holder(self, session_id: str) -> User | None:
        key = session_hash(session_id)
        user = await self.sessions.find(key)
        if user is None:
            with store_outage_as_unavailable():
                record = await self.directory.user_by_session(key)
            user = None if record is None else await self.sessions.claim(record)
        if user is not None and self.reserved.has(user.username):
            return user.called(DEFAULT_USERNAME, None)
        return user

    async def identify(
        self, session_id: str | None, username: str | None, color: str | None
    ) -> Identity:
        """The user of a connection.

        An unknown session gets a new user, as in the original; without a session, or with one that
        was ended, one is made. A given name or colour is a wish: where they may have it, it
        replaces the known one by `sessions.replace`.
        """
        name = None if username is None else normalise_username(username)
        paint = None if color is None else normalise_color(color)
        user = None
        if session_id is not None:
            try:
                user = await self._holder(session_id)
                if user is None:
                    user = await self.sessions.claim(self.new_user(session_id, name, paint))
            except SessionEnded:
                pass  # a new person, with nothing of the old one
        if user is None:
            made = self.ids.session_id()
            user = await self.sessions.claim(self.new_user(made, name, paint))
            return Identity(user, user, made)
        return Identity(self._wanted(user, name, paint), user, None)

    async def renamed(self, user: User, username: str | None, color: str | None) -> User:
        """The user under another name or colour, both normalised; None keeps what is."""
        renamed = self._wanted(user, username, color)
        if renamed != user:
            await self.sessions.replace(renamed)
        return renamed

    def _wanted(self, user: User, username: str | None, color: str | None) -> User:
        if username is not None:
            self.reserved.check(username)
        return user.called(username, color)

    def new_user(self, session_id: str, username: str | None, color: str | None) -> User:
        """A user of now for `session_id`; not stored anywhere yet. Names must be normalised."""
        if username is not None:
            self.reserved.check(username)
        return User(
            id=self.ids.new(),
            session_hash=session_hash(session_id),
            username=username or DEFAULT_USERNAME,
            color=color or DEFAULT_COLOR,
            created_micros=self.clock.micros(),
        )

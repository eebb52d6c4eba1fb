"""The session of an administrator as a signed cookie. Pure.

The cookie says whose it is and since when; that the account still has it so is asked at each
request. What is signed with the same key for forms can be made by nobody else either.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

COOKIE: Final = "adda_admin"
LANGUAGE_COOKIE: Final = "adda_admin_language"
PATH: Final = "/admin"
IDLE_SECONDS: Final = 30 * 60
LONGEST_SECONDS: Final = 12 * 3600
RENEW_SECONDS: Final = 60
"""So much older the cookie's time of the last request may be before it is written anew."""


@dataclass(frozen=True, slots=True)
class Session:
    """What the cookie holds; `admin` is None before the log-in."""

    id: str
    admin: UUID | None
    epoch: int
    born: int
    """Seconds since 1970, as below."""
    seen: int

    def is_over(self, now: int) -> bool:
        """Idle for too long, or simply too old."""
        return not (now - self.seen < IDLE_SECONDS and now - self.born < LONGEST_SECONDS)

    def seen_at(self, now: int) -> Session:
        """The same session, used now."""
        return replace(self, seen=now)


class Sealer:
    """Signs sessions and the tokens of their forms with one key."""

    def __init__(self, key: str) -> None:
        self._serializer = URLSafeSerializer(
            key,
            salt="adda-admin-session",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )
        self._key = hmac.new(key.encode(), b"adda-admin-form", hashlib.sha256).digest()

    @staticmethod
    def begin(now: int, admin: UUID | None = None, epoch: int = 0) -> Session:
        """A new session, under an id of its own."""
        return Session(secrets.token_urlsafe(16), admin, epoch, now, now)

    def seal(self, session: Session) -> str:
        """The cookie's value."""
        admin = None if session.admin is None else str(session.admin)
        fields = [session.id, admin, session.epoch, session.born, session.seen]
        return self._serializer.dumps(fields)

    def open(self, value: str | None, now: int) -> Session | None:
        """The session of a cookie; None if it is not ours, or over."""
        if not value:
            return None
        try:
            session_id, admin, epoch, born, seen = self._serializer.loads(value)
        except BadData:
            return None
        session = Session(session_id, None if admin is None else UUID(admin), epoch, born, seen)
        return None if session.is_over(now) else session

    def form_token(self, session: Session) -> str:
        """What every form of this session carries."""
        return hmac.new(self._key, session.id.encode(), hashlib.sha256).hexdigest()

    def is_form_token(self, session: Session, token: str) -> bool:
        """Is `token` that of this session?"""
        return hmac.compare_digest(self.form_token(session).encode(), token.encode())

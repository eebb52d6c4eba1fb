"""Logging in and out: one answer for whatever does not fit, and the same work for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from api_service.admin.audit import Record, by_admin
from api_service.admin.totp import matching_step
from shared.domain.times import MICROS_PER_SECOND

if TYPE_CHECKING:
    from api_service.admin.accounts import Account, Accounts
    from api_service.admin.audit import AuditLog
    from api_service.admin.passwords import PasswordCheck
    from api_service.admin.throttle import LoginThrottle
    from shared.runtime.clock import Clock

NOBODY: Final = "?"


@dataclass(frozen=True, slots=True)
class LoginForm:
    """What was sent, and from which address (its name of today)."""

    name: str
    password: str
    code: str
    address: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Not let in; `wait` is in seconds, 0: something did not fit."""

    wait: int = 0


@dataclass(frozen=True, slots=True)
class Login:
    """Raises Unavailable or StoreUnavailable while a server that is needed is away."""

    accounts: Accounts
    passwords: PasswordCheck
    throttle: LoginThrottle
    audit: AuditLog
    clock: Clock

    async def enter(self, form: LoginForm) -> Account | Refused:
        """Lets somebody in, or not."""
        wait = await self.throttle.admit(form.name, form.address)
        if wait > 0:
            return Refused(wait)
        account = await self.accounts.by_name(form.name)
        usable = account is not None and not account.disabled
        known_hash = account.password_hash if account is not None and usable else None
        fits = await self.passwords.matches(known_hash, form.password)
        details = {"address": form.address}
        if account is None or not fits or not await self._second_factor(account, form.code):
            # Only names of accounts are kept: who mistakes the field writes a password there.
            subject = NOBODY if account is None else account.name
            await self.audit.add(Record(by_admin(subject), "login_failed", subject, details))
            return Refused()
        await self.throttle.forget(form.name, form.address)
        record = Record(by_admin(account.name), "login", account.name, details)
        await self.accounts.note_login(account, record)
        return account

    async def leave(self, account: Account) -> None:
        """Ends all sessions of an account: a cookie that was copied ends with them."""
        await self.accounts.change(account, by_admin(account.name), "logout")

    async def _second_factor(self, account: Account, code: str) -> bool:
        if account.totp_secret is None:
            return True
        now = self.clock.micros() // MICROS_PER_SECOND
        step = matching_step(account.totp_secret, code, now)
        return step is not None and await self.throttle.use_code(account.id, step)

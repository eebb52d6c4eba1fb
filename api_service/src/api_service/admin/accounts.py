"""Accounts of administrators in PostgreSQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from typing_extensions import override

from api_service.admin.audit import AuditLog, Record, changes_of
from api_service.admin.roles import Role
from shared.domain.rules import MALFORMED, RuleViolation
from shared.domain.times import datetime_of
from shared.message_store.tables import Admin

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from shared.message_store.database import Database
    from shared.runtime.clock import Clock, IdMaker

TAKEN: Final = "taken"
UNKNOWN: Final = "unknown_account"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}", re.ASCII)
_SECRETS: Final = frozenset({"password_hash", "totp_secret"})


@dataclass(frozen=True, slots=True)
class Account:
    """One row; secrets stay out of its text."""

    id: UUID
    name: str
    role: Role
    password_hash: str
    totp_secret: str | None
    session_epoch: int
    disabled: bool

    @override
    def __repr__(self) -> str:
        return f"Account({self.name!r}, {self.role})"


def check_name(raw: str) -> str:
    """A name as it is kept: 2 to 32 of a–z, 0–9, dot, dash, underscore.

    Raises:
        RuleViolation: for `name`, with malformed.
    """
    name = raw.strip().lower()
    if _NAME.fullmatch(name) is None:
        raise RuleViolation("name", MALFORMED)
    return name


class Accounts:
    """Every method raises StoreUnavailable while PostgreSQL cannot answer."""

    def __init__(self, database: Database, clock: Clock, ids: IdMaker) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._audit = AuditLog(database, clock, ids)

    async def by_name(self, name: str) -> Account | None:
        """The account, also a disabled one."""
        name = name.strip().lower()
        if _NAME.fullmatch(name) is None:
            return None  # PostgreSQL does not even take every text
        return await self._find(Admin.name == name)

    async def by_id(self, account_id: UUID) -> Account | None:
        """The account, also a disabled one."""
        return await self._find(Admin.id == account_id)

    async def create(self, name: str, password_hash: str, role: Role, by: str) -> UUID:
        """A new account.

        Raises:
            RuleViolation: for `name`, with malformed or taken.
        """
        name = check_name(name)
        account_id = self._ids.new()
        row = {
            "id": account_id,
            "name": name,
            "password_hash": password_hash,
            "role": role.value,
            "created_at": datetime_of(self._clock.micros()),
        }
        try:
            async with self._database.changing() as connection:
                await connection.execute(insert(Admin).values(row))
                details = {"role": {"old": None, "new": role.value}}
                await self._audit.add_in(connection, Record(by, "account_created", name, details))
        except IntegrityError:
            raise RuleViolation("name", TAKEN) from None
        return account_id

    async def change(self, account: Account, by: str, action: str, **fields: Any) -> None:
        """Changes some of role, password_hash, totp_secret and disabled; its sessions end."""
        old = {name: getattr(account, name) for name in fields}
        details = changes_of(old, {n: v for n, v in fields.items() if n not in _SECRETS})
        values = {name: value for name, value in fields.items() if name != "disabled"}
        if "disabled" in fields:
            now = datetime_of(self._clock.micros())
            values["disabled_at"] = now if fields["disabled"] else None
        async with self._database.changing() as connection:
            await connection.execute(
                update(Admin)
                .where(Admin.id == account.id)
                .values(**values, session_epoch=Admin.session_epoch + 1)
            )
            await self._audit.add_in(connection, Record(by, action, account.name, details))

    async def note_login(self, account: Account, record: Record) -> None:
        """Somebody came in."""
        async with self._database.changing() as connection:
            await connection.execute(
                update(Admin)
                .where(Admin.id == account.id)
                .values(last_login_at=datetime_of(self._clock.micros()))
            )
            await self._audit.add_in(connection, record)

    async def _find(self, condition: ColumnElement[bool]) -> Account | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(Admin.__table__).where(condition))).first()
        if row is None:
            return None
        return Account(
            id=row.id,
            name=row.name,
            role=Role(row.role),
            password_hash=row.password_hash,
            totp_secret=row.totp_secret,
            session_epoch=row.session_epoch,
            disabled=row.disabled_at is not None,
        )

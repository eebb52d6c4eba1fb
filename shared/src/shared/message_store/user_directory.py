"""People in PostgreSQL, found by id or by the hash of their session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import LargeBinary, Row, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from shared.domain.entities import User
from shared.domain.times import datetime_of, micros_of
from shared.message_store.records import UserRecord
from shared.message_store.tables import ChatUser
from shared.message_store.totals import add_to_counters
from shared.runtime.lookup_batcher import LookupBatcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from shared.message_store.database import Database

_COLUMNS: Final = (
    ChatUser.id,
    ChatUser.session_hash,
    ChatUser.username,
    ChatUser.color,
    ChatUser.created_at,
    ChatUser.last_seen,
)


class UserDirectory:
    """Every method raises StoreUnavailable while PostgreSQL cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_session = LookupBatcher("users by session", self._users_by_sessions)

    async def user_by_session(self, session_hash: bytes) -> User | None:
        """The holder of a session, by the SHA-256 of its id (32 bytes)."""
        return await self._by_session.find(session_hash)

    async def users_by_ids(self, user_ids: Iterable[UUID]) -> dict[UUID, UserRecord]:
        """Those of `user_ids` that are known."""
        statement = select(*_COLUMNS).where(ChatUser.id.in_(list(user_ids)))
        async with self._database.reading() as connection:
            records = [_record(row) for row in await connection.execute(statement)]
        return {record.user.id: record for record in records}

    async def create_user(self, user: User) -> bool:
        """Stores a new user. False if the id or the session is known already; that stays."""
        created = datetime_of(user.created_micros)
        statement = (
            insert(ChatUser)
            .values(
                id=user.id,
                session_hash=user.session_hash,
                username=user.username,
                color=user.color,
                created_at=created,
                last_seen=created,
                updated_at=created,
            )
            .on_conflict_do_nothing()
            .returning(ChatUser.id)
        )
        async with self._database.changing() as connection:
            if await connection.scalar(statement) is None:
                return False
            await add_to_counters(connection, user.id, {"users": 1})
        return True

    async def _users_by_sessions(self, session_hashes: Sequence[bytes]) -> dict[bytes, User]:
        wanted = literal(list(session_hashes), ARRAY(LargeBinary))
        statement = select(*_COLUMNS).where(ChatUser.session_hash == any_(wanted))
        async with self._database.reading() as connection:
            users = [_record(row).user for row in await connection.execute(statement)]
        return {user.session_hash: user for user in users}


def _record(row: Row[*tuple[Any, ...]]) -> UserRecord:
    user = User(
        id=row.id,
        session_hash=row.session_hash,
        username=row.username,
        color=row.color,
        created_micros=micros_of(row.created_at),
    )
    return UserRecord(user, micros_of(row.last_seen))

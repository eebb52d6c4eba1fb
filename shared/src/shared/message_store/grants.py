"""Which service may do what with which table: a row for each table, or a test fails.

What is not written here is refused by PostgreSQL itself, whatever a service is made to ask for. The
tables belong to the role that migrates; `python -m worker.database_roles` makes the roles, and each
migration applies this table anew.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

PREFIX: Final = "adda"
"""Roles are `<prefix>_<role>`."""


class Role(StrEnum):
    """Who works with the tables. Only `migrate` may change what they look like."""

    API = "api"
    WS = "ws"
    WORKER = "worker"
    MIGRATE = "migrate"


_READ: Final = ("SELECT",)
_ADD: Final = ("SELECT", "INSERT")
_CHANGE: Final = ("SELECT", "INSERT", "UPDATE")
_ALL: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")

GRANTS: Final[Mapping[str, Mapping[Role, tuple[str, ...]]]] = {
    # The worker changes a room whose owner is erased, or whose messages are gone.
    "rooms": {Role.API: _CHANGE, Role.WS: _READ, Role.WORKER: _CHANGE},
    # UPDATE of the REST service is for locking a room's row before it goes.
    "room_stats": {Role.API: _ALL, Role.WS: _READ, Role.WORKER: _ALL},
    "users": {Role.API: ("SELECT", "INSERT", "DELETE"), Role.WS: _READ, Role.WORKER: _ALL},
    # Messages are written and removed by workers alone. The REST service of the version before this
    # one still removes those of a deleted room itself; after it DELETE can go.
    "messages": {Role.API: ("SELECT", "DELETE"), Role.WS: _READ, Role.WORKER: _ALL},
    "counters": {Role.API: _CHANGE, Role.WORKER: _CHANGE},
    "seeds": {},  # demo rooms are put in by who migrates
    # What staff decide comes by REST. Sockets obey it, and keep what must wait for staff.
    "room_rules": {Role.API: _CHANGE, Role.WS: _READ},
    "words": {Role.API: _ALL, Role.WS: _READ},
    # The worker takes out of them whoever is erased.
    "moderators": {
        Role.API: ("SELECT", "INSERT", "DELETE"),
        Role.WS: _READ,
        Role.WORKER: ("SELECT", "DELETE"),
    },
    "sanctions": {Role.API: _CHANGE, Role.WS: _READ, Role.WORKER: ("SELECT", "UPDATE")},
    "reports": {Role.API: _CHANGE, Role.WORKER: ("SELECT", "UPDATE")},
    "held_messages": {Role.API: _CHANGE, Role.WS: _ADD, Role.WORKER: ("SELECT", "UPDATE")},
    "audit_log": {Role.API: _ADD},  # nobody changes what was written there
    "admins": {Role.API: _CHANGE},
    "erasures": {Role.API: _ADD, Role.WORKER: _ALL},
}
"""By table and role. Who is not named, may not even read."""


def role_name(role: Role, prefix: str = PREFIX) -> str:
    """What PostgreSQL calls it."""
    return f"{prefix}_{role.value}"


def grant_statements(tables: Collection[str], prefix: str = PREFIX) -> list[str]:
    """Statements after which the services may do with `tables` what stands above, and no more."""
    statements = []
    for table in sorted(tables):
        for role in (Role.API, Role.WS, Role.WORKER):
            name = role_name(role, prefix)
            statements.append(f'REVOKE ALL ON "{table}" FROM "{name}"')
            if verbs := GRANTS.get(table, {}).get(role, ()):
                statements.append(f'GRANT {", ".join(verbs)} ON "{table}" TO "{name}"')
    return statements

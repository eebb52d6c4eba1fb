from __future__ import annotations

import pytest

from shared.message_store.grants import GRANTS, Role, grant_statements, role_name
from shared.message_store.tables import Base


def test_every_table_says_who_may_do_what_with_it() -> None:
    assert set(GRANTS) == set(Base.metadata.tables), (
        "a table without a row of grants, or the reverse"
    )


def test_the_socket_service_changes_nothing() -> None:
    verbs = {table: set(GRANTS[table].get(Role.WS, ())) - {"SELECT"} for table in GRANTS}
    added = {table: more for table, more in verbs.items() if more}
    assert added == {"held_messages": {"INSERT"}}  # what must wait for staff


@pytest.mark.parametrize("table", GRANTS)
def test_what_was_granted_before_is_taken_back_first(table: str) -> None:
    statements = grant_statements([table], "p")
    for role in (Role.API, Role.WS, Role.WORKER):
        own = [one for one in statements if one.endswith(f'"{role_name(role, "p")}"')]
        assert own[0].startswith("REVOKE ALL")
        assert len(own) == 1 + bool(GRANTS[table].get(role))


def test_a_table_that_nobody_knows_is_nobodys() -> None:
    assert all(one.startswith("REVOKE ALL") for one in grant_statements(["unknown"]))

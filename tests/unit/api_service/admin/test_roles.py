from __future__ import annotations

from api_service.admin.roles import Role


def test_each_role_may_do_what_those_before_it_may() -> None:
    may = {(one, other) for one in Role for other in Role if one.includes(other)}
    assert may == {
        (Role.VIEWER, Role.VIEWER),
        (Role.MODERATOR, Role.VIEWER),
        (Role.MODERATOR, Role.MODERATOR),
        (Role.ADMIN, Role.VIEWER),
        (Role.ADMIN, Role.MODERATOR),
        (Role.ADMIN, Role.ADMIN),
    }

from __future__ import annotations

from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from shared.domain.moderation import (
    BANS,
    MUTES,
    RANKS,
    Origin,
    Role,
    Sanction,
    SanctionKind,
    Sanctions,
    SubjectKind,
    Who,
    no_address,
    outranks,
)

USER = "0199b6a2-6e10-7f2a-8c3d-5b1e9f7a2c02"
DAY = 20_000


def sanction(
    kind: SanctionKind = SanctionKind.BAN,
    by: SubjectKind = SubjectKind.USER,
    subject: str = USER,
    until: int | None = None,
) -> Sanction:
    return Sanction(uuid4(), kind, by, subject, until)


def somebody(username: str = "রাকিব", user: str = USER, address: str | None = None) -> Who:
    return Who(user, username, lambda day: address if day == DAY else None)


def test_a_sanction_meets_the_person_that_it_names_and_nobody_else() -> None:
    sanctions = Sanctions.of([sanction()])
    assert sanctions.find(somebody(), BANS, 0) is not None
    assert sanctions.find(somebody(user=str(UUID(int=1))), BANS, 0) is None
    assert sanctions.find(somebody(), MUTES, 0) is None


def test_an_address_is_met_under_its_name_of_the_day_of_the_decision() -> None:
    origin = Origin(DAY, "abc")
    sanctions = Sanctions.of([sanction(by=SubjectKind.ADDRESS, subject=str(origin))])
    assert sanctions.find(somebody(address="abc"), BANS, 0) is not None
    assert sanctions.find(somebody(address="def"), BANS, 0) is None
    assert sanctions.find(Who(USER, "রাকিব", no_address), BANS, 0) is None


def test_an_address_that_is_written_otherwise_meets_nobody() -> None:
    for subject in ("abc", "x:abc", ":", "-1:abc"):
        sanctions = Sanctions.of([sanction(by=SubjectKind.ADDRESS, subject=subject)])
        assert sanctions.find(somebody(address="abc"), BANS, 0) is None


def test_a_pattern_meets_all_names_that_fit() -> None:
    sanctions = Sanctions.of([sanction(by=SubjectKind.NAME, subject="স্প্যাম*")])
    assert sanctions.find(somebody("স্প্যাম ১২"), BANS, 0) is not None
    assert sanctions.find(somebody("ভালো মানুষ"), BANS, 0) is None


def test_what_has_ended_meets_nobody() -> None:
    sanctions = Sanctions.of([sanction(until=1000)])
    assert sanctions.find(somebody(), BANS, 999) is not None
    assert sanctions.find(somebody(), BANS, 1000) is None


def test_of_several_the_one_counts_that_lasts_longest() -> None:
    short, long, endless = (sanction(until=until) for until in (10, 20, None))
    assert Sanctions.of([short, long]).find(somebody(), BANS, 0) is long
    assert Sanctions.of([long, endless, short]).find(somebody(), BANS, 0) is endless


def test_without_sanctions_there_is_nothing_to_look_for() -> None:
    assert not Sanctions.of([])
    assert Sanctions.of([sanction()])


def test_only_who_stands_higher_may_act_against_somebody() -> None:
    for lower, higher in pairwise(RANKS):
        assert outranks(higher, lower)
        assert not outranks(lower, higher)
    assert not any(outranks(role, role) for role in Role)


@pytest.mark.parametrize(("role", "is_staff"), [(role, role is not Role.NOBODY) for role in Role])
def test_all_but_nobody_are_staff(role: Role, is_staff: bool) -> None:  # noqa: FBT001
    assert role.is_staff is is_staff

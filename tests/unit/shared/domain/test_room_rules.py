from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from shared.domain.moderation import (
    Role,
    Sanction,
    SanctionKind,
    Sanctions,
    SubjectKind,
    Who,
    no_address,
)
from shared.domain.room_rules import NO_RULES, Law, RoomRules
from shared.domain.word_filter import WordRule, compile_filter
from shared.domain.word_index import WordAction

USER = "0199b6a2-6e10-7f2a-8c3d-5b1e9f7a2c02"
WHO = Who(USER, "রাকিব", no_address)


def with_words(**actions: str) -> RoomRules:
    rules = [WordRule(word, WordAction(action)) for word, action in actions.items()]
    return RoomRules(words=compile_filter(rules))


def with_sanction(kind: SanctionKind) -> RoomRules:
    made = Sanction(uuid4(), kind, SubjectKind.USER, USER, None)
    return RoomRules(sanctions=Sanctions.of([made]))


def test_without_rules_everybody_may_be_there_and_say_everything() -> None:
    law = Law()
    assert law.ban_of(WHO, 0) is law.mute_of(WHO, 0) is law.shadow_of(WHO, 0) is None
    assert law.censor("বোকা") == (None, "বোকা")
    assert law.role_of(USER, None) is Role.NOBODY


def test_the_owner_and_moderators_are_staff_of_the_room() -> None:
    law = Law(RoomRules(moderators=frozenset({USER})))
    other = UUID(int=1)
    assert law.role_of(USER, other) is Role.MODERATOR
    assert law.role_of(str(other), other) is Role.OWNER
    assert Law(NO_RULES, law.room).role_of(USER, None) is Role.NOBODY


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.OWNER])
def test_staff_are_above_the_rules_of_their_room_but_for_what_is_about_them(role: Role) -> None:
    names = Sanction(uuid4(), SanctionKind.MUTE, SubjectKind.NAME, "রাকিব", None)
    address = Sanction(uuid4(), SanctionKind.MUTE, SubjectKind.ADDRESS, "7:abc", None)
    sanctions = Sanctions.of([names, address])
    who = WHO._replace(address_on=lambda _: "abc")
    room = RoomRules(sanctions=sanctions, words=with_words(গালি="block").words)
    assert Law(room).binding(Role.NOBODY) == Law(room)
    assert Law(room).mute_of(who, 0) is not None
    bound = Law(room).binding(role)
    assert bound.mute_of(who, 0) is None
    assert bound.censor("গালি") == (None, "গালি")
    assert Law(with_sanction(SanctionKind.MUTE)).binding(role).mute_of(who, 0) is not None
    everywhere = Law(NO_RULES, room).binding(role)
    assert everywhere.mute_of(who, 0) is not None
    assert everywhere.censor("গালি")[0] is WordAction.BLOCK


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_sanction_counts_in_its_room_and_one_of_all_rooms_in_each(everywhere: bool) -> None:  # noqa: FBT001
    def law(kind: SanctionKind) -> Law:
        rules = with_sanction(kind)
        return Law(NO_RULES, rules) if everywhere else Law(rules)

    assert law(SanctionKind.BAN).ban_of(WHO, 0) is not None
    assert law(SanctionKind.MUTE).mute_of(WHO, 0) is not None
    assert law(SanctionKind.SHADOW_MUTE).shadow_of(WHO, 0) is not None
    assert law(SanctionKind.MUTE).ban_of(WHO, 0) is None


def test_words_of_the_room_and_of_all_rooms_are_masked_together() -> None:
    law = Law(with_words(বোকা="mask"), with_words(গাধা="mask"))
    action, shown = law.censor("তুমি বোকা আর গাধা")
    assert action is WordAction.MASK
    assert "বোকা" not in shown
    assert "গাধা" not in shown
    assert shown.startswith("তুমি ")


def test_the_hardest_of_all_that_is_to_be_done_is_done() -> None:
    law = Law(with_words(বোকা="hold"), with_words(গাধা="mask"))
    assert law.censor("বোকা গাধা")[0] is WordAction.HOLD
    assert (
        Law(with_words(বোকা="hold"), with_words(গাধা="block")).censor("বোকা গাধা")[0] is WordAction.BLOCK
    )

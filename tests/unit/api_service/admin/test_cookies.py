from __future__ import annotations

from uuid import UUID

import pytest

from api_service.admin.cookies import IDLE_SECONDS, LONGEST_SECONDS, Sealer

ADMIN = UUID("0199b6a2-5b7e-7c11-9a58-0d5f2a6c1e01")
NOW = 1_790_000_000
SEALER = Sealer("a-key-of-the-tests-0123456789-0123456789")


def test_what_was_sealed_is_opened_as_it_was() -> None:
    session = SEALER.begin(NOW, ADMIN, 7)
    assert SEALER.open(SEALER.seal(session), NOW + 5) == session
    nobody = SEALER.begin(NOW)
    assert SEALER.open(SEALER.seal(nobody), NOW) == nobody


def test_another_key_opens_nothing() -> None:
    sealed = SEALER.seal(SEALER.begin(NOW, ADMIN))
    assert Sealer("another-key-of-the-tests-0123456789").open(sealed, NOW) is None


@pytest.mark.parametrize("place", range(0, 120, 7))
def test_a_changed_cookie_opens_nothing(place: int) -> None:
    sealed = SEALER.seal(SEALER.begin(NOW, ADMIN))
    other = "A" if sealed[place] != "A" else "B"
    assert SEALER.open(sealed[:place] + other + sealed[place + 1 :], NOW) is None


@pytest.mark.parametrize("value", [None, "", ".", "আড্ডা", "x" * 5000])
def test_what_is_no_cookie_of_ours_opens_nothing(value: str | None) -> None:
    assert SEALER.open(value, NOW) is None


def test_a_session_ends_when_it_idles_and_when_it_is_old_whatever_it_did() -> None:
    session = SEALER.begin(NOW, ADMIN)
    assert SEALER.open(SEALER.seal(session), NOW + IDLE_SECONDS - 1) is not None
    assert SEALER.open(SEALER.seal(session), NOW + IDLE_SECONDS) is None
    used = session.seen_at(NOW + LONGEST_SECONDS - 1)
    assert SEALER.open(SEALER.seal(used), NOW + LONGEST_SECONDS - 1) is not None
    used = session.seen_at(NOW + LONGEST_SECONDS)
    assert SEALER.open(SEALER.seal(used), NOW + LONGEST_SECONDS) is None


def test_each_session_has_a_token_of_its_own() -> None:
    one, other = SEALER.begin(NOW, ADMIN), SEALER.begin(NOW, ADMIN)
    assert SEALER.is_form_token(one, SEALER.form_token(one))
    assert not SEALER.is_form_token(other, SEALER.form_token(one))
    assert not SEALER.is_form_token(one, "")
    assert not SEALER.is_form_token(one, "আড্ডা")


def test_the_token_stays_while_the_session_is_used() -> None:
    session = SEALER.begin(NOW, ADMIN)
    assert SEALER.form_token(session.seen_at(NOW + 60)) == SEALER.form_token(session)

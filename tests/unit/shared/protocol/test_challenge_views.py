from __future__ import annotations

from shared.domain.effort import LEVELS, Purpose, Wish
from shared.limits.challenges import make_challenge
from shared.protocol.challenge_views import ChallengeView


def test_a_challenge_goes_over_the_wire_as_it_was_signed() -> None:
    for level in range(len(LEVELS)):
        made = make_challenge(b"secret", Wish(Purpose.ROOM), level, 1_795_437_000_000_000).to_dict()
        view = ChallengeView.model_validate(made)
        assert view.model_dump(mode="json") == made

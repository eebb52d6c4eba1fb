"""What would be applied is seen in every change of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.kubernetes.rendering import OVERLAYS, SNAPSHOTS, shown

if TYPE_CHECKING:
    from tests.kubernetes.rendering import Object


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_rendered_is_what_was_looked_at(
    overlay: str, rendered: dict[str, list[Object]]
) -> None:
    kept = (SNAPSHOTS / f"{overlay}.yaml").read_text(encoding="utf-8")
    assert shown(rendered[overlay]) == kept, "to renew them: python -m tests.kubernetes"


def test_no_snapshot_is_left_of_an_overlay_that_is_gone() -> None:
    assert {path.stem for path in SNAPSHOTS.iterdir()} == set(OVERLAYS)

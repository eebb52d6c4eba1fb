from __future__ import annotations

import pytest
from pydantic import ValidationError

from worker.settings import WorkerSettings


def test_the_defaults_are_usable() -> None:
    settings = WorkerSettings()
    assert (settings.batch_size, settings.batch_age_seconds) == (1000, 0.05)


@pytest.mark.parametrize("size", [0, 1001])
def test_a_batch_has_a_bound(size: int) -> None:
    with pytest.raises(ValidationError):
        WorkerSettings(batch_size=size)


def test_settings_are_values() -> None:
    with pytest.raises(ValidationError):
        WorkerSettings().batch_size = 5  # type: ignore[misc]


def test_every_setting_has_a_sentence() -> None:
    assert all(field.description for field in WorkerSettings.model_fields.values())

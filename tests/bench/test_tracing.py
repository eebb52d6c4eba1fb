from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.tracing import SHARES, main

if TYPE_CHECKING:
    import pytest


def test_what_traces_cost_can_be_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--messages", "200", "--rounds", "1"]) == 0
    told = capsys.readouterr().out
    for name in SHARES:
        assert f"{name:9} " in told
    assert "the comparison: " in told

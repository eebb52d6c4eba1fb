"""Which parts of the benchmarks only a long run of the tests tries: each takes half a minute."""

from __future__ import annotations

import os
from typing import Final

import pytest

LONG: Final = pytest.mark.skipif(
    os.environ.get("ADDA_BENCH") != "long", reason="like another that runs: ADDA_BENCH=long"
)

"""Where no container engine answers, all of these tests are left out, and say so.

One stack at a time: each wants more of a machine than several could have.
"""

from __future__ import annotations

import fcntl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.containers.compose import UP, ComposeStack, compose_stack, missing_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SECONDS = 1800
"""The first build takes minutes, and others may be before us."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips are here and not in a fixture: no other fixture may begin before."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(SECONDS))
            if reason := missing_engine():
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="module")
def alone() -> Iterator[None]:
    """Holds the one lock of all processes that test containers on this machine."""
    with (Path(tempfile.gettempdir()) / "adda-containers.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="module")
def images(alone: None) -> None:  # noqa: ARG001 - held meanwhile
    """Built, from this checkout; at once if nothing has changed."""
    ComposeStack().run("docker compose build")


@pytest.fixture(scope="module")
def stack(images: None) -> Iterator[ComposeStack]:  # noqa: ARG001 - built by now
    """Up and healthy, shared by the tests of a module: each leaves it as it found it."""
    with compose_stack() as made:
        made.run(UP)
        yield made

"""What all tests of whole programs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from local_stack.ports import free_ports
from local_stack.services import StackOptions
from local_stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_servers_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of ours uses its own servers, whatever this shell is set up for."""
    monkeypatch.delenv("ADDA_REDIS_URL", raising=False)
    monkeypatch.delenv("ADDA_DATABASE_URL", raising=False)


@pytest.fixture
def port() -> int:
    """A free TCP port."""
    return free_ports(1)[0]


@pytest.fixture(scope="session")
def stack(server_directory: Path) -> Iterator[Stack]:
    """Everything behind one gateway: two socket replicas, one api, one worker.

    Shared by the tests of this worker: each makes rooms of its own and kills nothing.
    """
    options = StackOptions(
        directory=server_directory / "stack", port=free_ports(1)[0], durable=False, ws=2
    )
    with Stack(options) as running:
        yield running


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    """A client of the REST service, through the gateway."""
    with httpx.Client(base_url=stack.url, trust_env=False, timeout=10) as client:
        yield client

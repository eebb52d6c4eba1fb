"""The overlays, rendered once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.kubernetes.rendering import render_all

if TYPE_CHECKING:
    from tests.kubernetes.rendering import Object


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Object]]:
    """The objects of each overlay, by its name."""
    return render_all(tmp_path_factory.mktemp("manifests"))


@pytest.fixture(scope="session")
def local(rendered: dict[str, list[Object]]) -> list[Object]:
    """For trying."""
    return rendered["local"]


@pytest.fixture(scope="session")
def production(rendered: dict[str, list[Object]]) -> list[Object]:
    """Adda's own objects."""
    return rendered["production"]


@pytest.fixture(scope="session")
def data(rendered: dict[str, list[Object]]) -> list[Object]:
    """Redis and PostgreSQL of production."""
    return rendered["data"]

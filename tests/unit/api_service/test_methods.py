from __future__ import annotations

import pytest

from api_service.app import ROUTERS
from api_service.methods import MethodTable

TABLE = MethodTable(route for router in ROUTERS for route in router.routes)
ROOM = "123e4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (f"/api/rooms/{ROOM}/", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/api/rooms/", "GET, HEAD, OPTIONS, POST"),
        ("/api/rooms/popular/", "GET, HEAD, OPTIONS"),
        ("/api/create-user/", "OPTIONS, POST"),
        ("/api/nothing/", ""),
    ],
)
def test_all_methods_of_a_path_are_named(path: str, allowed: str) -> None:
    assert TABLE.allowed(path) == allowed

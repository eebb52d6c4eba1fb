from __future__ import annotations

import pytest

from api_service.middleware.paths import completed


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/api", "/api/"),
        ("/api/", "/api/"),
        ("/api/rooms", "/api/rooms/"),
        ("/api/rooms/", "/api/rooms/"),
        ("/apis", "/apis"),
        ("/docs/", "/docs"),
        ("/", "/"),
        ("", "/"),
        ("//", "/"),
    ],
)
def test_paths_are_known_with_and_without_their_slash(path: str, known: str) -> None:
    assert completed(path) == known

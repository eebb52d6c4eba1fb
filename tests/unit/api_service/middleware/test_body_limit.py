from __future__ import annotations

import pytest

from api_service.middleware.body_limit import is_plain


@pytest.mark.parametrize(
    ("encoding", "plain"),
    [
        (None, True),
        ("", True),
        ("identity", True),
        (" Identity ", True),
        ("gzip", False),
        ("x-gzip", False),
        ("deflate", False),
        ("br", False),
        ("zstd", False),
        ("identity, gzip", False),
        ("anything", False),
    ],
)
def test_nothing_compressed_is_taken(encoding: str | None, *, plain: bool) -> None:
    assert is_plain(encoding) is plain

"""One translation of PostgreSQL's absence for all use cases."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from shared.message_store.unavailable import StoreUnavailable
from shared.protocol.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def store_outage_as_unavailable() -> Iterator[None]:
    """Turns an outage of PostgreSQL into the error that clients may retry."""
    try:
        yield
    except StoreUnavailable as error:
        raise Unavailable("postgres") from error

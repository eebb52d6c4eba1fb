"""Whether the built-in database needs `migrate` and `seed`, or had both from the same sources.

Each of the two is a second of Python's imports; at most starts they would find nothing to do. The
note lies in PostgreSQL's data folder, so that it is gone when the data is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from local_stack.services import CHECKOUT, Programs

_NOTE = "adda-prepared"
_SOURCES = ("worker/src/worker", "shared/src/shared/message_store")
"""What decides what migrate and seed do."""


def fingerprint(programs: Programs, checkout: Path = CHECKOUT) -> str:
    """Changes with the two programs, the migrations and the tables."""
    digest = hashlib.sha256(repr((programs.migrate, programs.seed)).encode())
    for path in _python_files(checkout / source for source in _SOURCES):
        digest.update(bytes(path))
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _python_files(folders: Iterable[Path]) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def is_prepared(data: Path, mark: str) -> bool:
    """Was `note_prepared` called with the same `mark` for the database in `data`?"""
    try:
        return (data / _NOTE).read_text() == mark
    except OSError:
        return False


def note_prepared(data: Path, mark: str) -> None:
    """Both programs have succeeded."""
    (data / _NOTE).write_text(mark)

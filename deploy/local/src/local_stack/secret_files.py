"""Secrets that are made once and then kept in a file for their owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def remembered_secret(path: Path) -> str:
    """The secret kept in `path`, made (192 random bits, no character needs quoting) if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
    except FileExistsError:
        pass  # made by an earlier run
    return path.read_text().strip()

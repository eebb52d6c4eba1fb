"""The built web client, where nginx can read it.

nginx' workers run as another user under root, who may not enter a checkout, and a build may replace
its files at any time; so each start takes a copy into the gateway's own folder.
"""

from __future__ import annotations

import shutil
from pathlib import Path

_FOLDER_MODE = 0o755
_FILE_MODE = 0o644
"""Whatever the umask of the build: these files are for everybody."""


def place_page(built: Path | None, target: Path) -> None:
    """Make `target` a copy of `built`, without dotfiles; an empty folder if there is nothing."""
    shutil.rmtree(target, ignore_errors=True)
    if built is not None and built.is_dir():
        # With their times, which are part of the ETag: a restart changes nothing for browsers.
        shutil.copytree(built, target, ignore=shutil.ignore_patterns(".*"))
    target.mkdir(parents=True, exist_ok=True)
    target.chmod(_FOLDER_MODE)
    for path in target.rglob("*"):
        path.chmod(_FOLDER_MODE if path.is_dir() else _FILE_MODE)

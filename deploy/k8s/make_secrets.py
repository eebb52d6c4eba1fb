"""`python3 deploy/k8s/make_secrets.py`: passwords for the overlay `local`, of this folder alone.

They go into `overlays/local/secrets`, which is not committed, and stay if they are there already.
Standard library only: nothing needs to be installed before.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "overlays" / "local" / "secrets"
VALKEY_CONFIGURATION: Final = """\
requirepass {password}
dir /data
appendonly yes
appendfsync everysec
maxmemory 256mb
maxmemory-policy noeviction
"""


def contents(make_password: Callable[[], str]) -> dict[str, str]:
    """What each file holds, by its name; `make_password` is asked once for each password."""
    redis, postgres = make_password(), make_password()
    return {
        "admin-session-key": make_password(),
        "admin-token": make_password(),
        "database-url": f"postgresql://adda:{postgres}@postgres:5432/adda",
        "postgres-password": postgres,
        "redis-url": f"redis://:{redis}@valkey:6379/0",
        "valkey.conf": VALKEY_CONFIGURATION.format(password=redis),
    }


def write(
    folder: Path, make_password: Callable[[], str] = lambda: secrets.token_urlsafe(32)
) -> bool:
    """Writes all files, readable by their owner alone; False, and nothing, if one is there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = contents(make_password)
    if any((folder / name).exists() for name in files):
        return False
    for name, content in files.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(content, encoding="utf-8")
    return True


def main() -> int:
    """Returns the exit code."""
    if write(FOLDER):
        print(f"written to {FOLDER}")
    else:
        print(f"{FOLDER} has some already: remove the folder, and the namespace, to begin anew")
    return 0


if __name__ == "__main__":
    sys.exit(main())

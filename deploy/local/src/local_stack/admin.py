"""Accounts of administrators in the database of this folder's stack, or of ADDA_DATABASE_URL.

The work is done by `python -m api_service.admin`; here it is told where the database is.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from local_stack.errors import StackError
from local_stack.postgres import running_postgres_url
from local_stack.services import Servers, StackOptions, base_environment


def run_admin(directory: Path, arguments: Sequence[str]) -> int:
    """Runs `python -m api_service.admin` with `arguments`; returns its exit code.

    Raises StackError if no database runs.
    """
    url = os.environ.get("ADDA_DATABASE_URL") or running_postgres_url(directory)
    if url is None:
        raise StackError(
            "nothing runs, so there is nowhere to keep the account", "`make run` first"
        )
    redis_url = os.environ.get("ADDA_REDIS_URL", "redis://127.0.0.1:6379/0")  # not asked
    environment = base_environment(StackOptions(directory), Servers(redis_url, url))
    command = [sys.executable, "-m", "api_service.admin", *arguments]
    return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode

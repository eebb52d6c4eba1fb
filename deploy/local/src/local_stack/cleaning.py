"""`make clean`: removes what `make run` made, after asking."""

from __future__ import annotations

import shutil
from pathlib import Path

from local_stack.accounts import forget_home
from local_stack.errors import StackError
from local_stack.preflight import explain_os_error
from local_stack.runfile import RunLock, stop_orphans

_INSTALLED_AND_BUILT = (
    ".venv",
    *(f"gateway/web/{name}" for name in ("dist", "dist.new", "node_modules")),
)


def clean(checkout: Path, directory: Path, *, ask: bool) -> int:
    """Remove `directory` (all chat data!), the virtual environment and the built web client.

    Returns the exit code.
    Raises StackError if the stack runs or something may not be removed.
    """
    environment = checkout / ".venv"
    if ask and not _confirmed(directory, environment):
        print("nothing was removed")
        return 1
    try:
        with RunLock(directory):
            stop_orphans(directory)
            forget_home(directory)
            shutil.rmtree(directory)
        for name in _INSTALLED_AND_BUILT:
            if (checkout / name).exists():
                shutil.rmtree(checkout / name)
    except OSError as exc:
        raise explain_os_error(exc) from exc
    print(f"✔ removed {directory} and {environment}")
    return 0


def _confirmed(directory: Path, environment: Path) -> bool:
    question = f"Remove {directory} (all messages, users and rooms in it) and {environment}? [y/N] "
    try:
        return input(question).strip().lower() in {"y", "yes", "হ্যাঁ"}
    except EOFError:
        raise StackError(
            "nobody is there to ask", "`make clean YES=1` removes without asking"
        ) from None

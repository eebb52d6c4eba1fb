"""`make run` with stand-ins for the services; not a test itself: DIRECTORY PORT."""

from __future__ import annotations

import sys
from pathlib import Path

from local_stack.cli import exit_code, run_until_stopped
from local_stack.services import Programs, StackOptions

SERVICE = (str(Path(__file__).with_name("stand_in_service.py")),)
ONE_SHOT = (*SERVICE, "one-shot")
STAND_INS = Programs(migrate=ONE_SHOT, seed=ONE_SHOT, api=SERVICE, ws=SERVICE, worker=SERVICE)


def main(directory: str, port: str) -> int:
    options = StackOptions(
        directory=Path(directory),
        host="127.0.0.1",
        port=int(port),
        durable=False,
        programs=STAND_INS,
    )
    return exit_code(lambda: run_until_stopped(options))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

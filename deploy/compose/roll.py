"""Puts new containers in the place of a service's old ones, one after another, unnoticed.

    docker compose build ws_service
    python deploy/compose/roll.py ws_service

Compose itself would stop all of them at once. Here one more is started and waited for, then one of
the old is stopped, with its time to send its people elsewhere, and so on. If a new one does not
become healthy, that is the end: the old ones go on. What stands before the service's name goes to
`docker compose`: `roll.py --project-name other ws_service`.
"""

from __future__ import annotations

import subprocess
import sys

USAGE = "usage: roll.py [OPTION OF docker compose]… SERVICE"
WAIT_SECONDS = 120


def main(argv: list[str]) -> int:
    """Returns the exit code."""
    if not argv or argv[-1].startswith("-"):
        print(USAGE, file=sys.stderr)
        return 2
    *options, service = argv
    compose = ["docker", "compose", "--progress", "quiet", *options]
    try:
        roll(compose, service)
    except subprocess.CalledProcessError as error:
        told = " ".join(error.cmd)
        print(f"roll: this failed: {told}; what still runs goes on", file=sys.stderr)
        return 1
    return 0


def roll(compose: list[str], service: str) -> None:
    """Replaces each container of `service`; raises CalledProcessError as soon as a step fails."""
    old = run([*compose, "ps", "--quiet", service]).split()
    one_more = ["--scale", f"{service}={len(old) + 1}", service]
    for number, container in enumerate(old, start=1):
        print(f"{service}: {number} of {len(old)}", flush=True)
        up = ["up", "--detach", "--no-deps", "--no-recreate", "--no-build"]
        run([*compose, *up, "--wait", "--wait-timeout", str(WAIT_SECONDS), *one_more])
        run(["docker", "stop", container])  # it knows its own time: stop_grace_period
        run(["docker", "rm", container])


def run(command: list[str]) -> str:
    """What it says; its troubles go where ours go."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

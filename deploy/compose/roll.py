"""Puts new containers in the place of a service's old ones, one after another, unnoticed.

    docker compose build ws_service
    python deploy/compose/roll.py ws_service
    python deploy/compose/roll.py --restart ws_service

Compose itself would stop all of them at once. Here one more is started and waited for, then one of
the old is stopped, with its time to send its people elsewhere, and so on. If a new one does not
become healthy, that is the end: the old ones go on. Who runs the newest image already is left
alone; if all do, that is an error, unless a plain restart is wanted (`--restart`, after a change of
settings). What stands before the service's name goes to `docker compose`:
`roll.py --project-name other ws_service`.
"""

from __future__ import annotations

import json
import subprocess
import sys

USAGE = "usage: roll.py [--restart] [OPTION OF docker compose]… SERVICE"
WAIT_SECONDS = 120


class NothingNew(RuntimeError):
    """All containers run the image that new ones would run."""


def main(argv: list[str]) -> int:
    """Returns the exit code."""
    if not argv or argv[-1].startswith("-"):
        print(USAGE, file=sys.stderr)
        return 2
    *options, service = (argument for argument in argv if argument != "--restart")
    compose = ["docker", "compose", "--progress", "quiet", *options]
    try:
        roll(compose, service, restart="--restart" in argv)
    except NothingNew as error:
        print(f"roll: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        told = " ".join(error.cmd)
        print(f"roll: this failed: {told}; what still runs goes on", file=sys.stderr)
        return 1
    return 0


def roll(compose: list[str], service: str, *, restart: bool) -> None:
    """Replaces each container of `service` whose image is old; with `restart` all of them.

    Raises NothingNew if there is none, CalledProcessError as soon as a step fails.
    """
    running = run([*compose, "ps", "--quiet", service]).split()
    old = running if restart else outdated(compose, service, running)
    one_more = ["--scale", f"{service}={len(running) + 1}", service]
    for number, container in enumerate(old, start=1):
        print(f"{service}: {number} of {len(old)}", flush=True)
        up = ["up", "--detach", "--no-deps", "--no-recreate", "--no-build"]
        run([*compose, *up, "--wait", "--wait-timeout", str(WAIT_SECONDS), *one_more])
        run(["docker", "stop", container])  # it knows its own time: stop_grace_period
        run(["docker", "rm", container])


def outdated(compose: list[str], service: str, running: list[str]) -> list[str]:
    """Those of `running` that have another image than new ones would; raises NothingNew."""
    image = json.loads(run([*compose, "config", "--format", "json"]))["services"][service]["image"]
    newest = run(["docker", "image", "inspect", "--format", "{{.Id}}", image]).strip()
    images = run(["docker", "inspect", "--format", "{{.Image}}", *running]).split()
    old = [one for one, its in zip(running, images, strict=True) if its != newest]
    if not old:
        told = f"all of {service} run {image} as it is: build it, with the same ADDA_VERSION"
        raise NothingNew(f"{told}, or say --restart")
    return old


def run(command: list[str]) -> str:
    """What it says; its troubles go where ours go."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Each command of deploy/compose/README.md, in its order, does what is said of it there."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

import httpx
from tests.conftest import ROOT
from tests.containers.compose import ComposeStack, compose_stack
from tests.containers.test_backup import BACKUP, RESTORE
from tests.containers.test_layouts import CLUSTER, SENTINEL
from tests.unit.docs.markdown_files import commands_of

if TYPE_CHECKING:
    from collections.abc import Callable

README: Final = ROOT / "deploy" / "compose" / "README.md"
ELSEWHERE: Final = {SENTINEL, CLUSTER, "docker compose down --volumes"}
"""Begin anew; see test_layouts.py and test_backup.py."""

NO_TERMINAL: Final = ("docker compose exec ", "docker compose exec -T ")


def check_logs(stack: ComposeStack, command: str) -> None:
    """They go on until somebody has seen enough."""
    head = command.replace("docker compose", f"docker compose --project-name {stack.project}")
    follower = subprocess.Popen(head.split(), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert follower.stdout is not None
    assert " | " in follower.stdout.readline()
    follower.terminate()
    follower.communicate(timeout=20)


def check_account(stack: ComposeStack, command: str) -> None:
    """A person writes the password at a terminal."""
    told = stack.run(command.replace(*NO_TERMINAL), stdin="অনেক লম্বা পাসওয়ার্ড ২৬\n")
    assert "rakib" in told


def check_down(stack: ComposeStack, command: str) -> None:
    stack.run(command)
    assert stack.containers("gateway") == []
    stack.run("docker compose up --detach --wait")


def check_profile(stack: ComposeStack, command: str) -> None:
    """Its images are other people's, and may not be had here: what is asked for is understood."""
    assert "up --detach --wait" in command
    services = stack.run(command.replace("up --detach --wait", "config --services")).split()
    assert {"prometheus", "grafana", "gateway"} <= set(services)


def check_roll(stack: ComposeStack, command: str) -> None:
    """Of images that are not newer: without that it would rightly refuse."""
    stack.run(command.replace("roll.py ", "roll.py --restart "))


SPECIAL: Final[dict[str, Callable[[ComposeStack, str], None]]] = {
    "docker compose logs": check_logs,
    "docker compose down": check_down,
    "docker compose exec api_service python": check_account,
    "docker compose --profile": check_profile,
    "python3 deploy/compose/roll.py": check_roll,
}


def test_every_command_of_the_readme_works(images: None) -> None:
    del images
    commands = commands_of(README.read_text("utf-8"))
    assert len(commands) > 12
    with compose_stack() as stack:
        for command in commands:
            if command in ELSEWHERE or command.startswith((BACKUP, RESTORE)):
                continue
            check = next((c for head, c in SPECIAL.items() if command.startswith(head)), None)
            if check is None:
                stack.run(command)
            else:
                check(stack, command)
            answer = httpx.get(f"{stack.url}/api/health/", trust_env=False, timeout=20)
            assert answer.is_success, (command, answer.text, stack.logs("gateway")[-2000:])

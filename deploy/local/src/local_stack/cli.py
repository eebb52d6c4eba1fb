"""`python -m local_stack run|stop|logs|clean`: what the Makefile calls."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from local_stack.admin import run_admin
from local_stack.cleaning import clean
from local_stack.errors import StackError
from local_stack.following import follow
from local_stack.output import Console
from local_stack.runfile import RunLock, read_record, stop_orphans
from local_stack.services import CHECKOUT, PAGE, StackOptions
from local_stack.stack import Stack
from local_stack.supervisor import Cancelled

STOP_SECONDS = 90.0

WELCOME = """
  ✔ আড্ডা চালু ({seconds:.1f} সেকেন্ড)     Adda is running

    ঠিকানা · address      {url}/
    API                   {url}/api/rooms/      নথি · docs: {url}/docs
    WebSocket             {ws}/ws/chat/<room_id>/?username=রাকিব
    লগ · logs             {logs}

    চেষ্টা করুন · try:
      curl {url}/api/status/
      curl {url}/api/rooms/
    থামাতে Ctrl-C বা অন্য টার্মিনালে `make stop` · stop with Ctrl-C, or `make stop` elsewhere
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code. A StackError becomes its one clear line."""
    options = _parser().parse_args(arguments)
    return exit_code(lambda: int(options.command(options)))


def exit_code(command: Callable[[], int]) -> int:
    """What `command` returns, or 1 after telling its StackError."""
    try:
        return command()
    except StackError as exc:
        print(f"\n✗ {exc}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local_stack", description=__doc__)
    parser.add_argument("--directory", type=Path, default=CHECKOUT / ".adda", help="data and logs")
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="start everything, until Ctrl-C")
    run.add_argument("--port", type=int, default=8000, help="of the gateway")
    run.add_argument("--host", default="0.0.0.0", help="address of the gateway")  # noqa: S104
    run.add_argument("--api", type=_count, default=1, help="number of api_service replicas")
    run.add_argument("--ws", type=_count, default=2, help="number of ws_service replicas")
    run.add_argument("--workers", type=_count, default=1, help="number of workers")
    run.set_defaults(command=_run)
    commands.add_parser("stop", help="stop the running stack").set_defaults(command=_stop)
    commands.add_parser("logs", help="show and follow all logs").set_defaults(command=_logs)
    admin = commands.add_parser("admin", help="accounts for /admin/ of the running stack")
    admin.add_argument("arguments", nargs=argparse.REMAINDER, help="of api_service.admin")
    admin.set_defaults(command=_admin)
    remove = commands.add_parser("clean", help="remove data and the virtual environment")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    remove.set_defaults(command=_clean)
    return parser


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 64:  # noqa: PLR2004 - more do not fit on one machine
        raise argparse.ArgumentTypeError("choose 1 to 64")
    return number


def _run(options: argparse.Namespace) -> int:
    return run_until_stopped(
        StackOptions(
            directory=options.directory,
            host=options.host,
            port=options.port,
            api=options.api,
            ws=options.ws,
            workers=options.workers,
            redis_url=os.environ.get("ADDA_REDIS_URL"),
            database_url=os.environ.get("ADDA_DATABASE_URL"),
            page=PAGE,
        )
    )


def run_until_stopped(options: StackOptions) -> int:
    """Run a stack until a signal asks for its end; returns the exit code. Raises StackError."""
    began = time.monotonic()
    console = Console()
    stack = Stack(options, console)
    stopped = _stop_on_signals(stack)
    try:
        stack.start()
    except Cancelled:
        console.say("\n✔ থেমেছে · stopped before everything was up")
        return 0
    url = f"http://localhost:{options.port}"
    ws = url.replace("http", "ws", 1)
    seconds = time.monotonic() - began
    console.say(WELCOME.format(seconds=seconds, url=url, ws=ws, logs=stack.logs))
    stopped.wait()
    console.say("\n… থামছে · stopping")
    stack.stop()
    console.say(f"✔ থেমেছে · stopped; the data stays in {options.directory}")
    return 0


def _stop_on_signals(stack: Stack) -> threading.Event:
    stopped = threading.Event()

    def on_signal(_signum: int, _frame: FrameType | None) -> None:
        stopped.set()
        stack.cancel()

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, on_signal)
    return stopped


def _stop(options: argparse.Namespace) -> int:
    record = read_record(options.directory)
    if record is None or not record.supervisor.lives():
        with RunLock(options.directory):
            left = stop_orphans(options.directory)
        print(f"✔ nothing was running{': stopped ' + ', '.join(left) if left else ''}")
        return 0
    os.kill(record.supervisor.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while record.supervisor.lives():
        if time.monotonic() > deadline:
            raise StackError(
                f"the run with pid {record.supervisor.pid} does not stop",
                f"kill it (`kill -9 {record.supervisor.pid}`), then `make stop` once more",
            )
        time.sleep(0.05)
    print(f"✔ stopped {record.url}")
    return 0


def _logs(options: argparse.Namespace) -> int:
    return follow(options.directory / "logs", Console())


def _admin(options: argparse.Namespace) -> int:
    return run_admin(options.directory, options.arguments)


def _clean(options: argparse.Namespace) -> int:
    return clean(CHECKOUT, options.directory, ask=not options.yes)

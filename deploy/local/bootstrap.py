"""Makes the virtual environment and installs hash-pinned locks into it.

    python3 bootstrap.py LOCK...

Run by `make` with the machine's own python3, before anything is installed; so it uses nothing but
the standard library, and no syntax that an old Python 3 cannot read. A lock that is unchanged since
the last time is skipped at once.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
ENVIRONMENT = CHECKOUT / ".venv"
PYTHON = str(ENVIRONMENT / "bin" / "python")
RUN_LOCK = CHECKOUT / ".adda" / "lock"
INSTALLER_LOCK = str(HERE / "bootstrap.txt")
SOURCES = (
    *("shared/src", "api_service/src", "ws_service/src", "worker/src"),
    *("gateway/src", "deploy/local/src", "deploy/planner/src"),
)
OLDEST = (3, 11)

VENV_REMEDY = "install the venv module (Debian: apt-get install python3-venv), then again"
INSTALL_REMEDY = "see above: mostly the network or a full disk; then again"


class InstallError(Exception):
    """A step failed: what, and how to mend it."""


def main(locks: "list[str]") -> int:
    """Install `locks` (paths); returns the exit code."""
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        return fail(
            "{} is Python {}, Adda needs 3.11 or newer".format(sys.executable, found),
            "install it, then: make run PYTHON=python3.11",
        )
    try:
        make_environment()
        for lock in locks:
            install(Path(lock).resolve())
    except InstallError as exc:
        return fail(*exc.args)
    except OSError as exc:
        return fail("cannot write {}: {}".format(ENVIRONMENT, exc), "mend that, then again")
    return 0


def fail(problem: str, remedy: str) -> int:
    """Say both on one line."""
    print("\n✗ {} → {}".format(problem, remedy), file=sys.stderr)
    return 1


def make_environment() -> None:
    """Make .venv if it is missing or made by another Python, with our sources on its path."""
    # Another Python, or a moved checkout, and it must be made anew.
    identity = "{} {} {}".format(sys.version, Path(sys.executable).resolve(), CHECKOUT)
    if stamp_of("environment") == identity and os.access(PYTHON, os.X_OK):
        put_sources_on_path()
        return
    if stack_is_running():
        problem = "{} would have to make .venv anew, on which the stack of this folder runs"
        raise InstallError(
            problem.format(sys.executable),
            "make stop PYTHON=… with the Python that started it, or use that one here",
        )
    if ENVIRONMENT.is_symlink():  # `--clear` would empty what belongs to somebody else
        problem = "{} points to {}, and would have to be made anew"
        raise InstallError(problem.format(ENVIRONMENT, ENVIRONMENT.readlink()), "remove the link")
    say("making .venv")
    run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], "no .venv", VENV_REMEDY)
    put_sources_on_path()
    write_stamp("environment", identity)


def put_sources_on_path() -> None:
    """Let the environment find our packages, also those that came since it was made."""
    version = "python{}.{}".format(*sys.version_info[:2])
    path = ENVIRONMENT / "lib" / version / "site-packages" / "adda.pth"
    wanted = "".join(str(CHECKOUT / source) + "\n" for source in SOURCES)
    if not path.exists() or path.read_text(encoding="utf-8") != wanted:
        path.write_text(wanted, encoding="utf-8")


def stack_is_running() -> bool:
    """Does a supervisor hold the lock of this folder (local_stack/runfile.py)?"""
    try:
        held = os.open(str(RUN_LOCK), os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(held)
    return False


def install(lock: Path) -> None:
    """Install a lock by uv, which pip installs; nothing without its hash."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    name = str(lock.relative_to(CHECKOUT)).replace(os.sep, "-")
    if stamp_of(name) == digest:
        return
    say("installing {}".format(lock.relative_to(CHECKOUT)))
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--require-hashes", "-r", INSTALLER_LOCK], "cannot install uv", INSTALL_REMEDY)
    uv = [str(ENVIRONMENT / "bin" / "uv"), "pip", "install", "--quiet", "--python", PYTHON]
    pinned = ["--require-hashes", "--no-deps", "-r", str(lock)]
    if not succeeds([*uv, *pinned]):
        # pip may know a mirror or a proxy, by its configuration, that uv does not.
        say("uv could not; trying pip, which is slower")
        run([*pip, *pinned], "cannot install the packages", INSTALL_REMEDY)
    write_stamp(name, digest)


def run(command: "list[str]", problem: str, remedy: str) -> None:
    """Run a step. Raises InstallError if it fails."""
    if not succeeds(command):
        raise InstallError(problem, remedy)


def succeeds(command: "list[str]") -> bool:
    """Run a program; did it exit with 0?"""
    return subprocess.call(command, stdin=subprocess.DEVNULL) == 0


def stamp_of(name: str) -> "str | None":
    """What was noted in the environment under `name`, or None."""
    try:
        return stamp_path(name).read_text(encoding="utf-8")
    except OSError:
        return None


def write_stamp(name: str, text: str) -> None:
    """Note it."""
    stamp_path(name).write_text(text, encoding="utf-8")


def stamp_path(name: str) -> Path:
    """Inside the environment, so that it goes with it."""
    return ENVIRONMENT / "adda-{}.stamp".format(name)


def say(text: str) -> None:
    """Progress, since the first time takes a while."""
    print("• " + text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

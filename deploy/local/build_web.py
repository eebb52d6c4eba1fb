"""Builds the web client, `gateway/web`, into its folder `dist`, unless that is up to date.

    python3 build_web.py         what `make run` needs: the build
    python3 build_web.py --dev   only the packages, with those that check and test the client

Run by `make` after bootstrap.py, with the machine's own python3, so it uses nothing but the
standard library. Node.js is that of the environment (`make test` has it there), else the machine's,
if it is new enough and has npm, else it comes as a Python package into the environment, by a lock
of its own.

However many call it at once, it builds once: the others wait for the first.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bootstrap
from bootstrap import InstallError

WEB = bootstrap.CHECKOUT / "gateway" / "web"
NODE_LOCK = bootstrap.HERE / "node.txt"
MANIFESTS = ("package.json", "package-lock.json")
INPUTS = (*MANIFESTS, "index.html", "vite.config.ts", "svelte.config.js", "tsconfig.json")
INPUT_FOLDERS = ("src", "public")
STAMP = ".adda-stamp"
"""In `dist` and in `node_modules`, so that it goes with them; the gateway serves no dotfiles."""

NODE_REMEDY = "see above; or install Node.js 22.12 or newer yourself; then again"
BUILD_REMEDY = "see above; mend what it names in gateway/web, then again"


def main(arguments: list[str]) -> int:
    """Do what `arguments` ask for; returns the exit code."""
    try:
        with locked():
            if arguments == ["--dev"]:
                install_packages(dev=True)
            else:
                build()
    except InstallError as exc:
        return bootstrap.fail(*exc.args)
    except OSError as exc:
        return bootstrap.fail(f"cannot write {WEB}: {exc}", "mend that, then again")
    return 0


@contextmanager
def locked() -> Iterator[None]:
    """Hold the one lock of all builds of this checkout."""
    bootstrap.ENVIRONMENT.mkdir(parents=True, exist_ok=True)
    with (bootstrap.ENVIRONMENT / "adda-web.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build() -> None:
    """Make `dist`, unless it is of these very sources. A failure leaves the old one as it was."""
    built, unfinished = WEB / "dist", WEB / "dist.new"
    mark = digest_of(sources())
    if read_stamp(built) == mark:
        return
    install_packages(dev=False)
    bootstrap.say("building the web client")
    shutil.rmtree(unfinished, ignore_errors=True)
    vite = str(WEB / "node_modules" / "vite" / "bin" / "vite.js")
    flags = ["--outDir", unfinished.name, "--emptyOutDir", "--logLevel", "warn"]
    run([node(), vite, "build", *flags], "the web client cannot be built", BUILD_REMEDY)
    (unfinished / STAMP).write_text(mark, encoding="utf-8")
    if built.exists():
        shutil.rmtree(built)
    unfinished.rename(built)


def sources() -> list[Path]:
    """Everything that decides what is built."""
    files = [WEB / name for name in INPUTS]
    files += [path for folder in INPUT_FOLDERS for path in (WEB / folder).rglob("*")]
    return sorted(path for path in files if path.is_file())


def digest_of(files: list[Path]) -> str:
    """Changes with their names and contents."""
    digest = hashlib.sha256()
    for path in files:
        name, content = bytes(path.relative_to(WEB)), path.read_bytes()
        digest.update(b"%d %d %b%b" % (len(name), len(content), name, content))
    return digest.hexdigest()


def install_packages(*, dev: bool) -> None:
    """Install what package-lock.json pins, each by its hash, unless that was done."""
    packages = WEB / "node_modules"
    dev = dev or read_stamp(packages).startswith("dev")  # who develops goes on doing so
    digest = digest_of([WEB / name for name in MANIFESTS])
    enough = {f"dev {digest}"} if dev else {f"dev {digest}", f"run {digest}"}
    if read_stamp(packages) in enough:
        return
    node()
    bootstrap.say("installing gateway/web/package-lock.json")
    # No package may run anything while it is installed; none of them needs to.
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    which = "--include=dev" if dev else "--omit=dev"
    command = [program("npm") or "npm", "ci", which, *flags]
    run(command, "cannot install the packages of the web client", bootstrap.INSTALL_REMEDY)
    (packages / STAMP).write_text(f"{'dev' if dev else 'run'} {digest}", encoding="utf-8")


def read_stamp(folder: Path) -> str:
    """What was noted there; empty if nothing was."""
    try:
        return (folder / STAMP).read_text(encoding="utf-8")
    except OSError:
        return ""


def node() -> str:
    """The path of a Node.js that is new enough, installed if there is none."""
    if is_usable():
        return program("node") or ""
    bootstrap.install(NODE_LOCK)
    if not is_usable():
        raise InstallError("the Node.js that was installed does not run", NODE_REMEDY)
    return program("node") or ""


def is_usable() -> bool:
    """Are there a Node.js that Vite supports, and npm?"""
    found = program("node")
    if found is None or program("npm") is None:
        return False
    asked = subprocess.run(
        [found, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return asked.returncode == 0 and supports(asked.stdout)


def supports(version: str) -> bool:
    """As `engines` of package.json says: ^20.19 or >=22.12."""
    parts = re.match(r"v(\d+)\.(\d+)", version)
    if parts is None:
        return False
    found = int(parts[1]), int(parts[2])
    return found >= (22, 12) or (20, 19) <= found < (21, 0)


def program(name: str) -> str | None:
    """Its path: of the environment, else of the machine."""
    return shutil.which(name, path=search_path())


def search_path() -> str:
    """PATH with the environment's programs before all others."""
    return os.pathsep.join((str(bootstrap.ENVIRONMENT / "bin"), os.environ.get("PATH", os.defpath)))


def run(command: list[str], problem: str, remedy: str) -> None:
    """Run a step in gateway/web. Raises InstallError if it fails."""
    done = subprocess.call(
        command,
        cwd=WEB,
        env={**os.environ, "PATH": search_path()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # how well it went; troubles go to stderr
    )
    if done != 0:
        raise InstallError(problem, remedy)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

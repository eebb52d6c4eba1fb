"""Asks whether anything locked has a known hole: `make audit`.

Exit code 0: nothing is known. 1: something is. 3: the service that knows could not be asked, which
is no answer; a check that turns green without asking would be worse than none.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from lock_files import NPM_LOCKS, PYTHON_LOCKS, ROOT, plain_name, read_requirements

NOTHING_KNOWN: Final = 0
HOLES: Final = 1
NOT_ASKED: Final = 3

SECONDS: Final = 300
PYTHON_PARTS: Final = ("tests", "bootstrap", "node")
"""Locks that hold all that the others hold."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one service said of one lock file."""

    about: str
    asked: bool
    """False: could not be asked about all of it."""
    holes: list[str] = field(default_factory=list)
    why: str = ""


def judge_pip(about: str, text: str, locked: set[str]) -> Answer:
    """Reads pip-audit's JSON. Its exit code says too little: it is 1 for a hole and for a bug."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Answer(about, asked=False, why="the service of advisories did not answer")
    holes = [
        f"{one['name']} {one['version']}: {hole['id']}, mended in {hole['fix_versions'] or 'none'}"
        for one in dependencies
        for hole in one.get("vulns", [])
    ]
    skipped = sorted(one["name"] for one in dependencies if "skip_reason" in one)
    missing = sorted({*skipped, *(locked - {plain_name(one["name"]) for one in dependencies})})
    if missing:
        why = f"not asked about: {', '.join(missing)}"
        return Answer(about, asked=False, holes=holes, why=why)
    return Answer(about, asked=True, holes=holes)


def judge_npm(about: str, text: str) -> Answer:
    """Reads npm's JSON: of an audit, or of its failure."""
    try:
        report = json.loads(text)
        found: dict[str, dict[str, Any]] = report["vulnerabilities"]
        asked = bool(report["metadata"]["dependencies"]["total"])
    except (ValueError, KeyError, TypeError):
        return Answer(about, asked=False, why="the service of advisories did not answer")
    holes = [f"{name} {one['range']}: {one['severity']}" for name, one in found.items()]
    why = "" if asked else "no package was asked about"
    return Answer(about, asked=asked, holes=holes, why=why)


def verdict(answers: list[Answer]) -> int:
    """The exit code: a hole is worse than a question without an answer."""
    if any(answer.holes for answer in answers):
        return HOLES
    return NOTHING_KNOWN if all(answer.asked for answer in answers) else NOT_ASKED


def told(answers: list[Answer]) -> str:
    """The same for people."""
    lines = []
    for answer in answers:
        lines += [f"✗ {answer.about}: {hole}" for hole in answer.holes]
        if not answer.asked:
            lines.append(f"? {answer.about}: COULD NOT ASK, so this says nothing: {answer.why}")
        elif not answer.holes:
            lines.append(f"✓ {answer.about}: nothing is known against it")
    return "\n".join(lines)


def ask_pip(part: str) -> Answer:
    """Asks OSV about one requirement file, as it stands: nothing is resolved or downloaded."""
    path = ROOT / PYTHON_LOCKS[part]
    said = _run(
        *(sys.executable, "-m", "pip_audit", "--requirement", str(path), "--require-hashes"),
        *("--disable-pip", "--vulnerability-service", "osv", "--format", "json"),
        *("--progress-spinner", "off"),
    )
    here = {one.name for one in read_requirements(path) if not one.only_elsewhere}
    return judge_pip(PYTHON_LOCKS[part], said, here)


def ask_npm(part: str) -> Answer:
    """Asks npm's registry about one lock file."""
    npm = shutil.which("npm")
    folder = (ROOT / NPM_LOCKS[part]).parent
    if npm is None:
        return Answer(NPM_LOCKS[part], asked=False, why="there is no npm on this machine")
    audit = (npm, "--prefix", str(folder), "audit", "--json", "--package-lock-only")
    return judge_npm(NPM_LOCKS[part], _run(*audit))


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


def main(pip: Callable[[str], Answer] = ask_pip, npm: Callable[[str], Answer] = ask_npm) -> int:
    """Asks about everything; returns the exit code."""
    answers = [*map(pip, PYTHON_PARTS), *map(npm, NPM_LOCKS)]
    print(told(answers))
    return verdict(answers)


if __name__ == "__main__":
    sys.exit(main())

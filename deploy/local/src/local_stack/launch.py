"""Becomes one child of the supervisor, in a way that it cannot outlive it.

Run as a script (`python -I -S launch.py PARENT SIGNAL UID:GID|- PROGRAM…`), never imported: between
fork and exec of a process with threads no Python code is safe, so the steps stand in this
short-lived process of their own.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1


def drop_privileges(account: str) -> None:
    """Become `UID:GID` for good; `-` stays who we are."""
    if account == "-":
        return
    uid, gid = (int(part) for part in account.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def die_with_parent(death_signal: int, parent: int) -> None:
    """Let the kernel send `death_signal` to us when the supervisor ends, however it ends."""
    if sys.platform != "linux":
        return  # there the next start finds us by the recorded pid
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        sys.exit(1)  # it ended before the kernel knew


def allow_many_sockets() -> None:
    """Raise the soft limit of open files to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main(arguments: list[str]) -> None:
    """Do the steps and become the program."""
    parent, death_signal, account, *program = arguments
    allow_many_sockets()
    drop_privileges(account)  # first: the kernel forgets the death signal when the user changes
    die_with_parent(int(death_signal), int(parent))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        os.execv(program[0], program)
    except OSError as exc:
        sys.exit(f"cannot start {program[0]}: {exc.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])

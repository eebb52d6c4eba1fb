"""Makes the secrets of a stack in containers, once; the service `setup` of docker-compose.yml.

    python compose_secrets.py FOLDER           make what is missing
    python compose_secrets.py FOLDER --renew   make all anew that their readers ask for again

Each part of the stack has a folder of its own below FOLDER, a volume that is mounted nowhere else,
so it sees what it needs and no more. Services read theirs by ADDA_SECRETS_DIR. Where Redis and
PostgreSQL are, ADDA_SETUP_REDIS and ADDA_SETUP_POSTGRES say: URLs without a password.

Standard library only: the image has no more.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

REDIS = "redis://redis:6379/0"
POSTGRES = "postgresql://postgres:5432/adda"
SUPERUSER = "postgres"
SERVICES = ("api", "ws", "worker", "migrate")

PASSWORDS = ("redis/password", *(f"migrate/roles/adda_{service}" for service in SERVICES))
KEYS = ("api/adda_admin_token", "api/adda_admin_session_key")
UNCHANGEABLE = ("postgres/password", "grafana/password")
"""PostgreSQL and Grafana take theirs when they make their data, and never look again."""
SENTINEL = "redis+sentinel"
"""Servers under sentinels keep the password of Redis in files of their own, too."""

READABLE = 0o444
"""Parts run as users of their own, and nobody else's folder is mounted into them."""


def main(argv: list[str], environment: Mapping[str, str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="compose_secrets", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--renew", action="store_true", help="make all anew that can be")
    arguments = parser.parse_args(argv)
    folder: Path = arguments.folder
    redis = environment.get("ADDA_SETUP_REDIS") or REDIS
    postgres = environment.get("ADDA_SETUP_POSTGRES") or POSTGRES
    kept = (*UNCHANGEABLE, *(["redis/password"] if redis.startswith(SENTINEL) else []))
    for name in (*PASSWORDS, *KEYS, *UNCHANGEABLE):
        if not (folder / name).exists() or (arguments.renew and name not in kept):
            write(folder / name, secrets.token_urlsafe(32))
            print(f"made {name}")
    for name, text in derived(folder, redis, postgres):
        write(folder / name, text)
    return 0


def derived(folder: Path, redis: str, postgres: str) -> Iterator[tuple[str, str]]:
    """Files that hold the secrets once more, in the form that their readers want."""
    password = (folder / "redis/password").read_text("ascii")
    yield "redis/redis.conf", f"requirepass {password}\nmasterauth {password}\n"
    superuser = (folder / "postgres/password").read_text("ascii")
    yield "migrate/superuser_url", with_account(postgres, SUPERUSER, superuser)
    for service in SERVICES:
        own = (folder / f"migrate/roles/adda_{service}").read_text("ascii")
        yield f"{service}/adda_redis_url", with_account(redis, "", password)
        yield f"{service}/adda_database_url", with_account(postgres, f"adda_{service}", own)


def with_account(url: str, user: str, password: str) -> str:
    """`url` as `user`; passwords are of letters that need no quoting."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.netloc}"))


def write(path: Path, text: str) -> None:
    """Put it there whole: whoever reads meanwhile sees the old or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    unfinished.write_text(text, encoding="ascii")
    unfinished.chmod(READABLE)
    unfinished.rename(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

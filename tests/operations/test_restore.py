"""Everything is destroyed while people talk, and a backup is brought back: what then holds."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import asyncpg
import pytest
from tests.conftest import ROOT
from tests.faults.bed import SERVICES, Size, open_bed
from tests.faults.catalogue import Fault
from tests.faults.crowd import Load, gather_crowd
from tests.faults.history import Emptying
from tests.faults.reading import stored_contents, wait_stored
from tests.faults.storm import Lane, storm
from tests.own_postgres import OwnPostgres
from tests.own_valkey import OwnValkey

from local_stack.wheels import POSTGRES_PROGRAMS, postgres_tree, valkey_server
from shared.runtime.redis_client import open_redis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from random import Random

    from tests.faults.bed import Bed
    from tests.faults.crowd import Crowd

SCRIPTS: Final = ROOT / "deploy" / "backup"
LOAD: Final = Load(
    rooms=6, clients=40, rest_authors=2, messages_per_second=120, cuts_per_second=0.2
)
WORKERS: Final = ("at work", "away", "back between the copies")
BETWEEN: Final = """#!/bin/sh
# The program itself; and after the first copy a pause, for the test to do something.
{program} "$@"
code=$?
case " $* " in *" --rdb "* | *" --file="*)
    touch {folder}/first
    until [ -e {folder}/second ]; do sleep 0.05; done ;;
esac
exit $code
"""
WITHOUT_REDIS: Final = """#!/bin/sh
# In place of a worker: its Redis ends, and it goes on.
redis-cli -s "${ADDA_REDIS_URL#unix://}" SHUTDOWN NOSAVE
exec sleep 30
"""
MORE_SECONDS: Final = 1.0
"""Talk between the backup and the loss of both servers."""

needs_cli = pytest.mark.skipif(
    shutil.which("redis-cli") is None, reason="the machine has no redis-cli"
)


@pytest.fixture(autouse=True)
async def _fast_loop() -> None:
    """The crowd lives in the test's event loop: its debug mode would cost more than all chat."""
    asyncio.get_running_loop().set_debug(False)


def environment_of(redis_url: str, database_url: str, folder: Path) -> dict[str, str]:
    """As both scripts want it, with the programs of the wheels."""
    redis, postgres = urlsplit(redis_url), urlsplit(database_url)
    passwords = {"redis": redis.password or "", "postgres": postgres.password or ""}
    for name, password in passwords.items():
        (folder / f"{name}.password").write_text(password)
    programs = postgres_tree().root / POSTGRES_PROGRAMS
    paths = [str(ROOT / name / "src") for name in ("shared", "worker")]
    return {
        "PATH": os.pathsep.join((str(programs), os.environ["PATH"])),
        "PYTHONPATH": os.pathsep.join(paths),
        "PGHOST": postgres.hostname or "",
        "PGPORT": str(postgres.port),
        "PGUSER": postgres.username or "",
        "PGDATABASE": postgres.path.removeprefix("/"),
        "ADDA_BACKUP_DATABASE_PASSWORD_FILE": str(folder / "postgres.password"),
        "ADDA_BACKUP_REDIS": f"redis://127.0.0.1:{redis.port}",
        "ADDA_BACKUP_REDIS_PASSWORD_FILE": str(folder / "redis.password"),
        "ADDA_DATABASE_URL": database_url,
        "ADDA_PYTHON": sys.executable,
        "ADDA_REDIS_SERVER": str(valkey_server()),
    }


@dataclass(frozen=True, slots=True)
class Bare:
    """Both servers, without anything of Adda."""

    folder: Path
    """For backups."""
    environment: dict[str, str]
    valkey: OwnValkey
    postgres: OwnPostgres


@pytest.fixture
async def bare(reachable_path: Path) -> AsyncIterator[Bare]:
    folder = reachable_path / "backups"
    folder.mkdir()
    valkey, postgres = (
        OwnValkey(reachable_path / "redis", None),
        OwnPostgres(reachable_path / "postgres"),
    )
    try:
        await copy_at_once(valkey.url)
        yield Bare(folder, environment_of(valkey.url, postgres.url, folder), valkey, postgres)
    finally:
        valkey.stop()
        postgres._server.stop(forget=True)


async def copy_at_once(redis_url: str) -> None:
    """A server waits some seconds for other replicas before it sends a copy; here none come."""
    redis = open_redis(redis_url, "test")
    await redis.config_set("repl-diskless-sync-delay", 0)
    await redis.aclose()


def script(
    name: str, argument: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPTS / name), str(argument)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


async def succeed(name: str, argument: Path, environment: dict[str, str]) -> str:
    done = await asyncio.to_thread(script, name, argument, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def destroy(bed: Bed) -> None:
    """Both servers and all of their data; new ones stand in their places, empty."""
    for name in [name for kind in SERVICES for name in bed.names(kind)]:
        bed.stack.hold(name)
    bed.valkey.kill()
    bed.valkey._server.stop(forget=True)
    bed.postgres.kill()
    bed.postgres._server.stop(forget=True)
    bed.valkey.start()
    bed.postgres.start()


class Disaster:
    """A fault: what was known when, for the test to judge."""

    def __init__(self, crowd: Crowd, folder: Path, workers: str) -> None:
        self._crowd, self._folder = crowd, folder
        self._workers = workers
        self.safe: frozenset[str] = frozenset()
        """Contents that were acknowledged before the backup began."""
        self.restored: frozenset[str] = frozenset()
        self.queued = 0
        self.seconds = 0.0

    async def act(self, bed: Bed, _chance: Random) -> None:
        run, environment = (
            self._crowd.run,
            environment_of(bed.valkey.url, bed.postgres.url, self._folder),
        )
        if self._workers != "at work":
            for name in bed.names("worker"):
                await asyncio.to_thread(bed.stack.hold, name)
            await asyncio.sleep(MORE_SECONDS)
        began = run.now
        self.safe = frozenset(s.content for s in run.history.sendings if s.acked is not None)
        if self._workers == "back between the copies":
            await self._back_up_in_two(bed, environment)
        else:
            await succeed("backup.sh", self._folder, environment)
        await asyncio.sleep(MORE_SECONDS)
        await asyncio.to_thread(destroy, bed)
        [backup] = self._folder.glob("2*")
        started = time.monotonic()
        told = await succeed("restore.sh", backup, environment)
        self.seconds = time.monotonic() - started
        self.queued = int(re.findall(r"(\d+) entries", told)[0])
        self.restored = await stored_contents(bed)
        for name in [name for kind in SERVICES for name in bed.names(kind)]:
            await asyncio.to_thread(bed.stack.release, name)
        run.history.emptyings.append(Emptying(began, run.now, self.restored))

    async def _back_up_in_two(self, bed: Bed, environment: dict[str, str]) -> None:
        """All that waits is stored when one of the two is copied and the other is not."""
        place = self._folder.parent / "programs"
        place.mkdir()
        for name in ("redis-cli", "pg_dump"):
            program = shutil.which(name, path=environment["PATH"])
            (place / name).write_text(BETWEEN.format(program=program, folder=place))
            (place / name).chmod(0o755)
        changed = {**environment, "PATH": os.pathsep.join((str(place), environment["PATH"]))}
        backup = asyncio.create_task(succeed("backup.sh", self._folder, changed))
        while not (place / "first").exists():
            assert not backup.done(), backup.result()
            await asyncio.sleep(0.05)
        for name in bed.names("worker"):
            await asyncio.to_thread(bed.stack.release, name)
        await wait_stored(bed, 60.0, at_most=20)
        (place / "second").touch()
        await backup


@needs_cli
@pytest.mark.parametrize("workers", WORKERS)
async def test_what_was_acknowledged_before_a_backup_is_there_after_a_restore(
    reachable_path: Path, workers: str
) -> None:
    folder = reachable_path / "backups"
    folder.mkdir()
    with open_bed(reachable_path, Size(api=1, workers=1)) as bed:
        await copy_at_once(bed.valkey.url)
        crowd = await gather_crowd(bed, LOAD)
        disaster = Disaster(crowd, folder, workers)
        lane = Lane([Fault("disaster", disaster.act)], 1, calm=4.0)
        outcome = await storm(bed, crowd, [lane], seed=1)
    outcome.assert_clean()  # no number twice, no message twice, every reader told
    assert disaster.safe
    assert disaster.safe <= disaster.restored
    assert workers == "at work" or disaster.queued > 50
    print(
        f"restored {len(disaster.restored)} in {disaster.seconds:.1f} s, {disaster.queued} queued"
    )


@needs_cli
async def test_a_restore_refuses_what_it_would_mix_or_cannot_trust(bare: Bare) -> None:
    await succeed("backup.sh", bare.folder, bare.environment)
    [backup] = bare.folder.glob("2*")
    redis = open_redis(bare.valkey.url, "test")
    await redis.set("somebody", "is here")
    mixed_redis = script("restore.sh", backup, bare.environment)
    await redis.flushall()
    await redis.aclose()
    connection = await asyncpg.connect(bare.postgres.url)
    await connection.execute("CREATE TABLE somebody (id int)")
    await connection.close()
    mixed_tables = script("restore.sh", backup, bare.environment)
    (backup / "redis.rdb").write_bytes(b"REDIS")
    broken = script("restore.sh", backup, bare.environment)
    assert "Redis is not empty (1)" in mixed_redis.stderr
    assert "is not empty: dropdb" in mixed_tables.stderr
    assert "is damaged" in broken.stderr
    assert {done.returncode for done in (mixed_redis, mixed_tables, broken)} == {1}


@needs_cli
async def test_a_restore_whose_queue_is_lost_on_the_way_says_so(bare: Bare) -> None:
    redis = open_redis(bare.valkey.url, "test")
    await redis.xadd("adda:{p0}:ingest", {"v": "1"})
    await succeed("backup.sh", bare.folder, bare.environment)
    await redis.flushall()
    await redis.aclose()
    [backup] = bare.folder.glob("2*")
    worker = bare.folder.with_name("worker")
    worker.write_text(WITHOUT_REDIS)
    worker.chmod(0o755)
    done = script("restore.sh", backup, {**bare.environment, "ADDA_PYTHON": str(worker)})
    assert "entries were still on their way" not in done.stdout
    assert "restore: " in done.stderr
    assert done.returncode == 1


@needs_cli
async def test_a_backup_that_fails_leaves_nothing_that_looks_like_one(bare: Bare) -> None:
    for change in ({"PGPORT": "1"}, {"ADDA_BACKUP_REDIS": "redis://127.0.0.1:1"}):
        done = script("backup.sh", bare.folder, {**bare.environment, **change})
        assert done.returncode != 0
        assert [path for path in bare.folder.iterdir() if path.is_dir()] == []


@needs_cli
async def test_a_backup_that_is_stopped_leaves_nothing(bare: Bare) -> None:
    programs = bare.folder.with_name("programs")
    programs.mkdir()
    (programs / "pg_dump").write_text("#!/bin/sh\nexec sleep 60\n")
    (programs / "pg_dump").chmod(0o755)
    path = os.pathsep.join((str(programs), bare.environment["PATH"]))
    backup = await asyncio.create_subprocess_exec(
        str(SCRIPTS / "backup.sh"),
        str(bare.folder),
        env={**bare.environment, "PATH": path},
        start_new_session=True,
    )
    while not list(bare.folder.glob(".unfinished-*/redis.rdb")):
        assert backup.returncode is None
        await asyncio.sleep(0.05)
    os.killpg(backup.pid, signal.SIGTERM)  # as systemd does when its time is over
    assert await asyncio.wait_for(backup.wait(), 30) != 0
    assert [path for path in bare.folder.iterdir() if path.is_dir()] == []


@needs_cli
@pytest.mark.parametrize("told", ["backups", "link"])
async def test_old_backups_go_and_young_ones_stay(bare: Bare, told: str) -> None:
    names = ("20200101T000000Z", ".unfinished-20200101T000000Z", "20200102T000000Z", "mine")
    old, cut, young, foreign = (bare.folder / name for name in names)
    for path in (old, cut, young, foreign):
        path.mkdir()
    for path in (old, cut, foreign):
        os.utime(path, (1, 1))
    # With DynamicUser= the folder of a unit's StateDirectory= is told as a link.
    bare.folder.with_name("link").symlink_to(bare.folder)
    await succeed("backup.sh", bare.folder.with_name(told), bare.environment)
    assert not old.exists()
    assert not cut.exists()  # by a power cut
    assert young.exists()
    assert foreign.exists()

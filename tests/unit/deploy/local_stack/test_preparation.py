"""When the database must be prepared again."""

from __future__ import annotations

from pathlib import Path

from local_stack.preparation import fingerprint, is_prepared, note_prepared
from local_stack.services import Programs


def test_a_new_migration_changes_the_fingerprint(tmp_path: Path) -> None:
    migrations = tmp_path / "worker/src/worker/migrations"
    migrations.mkdir(parents=True)
    (migrations / "0001.py").write_text("one")
    before = fingerprint(Programs(), tmp_path)
    assert fingerprint(Programs(), tmp_path) == before
    (migrations / "0002.py").write_text("two")
    assert fingerprint(Programs(), tmp_path) != before


def test_other_programs_change_the_fingerprint() -> None:
    assert fingerprint(Programs()) != fingerprint(Programs(seed=("-m", "other")))


def test_only_the_same_fingerprint_counts_as_prepared(tmp_path: Path) -> None:
    assert not is_prepared(tmp_path, "a")
    note_prepared(tmp_path, "a")
    assert is_prepared(tmp_path, "a")
    assert not is_prepared(tmp_path, "b")

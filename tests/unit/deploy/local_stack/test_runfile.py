"""The lock and the record of a run."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from local_stack.errors import StackError
from local_stack.runfile import (
    ProcessRecord,
    RunLock,
    RunRecord,
    read_record,
    remove_record,
    write_record,
)

MYSELF = ProcessRecord("supervisor", os.getpid(), psutil.Process().create_time())


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    record = RunRecord(MYSELF, "http://localhost:8000", (ProcessRecord("ws-1", 7, 8.5, 2, 3),))
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record
    remove_record(tmp_path)
    assert read_record(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"supervisor": {}}', "\x00\x00"])
def test_a_spoilt_record_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    assert read_record(tmp_path) is None


def test_a_process_lives_only_with_its_own_start_time() -> None:
    assert MYSELF.lives()
    assert not ProcessRecord("x", MYSELF.pid, MYSELF.created - 60).lives()


def test_two_runs_cannot_hold_the_lock_of_one_folder(tmp_path: Path) -> None:
    with RunLock(tmp_path), pytest.raises(StackError, match="already runs"), RunLock(tmp_path):
        pass
    with RunLock(tmp_path):
        pass

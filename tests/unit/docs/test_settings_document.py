"""The table of settings is what the services read, and no document names another setting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
import write_settings
from tests.unit.docs.markdown_files import DOCUMENTS, name_of, tables_of

if TYPE_CHECKING:
    from pathlib import Path

BESIDE_SETTINGS: Final = {
    *("ADDA_SECRETS_DIR", "ADDA_TEST_SERVERS", "ADDA_TEST_DEBIAN", "ADDA_CHROMIUM"),
    *("ADDA_SCHEMATHESIS_EXAMPLES", "ADDA_SCHEMATHESIS_SEED"),
    *("ADDA_FAULTS", "ADDA_FAULTS_RESULTS"),
    *("ADDA_EXAMPLES", "ADDA_SEED"),
    *("ADDA_BACKUP_DAYS", "ADDA_BACKUP_REDIS_PASSWORD_FILE", "ADDA_BACKUP_DATABASE_PASSWORD_FILE"),
    *("ADDA_BIND", "ADDA_NOFILE", "ADDA_VERSION", "ADDA_REVISION"),
    *("ADDA_API_REPLICAS", "ADDA_WS_REPLICAS", "ADDA_WORKER_REPLICAS", "ADDA_EXTRA"),
}
"""Read by hand: before there are settings, by the tests, by scripts of `deploy/backup`, and by
docker-compose.yml."""


def test_the_table_is_not_stale() -> None:
    written = write_settings.DOCUMENT.read_text(encoding="utf-8")
    assert written == write_settings.document(), "stale: run `make docs`"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_variable_that_is_named_exists(document: Path) -> None:
    named = set(re.findall(r"ADDA_[A-Z0-9_]+", document.read_text(encoding="utf-8")))
    known = write_settings.variables() | write_settings.file_variables() | BESIDE_SETTINGS
    assert named <= known


def test_each_setting_says_what_it_means() -> None:
    rows = [row for table in tables_of(write_settings.document()) for row in table[1:]]
    assert len(rows) >= len(write_settings.variables())
    assert all(len(row[3]) > 10 for row in rows)

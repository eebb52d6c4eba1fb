from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from shared.message_store.grants import Role, role_name
from worker.database_roles import UnusablePassword, read_passwords, scram_verifier

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "kXy9-long-and-its-own"


def write(folder: Path, **other: str) -> None:
    for role in Role:
        name = role_name(role)
        (folder / name).write_text(other.get(name, f"{GOOD}-{role}\n"), encoding="utf-8")


def test_the_verifier_is_that_of_the_standard() -> None:
    # RFC 7677 §3: user "user", password "pencil", this salt, 4096 rounds.
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    assert scram_verifier("pencil", salt) == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


def test_each_role_has_a_password_in_a_file_of_its_name(tmp_path: Path) -> None:
    write(tmp_path)
    assert read_passwords(tmp_path) == {role: f"{GOOD}-{role}" for role in Role}


@pytest.mark.parametrize("bad", ["", "adda", "aaaaaaaaaaaaaaaaaa", "পাসওয়ার্ড-নিজের-একটা"])
def test_a_password_that_cannot_be_used_is_told_by_the_name_of_its_role(
    tmp_path: Path, bad: str
) -> None:
    write(tmp_path, adda_ws=bad)
    with pytest.raises(UnusablePassword, match="adda_ws"):
        read_passwords(tmp_path)


def test_a_missing_file_is_told_by_the_name_of_its_role(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "adda_worker").unlink()
    with pytest.raises(UnusablePassword, match="adda_worker"):
        read_passwords(tmp_path)

"""What the children say, on the screen and in files."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from local_stack import output
from local_stack.output import Console, LogFile, relay_output


def test_lines_carry_the_name_of_their_child(tmp_path: Path) -> None:
    screen = io.StringIO()
    source = io.BytesIO("আড্ডা চালু\nsecond\n".encode())
    relay_output("ws-1", source, LogFile(tmp_path / "ws-1.log"), Console(screen, colour=False))
    assert screen.getvalue() == "ws-1      | আড্ডা চালু\nws-1      | second\n"
    assert (tmp_path / "ws-1.log").read_text() == "আড্ডা চালু\nsecond\n"


def test_each_child_has_its_own_colour_and_keeps_it() -> None:
    screen = io.StringIO()
    console = Console(screen, colour=True)
    for name in ("a", "b", "a"):
        console.relay(name, "x")
    first, second, third = screen.getvalue().splitlines()
    assert first == third
    assert first.split("m")[0] != second.split("m")[0]


def test_a_terminal_that_is_gone_does_not_stop_the_stack() -> None:
    screen = io.StringIO()
    console = Console(screen, colour=False)
    screen.close()
    console.say("nobody reads this")
    console.say("nor this")


def test_a_log_is_put_aside_when_it_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "ROTATE_AT", 20)
    log = LogFile(tmp_path / "api-1.log")
    for number in range(6):
        log.write(b"line %d ......" % number)
    log.close()
    assert (tmp_path / "api-1.log").stat().st_size <= 40
    assert (tmp_path / "api-1.log.1").exists()
    assert list(log.last_lines)[-1] == "line 5 ......"


def test_a_full_disk_loses_lines_but_is_remembered() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    log = LogFile(full)
    log.write(b"lost")
    log.close()
    assert log.failure is not None
    assert list(log.last_lines) == ["lost"]


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "x.log")
    relay_output("x", io.BytesIO(b"a" * (output.LONGEST_LINE + 10)), log, None)
    assert [len(line) for line in log.last_lines] == [output.LONGEST_LINE, 10]

"""What is checked before a start, and how it is told."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import pytest

from local_stack.errors import StackError
from local_stack.ports import free_ports
from local_stack.preflight import (
    check_disk,
    check_port,
    check_python,
    check_server,
    explain_os_error,
    tells_of_full_disk,
)


def test_a_taken_port_names_a_free_one_instead() -> None:
    with socket.create_server(("127.0.0.1", free_ports(1)[0])) as server:
        port = server.getsockname()[1]
        with pytest.raises(StackError, match=rf"port {port} is already used.*PORT=\d+"):
            check_port(port, "127.0.0.1")


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_a_port_that_does_not_exist_is_refused(port: int) -> None:
    with pytest.raises(StackError, match="there is no port"):
        check_port(port, "127.0.0.1")


def test_a_free_port_passes() -> None:
    check_port(free_ports(1)[0], "127.0.0.1")


def test_too_little_room_is_refused_with_both_numbers(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"is full \(\d+ MB are free, \d+ MB are needed\)"):
        check_disk(tmp_path, needed=2**60)
    check_disk(tmp_path, needed=1)


def test_an_old_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    check_python()
    monkeypatch.setattr("sys.version_info", (3, 10, 4))
    with pytest.raises(StackError, match=r"Adda needs 3\.11"):
        check_python()


def test_a_server_of_ones_own_that_does_not_answer_is_named_without_its_password() -> None:
    url = f"redis://:secret@127.0.0.1:{free_ports(1)[0]}/0"
    with pytest.raises(StackError, match="nothing answers at 127") as caught:
        check_server("ADDA_REDIS_URL", url, 6379)
    assert "secret" not in str(caught.value)
    assert "ADDA_REDIS_URL" in str(caught.value)


def test_a_server_that_answers_and_one_that_is_not_given_pass() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        check_server("ADDA_REDIS_URL", f"redis://127.0.0.1:{server.getsockname()[1]}", 6379)
    check_server("ADDA_REDIS_URL", None, 6379)


@pytest.mark.parametrize("kind", ["redis+sentinel", "redis+cluster"])
def test_one_of_several_servers_that_answers_is_enough(kind: str) -> None:
    away = free_ports(1)[0]
    with socket.create_server(("127.0.0.1", 0)) as server:
        hosts = f"127.0.0.1:{away},127.0.0.1:{server.getsockname()[1]}"
        check_server("ADDA_REDIS_URL", f"{kind}://:secret@{hosts}/name", 6379)
    with pytest.raises(StackError, match=f"nothing answers at 127.0.0.1:{away}, 127") as caught:
        check_server("ADDA_REDIS_URL", f"{kind}://:secret@{hosts}/name", 6379)
    assert "secret" not in str(caught.value)


def test_a_unix_socket_is_looked_at_too(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with pytest.raises(StackError, match=r"nothing answers at .*redis\.sock of ADDA"):
        check_server("ADDA_REDIS_URL", f"unix://{path}?db=1", 6379)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen()
        check_server("ADDA_REDIS_URL", f"unix://{path}?db=1", 6379)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "is full"),
        (errno.EACCES, "may not be written"),
        (errno.EROFS, "may not be written"),
        (errno.EMFILE, "the machine refuses"),
    ],
)
def test_refusals_of_the_machine_become_clear(number: int, told: str) -> None:
    assert told in str(explain_os_error(OSError(number, "as it says", "/somewhere")))


def test_a_full_disk_is_recognised_in_the_words_of_a_child() -> None:
    assert tells_of_full_disk(["ok", "FATAL: could not extend file: No space left on device"])
    assert not tells_of_full_disk(["ok"])

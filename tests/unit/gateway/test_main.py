"""What a container is told becomes what nginx is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROOT

from gateway import __main__ as program
from local_stack.wheels import nginx

RESOLV_CONF = "nameserver 127.0.0.11\n"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    (tmp_path / "resolv.conf").write_text(RESOLV_CONF)
    monkeypatch.setattr(program, "RESOLV_CONF", tmp_path / "resolv.conf")
    return {
        "GATEWAY_API": "api_service:8000",
        "GATEWAY_WS": "ws_service:8000 10.0.0.7:8000",
        "GATEWAY_NGINX": str(nginx()),
        "GATEWAY_TEMPLATE": str(ROOT / "gateway" / "nginx" / "nginx.conf.template"),
        "GATEWAY_WEB": str(tmp_path),
        "GATEWAY_FOLDER": str(tmp_path / "gateway"),
    }


def test_nginx_finds_nothing_wrong_with_what_it_is_told(environment: dict[str, str]) -> None:
    environment["GATEWAY_TRUSTED_PROXIES"] = "10.0.0.0/8 fd00::/8"
    folder = program.write_configuration(environment)
    text = (folder / "nginx.conf").read_text("utf-8")
    assert "server ws_service:8000 resolve max_fails=0; server 10.0.0.7:8000 max_fails=0;" in text
    tested = subprocess.run(
        [str(nginx()), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-t"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, tested.stderr
    assert "warn" not in tested.stderr


def test_what_is_given_goes_before_what_is_found_out(environment: dict[str, str]) -> None:
    given = {"GATEWAY_PROCESSES": "7", "GATEWAY_CONNECTIONS": "99", "GATEWAY_LISTEN": "[::]:80"}
    values = program.template_values(environment | given, RESOLV_CONF)
    assert {name: values[name] for name in given} == given


def test_it_becomes_nginx(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[Any] = []
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("os.execv", lambda *arguments: became.append(arguments))
    program.main()
    [(path, argv)] = became
    assert path == argv[0] == str(nginx())
    assert "daemon off;" in argv


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"GATEWAY_API": None}, "GATEWAY_API is not set"), ({"GATEWAY_TRUSTED_PROXIES": "x"}, "'x'")],
)
def test_what_is_missing_or_wrong_is_said_in_a_line(
    environment: dict[str, str], changes: dict[str, str | None], told: str
) -> None:
    wanted = {name: value for name, value in (environment | changes).items() if value is not None}
    done = subprocess.run(
        [sys.executable, "-m", "gateway"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "gateway" / "src"), **wanted},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("gateway: ")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1

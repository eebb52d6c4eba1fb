"""What docker-compose.yml promises in its README, as far as it can be read without an engine."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest
import write_settings
import yaml
from tests.conftest import ROOT

from gateway.__main__ import MOST_PROCESSES
from gateway.configuration import MOST_CONNECTIONS

SERVICES: Final[dict[str, dict[str, Any]]] = yaml.safe_load(
    (ROOT / "docker-compose.yml").read_text("utf-8")
)["services"]
GATEWAY_BESIDES_SOCKETS: Final = 64 << 20
"""Bytes of its processes and of the zones that they share."""

OURS: Final = ("api_service", "ws_service", "worker")


def test_what_adda_env_says_goes_before_all_else() -> None:
    for name in (*OURS, "migrate"):
        # `environment` would go before both files.
        assert set(SERVICES[name]["environment"]) == {"ADDA_SECRETS_DIR"}
        defaults, own = SERVICES[name]["env_file"]
        assert defaults == "deploy/compose/defaults.env"
        assert own == {"path": "deploy/compose/adda.env", "required": False}


def test_each_default_is_a_setting_that_the_environment_may_say() -> None:
    lines = (ROOT / "deploy" / "compose" / "defaults.env").read_text("utf-8").splitlines()
    pairs = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    assert set(pairs) <= write_settings.variables()
    assert all(value.startswith(f"${{{name}:-") for name, value in pairs.items())


def test_how_many_there_are_may_stand_where_it_lasts() -> None:
    counts = {name: SERVICES[name]["deploy"]["replicas"] for name in OURS}
    assert counts == {
        "api_service": "${ADDA_API_REPLICAS:-2}",
        "ws_service": "${ADDA_WS_REPLICAS:-3}",
        "worker": "${ADDA_WORKER_REPLICAS:-2}",
    }


@pytest.mark.parametrize(
    "name", ["docker-compose.yml", "deploy/compose/sentinel.yml", "deploy/compose/cluster.yml"]
)
def test_valkey_gives_up_root_as_redis_does(name: str) -> None:
    """Start scripts do so for their own server alone, and their users have other names."""
    text = (ROOT / name).read_text("utf-8")
    assert "${REDIS_SERVER:-redis-server}" in text
    assert not re.search(r"(?m)(^|[^-:])\bredis-server\b(?!})", text)
    assert "chown redis" not in text


def test_every_postgresql_from_17_on_finds_its_data_in_the_volume() -> None:
    """From 18 on the image refuses a volume there unless it is told that it is the right place."""
    postgres = SERVICES["postgres"]
    assert f"postgres:{postgres['environment']['PGDATA']}" in postgres["volumes"]


def test_the_gateway_may_hold_all_sockets_that_it_takes() -> None:
    measured = json.loads((ROOT / "deploy" / "docs" / "gateway.json").read_text("utf-8"))
    sockets = MOST_PROCESSES * MOST_CONNECTIONS // 2
    wanted = sockets * measured["bytes_per_connection"] + GATEWAY_BESIDES_SOCKETS
    [gigabytes] = re.findall(
        r"^\$\{GATEWAY_MEMORY:-(\d+)g}$",
        SERVICES["gateway"]["deploy"]["resources"]["limits"]["memory"],
    )
    assert wanted <= int(gigabytes) << 30


def test_the_gateway_has_a_place_for_each_socket_that_the_replicas_take() -> None:
    """Else people are cut off before AddaConnectionsNearLimit sees that places run out."""
    text = (ROOT / "deploy" / "compose" / "defaults.env").read_text("utf-8")
    processes = re.fullmatch(
        r"\$\{GATEWAY_PROCESSES:-(\d+)\}", SERVICES["gateway"]["environment"]["GATEWAY_PROCESSES"]
    )
    replicas = re.findall(r":-(\d+)", SERVICES["ws_service"]["deploy"]["replicas"])
    places = re.findall(r"ADDA_MAX_CONNECTIONS:-(\d+)", text)
    assert processes  # on a machine of any size
    assert int(replicas[0]) * int(places[0]) <= int(processes[1]) * MOST_CONNECTIONS // 2

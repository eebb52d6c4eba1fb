"""Whoever is stopped gets the time that they take to stop."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

import pytest
from tests.conftest import ROOT
from tests.kubernetes.rendering import environment_of, of_kind, pods_in

from worker.settings import WorkerSettings
from ws_service.drain import LAST_LEAVES_SECONDS
from ws_service.settings import WsSettings

if TYPE_CHECKING:
    from tests.kubernetes.rendering import Object

MARGIN: Final = 5.0
"""To close what is open to Redis and PostgreSQL, and to leave."""

REAPER_SECONDS: Final = 1.0
"""What a stopping worker gives its reaper beyond ADDA_STOP_SECONDS."""

SEEN_SECONDS: Final = 2.0
"""Until the gateway sees that a replica goes: by the endpoint, DNS, and a second of its own."""

WITH_PODS: Final = ("local", "production")


def seconds_of(objects: list[Object], service: str, variable: str, default: float) -> float:
    told = environment_of(pods_in(objects)[service], objects)
    return float(told.get(variable, default))


def grace_of(objects: list[Object], service: str) -> float:
    return float(pods_in(objects)[service].spec["terminationGracePeriodSeconds"])


@pytest.mark.parametrize("overlay", WITH_PODS)
def test_a_socket_replica_closes_all_before_it_is_killed(
    overlay: str, rendered: dict[str, list[Object]]
) -> None:
    objects = rendered[overlay]
    fields = WsSettings.model_fields
    settle = seconds_of(
        objects, "ws-service", "ADDA_DRAIN_SETTLE_SECONDS", fields["drain_settle_seconds"].default
    )
    drain = seconds_of(objects, "ws-service", "ADDA_DRAIN_SECONDS", fields["drain_seconds"].default)
    assert settle >= SEEN_SECONDS
    assert grace_of(objects, "ws-service") >= settle + drain + LAST_LEAVES_SECONDS + MARGIN


@pytest.mark.parametrize("overlay", WITH_PODS)
def test_a_rest_replica_answers_what_it_has_begun(
    overlay: str, rendered: dict[str, list[Object]]
) -> None:
    objects = rendered[overlay]
    settle = seconds_of(objects, "api-service", "ADDA_DRAIN_SETTLE_SECONDS", 0.0)
    drain = math.ceil(seconds_of(objects, "api-service", "ADDA_DRAIN_SECONDS", 10.0))
    assert settle >= SEEN_SECONDS
    assert grace_of(objects, "api-service") >= settle + drain + MARGIN


@pytest.mark.parametrize("overlay", WITH_PODS)
def test_a_worker_finishes_its_batch(overlay: str, rendered: dict[str, list[Object]]) -> None:
    objects = rendered[overlay]
    stop = seconds_of(
        objects, "worker", "ADDA_STOP_SECONDS", WorkerSettings.model_fields["stop_seconds"].default
    )
    assert grace_of(objects, "worker") >= stop + REAPER_SECONDS + MARGIN


@pytest.mark.parametrize("overlay", WITH_PODS)
def test_the_gateway_is_known_to_go_before_it_stops_accepting(
    overlay: str, rendered: dict[str, list[Object]]
) -> None:
    objects = rendered[overlay]
    template = (ROOT / "gateway" / "nginx" / "nginx.conf.template").read_text("utf-8")
    [shutdown] = re.findall(r"worker_shutdown_timeout (\d+)s;", template)
    before = pods_in(objects)["gateway"].container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert before >= SEEN_SECONDS
    assert grace_of(objects, "gateway") >= before + int(shutdown) + MARGIN


def test_who_is_sent_away_finds_room_elsewhere(production: list[Object]) -> None:
    scaled = of_kind(production, "ScaledObject")["ws-service"]["spec"]
    people = float(scaled["triggers"][0]["metadata"]["threshold"])
    drain = seconds_of(production, "ws-service", "ADDA_DRAIN_SECONDS", 10.0)
    others = scaled["minReplicaCount"] - 1
    assert people / drain <= others * WsSettings.model_fields["join_rate"].default


def test_a_rollout_of_sockets_waits_for_who_comes_back(production: list[Object]) -> None:
    spec = of_kind(production, "Deployment")["ws-service"]["spec"]
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert spec["minReadySeconds"] >= 30

"""A real API server takes it all, where the machine has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.kubernetes.api_server import missing_programs, running_api_server
from tests.kubernetes.rendering import of_kind, pods_in
from tests.kubernetes.test_schemas import OF_OPERATORS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kubernetes.api_server import ApiServer
    from tests.kubernetes.rendering import Object

pytestmark = pytest.mark.skipif(
    bool(missing_programs()), reason=f"not in the path: {', '.join(missing_programs())}"
)


@pytest.fixture(scope="module")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with running_api_server(tmp_path_factory.mktemp("api-server")) as server:
        yield server


@pytest.fixture(params=["local", "production", "data"])
def applied(
    request: pytest.FixtureRequest, rendered: dict[str, list[Object]], api_server: ApiServer
) -> list[Object]:
    """The objects of an overlay without those of operators, once they are there."""
    objects = [one for one in rendered[request.param] if one["kind"] not in OF_OPERATORS]
    if of_kind(objects, "Job"):
        api_server.apply(objects, "--selector", "adda/stage=first")
    api_server.apply(objects)
    return objects


def test_it_can_be_applied_and_a_second_time_changes_nothing(
    applied: list[Object], api_server: ApiServer
) -> None:
    def generations() -> dict[str, int]:
        found = api_server.get("deployments,networkpolicies", "--all-namespaces")["items"]
        return {
            f"{one['kind']}/{one['metadata']['name']}": one["metadata"]["generation"]
            for one in found
        }

    before = generations()
    assert len(before) >= len(of_kind(applied, "NetworkPolicy"))
    api_server.apply(applied)
    assert generations() == before


def test_the_server_itself_finds_pods_restricted(
    applied: list[Object], api_server: ApiServer
) -> None:
    [namespace] = of_kind(applied, "Namespace")
    for name, pod in pods_in(applied).items():
        one = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace},
            "spec": pod.spec,
        }
        api_server.apply([one], "--dry-run=server")


def test_the_server_refuses_a_pod_that_is_not(applied: list[Object], api_server: ApiServer) -> None:
    [namespace] = of_kind(applied, "Namespace")
    done = api_server.run(
        *("run", "stranger", "--image", "busybox", "--namespace", namespace, "--dry-run=server")
    )
    assert "violates PodSecurity" in done.stderr

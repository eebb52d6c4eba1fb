"""What is in the images, and what is not."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from tests.containers.compose import VERSION, ComposeStack

MEGABYTE: Final = 1_000_000
MOST_ADDED: Final = {"api": 120, "ws": 120, "worker": 120, "gateway": 10, "setup": 1}
"""Megabytes that an image adds to its base."""

ROUND_UP: Final = 1
SERVICES: Final = {"api": "api_service", "ws": "ws_service", "worker": "worker"}
OURS: Final = ("api_service", "ws_service", "worker", "gateway", "adda_client", "local_stack")

pytestmark = pytest.mark.usefixtures("images")


def inspect(image: str) -> Any:
    return json.loads(ComposeStack().run(f"docker image inspect {image}"))[0]


def base_of(image: str) -> str:
    """The id of the image that it stands on."""
    layers = inspect(image)["RootFS"]["Layers"]
    found = ComposeStack().run("docker image ls --quiet --no-trunc python").split()
    bases = {name: inspect(name)["RootFS"]["Layers"] for name in set(found)}
    return max(
        (name for name, own in bases.items() if layers[: len(own)] == own),
        key=lambda name: len(bases[name]),
    )


def inside(image: str, program: str) -> str:
    """What Python says in it, with as little as docker-compose.yml leaves it."""
    flags = "--rm --read-only --cap-drop ALL --network none --security-opt no-new-privileges"
    return ComposeStack().run(f'docker run {flags} {image} python -c "{program}"').strip()


@pytest.mark.parametrize("name", MOST_ADDED)
def test_an_image_is_not_much_more_than_its_base(name: str) -> None:
    image = f"adda-{name}:{VERSION}"
    added = (inspect(image)["Size"] - inspect(base_of(image))["Size"]) / MEGABYTE
    print(f"{image} adds {added:.1f} MB")
    assert 0 <= added <= MOST_ADDED[name]


@pytest.mark.parametrize("name", MOST_ADDED)
def test_an_image_says_what_it_is_and_runs_as_nobody_in_particular(name: str) -> None:
    config = inspect(f"adda-{name}:{VERSION}")["Config"]
    labels = config["Labels"]
    assert config["User"] == "10001:10001"
    assert labels["org.opencontainers.image.version"] == VERSION
    assert {"title", "revision", "source", "licenses"} <= {
        label.removeprefix("org.opencontainers.image.") for label in labels
    }


@pytest.mark.parametrize("name", [*SERVICES, "gateway"])
def test_an_image_knows_how_it_is(name: str) -> None:
    test = inspect(f"adda-{name}:{VERSION}")["Config"]["Healthcheck"]["Test"]
    assert test[0] == "CMD"  # no shell
    module = test[-1]
    program = f"import runpy; print('main' in runpy.run_module('{module}', run_name='asked'))"
    assert inside(f"adda-{name}:{VERSION}", program) == "True"


@pytest.mark.parametrize("name", [*SERVICES, "gateway"])
def test_an_image_has_no_installer(name: str) -> None:
    program = "import importlib.util as u; print([u.find_spec(n) for n in ('pip', 'ensurepip')])"
    assert inside(f"adda-{name}:{VERSION}", program) == "[None, None]"


@pytest.mark.parametrize(("name", "module"), SERVICES.items())
def test_a_service_is_compiled_and_has_only_its_own_code(name: str, module: str) -> None:
    program = (
        f"import {module}.__main__ as m, importlib.util as u, os; "
        "print(os.path.exists(m.__cached__ or u.cache_from_source(m.__file__)), "
        f"[n for n in {OURS} if u.find_spec(n)])"
    )
    assert inside(f"adda-{name}:{VERSION}", program) == f"True ['{module}']"


@pytest.mark.parametrize("extra", ["", "tracing"])
def test_what_traces_need_is_there_if_it_was_asked_for(extra: str) -> None:
    program = "import importlib.util as u; print(u.find_spec('opentelemetry.sdk') is not None)"
    image = f"adda-ws:{VERSION}-extra-{extra or 'none'}"
    build = f"docker build --quiet --file ws_service/Dockerfile --build-arg EXTRA={extra}"
    ComposeStack().run(f"{build} --tag {image} .")
    try:
        assert inside(image, program) == str(extra == "tracing")
        added = (inspect(image)["Size"] - inspect(base_of(image))["Size"]) / MEGABYTE
        print(f"{image} adds {added:.1f} MB")
        assert added <= MOST_ADDED["ws"]
    finally:
        ComposeStack().run(f"docker image rm {image}")

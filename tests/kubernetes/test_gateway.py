"""The gateway's image takes what the manifests tell it, and nginx takes what comes of it."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Final

import pytest
from tests.conftest import ROOT
from tests.kubernetes.rendering import environment_of, pods_in

import gateway.__main__
from gateway.__main__ import template_values
from gateway.configuration import render
from local_stack.wheels import nginx

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kubernetes.rendering import Object

NAMES: Final = "search adda.svc.cluster.local svc.cluster.local\nnameserver 127.0.0.1\n"


@pytest.mark.parametrize("overlay", ["local", "production"])
def test_every_variable_is_one_that_it_knows(
    overlay: str, rendered: dict[str, list[Object]]
) -> None:
    told = environment_of(pods_in(rendered[overlay])["gateway"], rendered[overlay])
    known = re.findall(r"GATEWAY_[A-Z_]+", gateway.__main__.__doc__ or "")
    assert set(told) - set(known) == set()


@pytest.mark.parametrize("overlay", ["local", "production"])
def test_nginx_takes_what_is_made_of_it(
    overlay: str, rendered: dict[str, list[Object]], reachable_path: Path
) -> None:
    told = environment_of(pods_in(rendered[overlay])["gateway"], rendered[overlay])
    folder = reachable_path / "gateway"
    folder.mkdir()
    values = template_values(
        {**told, "GATEWAY_FOLDER": str(folder), "GATEWAY_WEB": str(folder)}, NAMES
    )
    template = (ROOT / "gateway" / "nginx" / "nginx.conf.template").read_text("utf-8")
    (folder / "nginx.conf").write_text(render(template, values), encoding="utf-8")
    done = subprocess.run(
        (str(nginx()), "-t", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

import pytest
from tests.conftest import ROOT

from shared.runtime.settings import CommonSettings
from shared.runtime.tracing import TracingNotInstalled, open_tracing


async def test_without_a_collector_there_is_nothing() -> None:
    async with open_tracing(CommonSettings(), "ws") as spans:
        assert spans is None


async def test_with_a_collector_messages_are_told_of() -> None:
    settings = CommonSettings(trace_url="http://127.0.0.1:9/v1/traces", trace_share=0.5)
    async with open_tracing(settings, "ws") as spans:
        assert spans is not None


async def test_without_the_extra_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    settings = CommonSettings(trace_url="http://127.0.0.1:9/v1/traces")
    with pytest.raises(TracingNotInstalled, match="the extra `tracing`"):
        async with open_tracing(settings, "ws"):
            pass


@pytest.mark.parametrize("url", ["collector:4318", "file:///traces", "http://"])
def test_only_an_address_of_a_collector_will_do(url: str) -> None:
    with pytest.raises(ValueError, match="trace_url"):
        CommonSettings(trace_url=url)


WITHOUT_THE_EXTRA: Final = """
import runpy, sys
sys.modules["opentelemetry.exporter"] = None
runpy.run_module(sys.argv[1], run_name="__main__")
"""


@pytest.mark.parametrize("service", ["api_service", "ws_service", "worker"])
def test_a_service_without_the_extra_ends_with_one_line(service: str) -> None:
    paths = (ROOT / "shared" / "src", ROOT / service / "src")
    variables = {
        "ADDA_TRACE_URL": "http://127.0.0.1:9/v1/traces",
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
    }
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_EXTRA, service],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    told = "ADDA_TRACE_URL is set, but the extra `tracing` of adda is not installed"
    assert (done.returncode, done.stderr) == (2, f"{service}: {told}\n")

"""The web client in a real browser, on a real stack.

    def test_two_people(new_person: NewPerson, stack: Stack) -> None:
        rakib, mita = new_person(), new_person()   # each a page in a context of its own
        rakib.goto("/")                            # relative to stack.url

A test fails at its end if the browser had something to complain about (see `troubles.py`), unless
it said before that it expects so: `troubles.expect("Failed to load resource")`.

The browser is the machine's Chromium. Tests here are never `async`: Playwright's synchronous API
keeps an event loop of its own, for which the browser lives no longer than one module's tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.conftest import ROOT
from tests.web.people import Enter, Person
from tests.web.rooms import Room, Rooms
from tests.web.troubles import Troubles

from local_stack.ports import free_ports
from local_stack.services import PAGE, StackOptions
from local_stack.stack import Stack

NewPerson = Callable[..., Page]
"""Takes options of Playwright's `new_context`, such as `viewport`; `path` opens that at once."""

CHROMIUMS: Final = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS: Final = 15_000
"""How long the browser may take for anything: the machine may have much to do."""


@pytest.fixture(scope="session")
def built_page(chromium: Path) -> Path:  # noqa: ARG001 - without a browser nothing is built
    """The folder of the built web client; built by the first test of all workers that asks."""
    script = ROOT / "deploy" / "local" / "build_web.py"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return PAGE


@pytest.fixture(scope="session")
def stack(server_directory: Path, built_page: Path) -> Iterator[Stack]:
    """Everything behind one gateway that serves the page: two socket replicas, one api, one worker.

    Shared by the tests of this worker: each makes rooms of its own. Who stops a part of it starts
    it again.
    """
    options = StackOptions(
        directory=server_directory / "web-stack",
        port=free_ports(1)[0],
        durable=False,
        ws=2,
        page=built_page,
    )
    with Stack(options) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The machine's Chromium: ADDA_CHROMIUM, or the first of CHROMIUMS on PATH."""
    named = [os.environ["ADDA_CHROMIUM"]] if "ADDA_CHROMIUM" in os.environ else CHROMIUMS
    found = next(filter(None, map(shutil.which, named)), None)
    if found is None:
        pytest.skip(f"no browser: {' or '.join(named)} is not on PATH (apt-get install chromium)")
    return Path(found)


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """A running Chromium without a window."""
    # Its sandbox does not work under root; /dev/shm of containers is too small for it.
    flags = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield launched
        launched.close()


@pytest.fixture
def troubles(stack: Stack) -> Troubles:
    """What the browser complains of in this test."""
    return Troubles(stack.url)


@pytest.fixture
def new_person(stack: Stack, browser: Browser, troubles: Troubles) -> Iterator[NewPerson]:
    """Makes people: each has a browser context of its own, so shares nothing with others."""
    contexts: list[BrowserContext] = []

    def make(path: str | None = None, **options: Any) -> Page:
        here = {"locale": "bn-BD", "timezone_id": "Asia/Dhaka", "base_url": stack.url}
        context = browser.new_context(**{**here, **options})
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        troubles.watch(context)
        page = context.new_page()
        if path is not None:
            page.goto(path)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_person: NewPerson) -> Page:
    """An empty page of one person."""
    return new_person()


@pytest.fixture
def rooms(stack: Stack) -> Iterator[Rooms]:
    """Makes rooms."""
    with Rooms(stack.url) as made:
        yield made


@pytest.fixture
def room(rooms: Rooms) -> Room:
    """A room of this test alone."""
    return rooms.make()


@pytest.fixture
def enter(new_person: NewPerson) -> Enter:
    """Lets somebody into a room, as a newcomer whom the page asks for a name."""

    def come(where: Room, name: str, **options: Any) -> Person:
        person = Person(new_person(**options), name)
        person.enter(where)
        return person

    return come


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Function) -> Generator[None, Any, Any]:
    """A test that ended well fails now if its browser had troubles; else they explain its end."""
    asked = item.funcargs.get("troubles")
    troubles = asked if isinstance(asked, Troubles) else None
    try:
        result = yield
    except Exception as failure:
        if troubles is not None and troubles.found:
            failure.add_note("in the browser:\n  " + "\n  ".join(troubles.found))
        raise
    if troubles is not None and (unexpected := troubles.unexpected()):
        pytest.fail("in the browser:\n  " + "\n  ".join(unexpected), pytrace=False)
    return result

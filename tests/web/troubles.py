"""What goes wrong in a browser without anybody seeing it; not a test itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import (
        BrowserContext,
        ConsoleMessage,
        Page,
        Request,
        WebError,
        WebSocket,
    )

_LOCAL_SCHEMES: Final = {"data", "blob", "about"}

_TELL_VIOLATIONS: Final = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`content security policy: ${event.effectiveDirective} forbids ${event.blockedURI}`);
});
"""


class Troubles:
    """Collects them from all contexts of a test.

    They are: errors and warnings of the console, exceptions that nobody caught, violations of the
    content security policy, and requests to another origin than the page's.
    """

    def __init__(self, origin: str) -> None:
        """`origin` is `http://host:port` of the page."""
        self._hosts = {urlsplit(origin).netloc}
        self._expected: list[re.Pattern[str]] = []
        self._pages: list[Page] = []
        self.found: list[str] = []

    def also_from(self, origin: str) -> None:
        """Somebody comes to the page by this address, so requests to it are no troubles."""
        self._hosts.add(urlsplit(origin).netloc)

    def expect(self, pattern: str) -> None:
        """From now on troubles in which `pattern` (a regular expression) is found are no troubles.

        For what a test brings about itself, such as a failed request while a server is down.
        """
        self._expected.append(re.compile(pattern))

    def watch(self, context: BrowserContext) -> None:
        """Collect what happens in all pages of `context`, from before their first script."""
        context.add_init_script(_TELL_VIOLATIONS)
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        context.on("request", self._on_request)
        context.on("page", self._on_page)

    def unexpected(self) -> list[str]:
        """All that was found and not expected, once everything under way has arrived."""
        for page in self._pages:
            if not page.is_closed():
                page.title()  # events come in order, so those before the answer are here then
        return [each for each in self.found if not any(one.search(each) for one in self._expected)]

    def _on_page(self, page: Page) -> None:
        self._pages.append(page)
        page.on("websocket", self._on_socket)
        page.on("crash", lambda _: self.found.append("the page crashed"))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            place = message.location.get("url", "")
            self.found.append(f"console {message.type}: {message.text} ({place})")

    def _on_error(self, error: WebError) -> None:
        self.found.append(f"exception: {error.error}")

    def _on_request(self, request: Request) -> None:
        self._note_address(request.url)

    def _on_socket(self, socket: WebSocket) -> None:
        self._note_address(socket.url)

    def _note_address(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _LOCAL_SCHEMES and parts.netloc not in self._hosts:
            self.found.append(f"request to another origin: {url}")

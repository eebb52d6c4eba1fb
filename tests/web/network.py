"""The network between one browser and the servers, and its absence; not a test itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.tcp_proxy import Mode, TcpProxy

if TYPE_CHECKING:
    from tests.web.people import Person


class Network:
    """A way to the gateway of its own, for those whose `base_url` is its `url`.

    The browser's own emulation alone leaves open sockets as they are: here they are cut too.
    """

    def __init__(self, proxy: TcpProxy) -> None:
        """`proxy` leads to the gateway."""
        self._proxy = proxy
        self.url = f"http://127.0.0.1:{proxy.port}"

    def leave(self, person: Person) -> None:
        """Airplane mode: the browser knows, and all links are gone."""
        person.page.context.set_offline(offline=True)
        self._proxy.mode = Mode.REFUSE
        self._proxy.cut()

    def come_back(self, person: Person) -> None:
        """It is there again, and the browser is told."""
        self._proxy.mode = Mode.PASS
        person.page.context.set_offline(offline=False)

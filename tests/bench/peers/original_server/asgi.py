"""What daphne runs."""

from __future__ import annotations

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

django = get_asgi_application()  # loads the apps: the consumer may be imported only after it

from tests.bench.peers.original_server.consumers import ChatConsumer  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": django,
        "websocket": URLRouter([re_path(r"^ws/chat/(?P<room_id>[^/]+)/$", ChatConsumer.as_asgi())]),
    }
)

"""The client talks to the same two replicas as the tests of the socket service."""

from tests.integration.ws_service.conftest import replicas, room, settings_for

__all__ = ["replicas", "room", "settings_for"]

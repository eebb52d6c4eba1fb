"""How much a replica holds at this moment. All of it is zero again when everybody has gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ws_service.hub import Hub


@dataclass(frozen=True, slots=True)
class Gauges:
    """Numbers of one replica; what is missing here cannot grow with its clients."""

    connections: int = 0
    paused: int = 0
    """Connections of which nothing is read for some seconds, since they flood."""
    arriving: int = 0
    """Connections on their way in, not counted above yet."""
    people: int = 0
    """Users with a connection here."""
    ticking: int = 0
    """Connections that wait for time to pass, because their user types."""
    rooms: int = 0
    """Rooms that are open here, for a while after the last connection has gone."""
    opening: int = 0
    """Rooms that are being opened."""
    members: int = 0
    """Connections that hear their room: without those that are closing."""
    wanted: int = 0
    """Newcomers who keep a room open."""
    subscriptions: int = 0
    """Channels of rooms that are wanted of Redis."""
    held_messages: int = 0
    """Messages that wait in their rooms for what is missing before them."""
    unread_bytes: int = 0
    """What waits in connections until their clients read it."""
    waiting_calls: int = 0
    """Calls to Redis that are not answered yet."""
    tasks: int = 0
    """Checks and closings of rooms that are under way."""
    accounts: int = 0
    """Limited sessions, addresses and rooms of the connections here."""
    guards: int = 0
    """Rooms whose rules are known here."""
    visitors: int = 0
    """Addresses that somebody is here from."""
    graces: int = 0
    """Leaves that will be told when their grace has ended."""


def read_gauges(hub: Hub) -> Gauges:
    """The gauges of now, in O(connections)."""
    parts, channels = hub.parts, hub.parts.channels
    callers = (
        parts.history.log,
        parts.history.rooms.live,
        parts.identifier.sessions,
        parts.presence,
        parts.publisher,
        parts.buckets,
    )
    return Gauges(
        connections=len(hub.connections),
        paused=sum(connection.paused for connection in hub.connections.values()),
        arriving=hub.arriving,
        people=hub.people,
        ticking=len(hub.replica.ticking),
        rooms=len(channels),
        opening=channels.opening,
        members=sum(len(channel.members) for channel in channels),
        wanted=channels.wanted,
        subscriptions=channels.subscriber.subscriptions,
        held_messages=sum(channel.held_messages for channel in channels),
        unread_bytes=sum(connection.unread_bytes for connection in hub.connections.values()),
        waiting_calls=sum(caller.waiting_calls for caller in callers),
        tasks=channels.tasks,
        accounts=len(parts.ledger),
        guards=len(parts.guards),
        visitors=len(parts.visitors),
        graces=len(parts.graces),
    )

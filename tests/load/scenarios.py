"""What a crowd does: how it comes, talks, stalls, and is cut off. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way of using a server. Rates are of all clients together."""

    name: str
    title: str
    clients: int = 500
    rooms: int = 1
    rate: float = 20.0
    """Messages per second, at times of their own: nobody waits for an answer before the next."""
    join_seconds: float = 10.0
    """Clients come evenly over this time."""
    seconds: float = 30.0
    """From when all are in."""
    slow_share: float = 0.0
    """Of the clients, read only in short moments, or not at all."""
    storm_at: float | None = None
    """Part of `seconds` after which every connection is cut, all at once."""
    churn: float = 0.0
    """Connections per second that are cut, one by one."""

    def resized(self, **changes: float | None) -> Scenario:
        """With what the user chose; None keeps what is."""
        chosen = {name: value for name, value in changes.items() if value is not None}
        return replace(self, **chosen)  # type: ignore[arg-type]


SCENARIOS: Final = {
    one.name: one
    for one in (
        Scenario("hot-room", "one hot room"),
        Scenario("many-rooms", "many small rooms", rooms=50, rate=100.0),
        Scenario("join-storm", "everybody joins one room at once", rate=1.0, join_seconds=1.0),
        Scenario("slow-readers", "a tenth reads too slowly", slow_share=0.1),
        Scenario("idle-mass", "a crowd that listens", clients=2000, rooms=40, rate=1.0),
        Scenario(
            "reconnect-storm", "all connections are cut at once", rooms=5, rate=50.0, storm_at=0.3
        ),
        Scenario(
            "mixed-day",
            "rooms of all sizes, people coming and going",
            rooms=30,
            rate=60.0,
            slow_share=0.02,
            churn=5.0,
        ),
    )
}


def is_slow(scenario: Scenario, client: int) -> bool:
    """Does this client read slowly? With as many processes as one of how many, all are in one."""
    return scenario.slow_share > 0 and client % round(1 / scenario.slow_share) == 0


def room_of(scenario: Scenario, client: int) -> int:
    """The room of a client; on a mixed day some rooms are far larger than others."""
    if scenario.name != "mixed-day":
        return client % scenario.rooms
    # Half of all in the first room, half of the rest in the second, and so on; the last ones share.
    room = 0
    while client % 2 and room < scenario.rooms - 1:
        client //= 2
        room += 1
    return room if room < min(6, scenario.rooms) else client % scenario.rooms

"""Settings of ws_service."""

from __future__ import annotations

from pydantic import Field

from shared.runtime.settings import DoorSettings


class WsSettings(DoorSettings):
    """What a replica of the socket service needs."""

    max_connections: int = Field(
        20_000, ge=1, description="Connections; more are told 1013 and come back later"
    )
    join_rate: float = Field(
        500.0,
        gt=0,
        description="Newcomers per second for long; more are told 1013 and come later",
    )
    join_burst: float = Field(1000.0, ge=1, description="Newcomers that may come at once")
    max_tabs: int = Field(
        20, ge=1, description="Connections of one session to one replica; more are told 4009"
    )
    outbox_bytes: int = Field(
        1 << 20, ge=1 << 16, description="Bytes a slow peer may leave waiting before it is cut off"
    )
    ping_seconds: float = Field(25.0, gt=0, description="Seconds between pings to a client")
    pong_seconds: float = Field(10.0, gt=0, description="Seconds a client has to answer a ping")
    drain_seconds: float = Field(
        10.0, ge=0, description="Seconds over which a stopping replica closes its connections"
    )
    drain_settle_seconds: float = Field(
        0.0, ge=0, description="Seconds between turning unready and closing the first connection"
    )
    position_check_seconds: float = Field(
        5.0, gt=0, description="Seconds between checks that no room has missed anything"
    )
    probe_seconds: float = Field(
        10.0, gt=0, description="Seconds between probes of the replica's own subscription"
    )
    command_burst: float = Field(
        60.0, ge=5, description="Commands that one connection may send at once"
    )
    command_rate: float = Field(
        20.0, gt=0, description="Commands per second that one connection may send for long"
    )
    slow_when_hot_seconds: int = Field(
        5,
        ge=0,
        le=3600,
        description="Least seconds between two messages of one person while a room is over its "
        "limit; more in a crowd, up to 60; 0: no such slow mode",
    )
    db_pool_size: int = Field(4, ge=1, description="PostgreSQL connections, for reading through")

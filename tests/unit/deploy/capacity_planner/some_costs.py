"""Costs that are easy to reckon with; not a test itself."""

from __future__ import annotations

from typing import Final

from capacity_planner.arithmetic import Constants

COSTS: Final = Constants(
    send_us=200,
    hear_us=50,
    write_us=10,
    write_saturated_us=1,
    quiet_us=20,
    accept_us=1000,
    ws_base_bytes=100e6,
    ws_bytes=20_000,
    publish_us=60,
    publish_alone_us=300,
    listener_us=5,
    redis_quiet_us=2,
    redis_bytes=1000,
    room_bytes=100_000,
    dedup_bytes=250,
    worker_us=40,
    postgres_us=15,
    row_bytes=400,
    delivery_bytes=430,
)

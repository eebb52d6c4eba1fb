"""Settings of worker."""

from __future__ import annotations

from pydantic import Field

from shared.runtime.settings import CommonSettings


class WorkerSettings(CommonSettings):
    """What a worker needs. `ADDA_INSTANCE` is its consumer name: keep it over restarts."""

    batch_size: int = Field(
        1000, ge=1, le=1000, description="Most rows that one transaction writes"
    )
    batch_age_seconds: float = Field(
        0.05, ge=0.001, le=5.0, description="Seconds a row waits at most for others to join it"
    )
    reclaim_idle_seconds: float = Field(
        15.0, ge=0.1, description="Seconds after which a silent peer's entries are taken over"
    )
    reclaim_every_seconds: float = Field(
        5.0, ge=0.05, description="Seconds between looks for entries to take over"
    )
    reap_every_seconds: float = Field(
        1.0, ge=0.05, description="Seconds between reaps of expired presence"
    )
    dead_letter_days: float = Field(
        30.0,
        gt=0,
        description="Days that refused entries are kept in Redis for a person to look at",
    )
    retention_messages_days: float = Field(
        0.0,
        ge=0,
        description="Days that messages are kept; older ones leave PostgreSQL and Redis; "
        "0 = for ever",
    )
    retention_users_days: float = Field(
        0.0,
        ge=0,
        description="Days that people are kept who have not been seen, have no messages and own no "
        "room; 0 = for ever",
    )
    retention_every_seconds: float = Field(
        3600.0, ge=0.05, description="Seconds between looks for what is too old"
    )
    empty_every_seconds: float = Field(
        5.0, ge=0.05, description="Seconds between looks for deleted rooms that still have messages"
    )
    erase_every_seconds: float = Field(
        2.0, ge=0.05, description="Seconds between looks for people who want to be erased"
    )
    erase_settle_seconds: float = Field(
        60.0,
        ge=0,
        description="Seconds that an erasure takes at least: longer than any request may take",
    )
    stop_seconds: float = Field(
        15.0, ge=0, description="Seconds a stopping worker has to finish the batch in hand"
    )
    db_pool_size: int = Field(2, ge=1, le=50, description="Connections to PostgreSQL")

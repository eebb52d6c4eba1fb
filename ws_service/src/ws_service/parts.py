"""Everything that the connections of a replica work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.broker.broker import Publisher
    from shared.limits.buckets import Buckets
    from shared.limits.ledger import Ledger
    from shared.limits.proofs import Proofs
    from shared.presence.presence import Presence
    from shared.redis_schema.keys import Keys
    from shared.rooms.origins import Origins
    from shared.runtime.clock import Clock, IdMaker
    from shared.runtime.lifecycle import BackgroundTasks
    from shared.usecases.identify import Identifier
    from shared.usecases.post_message import MessagePoster
    from shared.usecases.read_history import HistoryReader
    from ws_service.channels import Channels
    from ws_service.enforcement import Enforcement
    from ws_service.grace_ends import GraceEnds
    from ws_service.guards import Guards
    from ws_service.tick_end import TickEnd
    from ws_service.unheard import UnheardMessages
    from ws_service.visitors import Visitors


@dataclass(frozen=True, slots=True)
class Parts:
    """Made once, by the wiring."""

    keys: Keys
    clock: Clock
    ids: IdMaker
    channels: Channels
    graces: GraceEnds
    identifier: Identifier
    poster: MessagePoster
    history: HistoryReader
    presence: Presence
    publisher: Publisher
    tasks: BackgroundTasks
    tick_end: TickEnd
    buckets: Buckets
    ledger: Ledger
    proofs: Proofs
    visitors: Visitors
    guards: Guards
    enforcement: Enforcement
    unheard: UnheardMessages
    origins: Origins

"""All connections of this replica, and the one door by which they come and go."""

from __future__ import annotations

import asyncio
import math
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from shared.domain.budgets import COSTS, Action, Scope
from shared.domain.client_address import client_address
from shared.domain.effort import Purpose, Wish
from shared.domain.position import Position
from shared.limits.buckets import Charge
from shared.limits.proofs import Ticket
from shared.presence.presence import (
    CONNECTION_TTL_MS,
    DRAIN_GRACE_MS,
    LEAVE_GRACE_MS,
    Joined,
    Member,
)
from shared.protocol.close_codes import CloseCode
from shared.protocol.errors import ChatError, ErrorCode, Unavailable
from shared.runtime.lifecycle import wait_for_event
from ws_service import wire
from ws_service.admission import Admission
from ws_service.connection import Connection
from ws_service.naming import entry_of
from ws_service.replica import Replica
from ws_service.session import Session
from ws_service.tabs import TabsByUser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from uuid import UUID

    from shared.domain.entities import User
    from shared.usecases.identify import Identity
    from ws_service.handshake import Caller, JoinRequest
    from ws_service.naming import Entry
    from ws_service.parts import Parts
    from ws_service.room_channel import RoomChannel
    from ws_service.settings import WsSettings
    from ws_service.standing import Standing
    from ws_service.tabs import Tabs
    from ws_service.transport import Transport
    from ws_service.visitors import Reception, Visitor

log = structlog.stdlib.get_logger()

REJOIN_CHUNK: Final = 500
FLEETING_SECONDS: Final = 5.0
"""Who goes sooner has not come to talk; many who do so cost as much as a flood of messages."""
NEWCOMER_MICROS: Final = 600 * 1_000_000
"""Who was made longer ago is no part of a flood of new people."""


@dataclass(slots=True)
class Hub:
    """For the event loop's thread alone."""

    settings: WsSettings
    parts: Parts
    connections: dict[UUID, Connection] = field(default_factory=dict)
    draining: bool = False
    _arriving: int = 0
    _empty: asyncio.Event = field(default_factory=asyncio.Event)
    replica: Replica = field(init=False)
    _admission: Admission = field(init=False)
    _tabs: TabsByUser = field(init=False)

    def __post_init__(self) -> None:
        self.replica = Replica(self.settings.outbox_bytes)
        self._tabs = TabsByUser(self.settings, self.parts.ledger)
        self._admission = Admission(
            burst=self.settings.join_burst,
            rate=self.settings.join_rate,
            now=self.parts.clock.monotonic(),
        )

    @asynccontextmanager
    async def connected(
        self, request: JoinRequest, caller: Caller, transport: Transport
    ) -> AsyncIterator[Connection]:
        """A connection that has its welcome and hears everything; it leaves at the end.

        Raises:
            ChatError: `room_full`, `room_not_found`, `room_locked` or `too_many_connections`.
            Forbidden: `banned`.
            Unavailable: a server that is needed is away, this replica is full, or it drains; or too
                many come from this address, by this session, or new into this room.
            ProofRequired: the same, of the address and of new people, where a proof would help.
        """
        self._check_place()
        ticket = Ticket(Wish(Purpose.JOIN, str(request.room)), request.proof)
        self._arriving += 1
        visitor: Visitor | None = None
        try:
            # Who is known to do too much is sent away before they take anybody's turn.
            visitor = await self.parts.visitors.knock(caller.address, ticket)
            self._ask_admission()
            await self.parts.visitors.let_in(visitor, ticket)
            if request.session_id is None:
                await self._check_flood(request.room, ticket)  # before anything is made for them
            identity = await self.parts.identifier.identify(
                request.session_id, request.username, request.color
            )
            pay = partial(self.parts.visitors.pay_for_room, visitor)
            async with self.parts.channels.opened(request.room, pay) as channel:
                await self._count_newcomer(identity.user, channel, ticket)
                await _level(channel, request.position)
                standing, may_rename = self.parts.enforcement.admit(identity, visitor, channel)
                tabs = self._take_place(identity.user, visitor)
                entry = self._entry(identity, tabs, channel, standing, may_rename=may_rename)
                connection = self._new_connection(
                    entry.user, tabs, channel, request, caller, transport, visitor, standing
                )
                here = Position(*channel.attach(connection))
        except BaseException:
            self.parts.visitors.leave(visitor)
            raise
        finally:
            self._arriving -= 1
        async with self._in_room(connection, identity, request.position, here, keep=entry.keep):
            yield connection

    @asynccontextmanager
    async def _in_room(
        self,
        connection: Connection,
        identity: Identity,
        position: Position | None,
        here: Position,
        *,
        keep: bool,
    ) -> AsyncIterator[None]:
        came = -math.inf  # whom we refuse has not fled
        try:
            await self._welcome(connection, identity, here, keep=keep)
            await self._recover(connection, position, here)
            came = self.parts.clock.monotonic()
            if self.draining:
                connection.close(CloseCode.RESTART)  # the list of whom to close was made before
            yield
        finally:
            if not connection.closing and self.parts.clock.monotonic() - came < FLEETING_SECONDS:
                self.parts.visitors.fled(connection.visitor)
            await self._depart(connection)

    def _check_place(self) -> None:
        """Counts those who are on their way in, too: in a storm they are the most."""
        taken = len(self.connections) + self._arriving
        if self.draining or taken >= self.settings.max_connections:
            raise Unavailable("replica", 1.0, ErrorCode.OVERLOADED)

    def _ask_admission(self) -> None:
        if (wait := self._admission.ask(self.parts.clock.monotonic())) > 0:
            raise Unavailable("replica", wait, ErrorCode.OVERLOADED)

    async def _check_flood(self, room: UUID, ticket: Ticket, cost: float = 0.0) -> None:
        """New people are kept out of a room while too many of them come; proofs let some in."""
        ledger = self.parts.ledger
        account = ledger.open(Scope.NEWCOMERS, str(room), self.settings.limit_newcomers)
        if account is None:
            return
        wait = account.wait(self.parts.clock.monotonic())
        if wait <= 0 and cost:
            account.spend(cost)
        ledger.close(account)
        if wait > 0:
            join = Charge(Scope.NEWCOMERS, str(room), account.budget, COSTS[Action.JOIN])
            refusal = Unavailable("newcomers", wait, ErrorCode.OVERLOADED)
            await self.parts.proofs.admit(ticket, join, refusal)

    async def _count_newcomer(self, user: User, channel: RoomChannel, ticket: Ticket) -> None:
        """Who was somewhere before, or is in the room already, is no part of a flood."""
        is_new = self.parts.clock.micros() - user.created_micros <= NEWCOMER_MICROS
        if is_new and str(user.id) not in channel.roster:
            await self._check_flood(channel.room, ticket, COSTS[Action.JOIN])

    def _take_place(self, user: User, visitor: Visitor | None) -> Tabs:
        suspect = self.parts.visitors.is_suspect(visitor)
        return self._tabs.take_place(user.id, self.parts.clock.monotonic(), suspect=suspect)

    def _entry(
        self,
        identity: Identity,
        tabs: Tabs,
        channel: RoomChannel,
        standing: Standing,
        *,
        may_rename: bool,
    ) -> Entry:
        worn = channel.roster.worn(str(identity.user.id))
        now = self.parts.clock.monotonic()
        wait = partial(tabs.allowance.wait_to_rename, now, standing)
        return entry_of(identity, worn, wait, may_rename=may_rename)

    def _new_connection(  # noqa: PLR0913, PLR0917 - the parts of one connection
        self,
        user: User,
        tabs: Tabs,
        channel: RoomChannel,
        request: JoinRequest,
        caller: Caller,
        transport: Transport,
        visitor: Visitor | None,
        standing: Standing,
    ) -> Connection:
        ledger, room = self.parts.ledger, channel.room
        address = None if visitor is None else visitor.account
        room_account = ledger.open(Scope.ROOM, str(room), self.settings.limit_room)
        connection = Connection(
            self.parts.ids.new(),
            parts=self.parts,
            replica=self.replica,
            transport=transport,
            session=Session(
                tabs.allowance,
                tabs.account,
                address,
                room_account,
                self.parts.identifier.reserved,
                standing,
                channel.members,
            ),
            standing=standing,
            channel=channel,
            user=user,
            language=caller.language,
            roster_deltas=request.roster_deltas,
        )
        connection.visitor, connection.room_account = visitor, room_account
        self.connections[connection.id] = connection
        self.replica.opened += 1
        self._empty.clear()
        return connection

    async def _welcome(
        self, connection: Connection, identity: Identity, here: Position, *, keep: bool
    ) -> None:
        channel, user, clock = connection.channel, connection.user, self.parts.clock
        joined = await self._join(connection, keep=keep)
        if connection.standing.who.username != connection.naming.asked.username:
            connection.judge()  # the room calls them otherwise than they wished
        await asyncio.gather(
            self.parts.presence.mark_seen([user.id], self.seen_until_ms()),
            self._note_name(connection, identity),
            self._note_origin(connection),
        )
        if Position(joined.room.epoch, joined.room.seq) != here:
            channel.check()
        connection.send(
            wire.welcome_frame(
                joined=joined,
                user=connection.user,
                connection=connection.id,
                new_session_id=identity.new_session_id,
                epoch=here.epoch,
                seq=here.seq,
                rules=self.parts.guards[channel.room].shown(clock.monotonic()),
                role=connection.standing.role,
                micros=clock.micros(),
            )
        )
        if joined.how != "joined" and not connection.roster_deltas:
            # Nobody hears of a reload, so nothing else would bring the list.
            connection.deliver(channel.user_list_frame())
        log.debug("connected", how=joined.how, online=joined.online)

    async def _note_name(self, connection: Connection, identity: Identity) -> None:
        """First the room, then the session, as in Naming: it may be that the room says no."""
        if identity.known != identity.user == connection.naming.asked:
            await self.parts.identifier.sessions.replace(identity.user)

    async def _note_origin(self, connection: Connection) -> None:
        if connection.visitor is not None:
            room, user = connection.channel.room, str(connection.user.id)
            await self.parts.origins.note(room, user, connection.visitor.origin)

    async def _recover(
        self, connection: Connection, position: Position | None, upto: Position
    ) -> None:
        if position is not None and not connection.closing:
            room, most_bytes = connection.channel.room, self.settings.outbox_bytes // 2
            recovery = await self.parts.history.recover(room, position, upto, most_bytes)
            self.replica.recoveries[recovery.complete] += 1
            connection.send(wire.recovered_frame(recovery))
        connection.release()

    async def _join(
        self, connection: Connection, *, force: bool = False, keep: bool = False
    ) -> Joined:
        naming, member = connection.naming, connection.member
        join = partial(self.parts.presence.join, member, naming.asked, number=naming.number)
        join = partial(join, force=force, keep=keep)
        outcome = await join()
        if not isinstance(outcome, Joined) and outcome.reason == "no_room":
            await self.parts.history.rooms.open(member.room, create=True)
            outcome = await join()
        if not isinstance(outcome, Joined):
            code = ErrorCode.ROOM_FULL if outcome.reason == "full" else ErrorCode.ROOM_NOT_FOUND
            raise ChatError(code, room=str(member.room))
        naming.take(outcome.called)
        return outcome

    async def _depart(self, connection: Connection) -> None:
        channel, user = connection.channel, connection.user
        channel.detach(connection)
        del self.connections[connection.id]
        if not self.connections:
            self._empty.set()
        self.replica.ticking.discard(connection)
        self._tabs.give_back(user.id, self.parts.clock.monotonic())
        self.parts.visitors.leave(connection.visitor)
        self.parts.ledger.close(connection.room_account)
        connection.standing.close()
        grace_ms = DRAIN_GRACE_MS if self.draining else LEAVE_GRACE_MS
        for effect in connection.session.end():
            connection.tell_typing(effect)
        try:
            await self._leave(connection, grace_ms)
        finally:
            if not self.draining:
                partition = self.parts.keys.partition_of(channel.room)
                self.parts.graces.note(partition, grace_ms / 1000)
            self.parts.channels.close_when_empty(channel.room)

    async def _leave(self, connection: Connection, grace_ms: int) -> None:
        presence, user = self.parts.presence, connection.naming.asked
        try:
            left = await presence.leave(connection.member, user, grace_ms=grace_ms)
            if left == 0 and user.id not in self._tabs:
                await presence.mark_seen([user.id], self.parts.clock.micros() // 1000)
        except Unavailable:
            # It expires by itself, and the reaper announces it.
            log.info("leave_not_told", room=str(connection.channel.room))

    async def rejoin(self, members: list[Member]) -> None:
        """Puts connections in again that Redis has lost: it was emptied, or this replica slept."""
        for at in range(0, len(members), REJOIN_CHUNK):
            await asyncio.gather(*(self._rejoin(m) for m in members[at : at + REJOIN_CHUNK]))
        log.warning("presence_restored", connections=len(members))

    async def _rejoin(self, member: Member) -> None:
        connection = self.connections.get(member.connection)
        if connection is None or connection.closing:
            return
        try:
            await self._join(connection, force=True)
        except Unavailable as error:
            log.info("rejoin_postponed", room=str(member.room), error=repr(error))
        except ChatError:  # the room was deleted meanwhile
            connection.close(CloseCode.BAD_REQUEST)

    async def wait_empty(self, seconds: float) -> None:
        """Returns when the last connection has gone, or after `seconds`."""
        if self.connections:
            await wait_for_event(self._empty, seconds)

    def receive(
        self, headers: Iterable[tuple[bytes, bytes]], peer: tuple[str, int] | None
    ) -> Reception:
        """How whoever sends these headers is received, before they are asked what they want."""
        address = client_address(headers, peer, self.settings.trusted_hops)
        reception = self.parts.visitors.receive(address)
        if reception.wait > 0:
            self.replica.refusals[ErrorCode.RATE_LIMITED] += 1
        return reception

    @property
    def arriving(self) -> int:
        """Connections on their way in."""
        return self._arriving

    @property
    def people(self) -> int:
        """Users with a connection here."""
        return len(self._tabs)

    def seen_until_ms(self) -> int:
        """Until when a user who is connected now counts as online."""
        return self.parts.clock.micros() // 1000 + CONNECTION_TTL_MS


async def _level(channel: RoomChannel, position: Position | None) -> None:
    """What a newcomer reads must not go back behind what it has seen on another replica."""
    tracker = channel.tracker
    if (
        position is not None
        and tracker is not None
        and tracker.position.epoch == position.epoch
        and tracker.position.seq < position.seq
    ):
        await channel.catch_up()

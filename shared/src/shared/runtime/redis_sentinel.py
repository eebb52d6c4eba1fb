"""A master that Sentinel keeps: each connection goes to the one who is master now.

A master that was replaced may live on, cut off from the sentinels but not from us, and take writes
that nobody will keep. So the sentinels are asked not only for each new connection but once a second
while connections are used; those to a master of yesterday are dropped before their next use.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection, Connection
from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import ReadOnlyError, RedisError
from typing_extensions import override

from shared.runtime.redis_pool import ServerPool, pool_options
from shared.runtime.single_flight import SingleFlight

if TYPE_CHECKING:
    from shared.runtime.redis_url import Address, RedisUrl

LOOK_SECONDS: Final = 1.0
"""How long connections may be used before the sentinels are asked again."""

SENTINEL_SECONDS: Final = 0.5
"""Of one sentinel, to connect as well as to answer; all are asked at once."""


class _Told(NamedTuple):
    epoch: int
    address: Address


class Masters:
    """Knows the master of one service."""

    def __init__(self, url: RedisUrl, client_name: str) -> None:
        options = pool_options(url.sentinel_options or {}, client_name, retries=1)
        options |= {"socket_connect_timeout": SENTINEL_SECONDS, "socket_timeout": SENTINEL_SECONDS}
        self.address: Address | None = None
        """As last heard."""
        self._service = url.service
        self._sentinels = [
            Redis.from_pool(BlockingConnectionPool(**options, host=host, port=port))
            for host, port in url.addresses
        ]
        self._asking = SingleFlight("ask sentinels", self._ask)

    async def find(self) -> Address:
        """Asks who is master.

        Raises:
            MasterNotFoundError: no sentinel answers, or none knows a master that lives.
        """
        return await self._asking.answer()

    async def look(self) -> None:
        """Asks once a second at most; waits for the answer only if the last one is older yet."""
        if self._asking.age > 2 * LOOK_SECONDS:
            with suppress(MasterNotFoundError):  # sentinels may be away while the master is not
                await self.find()
        else:
            self._asking.refresh(LOOK_SECONDS)

    async def aclose(self) -> None:
        """Closes the connections to the sentinels."""
        await self._asking.aclose()
        for sentinel in self._sentinels:
            await sentinel.aclose()

    async def _ask(self) -> Address:
        asked = [asyncio.ensure_future(self._state_at(sentinel)) for sentinel in self._sentinels]
        states: list[_Told] = []
        try:
            for answer in asyncio.as_completed(asked):
                if (state := await answer) is not None:
                    states.append(state)
                # One may be cut off with a master of yesterday; a majority is not.
                if len(states) > len(asked) // 2:
                    break
        finally:
            for each in asked:
                each.cancel()
        if not states:
            raise MasterNotFoundError(f"no sentinel knows a living master {self._service!r}")
        self.address = max(states).address
        return self.address

    async def _state_at(self, sentinel: Redis) -> _Told | None:
        """What one sentinel says of the master, unless it is away or calls the master dead.

        While it replaces a master it still lists the old one, with the new epoch, and by name it
        gives the address of the new one, as soon as there is one.
        """
        try:
            masters: Any = await sentinel.sentinel_masters()
            address: Any = await sentinel.sentinel_get_master_addr_by_name(self._service)
        except (RedisError, OSError):
            return None
        state = masters.get(self._service)
        if state is None or address is None:
            return None
        host, port = address  # as bytes, unlike those in the list
        told = _Told(int(state["config-epoch"]), (host.decode(), int(port)))
        if told.address != (state["ip"], state["port"]):
            return told
        dead = state["is_sdown"] or state["is_odown"] or not state["is_master"]
        return None if dead or "failover_in_progress" in state["flags"] else told


class _ToMaster(Connection):
    """Connects to whoever is master at that moment."""

    def __init__(self, *, masters: Masters, **options: Any) -> None:
        super().__init__(**options)
        self._masters = masters

    @override
    async def _connect(self) -> None:
        self.host, self.port = await self._masters.find()
        await super()._connect()  # type: ignore[no-untyped-call]

    @override
    async def read_response(self, *args: Any, **options: Any) -> Any:
        try:
            return await super().read_response(*args, **options)
        except ReadOnlyError:  # demoted: the next use asks who is master
            await self.disconnect(nowait=True)
            raise


class MasterPool(ServerPool):
    """Lends connections to the present master alone."""

    must_be_asked: ClassVar[bool] = True

    def __init__(self, masters: Masters, **options: Any) -> None:
        super().__init__(masters=masters, **options)
        self._masters = masters

    @override
    async def still_serves(self, connection: AbstractConnection) -> bool:
        await self._masters.look()
        place = (getattr(connection, "host", None), getattr(connection, "port", None))
        return place == self._masters.address

    @override
    async def ensure_connection(self, connection: AbstractConnection) -> None:
        if connection.is_connected and not await self.still_serves(connection):
            await connection.disconnect()
        await super().ensure_connection(connection)

    @override
    async def aclose(self) -> None:
        await super().aclose()
        await self._masters.aclose()


def open_master_pool(
    url: RedisUrl, client_name: str, *, retries: int, connections: int
) -> MasterPool:
    """A pool of connections to the master of `url.service`."""
    options = pool_options(
        url.options, client_name, retries=retries, connections=connections, mixins=(_ToMaster,)
    )
    return MasterPool(Masters(url, client_name), **options)

"""Proofs of work as two replicas of a service take them together."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from tests.proof_of_work import proof_of

from local_stack.ports import free_ports
from shared.domain.budgets import UNLIMITED, Budget, Scope
from shared.domain.effort import LEVELS, Purpose, Wish
from shared.limits.addresses import Addresses, AddressRule, AddressRules
from shared.limits.buckets import Buckets, Charge
from shared.limits.challenges import make_challenge
from shared.limits.proofs import Proofs, Ticket
from shared.protocol.errors import (
    ErrorCode,
    ProofRequired,
    RateLimited,
    Unavailable,
)
from shared.redis_schema.call_batcher import CallBatcher
from shared.redis_schema.keys import Keys
from shared.redis_schema.scripts import Scripts
from shared.runtime.clock import SystemClock
from shared.runtime.redis_client import open_redis

if TYPE_CHECKING:
    from collections.abc import Callable

    Replica = Callable[..., Proofs]

CLOCK = SystemClock()
RULE = AddressRule(Budget(100, 0.1), 0)
LIMIT = Charge(Scope.ADDRESS, "somewhere", Budget(40, 0.1), 2.0)  # proofs buy ten tokens
WISH = Wish(Purpose.JOIN, str(uuid4()), "somewhere")


def replica_on(redis: Redis, keys: Keys, share: float = 0.25) -> tuple[Proofs, Addresses]:
    batcher = CallBatcher(redis)
    addresses = Addresses(batcher, keys, AddressRules(RULE, RULE, ()), CLOCK)
    buckets = Buckets(batcher, Scripts(redis, keys))
    return Proofs(batcher, keys, buckets, addresses, CLOCK, share), addresses


@pytest.fixture
def replica(redis: Redis, keys: Keys) -> Replica:
    """A function that makes replicas: `replica(share=0)`."""

    def make(share: float = 0.25) -> Proofs:
        return replica_on(redis, keys, share)[0]

    return make


def refusal() -> RateLimited:
    return RateLimited("address", 3.0, 40)


async def ticket_of(proofs: Proofs, wish: Wish = WISH) -> Ticket:
    return Ticket(wish, proof_of(await proofs.challenge(wish, [LIMIT])))


async def test_a_proof_is_good_once_at_whichever_replica(replica: Replica) -> None:
    here, there = replica(), replica()
    ticket = await ticket_of(here)
    await there.admit(ticket, LIMIT, refusal())
    for proofs in (here, there):
        with pytest.raises(ProofRequired):
            await proofs.admit(Ticket(WISH, ticket.proof), LIMIT, refusal())


async def test_of_two_who_show_the_same_proof_at_once_one_gets_in(replica: Replica) -> None:
    ticket = await ticket_of(replica())
    ends = await asyncio.gather(
        *(replica().admit(Ticket(WISH, ticket.proof), LIMIT, refusal()) for _ in range(6)),
        return_exceptions=True,
    )
    assert sorted(type(end).__name__ for end in ends) == ["NoneType", *["ProofRequired"] * 5]


async def test_who_shows_none_is_told_where_and_when(replica: Replica) -> None:
    with pytest.raises(ProofRequired) as told:
        await replica().admit(Ticket(WISH, None), LIMIT, refusal())
    assert told.value.code is ErrorCode.PROOF_REQUIRED
    assert told.value.challenge == WISH.place
    assert (told.value.retry_after, told.value.limit) == (3.0, 40)


async def test_one_proof_opens_the_address_and_the_room_of_one_attempt(
    replica: Replica, redis: Redis, keys: Keys
) -> None:
    proofs = replica()
    ticket = await ticket_of(proofs)
    room = Charge(Scope.NEWCOMERS, WISH.room, Budget(40, 0.1), 2.0)
    await proofs.admit(ticket, LIMIT, refusal())
    await proofs.admit(ticket, room, refusal())
    await proofs.admit(ticket, LIMIT, refusal())
    left = await redis.get(keys.bucket(Scope.ADDRESS_PROOFS, LIMIT.subject))
    assert left is not None
    assert float(left.split()[0]) > 7  # of ten, two for one join
    with pytest.raises(ProofRequired):
        await proofs.admit(Ticket(WISH, ticket.proof), room, refusal())


async def test_looking_at_a_proof_does_not_use_it(replica: Replica) -> None:
    proofs = replica()
    ticket = await ticket_of(proofs)
    for _ in range(2):
        await proofs.check(Ticket(WISH, ticket.proof), LIMIT, refusal())
    await proofs.admit(ticket, LIMIT, refusal())


async def test_what_proofs_buy_has_an_end(replica: Replica) -> None:
    proofs = replica()
    tickets = [await ticket_of(proofs) for _ in range(6)]
    admitted = 0
    # Of the highest level, so that it is the budget and nothing else that ends it.
    for ticket in tickets:
        await proofs.check(ticket, LIMIT, refusal())
        assert ticket.solved is not None
        ticket.solved = replace(ticket.solved, level=len(LEVELS) - 1)
    with pytest.raises(RateLimited) as told:  # noqa: PT012 - it must end, and where is asked below
        for ticket in tickets:
            await proofs.admit(ticket, LIMIT, refusal())
            admitted += 1
    assert admitted == 5
    assert told.value.code is ErrorCode.RATE_LIMITED
    assert told.value.retry_after > 10
    with pytest.raises(RateLimited) as later:
        await proofs.challenge(WISH, [LIMIT])
    assert later.value.retry_after > 10
    # Others go on as before.
    other = Wish(Purpose.JOIN, WISH.room, "elsewhere")
    await proofs.challenge(other, [LIMIT._replace(subject="elsewhere")])


async def test_the_more_is_bought_the_harder_it_gets_and_stores_are_worth_little(
    replica: Replica,
) -> None:
    proofs = replica()
    store = [await ticket_of(proofs) for _ in range(5)]
    levels = []
    with pytest.raises(ProofRequired):  # noqa: PT012 - as above
        for ticket in store:
            made = await proofs.challenge(WISH, [LIMIT])
            levels.append((made.parameters.data or {})["level"])
            await proofs.admit(ticket, LIMIT, refusal())
    assert levels == [0, 0, 1, 2]


async def test_a_forged_proof_takes_nothing_of_what_there_is(
    replica: Replica, redis: Redis, keys: Keys
) -> None:
    proofs = replica()
    forged = proof_of(make_challenge(b"guessed", WISH, 0, CLOCK.micros()))
    for _ in range(20):
        with pytest.raises(ProofRequired):
            await proofs.admit(Ticket(WISH, forged), LIMIT, refusal())
    assert await redis.get(keys.bucket(Scope.ADDRESS_PROOFS, LIMIT.subject)) is None


async def test_without_a_share_all_is_as_if_there_were_no_proofs(replica: Replica) -> None:
    proofs = replica(share=0)
    ticket = await ticket_of(proofs)
    with pytest.raises(RateLimited) as told:
        await proofs.admit(ticket, LIMIT, refusal())
    assert told.value.code is ErrorCode.RATE_LIMITED


async def test_where_nothing_is_limited_challenges_are_the_easiest(replica: Replica) -> None:
    limits = [LIMIT._replace(budget=UNLIMITED), LIMIT._replace(budget=Budget(9, 1, dry_run=True))]
    made = await replica().challenge(WISH, limits)
    assert made.parameters.data == {"level": 0, "most": LEVELS[0]}


async def test_what_was_used_is_forgotten_when_it_is_worthless(
    replica: Replica, redis: Redis, keys: Keys
) -> None:
    proofs = replica()
    ticket = await ticket_of(proofs)
    await proofs.admit(ticket, LIMIT, refusal())
    assert ticket.solved is not None
    assert 120 < await redis.ttl(keys.used_proof(ticket.solved.nonce)) <= 180


async def test_while_redis_is_away_a_proof_lets_in_whoever_shows_one(
    redis: Redis, keys: Keys
) -> None:
    here, known = replica_on(redis, keys)
    ticket = await ticket_of(here)
    away = open_redis(f"redis://127.0.0.1:{free_ports(1)[0]}/0", "test", retries=0)
    proofs, addresses = replica_on(away, keys)
    # It has met Redis before, or it would know of nobody that they are over.
    await known.counted(ip_address("203.0.113.7"))
    addresses._secrets = known._secrets
    addresses._ask_at = CLOCK.monotonic() + 60
    await proofs.admit(ticket, LIMIT, refusal())
    with pytest.raises(ProofRequired):
        await proofs.admit(Ticket(WISH, "x"), LIMIT, refusal())
    await away.aclose()


async def test_who_never_met_redis_makes_no_challenges(keys: Keys) -> None:
    away = open_redis(f"redis://127.0.0.1:{free_ports(1)[0]}/0", "test", retries=0)
    proofs, _ = replica_on(away, keys)
    with pytest.raises(Unavailable) as told:
        await proofs.challenge(WISH, [LIMIT])
    assert told.value.code is ErrorCode.UNAVAILABLE
    await away.aclose()

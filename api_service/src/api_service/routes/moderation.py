"""What staff of a room decide.

For all rooms at once there is room 00000000-0000-0000-0000-000000000000, for administrators alone.
"""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from api_service.body import require_json
from api_service.callers import CallerIn, DepsIn
from api_service.limits import by_address, by_session
from api_service.moderation_requests import (
    DecisionRequest,
    KeyRequest,
    PurgeRequest,
    RulesPatch,
    SanctionRequest,
    WordRequest,
)
from api_service.openapi import BODY_ERRORS, NEEDS_SESSION, OUTAGES, SESSION_ERRORS, answers
from api_service.paths import ROOM, MessageId, RoomId, thing_in_path
from api_service.presenting_moderation import (
    deed_view,
    held_view,
    moderation_view,
    report_view,
    sanction_view,
)
from api_service.requests import UpTo100, Uuid
from api_service.staff import actor_in, target_of
from shared.domain.budgets import Action
from shared.domain.default_words import DEFAULT_WORDS
from shared.domain.moderation import EVERYWHERE, Role, SanctionKind
from shared.domain.word_filter import WordRule
from shared.domain.word_index import WordAction
from shared.message_store.moderation_directory import SanctionRecord
from shared.protocol.errors import ChatError, ErrorCode
from shared.protocol.moderation_views import (
    DeedsView,
    HeldListView,
    KeyView,
    ModerationView,
    PurgeView,
    ReportsView,
    SanctionView,
    WordView,
)

router = APIRouter(
    tags=["পরিচালনা"],
    dependencies=[
        Depends(require_json),
        Depends(by_address(Action.MESSAGE)),
        Depends(by_session(Action.MESSAGE)),
    ],
)

PLACE: Final = f"{ROOM}moderation/"
REVIEWS: Final = 100
"""Reports or held messages in one answer."""

_ERRORS: Final = (
    *SESSION_ERRORS,
    ErrorCode.FORBIDDEN,
    ErrorCode.ROOM_NOT_FOUND,
    ErrorCode.RATE_LIMITED,
    *OUTAGES,
)
_BODY: Final = answers(*BODY_ERRORS, *_ERRORS)
_THING: Final = answers(*_ERRORS, ErrorCode.NOT_FOUND)
_TARGET: Final = answers(
    *BODY_ERRORS, *_ERRORS, ErrorCode.NOT_FOUND, ErrorCode.MESSAGE_NOT_FOUND, ErrorCode.CONFLICT
)

ThingId = Annotated[UUID, Depends(thing_in_path)]


@router.get(
    PLACE, summary="রুমের নিয়ম ও সিদ্ধান্ত", responses=answers(*_ERRORS), openapi_extra=NEEDS_SESSION
)
async def read_moderation(room: RoomId, deps: DepsIn, caller: CallerIn) -> ModerationView:
    """All that is in force; for staff."""
    actor = await actor_in(deps, room, caller)
    return await moderation_view(deps, room, actor.role)


@router.patch(PLACE, summary="রুমের নিয়ম বদলানো", responses=_BODY, openapi_extra=NEEDS_SESSION)
async def change_rules(
    room: RoomId, body: RulesPatch, deps: DepsIn, caller: CallerIn
) -> ModerationView:
    """Locks a room, slows it down, or pins a notice; everybody in it hears of it at once."""
    actor = await actor_in(deps, room, caller)
    changes = {name: getattr(body, name) for name in sorted(body.model_fields_set)}
    if "notice" in changes:
        changes["notice"] = changes["notice"] or None
    if changes:
        await deps.moderator.change_rules(actor, room, changes)
    return await moderation_view(deps, room, actor.role)


@router.post(
    f"{PLACE}sanctions/",
    status_code=201,
    summary="নিষেধ বা নীরব করা",
    responses=_TARGET,
    openapi_extra=NEEDS_SESSION,
)
async def add_sanction(
    room: RoomId, body: SanctionRequest, deps: DepsIn, caller: CallerIn
) -> SanctionView:
    """Bans or mutes a person, an address or names, at every replica within a second."""
    actor = await actor_in(deps, room, caller)
    target = await target_of(deps, actor, room, body, body.name)
    sanction = await deps.moderator.sanction(
        actor, room, SanctionKind(body.kind), target, seconds=body.seconds, reason=body.reason
    )
    if body.delete_seconds is not None and room != EVERYWHERE and target.users:
        await deps.moderator.purge(actor, room, target, body.delete_seconds)
    now = deps.clock.micros()
    return sanction_view(SanctionRecord(sanction, room, target.shown_as, str(actor), now))


@router.delete(
    f"{PLACE}sanctions/{{thing_id}}/",
    status_code=204,
    summary="নিষেধ তুলে নেওয়া",
    responses=_THING,
    openapi_extra=NEEDS_SESSION,
)
async def lift_sanction(room: RoomId, sanction: ThingId, deps: DepsIn, caller: CallerIn) -> None:
    """Ends a ban or a mute."""
    await deps.moderator.lift(await actor_in(deps, room, caller), room, sanction)


@router.post(
    f"{PLACE}purge/", summary="কারও বার্তা মুছে ফেলা", responses=_TARGET, openapi_extra=NEEDS_SESSION
)
async def purge(room: RoomId, body: PurgeRequest, deps: DepsIn, caller: CallerIn) -> PurgeView:
    """Deletes what a person, or all of an address, have said lately."""
    actor = await actor_in(deps, room, caller)
    if room == EVERYWHERE:
        raise ChatError(ErrorCode.ROOM_NOT_FOUND)
    target = await target_of(deps, actor, room, body)
    return PurgeView(deleted=await deps.moderator.purge(actor, room, target, body.seconds))


@router.post(
    f"{PLACE}words/",
    status_code=201,
    summary="অনাকাঙ্ক্ষিত শব্দ যোগ",
    responses=answers(*BODY_ERRORS, *_ERRORS, ErrorCode.CONFLICT),
    openapi_extra=NEEDS_SESSION,
)
async def put_word(room: RoomId, body: WordRequest, deps: DepsIn, caller: CallerIn) -> WordView:
    """A word that is not wanted; the same word again changes what is done about it."""
    actor = await actor_in(deps, room, caller)
    rule = WordRule(body.word, WordAction(body.action))
    word = await deps.moderator.put_word(actor, room, rule)
    return WordView(id=str(word), word=rule.text, action=body.action)


@router.post(
    f"{PLACE}words/suggested/",
    status_code=204,
    summary="প্রস্তাবিত শব্দ যোগ",
    responses=answers(*_ERRORS, ErrorCode.CONFLICT),
    openapi_extra=NEEDS_SESSION,
)
async def put_suggested_words(room: RoomId, deps: DepsIn, caller: CallerIn) -> None:
    """A small list to begin with; what is on the list already stays as it is said there."""
    actor = await actor_in(deps, room, caller)
    known = {rule.text for _, rule in await deps.moderation.words(room)}
    for rule in DEFAULT_WORDS:
        if rule.text not in known:
            await deps.moderator.put_word(actor, room, rule)


@router.delete(
    f"{PLACE}words/{{thing_id}}/",
    status_code=204,
    summary="শব্দ বাদ দেওয়া",
    responses=_THING,
    openapi_extra=NEEDS_SESSION,
)
async def drop_word(room: RoomId, word: ThingId, deps: DepsIn, caller: CallerIn) -> None:
    """Takes a word off the list."""
    await deps.moderator.drop_word(await actor_in(deps, room, caller), room, word)


@router.post(
    f"{PLACE}link/",
    status_code=201,
    summary="পরিচালক হওয়ার লিংক",
    responses=answers(*_ERRORS),
    openapi_extra=NEEDS_SESSION,
)
async def new_moderator_link(room: RoomId, deps: DepsIn, caller: CallerIn) -> KeyView:
    """A link by which people become moderators; the one before is of no use any more."""
    actor = await actor_in(deps, room, caller, Role.OWNER)
    key = await deps.moderator.new_moderator_key(actor, room)
    return KeyView(key=key, path=f"/r/{room}#mod={key}")


@router.post(
    f"{PLACE}moderators/",
    status_code=204,
    summary="পরিচালক হওয়া",
    responses=_BODY,
    openapi_extra=NEEDS_SESSION,
)
async def become_moderator(room: RoomId, body: KeyRequest, deps: DepsIn, caller: CallerIn) -> None:
    """Who holds the key of the link becomes a moderator."""
    if caller.user is None:
        raise ChatError(ErrorCode.FORBIDDEN)
    await deps.rooms.open(room)
    await deps.moderator.become_moderator(caller.user, room, body.key)


@router.delete(
    f"{PLACE}moderators/{{thing_id}}/",
    status_code=204,
    summary="পরিচালককে বাদ দেওয়া",
    responses=_THING,
    openapi_extra=NEEDS_SESSION,
)
async def drop_moderator(room: RoomId, user: ThingId, deps: DepsIn, caller: CallerIn) -> None:
    """Ends somebody's being a moderator: the owner may, and they themselves."""
    own = caller.user is not None and caller.user.id == user
    actor = await actor_in(deps, room, caller, Role.MODERATOR if own else Role.OWNER)
    await deps.moderator.drop_moderator(actor, room, user)


@router.get(
    f"{PLACE}reports/",
    summary="অভিযোগের তালিকা",
    responses=answers(*_ERRORS),
    openapi_extra=NEEDS_SESSION,
)
async def open_reports(room: RoomId, deps: DepsIn, caller: CallerIn) -> ReportsView:
    """Reports that nobody has decided, the oldest 100."""
    await actor_in(deps, room, caller)
    found = await deps.reviews.open_reports(_place(room), REVIEWS)
    return ReportsView(reports=[report_view(report) for report in found])


@router.delete(
    f"{PLACE}reports/{{message_id}}/",
    status_code=204,
    summary="অভিযোগ বাতিল",
    responses=answers(*_ERRORS, ErrorCode.NOT_FOUND, ErrorCode.MESSAGE_NOT_FOUND),
    openapi_extra=NEEDS_SESSION,
)
async def dismiss_reports(room: RoomId, message: MessageId, deps: DepsIn, caller: CallerIn) -> None:
    """The message may stay: closes all reports of it. Deleting it closes them, too."""
    await deps.moderator.dismiss_reports(await actor_in(deps, room, caller), room, message)


@router.get(
    f"{PLACE}held/",
    summary="অনুমোদনের অপেক্ষায়",
    responses=answers(*_ERRORS),
    openapi_extra=NEEDS_SESSION,
)
async def held_messages(room: RoomId, deps: DepsIn, caller: CallerIn) -> HeldListView:
    """Messages that wait because of a word in them, the oldest 100."""
    await actor_in(deps, room, caller)
    found = await deps.reviews.open_held(_place(room), REVIEWS)
    return HeldListView(held=[held_view(held) for held in found])


@router.post(
    f"{PLACE}held/{{thing_id}}/",
    status_code=204,
    summary="অনুমোদন বা বাতিল",
    responses=_BODY | answers(*_ERRORS, ErrorCode.NOT_FOUND),
    openapi_extra=NEEDS_SESSION,
)
async def decide_held(
    room: RoomId, held: ThingId, body: DecisionRequest, deps: DepsIn, caller: CallerIn
) -> None:
    """Lets a message be said now by who wrote it, or drops it."""
    actor = await actor_in(deps, room, caller)
    await deps.moderator.decide_held(actor, room, held, approve=body.approve)


@router.get(
    f"{PLACE}log/",
    summary="পরিচালনার খাতা",
    responses=answers(ErrorCode.VALIDATION, *_ERRORS),
    openapi_extra=NEEDS_SESSION,
)
async def moderation_log(
    room: RoomId,
    deps: DepsIn,
    caller: CallerIn,
    before: Annotated[Uuid | None, Query(description="`id` of the last line seen")] = None,
    limit: Annotated[UpTo100, Query()] = 50,
) -> DeedsView:
    """What staff did, the newest first."""
    await actor_in(deps, room, caller)
    found = await deps.moderation.deeds(room, before, limit)
    return DeedsView(deeds=[deed_view(deed) for deed in found])


def _place(room: UUID) -> UUID | None:
    return None if room == EVERYWHERE else room

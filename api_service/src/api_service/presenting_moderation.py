"""What staff have decided, as REST shows it to them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from shared.domain.moderation import Role, SubjectKind
from shared.domain.times import format_micros
from shared.protocol.moderation_views import (
    DeedView,
    HeldView,
    ModerationView,
    ModeratorView,
    ReportView,
    SanctionView,
    WordView,
)

if TYPE_CHECKING:
    from uuid import UUID

    from api_service.wiring import Deps
    from shared.message_store.moderation_directory import Deed, SanctionRecord
    from shared.message_store.review_directory import HeldRecord, ReportRecord


async def moderation_view(deps: Deps, room: UUID, role: Role) -> ModerationView:
    """All that is in force, straight from PostgreSQL: staff see what they have just decided."""
    now = deps.clock.micros()
    rules, sanctions, moderators, words = await asyncio.gather(
        deps.moderation.rules(room, now),
        deps.moderation.sanctions(room, now),
        deps.moderation.moderators(room),
        deps.moderation.words(room),
    )
    return ModerationView(
        room_id=str(room),
        role=role.value,
        locked=rules.locked,
        slow_seconds=rules.slow_seconds,
        notice=rules.notice,
        moderators=[
            ModeratorView(
                user_id=str(m.user), name=m.username, since=format_micros(m.created_micros)
            )
            for m in moderators
        ],
        sanctions=[sanction_view(record) for record in sanctions],
        words=[
            WordView(id=str(word), word=rule.text, action=rule.action.value) for word, rule in words
        ],
    )


def sanction_view(record: SanctionRecord) -> SanctionView:
    """A sanction; the name of an address stays inside."""
    sanction = record.sanction
    until = sanction.until_micros
    one = sanction.subject_kind is SubjectKind.USER
    return SanctionView(
        id=str(sanction.id),
        kind=sanction.kind.value,
        by=sanction.subject_kind.value,
        name=record.shown_as,
        user_id=sanction.subject if one else None,
        reason=sanction.reason,
        made_by=record.made_by,
        created_at=format_micros(record.created_micros),
        until=None if until is None else format_micros(until),
    )


def report_view(report: ReportRecord) -> ReportView:
    """A report; who made it stays inside."""
    return ReportView(
        id=str(report.id),
        message_id=str(report.message),
        user_id=str(report.user),
        name=report.username,
        content=report.content,
        reason=report.reason,
        created_at=format_micros(report.micros),
    )


def held_view(held: HeldRecord) -> HeldView:
    """A message that waits."""
    return HeldView(
        id=str(held.id),
        user_id=str(held.user),
        name=held.username,
        content=held.content,
        message_type=held.message_type,
        file_url=held.file_url,
        created_at=format_micros(held.micros),
    )


def deed_view(deed: Deed) -> DeedView:
    """A line of the audit log."""
    return DeedView(
        id=str(deed.id),
        made_by=deed.made_by,
        action=deed.action,
        subject=deed.subject,
        details=deed.details,
        created_at=format_micros(deed.micros),
    )

"""What the user of one connection is called: in its room, and by their session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from shared.domain.worn_names import is_worn, number_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from shared.domain.entities import User
    from shared.presence.presence import Called
    from shared.protocol.events import RosterUser
    from shared.usecases.identify import Identity
    from ws_service.effects import Rename
    from ws_service.parts import Parts


class Entry(NamedTuple):
    """How somebody comes in."""

    user: User
    """As they are called, if they are not in the room yet."""
    keep: bool
    """If they are: does the room go on calling them as it does?"""


def entry_of(
    identity: Identity,
    worn: RosterUser | None,
    wait_to_rename: Callable[[], float],
    *,
    may_rename: bool,
) -> Entry:
    """To come in under another name is to take one, for whom the room knows already as `worn`.

    Who may not, or not now, keeps the name that they have: to refuse them for it would be worse.
    """
    wish, known = identity.user, identity.known
    if worn is None:
        # Should another tab of theirs have come in elsewhere just now, its name holds.
        return Entry(wish if may_rename else known, keep=True)
    if worn.color == wish.color and is_worn(worn.username, wish.username):
        return Entry(wish, keep=True)
    if may_rename and wait_to_rename() <= 0:
        return Entry(wish, keep=False)
    return Entry(known, keep=True)


@dataclass(slots=True)
class Naming:
    """A number behind the name is the room's; the session keeps the name that was asked for."""

    asked: User
    """As the session knows them."""
    shown: User
    """As the room sees them."""
    _epoch: str = ""
    _rv: int = -1

    @property
    def number(self) -> int:
        """What stands behind the name in this room; 1 if nothing does."""
        return number_of(self.shown.username, self.asked.username)

    def take(self, called: Called) -> None:
        """The room calls them so, unless something later has been heard."""
        if called.epoch == self._epoch and called.rv < self._rv:
            return
        self._epoch, self._rv = called.epoch, called.rv
        person = called.person
        self.shown = self.shown.called(person.username, person.color)
        self.asked = self.shown.called(person.asked, None)

    async def change(self, wish: Rename, room: UUID, parts: Parts) -> None:
        """Takes a new name or colour; a name that somebody wears gets a number behind it.

        Who repeats the name that they wear keeps it, and asks for no other elsewhere.

        Raises:
            Unavailable: Redis is away.
        """
        keep = wish.username in {None, self.shown.username}
        asked = self.asked.called(None if keep else wish.username, wish.color)
        if keep and asked.color == self.shown.color:
            return
        # First the room, then the session: a failure between leaves a name that the next try mends.
        called = await parts.presence.rename(room, asked, keep=keep)
        await parts.identifier.sessions.replace(asked)
        if called is None:  # Redis has lost the room; the next renewal puts them in again
            self.asked = self.shown = asked
        else:
            self.take(called)

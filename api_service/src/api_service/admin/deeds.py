"""Everything that the pages can change: a deed is a form, a role, and a function.

There is no other way to change anything, so that role, token and record are checked in one place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from api_service.admin.roles import Role
from shared.domain.ids import parse_uuid
from shared.domain.moderation import EVERYWHERE
from shared.protocol.errors import ChatError, ErrorCode, ValidationFailed

if TYPE_CHECKING:
    from starlette.requests import Request

    from api_service.admin.accounts import Account
    from api_service.wiring import Deps

Kind = Literal["text", "area", "number", "check", "choice", "password"]
NO_FIELD: Final = "non_field_errors"


@dataclass(frozen=True, slots=True)
class Field:
    """One input; its label is the text `field.<name>`."""

    name: str
    kind: Kind = "text"
    choices: tuple[str, ...] = ()
    """Values; what people read is the text `choice.<value>`."""
    initial: Callable[[Any], object] | None = None
    """What stands there at first, by the row."""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """A deed that is being done: by whom, to what, with what was filled in."""

    deps: Deps
    request: Request
    staff: Account
    row: Any
    form: Mapping[str, str]

    def text(self, name: str) -> str:
        """What was written, without space around it; "" if nothing was."""
        return self.form.get(name, "").strip()

    def checked(self, name: str) -> bool:
        """Is the box ticked?"""
        return name in self.form

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of `choices`.

        Raises:
            ValidationFailed: it is not.
        """
        value = self.text(name)
        if value not in choices:
            raise ValidationFailed.of(name, "not_a_choice")
        return value

    def room(self, name: str = "room_id") -> UUID:
        """A room's id; nothing stands for all rooms.

        Raises:
            ValidationFailed: it is no id.
        """
        value = self.text(name)
        found = parse_uuid(value) if value else EVERYWHERE
        if found is None:
            raise ValidationFailed.of(name, "not_a_uuid")
        return found


def _always(_row: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that can be done; its name is the text `deed.<label>`."""

    name: str
    """In the address."""
    label: str
    role: Role
    run: Callable[[Act], Awaitable[None]]
    """Raises ChatError, RuleViolation or ValidationFailed where it cannot be done."""
    fields: tuple[Field, ...] = ()
    on_row: bool = True
    """False: it needs none, such as making something new."""
    danger: bool = False
    applies: Callable[[Any], bool] = field(default=_always)
    """To this row?"""

    def allowed_to(self, staff: Account) -> bool:
        """May this account do it?"""
        return staff.role.includes(self.role)


def found(row: Any) -> Any:
    """The row.

    Raises:
        ChatError: `not_found`, there is none (any more).
    """
    if row is None:
        raise ChatError(ErrorCode.NOT_FOUND)
    return row

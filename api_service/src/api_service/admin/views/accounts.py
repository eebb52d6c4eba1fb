"""Accounts of administrators, for administrators. A second factor is set up on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from api_service.admin.accounts import Account, Accounts, check_name
from api_service.admin.audit import by_admin
from api_service.admin.deeds import NO_FIELD, Act, Deed, Field, found
from api_service.admin.filters import ChoiceFilter, Filter, NullFilter
from api_service.admin.passwords import check_password
from api_service.admin.roles import Role
from api_service.admin.view import StaffView, show_choice, show_code, show_moment, yes_or_no
from shared.message_store.tables import Admin
from shared.protocol.errors import ValidationFailed

if TYPE_CHECKING:
    from markupsafe import Markup
    from starlette.requests import Request

_ROLES: Final = tuple(role.value for role in Role)


def _accounts(act: Act) -> Accounts:
    return Accounts(act.deps.database, act.deps.clock, act.deps.ids)


async def _other(act: Act) -> Account:
    """The account of the row; never one's own, so that there is always one who can get in."""
    account: Account = found(await _accounts(act).by_id(act.row.id))
    if account.id == act.staff.id:
        raise ValidationFailed.of(NO_FIELD, "own_account")
    return account


async def _hashed(act: Act, name: str) -> str:
    password = check_password(name, act.form.get("password", ""))
    if act.form.get("again", "") != act.form.get("password", ""):
        raise ValidationFailed.of("again", "not_the_same")
    hashed: str = await act.request.state.passwords.hash(password)
    return hashed


async def _create(act: Act) -> None:
    name = check_name(act.text("name"))
    role = Role(act.choice("role", _ROLES))
    hashed = await _hashed(act, name)
    await _accounts(act).create(name, hashed, role, by_admin(act.staff.name))


async def _change(act: Act, action: str, **fields: Any) -> None:
    account = await _other(act)
    await _accounts(act).change(account, by_admin(act.staff.name), action, **fields)


async def _role(act: Act) -> None:
    await _change(act, "account_role", role=act.choice("role", _ROLES))


async def _password(act: Act) -> None:
    account: Account = found(await _accounts(act).by_id(act.row.id))
    hashed = await _hashed(act, account.name)
    by = by_admin(act.staff.name)
    await _accounts(act).change(account, by, "account_password", password_hash=hashed)


async def _no_totp(act: Act) -> None:
    await _change(act, "account_totp_removed", totp_secret=None)


async def _end(act: Act) -> None:
    await _change(act, "account_sessions_ended")


async def _disable(act: Act) -> None:
    await _change(act, "account_disabled", disabled=True)


async def _enable(act: Act) -> None:
    await _change(act, "account_enabled", disabled=False)


def _is_enabled(row: Any) -> bool:
    return row.disabled_at is None


def _is_disabled(row: Any) -> bool:
    return row.disabled_at is not None


def _has_totp(row: Any) -> bool:
    return row.totp_secret is not None


def _show_totp(row: Any, _name: str, request: Request) -> Markup:
    return yes_or_no(_has_totp(row), request)


_PASSWORD: Final = (Field("password", "password"), Field("again", "password"))


class AccountView(StaffView, model=Admin):
    """Who may see these pages."""

    called = "accounts"
    sees = Role.ADMIN
    column_list = ("name", "role", "totp", "last_login_at", "disabled_at", "created_at")
    column_details_list = (*column_list, "id")
    column_sortable_list = ("name", "last_login_at")
    column_default_sort: ClassVar[Any] = [("name", False)]
    column_searchable_list = ("name",)
    search_hint = "search.accounts"
    filters: ClassVar[tuple[Filter, ...]] = (
        ChoiceFilter("role", Admin.role, tuple((one, one) for one in _ROLES)),
        NullFilter("state", Admin.disabled_at, "enabled", "disabled"),
    )
    column_formatters: ClassVar[Any] = {
        "role": show_choice,
        "totp": _show_totp,
        "last_login_at": show_moment,
        "disabled_at": show_moment,
        "created_at": show_moment,
        "id": show_code,
    }
    column_formatters_detail = column_formatters
    deeds = (
        Deed(
            "add",
            "account_add",
            Role.ADMIN,
            _create,
            (Field("name"), Field("role", "choice", _ROLES, default=_ROLES[0]), *_PASSWORD),
            on_row=False,
        ),
        Deed(
            "role",
            "account_role",
            Role.ADMIN,
            _role,
            (Field("role", "choice", _ROLES, initial=lambda row: row.role),),
        ),
        Deed("password", "account_password", Role.ADMIN, _password, _PASSWORD),
        Deed("end", "account_end", Role.ADMIN, _end),
        Deed("no-totp", "account_no_totp", Role.ADMIN, _no_totp, danger=True, applies=_has_totp),
        Deed("disable", "account_disable", Role.ADMIN, _disable, danger=True, applies=_is_enabled),
        Deed("enable", "account_enable", Role.ADMIN, _enable, applies=_is_disabled),
    )

    @override
    async def find_row(self, identifier: str) -> Any:
        row = await super().find_row(identifier)
        if row is not None:
            row.password_hash = ""  # no page needs it
        return row

"""The page of a deed: its form, what was wrong with it, and doing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from api_service.admin.deeds import NO_FIELD, Act, Deed
from shared.domain.rules import RuleViolation
from shared.protocol.errors import ChatError, Unavailable, ValidationFailed

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from api_service.admin.view import StaffView

SEE_OTHER: Final = 303


@dataclass(frozen=True, slots=True)
class _Page:
    """A deed on its way."""

    view: StaffView
    request: Request
    deed: Deed
    row: Any
    pk: str

    async def show(self, problems: dict[str, list[str]], status: int = 200) -> Response:
        """The form; `problems` are codes by field."""
        speech = self.request.state.speech
        context = {
            "model_view": self.view,
            "deed": self.deed,
            "row": self.row,
            "pk": self.pk,
            "values": self._values(),
            "problems": {
                name: [speech.problem(code) for code in codes] for name, codes in problems.items()
            },
        }
        return await self.view.templates.TemplateResponse(
            self.request, "deed.html", context, status_code=status
        )

    def _values(self) -> dict[str, object]:
        """What stands in the fields: what was sent, else the address, else the row."""
        sent = self.request.state.form
        if sent:
            return dict(sent)
        values: dict[str, object] = {}
        for field in self.deed.fields:
            value: object = self.request.query_params.get(field.name, field.default)
            if field.initial is not None and self.row is not None:
                value = field.initial(self.row)
            values[field.name] = "" if value is None else value
        return values


async def answer_deed(view: StaffView, request: Request) -> Response:
    """Shows the form of a deed, or does it and leads back.

    Raises:
        HTTPException: 403, the reader may not; 404, there is no such deed or row.
    """
    deed = next((one for one in view.deeds if one.name == request.path_params["deed"]), None)
    if deed is None:
        raise HTTPException(404)
    if not deed.allowed_to(request.state.staff):
        raise HTTPException(403)
    pk = request.query_params.get("pk", "")
    row = await view.find_row(pk) if deed.on_row else None
    if deed.on_row and (row is None or not deed.applies(row)):
        raise HTTPException(404)
    page = _Page(view, request, deed, row, pk)
    if request.method != "POST":
        return await page.show({})
    act = Act(request.state.deps, request, request.state.staff, row, request.state.form)
    try:
        await deed.run(act)
    except (ValidationFailed, RuleViolation, ChatError) as error:
        if isinstance(error, Unavailable):
            raise
        return await page.show(_problems(error), 400)
    request.state.known_accounts.forget()
    address = request.url_for("admin:list", identity=view.identity)
    return RedirectResponse(address.include_query_params(done=deed.name), SEE_OTHER)


def _problems(error: ChatError | RuleViolation) -> dict[str, list[str]]:
    if isinstance(error, RuleViolation):
        return {error.field: [error.code]}
    if isinstance(error, ValidationFailed):
        return error.problems
    return {NO_FIELD: [error.code.value]}

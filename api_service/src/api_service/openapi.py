"""The OpenAPI document: what FastAPI derives from the routes, made complete and true.

FastAPI announces 422 for bad input, which this service never answers, and knows nothing of what the
layers around the routes do.
"""

from typing import TYPE_CHECKING, Any, Final

from fastapi.openapi.utils import get_openapi

from shared.protocol.errors import ERRORS, ErrorCode
from shared.protocol.views import ErrorView, SystemInfo, error_example

if TYPE_CHECKING:
    from fastapi import FastAPI

SESSION_SCHEME: Final = "session"
NEEDS_SESSION: Final[dict[str, Any]] = {"security": [{SESSION_SCHEME: []}]}
TAKES_SESSION: Final[dict[str, Any]] = {"security": [{SESSION_SCHEME: []}, {}]}

SESSION_ERRORS: Final = (ErrorCode.SESSION_REQUIRED, ErrorCode.SESSION_UNKNOWN)
BODY_ERRORS: Final = (
    ErrorCode.VALIDATION,
    ErrorCode.BAD_JSON,
    ErrorCode.TOO_LARGE,
    ErrorCode.UNSUPPORTED_MEDIA,
)
OUTAGES: Final = (ErrorCode.UNAVAILABLE, ErrorCode.OVERLOADED)

Responses = dict[int | str, dict[str, Any]]

_DESCRIPTION: Final = (
    "লগইন ছাড়া সবার জন্য উন্মুক্ত বাংলা চ্যাট।\n\n"
    "A session is made by `POST /api/create-user/` or `POST /api/join-room/` and travels in "
    "`Authorization: Bearer …`. Paths work with and without the slash at their end. Texts of "
    "errors are Bangla, or English where `Accept-Language` prefers it; `code` never changes. "
    "Messages come live over the socket, which `/asyncapi.json` describes."
)
_HEADERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "X-Request-ID": ("The request in the logs of all services", {"type": "string"}),
    "WWW-Authenticate": ("`Bearer`", {"type": "string"}),
    "Retry-After": ("Seconds until a retry makes sense", {"type": "integer", "minimum": 1}),
    "RateLimit-Limit": ("What may be done at once", {"type": "integer", "minimum": 1}),
    "RateLimit-Remaining": ("What is left of it", {"type": "integer", "minimum": 0}),
    "RateLimit-Reset": ("Seconds until there is more", {"type": "integer", "minimum": 0}),
    "Location": ("Address of what was made", {"type": "string", "format": "uri"}),
}
_HEADERS_OF_STATUS: Final = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"),
    503: ("Retry-After",),
}
MAKES: Final[Responses] = {
    201: {"headers": {"Location": {"$ref": "#/components/headers/Location"}}}
}
"""Goes with a route that tells the address of what it made."""
BEGINS: Final[Responses] = {
    202: {"headers": {"Location": {"$ref": "#/components/headers/Location"}}}
}
"""Goes with a route that tells the address where its progress can be read."""


def answers(*codes: ErrorCode) -> Responses:
    """`responses` of a route that may answer with `codes`, with an example of each."""
    responses: Responses = {}
    for code in codes:
        info = ERRORS[code]
        answer = responses.setdefault(
            info.status,
            {"model": ErrorView, "description": "", "content": {"application/json": {}}},
        )
        answer["description"] += f"{'; ' if answer['description'] else ''}{info.en} (`{code}`)"
        examples = answer["content"]["application/json"].setdefault("examples", {})
        examples[code.value] = {"summary": info.bn, "value": error_example(code)}
    return responses


def document(app: "FastAPI") -> dict[str, Any]:
    """The document of `app`, a new one at each call."""
    made = get_openapi(
        title="আড্ডা · Adda",
        version=SystemInfo().version,
        description=_DESCRIPTION,
        routes=app.routes,
        servers=[{"url": "/", "description": "এই সার্ভার"}],
    )
    for path in made["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            for status, response in operation["responses"].items():
                response.setdefault("headers", {}).update(_headers(int(status)))
    components = made["components"]
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["headers"] = {
        name: {"description": description, "required": True, "schema": schema}
        for name, (description, schema) in _HEADERS.items()
    }
    components["securitySchemes"] = {
        SESSION_SCHEME: {
            "type": "http",
            "scheme": "bearer",
            "description": "`session_id` of a user, or the token of an administrator",
        }
    }
    return made


def _headers(status: int) -> dict[str, Any]:
    names = ("X-Request-ID", *_HEADERS_OF_STATUS.get(status, ()))
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}

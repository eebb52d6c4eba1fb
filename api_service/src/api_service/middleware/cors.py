"""Which pages of other origins may use the API; refusals in the contract's form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.middleware.cors import CORSMiddleware
from typing_extensions import override

from api_service.errors import answer_of
from shared.protocol.errors import ChatError, ErrorCode, language_of
from shared.runtime.clock import chance

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.datastructures import Headers
    from starlette.responses import Response
    from starlette.types import ASGIApp

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
REQUEST_HEADERS: Final = (
    "Authorization",
    "Cache-Control",
    "X-Adda-Proof",
    "X-CSRFToken",
    "X-Request-ID",
    "X-Requested-With",
)
"""Those that the original let in, and ours."""

RESPONSE_HEADERS: Final = (
    "X-Request-ID",
    "Retry-After",
    "Location",
    "Allow",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
)
PREFLIGHT_SECONDS: Final = 3600


class Cors(CORSMiddleware):
    """Sessions travel in Authorization, not in cookies: credentials open nothing.

    They are let in where all origins are, because pages written against the original send them;
    browsers then want their own origin named instead of `*`.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        everybody = "*" in origins
        super().__init__(
            app,
            allow_origins=() if everybody else origins,
            allow_origin_regex=".*" if everybody else None,
            allow_credentials=everybody,
            allow_methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            expose_headers=RESPONSE_HEADERS,
            max_age=PREFLIGHT_SECONDS,
        )

    @override
    def preflight_response(self, request_headers: Headers) -> Response:
        """As the base class, which would refuse with a plain text."""
        response = super().preflight_response(request_headers)
        if response.status_code < 400:  # noqa: PLR2004 - where errors begin
            return response
        language = language_of(request_headers.get("accept-language"))
        return answer_of(ChatError(ErrorCode.ORIGIN_REFUSED), language, chance()).response()

"""The index, and the descriptions of the API for people and for machines.

Nothing is fetched from elsewhere: the files of Swagger UI come out of a wheel.
"""

from functools import cache
from importlib import resources
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from api_service.callers import DepsIn
from api_service.openapi import document
from api_service.public_url import public_origin
from shared.protocol.asyncapi import asyncapi_document
from shared.protocol.codec import encode
from shared.protocol.errors import ChatError, ErrorCode
from shared.protocol.views import IndexView, SystemInfo

router = APIRouter()

ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
_PAGE: Final = """<!DOCTYPE html>
<html lang="bn">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>আড্ডা · API</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START: Final = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
});
"""
# Only its own scripts and its own server; Swagger UI styles its elements inline.
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_ENDPOINTS: Final = {
    "status": "/api/status/",
    "health": "/api/health/",
    "rooms": "/api/rooms/",
    "popular_rooms": "/api/rooms/popular/",
    "public_rooms": "/api/public-rooms/",
    "messages": "/api/messages/",
    "create_user": "/api/create-user/",
    "join_room": "/api/join-room/",
    "docs": "/docs",
    "openapi": "/openapi.json",
    "asyncapi": "/asyncapi.json",
}
_CACHED: Final = {"Cache-Control": "public, max-age=3600"}


@router.get("/", include_in_schema=False)
@router.get("/api/", summary="সূচি", tags=["অবস্থা"])
async def index(request: Request, deps: DepsIn) -> IndexView:
    """Where to find what."""
    origin = public_origin(request.scope, deps.settings.trusted_hops)
    about = SystemInfo()
    return IndexView(
        project=about.project,
        version=about.version,
        description=about.description,
        endpoints={name: origin.http(path) for name, path in _ENDPOINTS.items()},
    )


@router.get("/openapi.json", include_in_schema=False)
async def openapi_json(request: Request) -> Response:
    """The REST side as OpenAPI 3.1."""
    # Made once: it takes longer than a hundred ordinary answers, and anybody may ask for it.
    made: bytes | None = getattr(request.app.state, "openapi_json", None)
    if made is None:
        made = request.app.state.openapi_json = encode(document(request.app))
    return Response(made, media_type="application/json")


@router.get("/asyncapi.json", include_in_schema=False)
async def asyncapi_json() -> Response:
    """The socket as AsyncAPI 3.0."""
    return Response(_asyncapi(), media_type="application/json")


@cache
def _asyncapi() -> bytes:
    return encode(asyncapi_document())


@router.get("/docs", include_in_schema=False)
async def docs() -> HTMLResponse:
    """The REST side for people."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _PAGE_POLICY})


@router.get("/docs/start.js", include_in_schema=False)
async def docs_start() -> Response:
    """Starts Swagger UI; a file, so that the page needs no inline script."""
    return Response(_START, media_type="text/javascript; charset=utf-8", headers=_CACHED)


@router.get("/docs/{name}", include_in_schema=False)
def docs_asset(name: str) -> Response:
    """A file of Swagger UI."""
    if name not in ASSETS:
        raise ChatError(ErrorCode.NOT_FOUND)
    return Response(asset(name), media_type=ASSETS[name], headers=_CACHED)


@cache
def asset(name: str) -> bytes:
    """The content of a file of Swagger UI, a key of ASSETS."""
    return (resources.files("fastapi_swagger") / "resources" / name).read_bytes()

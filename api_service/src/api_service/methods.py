"""Which methods a path knows: for `Allow`, and for OPTIONS without CORS.

The framework has one route per method and names in `Allow` only the first that fits the path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.routing import APIRoute

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

    from starlette.routing import BaseRoute


class MethodTable:
    """Methods by path, of routes as they were declared."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._rows: list[tuple[re.Pattern[str], set[str]]] = [
            (route.path_regex, set(route.methods or ()))
            for route in routes
            if isinstance(route, APIRoute)
        ]

    def allowed(self, path: str) -> str:
        """The value of `Allow` for `path`; empty if there is no such path."""
        found: set[str] = set()
        for pattern, methods in self._rows:
            if pattern.match(path):
                found |= methods
        if not found:
            return ""
        extra = {"OPTIONS", "HEAD"} if "GET" in found else {"OPTIONS"}
        return ", ".join(sorted(found | extra))

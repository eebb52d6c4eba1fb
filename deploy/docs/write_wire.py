"""Writes the wire contract for the web client from the classes of the protocol: `make docs`.

`contract.json` (JSON Schema; `contract.ts` is made of it by gateway/web/scripts/write_types.ts),
`codes.ts` and golden frames for the client's tests. All follow the code: never write there by hand.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import golden_frames
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api_service import requests
from shared.domain.messages import (
    MAX_CLIENT_ID_CHARACTERS,
    MAX_CONTENT_BYTES,
    MAX_CONTENT_GRAPHEMES,
    MAX_FILE_URL_CHARACTERS,
)
from shared.domain.names import MAX_NAME_BYTES, MAX_NAME_GRAPHEMES
from shared.domain.rooms import ROOM_RULES
from shared.protocol import challenge_views, moderation_views, views
from shared.protocol.asyncapi import COMMANDS, EVENTS
from shared.protocol.close_codes import CLOSES
from shared.protocol.commands import MAX_FRAME_BYTES, PAGE_LIMIT
from shared.protocol.errors import ERRORS
from shared.protocol.events import PROTOCOL_VERSION
from ws_service.wire import USER_LIST_LIMIT

WEB: Final = Path(__file__).parents[2] / "gateway" / "web"
CONTRACT: Final = WEB / "src" / "wire" / "contract.json"
CODES: Final = WEB / "src" / "wire" / "codes.ts"
FRAMES: Final = WEB / "tests" / "wire" / "frames.json"

_VIEWS: Final[tuple[type[BaseModel], ...]] = (
    views.UserView,
    views.MessageView,
    views.RoomView,
    views.RoomPageView,
    views.MessagePageView,
    views.RoomMessagesView,
    views.RoomUsersView,
    views.PopularRoomsView,
    views.PublicRoomView,
    views.PublicRoomsView,
    views.RoomStatsView,
    views.SystemStatusView,
    views.UserCreatedView,
    views.RoomJoinedView,
    challenge_views.ChallengeView,
    moderation_views.ModerationView,
    moderation_views.SanctionView,
    moderation_views.WordView,
    moderation_views.KeyView,
    moderation_views.ReportsView,
    moderation_views.HeldListView,
    moderation_views.DeedsView,
    views.ErrorView,
)
_REQUESTS: Final[tuple[type[BaseModel], ...]] = (
    requests.CreateUserRequest,
    requests.JoinRoomRequest,
    requests.RoomRequest,
    requests.RoomPatch,
    requests.MessageRequest,
    requests.MessagePatch,
)
_MAY_BE_ABSENT: Final = {
    "MessageEvent": {"revision", "edited_at", "deleted"},
    "MessageUpdatedEvent": {"deleted"},
    "ErrorView": {"errors", "failing", "challenge"},
}
"""The server leaves these out when they have nothing to say; all else it always sends."""

_NEVER_NULL: Final = {"revision", "edited_at", "deleted"}
"""Of events: they are there, or not (`shared.protocol.codec.finish_message`)."""

_NOT_FOR_TYPES: Final = ("title", "default", "example", "examples", "if", "then")
"""Keywords that would give every field a name of its own, or nothing at all."""


def contract() -> str:
    """JSON Schema of all that goes over the wire, as the text of `contract.json`."""
    heard = {model.__name__ for model in (*COMMANDS, *_REQUESTS)}
    _, made = models_json_schema(
        [
            (model, "validation" if model.__name__ in heard else "serialization")
            for model in (*EVENTS, *_VIEWS, *COMMANDS, *_REQUESTS)
        ],
        ref_template="#/definitions/{model}",
    )
    definitions = {
        name: _definition(name, schema, all_sent=name not in heard)
        for name, schema in made["$defs"].items()
    }
    definitions["ServerEvent"] = _union("ServerEvent", "What the server sends.", EVENTS)
    definitions["Command"] = _union("Command", "What a client may send.", COMMANDS)
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": "Made by `make docs` from shared.protocol; a test fails when it is stale.",
        "title": "Contract",
        "type": "object",
        "additionalProperties": False,
        "definitions": dict(sorted(definitions.items())),
    }
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _definition(name: str, schema: dict[str, Any], *, all_sent: bool) -> dict[str, Any]:
    definition = {"title": name, **_plain(schema)}
    if definition.get("type") != "object":
        return definition
    properties: dict[str, Any] = definition.get("properties", {})
    if name.endswith("Event"):
        for field in _NEVER_NULL & properties.keys():
            [kind] = (one for one in properties[field].pop("anyOf") if one != {"type": "null"})
            properties[field].update(kind)
    # Pydantic calls a field with a default optional, though it is always written.
    required = list(properties) if all_sent else schema.get("required", [])
    absent = _MAY_BE_ABSENT.get(name, set())
    definition["required"] = [field for field in required if field not in absent]
    definition["additionalProperties"] = False
    return definition


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` without what says nothing of the type."""
    if "$ref" in schema:  # draft 7 knows nothing beside it
        return {"$ref": schema["$ref"]}
    kept = {key: value for key, value in schema.items() if key not in _NOT_FOR_TYPES}
    for key in ("properties", "patternProperties"):
        if key in kept:
            kept[key] = {field: _plain(value) for field, value in kept[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(kept.get(key), dict):
            kept[key] = _plain(kept[key])
    for key in ("anyOf", "oneOf", "allOf"):
        if key in kept:
            kept[key] = [_plain(one) for one in kept[key]]
    return kept


def _union(name: str, description: str, models: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    members = [{"$ref": f"#/definitions/{model.__name__}"} for model in models]
    return {"title": name, "description": description, "anyOf": members}


def codes() -> str:
    """The tables of codes, without human texts, as the text of `codes.ts`."""
    closes = {
        str(int(code)): f'{{ label: "{info.label}", reconnect: {_js(info.reconnect)} }}'
        for code, info in CLOSES.items()
    }
    errors = {
        code.value: f"{{ status: {info.status}, retryable: {_js(info.retryable)} }}"
        for code, info in ERRORS.items()
    }
    parts = (
        "// Made by `make docs` from shared.protocol; a test fails when it is stale.\n",
        f"export const PROTOCOL_VERSION = {PROTOCOL_VERSION};\n",
        "/** Why the server closed a socket; `reconnect` alone says whether to come back. */",
        _table("CLOSE_CODES", closes),
        "/** Errors by their stable code: status of REST answers, and whether a retry may help. */",
        _table("ERROR_CODES", errors),
        "/** What the server accepts; `welcome` tells the same of the one that is connected. */",
        _table("LIMITS", {name: str(limit) for name, limit in _limits().items()}),
        "export type CloseCode = keyof typeof CLOSE_CODES;",
        "export type ErrorCode = keyof typeof ERROR_CODES;",
    )
    return "\n".join(parts) + "\n"


def _js(value: bool) -> str:  # noqa: FBT001 - it is the value to write
    return "true" if value else "false"


def _table(name: str, rows: dict[str, str]) -> str:
    lines = [f"  {key}: {value}," for key, value in rows.items()]
    return "\n".join((f"export const {name} = {{", *lines, "} as const;\n"))


def _limits() -> dict[str, int]:
    return {
        "contentGraphemes": MAX_CONTENT_GRAPHEMES,
        "contentBytes": MAX_CONTENT_BYTES,
        "nameGraphemes": MAX_NAME_GRAPHEMES,
        "nameBytes": MAX_NAME_BYTES,
        "clientIdLength": MAX_CLIENT_ID_CHARACTERS,
        "fileUrlLength": MAX_FILE_URL_CHARACTERS,
        "frameBytes": MAX_FRAME_BYTES,
        "historyPage": PAGE_LIMIT,
        "userList": USER_LIST_LIMIT,
        "leastMaxUsers": ROOM_RULES.min_max_users,
        "mostMaxUsers": ROOM_RULES.max_max_users,
        "defaultMaxUsers": ROOM_RULES.default_max_users,
    }


def frames() -> str:
    """Golden frames, as the text of `frames.json`: each a name and the frame's exact text."""
    kinds = {
        "events": golden_frames.event_frames(),
        "commands": golden_frames.command_frames(),
    }
    listed = {
        kind: [{"name": name, "frame": frame} for name, frame in found.items()]
        for kind, found in kinds.items()
    }
    return json.dumps(listed, ensure_ascii=False, indent=2) + "\n"


def main() -> int:
    """Writes the files; returns the exit code."""
    for path, text in ((CONTRACT, contract()), (CODES, codes()), (FRAMES, frames())):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

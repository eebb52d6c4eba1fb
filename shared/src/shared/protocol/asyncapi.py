"""The AsyncAPI 3.0 document of the chat socket, made from the classes that are used on it."""

from __future__ import annotations

from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.protocol.close_codes import CLOSES
from shared.protocol.commands import AnyCommand
from shared.protocol.events import PROTOCOL_VERSION, AnyEvent

COMMANDS: Final[tuple[type[BaseModel], ...]] = get_args(AnyCommand)
EVENTS: Final[tuple[type[BaseModel], ...]] = get_args(AnyEvent)

_TITLE: Final = "আড্ডা · Adda: the chat socket"
_DESCRIPTION: Final = """\
One connection is one tab in one room. JSON text frames only; clients ignore events and fields that
they do not know. Times are ISO 8601 at +06:00.

`welcome` is the first event. Who reconnects gives the `epoch` and, as `since`, the last `seq` it
saw; then `recovered` follows and live events only after it.

The session may travel as `session_id` in the query or as
`Sec-WebSocket-Protocol: adda, <session_id>`."""

_QUERY: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "username": {
            "type": "string",
            "default": "অতিথি",
            "description": "1–100 graphemes, percent-encoded",
        },
        "color": {"type": "string", "default": "#007bff", "examples": ["#ff0000"]},
        "session_id": {"type": "string", "description": "Absent: the server makes a session"},
        "epoch": {"type": "string", "description": "Of the last event that was seen"},
        "since": {"type": "integer", "minimum": 0, "description": "The last seq that was seen"},
        "roster": {
            "type": "string",
            "enum": ["delta"],
            "description": "One `user_list`, then `joined` and `left`",
        },
        "proof": {
            "type": "string",
            "description": "Of work, after `proof_required`: what `challenge` led to, solved",
        },
    },
}


def asyncapi_document() -> dict[str, Any]:
    """The whole document; a new one at each call."""
    models = (*COMMANDS, *EVENTS)
    _, definitions = models_json_schema(
        [(model, "serialization" if model in EVENTS else "validation") for model in models],
        ref_template="#/components/schemas/{model}",
    )
    names = {model: message_name(model) for model in models}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": _TITLE,
            "version": f"{PROTOCOL_VERSION}.0.0",
            "description": f"{_DESCRIPTION}\n\n{close_code_table()}",
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "localhost:8000",
                "protocol": "ws",
                "description": "`make run`; `wss` behind TLS",
            }
        },
        "channels": {"room": _channel(list(names.values()))},
        "operations": {
            "receiveCommands": _operation(
                "receive", "What a client may send", [names[model] for model in COMMANDS]
            ),
            "sendEvents": _operation(
                "send", "What the server sends", [names[model] for model in EVENTS]
            ),
        },
        "components": {
            "messages": {names[model]: _message(model) for model in models},
            "schemas": definitions["$defs"],
        },
        "x-close-codes": {
            str(int(code)): {
                "reconnect": info.reconnect,
                "bn": info.bn,
                "en": info.en,
                "label": info.label,
            }
            for code, info in CLOSES.items()
        },
    }


def message_name(model: type[BaseModel]) -> str:
    """Name of a class as a message; a command and an event may have the same `type`."""
    kind = "command" if model in COMMANDS else "event"
    return f"{kind}.{type_of(model)}"


def type_of(model: type[BaseModel]) -> str:
    """The value of `type` in frames of this class."""
    (value,) = get_args(model.model_fields["type"].annotation)
    return str(value)


def close_code_table() -> str:
    """Close codes as a Markdown table."""
    rows = [
        f"| {int(code)} | {info.label} | {'yes' if info.reconnect else 'no'} | {info.bn} |"
        for code, info in CLOSES.items()
    ]
    head = "| close code | reason | reconnect by itself | text |\n|---|---|---|---|"
    return "\n".join((head, *rows))


def _channel(names: list[str]) -> dict[str, Any]:
    return {
        "address": "/ws/chat/{room_id}/",
        "title": "রুম",
        "description": "A room; an unknown id becomes a new public room.",
        "parameters": {"room_id": {"description": "UUID of the room"}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"ws": {"method": "GET", "query": _QUERY, "bindingVersion": "0.1.0"}},
    }


def _operation(action: str, summary: str, names: list[str]) -> dict[str, Any]:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/room"},
        "messages": [{"$ref": f"#/channels/room/messages/{name}"} for name in names],
    }


def _message(model: type[BaseModel]) -> dict[str, Any]:
    return {
        "name": type_of(model),
        "summary": (model.__doc__ or "").strip().partition("\n")[0],
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
    }

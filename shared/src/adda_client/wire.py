"""Addresses and frames of the chat socket, from the client's side. Pure."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import urlencode

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from shared.protocol.events import AnyEvent

_EVENT: Final[TypeAdapter[AnyEvent]] = TypeAdapter(Annotated[AnyEvent, Field(discriminator="type")])
_NEWER_SERVER: Final = "union_tag_invalid"


def decode_event(frame: str | bytes) -> AnyEvent | None:
    """Reads one frame; None for a kind of event that this version does not know.

    Fields that are not known are left out, since the contract only ever adds.

    Raises:
        ValidationError: it is no event at all.
    """
    try:
        return _EVENT.validate_json(frame, extra="ignore")
    except ValidationError as error:
        if error.errors(include_url=False, include_input=False)[0]["type"] == _NEWER_SERVER:
            return None
        raise


def encode_command(**fields: Any) -> str:
    """One command; fields that are None are left out."""
    given = {name: value for name, value in fields.items() if value is not None}
    return orjson.dumps(given).decode()


def chat_address(base: str, room: str, **parameters: str | int | None) -> str:
    """The socket's address, with percent-encoded parameters."""
    given = {name: value for name, value in parameters.items() if value is not None}
    query = f"?{urlencode(given)}" if given else ""
    return f"{base.rstrip('/')}/ws/chat/{room}/{query}"

"""Parts of paths that name things."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Path
from starlette.convertors import StringConvertor, register_url_convertor

from shared.domain.ids import parse_uuid
from shared.protocol.errors import ChatError, ErrorCode


class RoomConvertor(StringConvertor):
    """What may stand for a room: `popular` is a path of its own, with methods of its own."""

    regex = "(?!popular/)[^/]+"


register_url_convertor("room", RoomConvertor())

ROOM: Final = "/api/rooms/{room_id:room}/"
MESSAGE: Final = "/api/messages/{message_id}/"
ERASURE: Final = "/api/erasures/{erasure_id}/"

_UUID: Final[dict[str, Any]] = {"format": "uuid"}


async def room_in_path(room_id: Annotated[str, Path(json_schema_extra=_UUID)]) -> UUID:
    """The room's id. What is no UUID names no room.

    Raises:
        ChatError: `room_not_found`.
    """
    return _named(room_id, ErrorCode.ROOM_NOT_FOUND)


async def message_in_path(message_id: Annotated[str, Path(json_schema_extra=_UUID)]) -> UUID:
    """The message's id. What is no UUID names no message.

    Raises:
        ChatError: `message_not_found`.
    """
    return _named(message_id, ErrorCode.MESSAGE_NOT_FOUND)


async def thing_in_path(thing_id: Annotated[str, Path(json_schema_extra=_UUID)]) -> UUID:
    """The id of what else a path names.

    Raises:
        ChatError: `not_found`, it is no UUID.
    """
    return _named(thing_id, ErrorCode.NOT_FOUND)


async def erasure_in_path(erasure_id: Annotated[str, Path(json_schema_extra=_UUID)]) -> UUID:
    """The erasure's id. What is no UUID names none.

    Raises:
        ChatError: `not_found`.
    """
    return _named(erasure_id, ErrorCode.NOT_FOUND)


def _named(raw: str, code: ErrorCode) -> UUID:
    found = parse_uuid(raw)
    if found is None:
        raise ChatError(code)
    return found


RoomId = Annotated[UUID, Depends(room_in_path)]
MessageId = Annotated[UUID, Depends(message_in_path)]
ErasureId = Annotated[UUID, Depends(erasure_in_path)]

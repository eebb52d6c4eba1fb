"""What must be true of a body before it is read into a model."""

from email.message import Message

from fastapi import Request

from shared.protocol.errors import ChatError, ErrorCode

_WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


async def require_json(request: Request) -> None:
    """Lets JSON and empty bodies through; an empty one is refused where it is read.

    Raises:
        ChatError: `unsupported_media_type`.
    """
    if request.method not in _WITH_BODY or not await request.body():
        return
    if not is_json(request.headers.get("content-type")):
        raise ChatError(ErrorCode.UNSUPPORTED_MEDIA)


def is_json(content_type: str | None) -> bool:
    """Is this `application/json`, or a kind of it such as `application/problem+json`?"""
    if content_type is None:
        return False
    parsed = Message()
    parsed["content-type"] = content_type
    main, sub = parsed.get_content_maintype(), parsed.get_content_subtype()
    return main == "application" and (sub == "json" or sub.endswith("+json"))

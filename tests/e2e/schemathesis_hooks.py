"""What the formats of our own look like, so that generated requests can be right.

JSON Schema counts code points; our limits count graphemes and bytes. Loaded by schemathesis itself.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from typing import Any
from uuid import UUID

import schemathesis
from hypothesis import strategies as st

from api_service.pagination import NewestCursor, OnlineCursor, encode_cursor
from shared.domain.messages import check_client_id, check_file_url, normalise_content
from shared.domain.names import normalise_username
from shared.domain.rooms import normalise_description, normalise_room_name
from shared.domain.rules import RuleViolation

_VISIBLE = st.characters(
    exclude_categories=("C", "Z", "M"), exclude_characters="\u115f\u1160\u2800\u3164\uffa0"
)
"""Letters that show nothing are left out: a name of these alone is blank."""

_NAMES = st.one_of(
    st.sampled_from(["রাকিব", "সাধারণ আলোচনা", "র‍্যাব", "O’Brien", "👩‍👩‍👧"]),
    st.text(_VISIBLE, min_size=1, max_size=40),
)
_TEXTS = st.one_of(
    st.sampled_from(["হ্যালো সবাই!", "দুই\nলাইন", "<b>&amp;</b>"]),
    st.text(_VISIBLE, min_size=1, max_size=200),
)
_ADDRESSES = st.builds(
    "{}://{}.example/{}".format,
    st.sampled_from(["http", "https"]),
    st.text(string.ascii_lowercase, min_size=1, max_size=20),
    st.text(string.ascii_letters + string.digits + "-._~", max_size=50),
)
_CURSORS = st.one_of(
    st.builds(OnlineCursor, st.integers(0, 10**6), st.uuids()),
    st.builds(NewestCursor, st.integers(0, 10**16), st.just(UUID(int=0))),
).map(encode_cursor)

schemathesis.openapi.format("adda-name", _NAMES)
schemathesis.openapi.format("adda-description", _TEXTS)
schemathesis.openapi.format("adda-content", _TEXTS)
schemathesis.openapi.format("adda-client-id", st.text(_VISIBLE, min_size=1, max_size=64))
schemathesis.openapi.format("adda-web-address", _ADDRESSES)
schemathesis.openapi.format("adda-cursor", _CURSORS)

_VIOLATED = re.compile(r"violates `format` at /properties/(\w+)(?:/anyOf/\d+)?$")
_RULES: dict[str, Callable[[str], object]] = {
    "username": normalise_username,
    "name": normalise_room_name,
    "description": normalise_description,
    "content": normalise_content,
    "client_id": check_client_id,
    "file_url": check_file_url,
}


@schemathesis.hook
def filter_case(_context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:
    """Drops what was made to break a format of ours, and keeps its rule by chance.

    The generator cannot ask for the complement of a format that it only knows by examples.
    """
    described = case.meta.phase.data.description if case.meta is not None else None
    violated = _VIOLATED.search(described or "")
    if violated is None or not isinstance(case.body, dict):
        return True
    value = case.body.get(violated[1])
    if violated[1] not in _RULES or not isinstance(value, str):
        return True
    try:
        kept = _RULES[violated[1]](value)
    except RuleViolation:
        return True
    return violated[1] == "content" and kept is None

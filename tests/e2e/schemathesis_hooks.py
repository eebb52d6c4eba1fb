"""What the formats of our own look like, so that generated requests can be right.

JSON Schema counts code points; our limits count graphemes and bytes. Loaded by schemathesis itself.
"""

from __future__ import annotations

import os
import re
import string
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

import schemathesis
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.generation.meta import TestPhase

from api_service.pagination import NewestCursor, OnlineCursor, encode_cursor
from shared.domain.messages import check_client_id, check_file_url, normalise_content
from shared.domain.names import normalise_username
from shared.domain.rooms import normalise_description, normalise_room_name
from shared.domain.rules import RuleViolation
from shared.protocol.errors import ErrorCode

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
schemathesis.openapi.format("adda-line", st.sampled_from(["বোকা", "খারাপ কথা", "spam*"]))
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

_SEEN = os.environ.get("SCHEMATHESIS_SEEN")
"""File that gets a line of each request: made right (`positive`) or wrong, and its status."""


@schemathesis.hook
def after_call(
    _context: schemathesis.HookContext, case: schemathesis.Case[Any], response: Any
) -> None:
    """Notes what was sent, for the test to see that something wrong was."""
    if _SEEN is not None and case.meta is not None:
        with Path(_SEEN).open("a") as seen:
            seen.write(f"{case.meta.generation.mode.value} {response.status_code}\n")


@schemathesis.check
def refusals_have_the_form_of_the_contract(
    _context: Any, response: Any, _case: schemathesis.Case[Any]
) -> None:
    """Whatever is refused, the answer is one of `shared.protocol.errors`."""
    if response.status_code < HTTPStatus.BAD_REQUEST:
        return
    told = response.json()
    assert told["status"] == "error", told
    assert told["code"] in {code.value for code in ErrorCode}, told
    assert told["message"], told
    fields = told.get("errors", {})
    assert all(isinstance(text, str) and text for texts in fields.values() for text in texts), told


@schemathesis.hook
def filter_case(_context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:
    """Drops what was made to break a format of ours, and keeps its rule by chance.

    The generator cannot ask for the complement of a format that it only knows by examples. Nor can
    it know what no schema says; see below.
    """
    if not _can_be_judged(case):
        return False
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


_ABOUT_SOMEBODY = ("/moderation/sanctions/", "/moderation/purge/")


def _can_be_judged(case: schemathesis.Case[Any]) -> bool:
    """Is right what is right by its schema?

    Whom a decision is about stands in one of several fields, and a message must exist. And what may
    be done with a word that is called "suggested" may be done with that address.
    """
    if case.method == "OPTIONS" and case.path.endswith("/moderation/words/suggested/"):
        return False
    if not case.path.endswith(_ABOUT_SOMEBODY) or not isinstance(case.body, dict):
        return True
    if case.meta is None or case.meta.generation.mode is GenerationMode.NEGATIVE:
        return True
    if case.meta.phase.name is TestPhase.STATEFUL:
        return False
    others = [case.body.get(field) for field in ("message_id", "name", "by_address")]
    return case.body.get("user_id") is not None and not any(others)

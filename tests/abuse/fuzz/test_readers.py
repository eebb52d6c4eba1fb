"""Whatever reads bytes of strangers, on what is nearly right."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.abuse.fuzz.corpus import PIECES, seeds
from tests.abuse.fuzz.mutation import Mutator
from tests.abuse.fuzz.seeds import BODY, FRAMES, MESSAGE_ID, RULES
from tests.abuse.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLES: Final = int(os.environ.get("ADDA_FUZZ_EXAMPLES", "150"))
"""Inputs per reader; more finds more and takes longer."""
fuzzed: Final = settings(max_examples=EXAMPLES)

SCALARS: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["", "message", "ping", MESSAGE_ID, "ban", "user", "mask", "1:x", "x" * 5000]),
)
ANYTHING: Final = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def nearly(right: Any) -> st.SearchStrategy[Any]:
    """`right` with some of its parts replaced, left out, or doubled."""
    if isinstance(right, dict):
        parts = {key: nearly(value) for key, value in right.items()}
        whole = st.fixed_dictionaries({}, optional=parts)
        more = st.dictionaries(st.sampled_from(["type", "client_id", "x"]), ANYTHING, max_size=1)
        return st.one_of(whole, st.builds(lambda a, b: {**a, **b}, whole, more), ANYTHING)
    if isinstance(right, list):
        inner = st.one_of(*map(nearly, right)) if right else ANYTHING
        return st.one_of(st.just(right), st.lists(inner, max_size=7), ANYTHING)
    return st.one_of(st.just(right), SCALARS, ANYTHING)


def written(value: Any) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS) if fits(value) else b""


def fits(value: Any) -> bool:
    """Can orjson write it? Larger numbers and lone surrogates come from elsewhere."""
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return True


def read(texts: tuple[str, ...]) -> list[Any]:
    found = []
    for text in texts:
        try:
            found.append(orjson.loads(text))
        except orjson.JSONDecodeError:
            continue
    return found


NEARLY_RIGHT: Final[Mapping[str, st.SearchStrategy[bytes]]] = {
    "command": st.one_of(*map(nearly, read(FRAMES))).map(written),
    "body": nearly(orjson.loads(BODY)).map(written),
    "rules": st.one_of(*(nearly(orjson.loads(text[2:])) for text in RULES))
    .map(written)
    .map(lambda document: b"3 " + document),
    "proof": nearly(orjson.loads(seeds()["proof"][1])).map(written),
}


@st.composite
def spoilt(draw: st.DrawFn, target: str) -> bytes:
    """A seed of the target with some of its bytes replaced."""
    data = draw(st.sampled_from(seeds()[target]))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        end = at + draw(st.integers(0, 12))
        data = data[:at] + draw(st.sampled_from(PIECES) | st.binary(max_size=8)) + data[end:]
    return data


@pytest.mark.parametrize("target", NEARLY_RIGHT)
@fuzzed
@given(data=st.data())
def test_what_has_the_wrong_shape_is_refused_as_documented(
    target: str, data: st.DataObject
) -> None:
    TARGETS[target](data.draw(NEARLY_RIGHT[target]))


@pytest.mark.parametrize("target", TARGETS)
@fuzzed
@given(data=st.data())
def test_what_has_wrong_bytes_is_refused_as_documented(target: str, data: st.DataObject) -> None:
    TARGETS[target](data.draw(spoilt(target)))


@pytest.mark.parametrize("target", TARGETS)
def test_what_chance_makes_is_refused_as_documented(target: str) -> None:
    mutator = Mutator(seeds()[target], random.Random(1971))
    for _ in range(EXAMPLES):
        TARGETS[target](mutator.next())


def test_every_target_has_seeds() -> None:
    assert seeds().keys() == TARGETS.keys()

from __future__ import annotations

import re

import pytest

from shared.protocol.close_codes import CLOSES, CloseCode

CONTRACT = {
    1012: True,
    1013: True,
    4000: False,
    4001: False,
    4003: False,
    4008: False,
    4009: False,
    4100: True,
    4101: True,
    4102: True,
}


def test_the_table_is_that_of_the_contract() -> None:
    assert {int(code): info.reconnect for code, info in CLOSES.items()} == CONTRACT


def test_every_code_has_a_row() -> None:
    assert set(CLOSES) == set(CloseCode)


@pytest.mark.parametrize("code", CloseCode)
def test_codes_lie_where_rfc_6455_leaves_room(code: CloseCode) -> None:
    assert code in {1012, 1013} or 4000 <= code <= 4999


@pytest.mark.parametrize("code", CloseCode)
def test_the_text_fits_a_close_frame(code: CloseCode) -> None:
    # A control frame has 125 bytes, two of which are the code (RFC 6455 §5.5).
    info = CLOSES[code]
    assert 0 < len(info.bn.encode()) <= 123
    assert 0 < len(info.en.encode()) <= 123
    assert re.search(r"[\u0980-\u09ff]", info.bn)


def test_labels_are_stable_names_and_differ() -> None:
    labels = [info.label for info in CLOSES.values()]
    assert len(set(labels)) == len(labels)
    assert all(re.fullmatch(r"[a-z_]+", label) for label in labels)

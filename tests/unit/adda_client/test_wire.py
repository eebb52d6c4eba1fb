from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from adda_client.wire import chat_address, decode_event, encode_command
from shared.protocol.events import PongEvent


def test_an_event_is_read_into_its_class() -> None:
    event = decode_event('{"type":"pong","t":1,"server_time":"x"}')
    assert event == PongEvent(t=1, server_time="x")


def test_what_a_newer_server_says_is_left_out() -> None:
    assert decode_event('{"type":"reaction","emoji":"👍"}') is None
    event = decode_event('{"type":"pong","t":1,"server_time":"x","load":0.5}')
    assert event == PongEvent(t=1, server_time="x")


@pytest.mark.parametrize("frame", ["", "[]", '{"type":"pong"}', '{"t":1}'])
def test_what_is_no_event_is_told(frame: str) -> None:
    with pytest.raises(ValidationError):
        decode_event(frame)


def test_a_command_leaves_out_what_is_not_given() -> None:
    frame = encode_command(type="message", content="হ্যালো", reply_to=None)
    assert json.loads(frame) == {"type": "message", "content": "হ্যালো"}


def test_an_address_carries_any_name_and_colour() -> None:
    address = chat_address("ws://host:1/", "r", username="রাকিব & #১", color="#ff0000", since=0)
    assert address == (
        "ws://host:1/ws/chat/r/?username=%E0%A6%B0%E0%A6%BE%E0%A6%95%E0%A6%BF%E0%A6%AC+%26+%23%E0%A7%A7"
        "&color=%23ff0000&since=0"
    )
    assert chat_address("ws://host:1", "r") == "ws://host:1/ws/chat/r/"

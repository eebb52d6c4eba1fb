from __future__ import annotations

from adda_client.errors import ChatClosed, ChatRefused, ClientError, MessageRefused


def test_errors_carry_what_a_program_decides_by() -> None:
    refused = ChatRefused(4001, "রুম পূর্ণ!")
    assert (refused.code, refused.reason, str(refused)) == (4001, "রুম পূর্ণ!", "4001 রুম পূর্ণ!")
    message = MessageRefused("validation_error", "তথ্য সঠিক নয়")
    assert (message.code, str(message)) == ("validation_error", "validation_error: তথ্য সঠিক নয়")


def test_one_class_catches_them_all() -> None:
    for error in (ChatClosed, ChatRefused, MessageRefused):
        assert issubclass(error, ClientError)

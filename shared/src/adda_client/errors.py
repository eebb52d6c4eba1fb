"""What a program must decide about; everything that passes by itself is waited out instead.

ClientError
├── ChatRefused       the server will not have this connection: coming back is of no use
├── MessageRefused    this message will never be taken
└── ChatClosed        the program itself has closed the client
"""

from __future__ import annotations


class ClientError(Exception):
    """Base of all errors of the client."""


class ChatRefused(ClientError):
    """The room is full or gone, or the door is closed to this client."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        """A close code of the contract, or an HTTP status."""
        self.reason = reason


class MessageRefused(ClientError):
    """Too long, another content under the same client_id, and the like."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        """A code of the contract's errors, such as `validation_error`."""
        self.reason = reason


class ChatClosed(ClientError):
    """`close` was called, or the block was left."""

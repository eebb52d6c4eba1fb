"""How a broken rule of the domain is reported: a field, a code and numbers, never a text.

The edges (REST, WebSocket) turn a code into a sentence in the reader's language.
"""

from __future__ import annotations

from typing import Final

BLANK: Final = "blank"
TOO_LONG: Final = "too_long"  # data: limit (int), unit ("graphemes" | "bytes" | "characters")
TOO_BROAD: Final = "too_broad"  # data: minimum (int) of characters that are no wildcards
CONTROL_CHARACTERS: Final = "control_characters"  # bidi formatting and line separators included
NOT_A_COLOR: Final = "not_a_color"
NOT_A_NUMBER: Final = "not_a_number"
OUT_OF_RANGE: Final = "out_of_range"  # data: minimum (int), maximum (int)
NOT_A_URL: Final = "not_a_url"
NOT_A_CHOICE: Final = "not_a_choice"  # data: choices (tuple[str, ...])
MALFORMED: Final = "malformed"  # an opaque token that this service cannot have issued
RESERVED: Final = "reserved"  # a name that would pass for the service or for who runs it

RULE_CODES: Final[frozenset[str]] = frozenset(
    {
        BLANK,
        TOO_LONG,
        TOO_BROAD,
        CONTROL_CHARACTERS,
        NOT_A_COLOR,
        NOT_A_NUMBER,
        OUT_OF_RANGE,
        NOT_A_URL,
        NOT_A_CHOICE,
        MALFORMED,
        RESERVED,
    },
)
"""Every code that the domain raises, so that a table of texts can be checked for completeness."""


class RuleViolation(Exception):
    """A value from outside breaks a rule.

    Attributes:
        field: the wire name of the field, such as "username".
        code: one of RULE_CODES.
        data: numbers and choices that belong to the code, named in the comments above.

    """

    def __init__(self, field: str, code: str, **data: object) -> None:
        """Keep the field, the code and the data that belongs to it."""
        super().__init__(field, code)
        self.field = field
        self.code = code
        self.data = data

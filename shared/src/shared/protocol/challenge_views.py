"""The work that is asked for at a crowded door, as it goes over the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ChallengePart(BaseModel):
    """Base of them all; an undeclared field is a bug."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ChallengeEffort(ChallengePart):
    """What is known of the work before it is done."""

    level: int = Field(description="0 is the least; a phone needs about a second for that")
    most: int = Field(description="The counter that is looked for is below this")


class ChallengeParametersView(ChallengePart):
    """Parameters of an ALTCHA challenge, version 2; its names, not ours."""

    algorithm: Literal["PBKDF2/SHA-256"] = "PBKDF2/SHA-256"
    nonce: str = Field(description="Hexadecimal; the password is this and the counter, 4 bytes")
    salt: str = Field(description="Hexadecimal")
    cost: int = Field(description="Iterations")
    keyLength: int = Field(description="Bytes")  # noqa: N815 - as above
    keyPrefix: str = Field(description="How the key begins, hexadecimal")  # noqa: N815
    keySignature: str = Field(description="For the server")  # noqa: N815
    expiresAt: int = Field(description="Seconds since 1970")  # noqa: N815
    data: ChallengeEffort


class ChallengeView(ChallengePart):
    """An ALTCHA challenge, version 2: find the counter whose key begins as it says."""

    parameters: ChallengeParametersView
    signature: str = Field(description="Both go back with the solution, as they are")

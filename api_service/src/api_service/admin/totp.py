"""The second factor: codes of an authenticator (RFC 6238, six digits, 30 seconds)."""

from __future__ import annotations

import hmac
import io
from typing import Final

import pyotp
import segno

STEP_SECONDS: Final = 30
SPREAD: Final = 1
"""Steps that a clock may be off, either way."""

ISSUER: Final = "Adda"
_DIGITS: Final = 6


def new_secret() -> str:
    """160 random bits in Base32."""
    return pyotp.random_base32()


def address_of(name: str, secret: str) -> str:
    """The `otpauth://` address that authenticators read."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def picture_of(address: str) -> str:
    """A QR code for a terminal."""
    out = io.StringIO()
    segno.make(address, error="m").terminal(out=out, compact=True)
    return out.getvalue()


def matching_step(secret: str, code: str, now: int) -> int | None:
    """The step whose code this is, of those around `now` (s since 1970); None: of none."""
    code = "".join(code.split())
    if len(code) != _DIGITS or not code.isascii() or not code.isdecimal():
        return None
    totp = pyotp.TOTP(secret)
    found = None
    for step in range(now // STEP_SECONDS - SPREAD, now // STEP_SECONDS + SPREAD + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found

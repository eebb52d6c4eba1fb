"""Unicode rules for Bangla and everything else people type: normal form, length, look-alikes.

Lengths are counted twice on purpose: in graphemes for people, in UTF-8 bytes for machines.
"""

from __future__ import annotations

import unicodedata
from itertools import islice
from typing import Final

import regex

MAX_MARKS_IN_A_RUN: Final = 30
"""UAX #15 "Stream-Safe Text": no language stacks more than a few marks on one letter."""

_GRAPHEME: Final = regex.compile(r"\X")
_EXCESS_MARKS: Final = regex.compile(rf"(\p{{M}}{{{MAX_MARKS_IN_A_RUN}}})\p{{M}}+")
_NEWLINE: Final = regex.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# U+2800 is no Default_Ignorable, but every font draws it as nothing; FFF9..FFFB likewise.
_INVISIBLE_ONLY: Final = regex.compile(r"[\p{White_Space}\p{DI}\u2800\ufff9-\ufffb]*+")
_DEFAULT_IGNORABLE: Final = regex.compile(r"\p{DI}+")
# Lone surrogates arrive through JSON escapes and cannot be encoded; they count as controls.
_CONTROL: Final = regex.compile(r"[\p{Cc}\p{Cs}\u2028\u2029]")
_CONTROL_EXCEPT_NEWLINES: Final = regex.compile(r"[\p{Cc}\p{Cs}\u2028\u2029--[\n\t]]", regex.V1)
_BIDI_FORMATTING: Final = regex.compile("[\u202a-\u202e\u2066-\u2069]")
_UNSAFE_IN_MESSAGES: Final = regex.compile(r"[\p{Cc}\p{Cs}\u202d\u202e--[\n\t]]+", regex.V1)


def nfc(text: str) -> str:
    """Return `text` in NFC, with runs of combining marks cut at MAX_MARKS_IN_A_RUN.

    Under NFC the letters ড় ঢ় য় are two code points each, however they were typed.
    Idempotent.
    """
    if text.isascii():
        return text
    # Canonical ordering is quadratic in the run's length: 16 KiB of marks would cost 0.1 s.
    # A second cut follows because a mark such as U+0344 becomes two under NFC.
    return _cut_marks(unicodedata.normalize("NFC", _cut_marks(text)))


def grapheme_count(text: str) -> int:
    r"""Return how many user-perceived characters `text` has (extended grapheme clusters).

    `regex` follows Unicode 15.1+ here, GB9c included: a Bangla conjunct is one cluster, so
    ক্ষমতা is 3 (ক্ষ, ম, তা), and র‍্যাব is 2. A ZWNJ after the hasanta ends the cluster,
    as it also shows two letters.
    """
    if text.isascii():
        return len(text) - text.count("\r\n")
    return sum(1 for _ in _GRAPHEME.finditer(text))


def exceeds_graphemes(text: str, limit: int) -> bool:
    """Return whether `text` has more than `limit` graphemes, without counting when it can't."""
    return len(text) > limit and grapheme_count(text) > limit


def first_graphemes(text: str, limit: int) -> str:
    """Return the first `limit` graphemes of `text`: all of it, if it has no more."""
    if len(text) <= limit:
        return text
    return "".join(found[0] for found in islice(_GRAPHEME.finditer(text), limit))


def utf8_length(text: str) -> int:
    """Return the length of `text` in UTF-8 bytes (a lone surrogate counts three)."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def strip_blank(text: str) -> str:
    """Trim white space; return "" if what is left shows nothing (ZWJ, ZWNJ, ZWSP, BOM, …).

    Invisible characters beside visible ones stay: র‍্যাব and emoji families need them.
    """
    stripped = text.strip()
    if stripped.isascii() or _INVISIBLE_ONLY.fullmatch(stripped) is None:
        return stripped
    return ""


def unify_newlines(text: str) -> str:
    r"""Return `text` with every kind of line or paragraph break written as "\n"."""
    return _NEWLINE.sub("\n", text)


def has_control_characters(text: str, *, allow_newlines: bool) -> bool:
    r"""Return whether `text` has C0/C1 controls, lone surrogates or U+2028/2029.

    With `allow_newlines`, "\n" and "\t" are no controls.
    """
    pattern = _CONTROL_EXCEPT_NEWLINES if allow_newlines else _CONTROL
    return pattern.search(text) is not None


def has_bidi_override(text: str) -> bool:
    """Return whether `text` has explicit directional formatting: embedding, override, isolate."""
    return not text.isascii() and _BIDI_FORMATTING.search(text) is not None


def without_unsafe_characters(text: str) -> str:
    r"""Return `text` without controls (except "\n", "\t"), lone surrogates, LRO and RLO."""
    return _UNSAFE_IN_MESSAGES.sub("", text)


def comparison_key(text: str) -> str:
    """Return the form under which two texts are the same to a reader who searches or compares.

    Canonical caseless matching (Unicode 3.13) without default-ignorable characters and with
    white space trimmed and folded. Idempotent. Never shown: it loses the shape of র‍্যাব.
    """
    if text.isascii():
        return " ".join(text.casefold().split())
    visible = _DEFAULT_IGNORABLE.sub("", text)
    folded = unicodedata.normalize("NFD", _cut_marks(visible)).casefold()
    return " ".join(nfc(folded).split())


def _cut_marks(text: str) -> str:
    return _EXCESS_MARKS.sub(r"\1", text)

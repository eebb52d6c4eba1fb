"""Look-alike folding, so that nobody wears another's name in the same room.

The method is UTS #39 "skeleton": map every character to a prototype, compare the results.
The table is small and our own. It differs from confusables.txt where that keeps case apart:
names that differ by case only are already the same name here, so a capital and its small
letter must share a prototype (I, i, l, 1 all become "l"). A skeleton is only ever compared.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from shared.domain.text import comparison_key

# Applied in this order, before single characters. Bangla vowels: Unicode's table of
# "vowel letters that must not be spelled so" (core specification, Bengali), and signs in
# an order that NFC leaves alone but fonts draw alike.
_SEQUENCES: Final = (
    ("\u09be\u09c7", "\u09cb"),  # া + ে, typed in the wrong order, drawn as ো
    ("\u09d7\u09c7", "\u09cc"),  # the length mark before ে, drawn as ৌ
    ("\u0985\u09be", "\u0986"),  # অ + া drawn as আ
    ("\u0993\u09d7", "\u0994"),  # ও + length mark drawn as ঔ
    ("\u098b\u09c3", "\u09e0"),  # ঋ + ৃ drawn as ৠ
    ("\u098c\u09e2", "\u09e1"),  # ঌ + ৢ drawn as ৡ
    ("\u09c3\u09c3", "\u09c4"),  # ৃ + ৃ drawn as ৄ
    ("\u09ac\u09bc", "\u09b0"),  # ব + nukta drawn as র
    ("\u09ce", "\u09a4\u09cd"),  # ৎ, before Unicode 4.1 written as ত + hasanta + ZWJ
)

_CHARACTERS: Final = str.maketrans(
    {
        # Assamese letters that a Bangla reader takes for র; ব itself is another letter.
        "\u09f0": "\u09b0",
        "\u09f1": "\u09b0",
        # Bangla digits and signs (confusables.txt: ০→O, ৪→8, ৭→9), zero meeting o.
        "\u09e6": "o",
        "\u09ea": "8",
        "\u09ed": "9",
        "0": "o",
        "\u0966": "o",
        "\u0983": ":",  # visarga
        "\u0964": "l",  # danda, a bar like the next ones
        "\u09f7": "l",
        "|": "l",
        "\u01c0": "l",
        "1": "l",
        "i": "l",
        "\u0131": "l",
        "m": "rn",
        # Cyrillic, small letters that look alike in either case.
        "\u0430": "a",
        "\u0432": "b",
        "\u0435": "e",
        "\u043a": "k",
        "\u043c": "rn",
        "\u043d": "h",
        "\u043e": "o",
        "\u0440": "p",
        "\u0441": "c",
        "\u0442": "t",
        "\u0443": "y",
        "\u0445": "x",
        "\u0455": "s",
        "\u0456": "l",
        "\u0458": "j",
        "\u04bb": "h",
        "\u04cf": "l",
        "\u0501": "d",
        "\u051b": "q",
        "\u051d": "w",
        # Greek; where capital and small letter look like different Latin ones, the capital.
        "\u03b1": "a",
        "\u03b2": "b",
        "\u03b5": "e",
        "\u03b6": "z",
        "\u03b7": "h",
        "\u03b9": "l",
        "\u03ba": "k",
        "\u03bc": "rn",
        "\u03bd": "n",
        "\u03bf": "o",
        "\u03c1": "p",
        "\u03c4": "t",
        "\u03c5": "y",
        "\u03c7": "x",
        # Punctuation that stands in for "-", "'" and space.
        "\u2010": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\u2018": "'",
        "\u2019": "'",
        "\u02bc": "'",
        "`": "'",
        "\u2800": " ",
    },
)


def confusable_skeleton(text: str) -> str:
    """Return a key that is equal for texts which look alike at a glance.

    Equal comparison keys give equal skeletons. Idempotent in effect: a skeleton may be
    compared with another, never shown or stored as a name.
    """
    # Compatibility forms (fullwidth, mathematical letters) can hide a capital or a space,
    # hence the second key.
    plain = comparison_key(unicodedata.normalize("NFKC", comparison_key(text)))
    for sequence, prototype in _SEQUENCES:
        plain = plain.replace(sequence, prototype)
    return " ".join(plain.translate(_CHARACTERS).split())

"""How Bangla sounds when Latin letters are put for it, roughly: one key for all its spellings.

Nobody agrees on one romanisation: পাগল is pagol, pagal and pagl, ভালো is bhalo and valo. So both
sides are reduced to a key. Aspiration is dropped (kh, k), sh and s are one, v is b, z is j, w is
a vowel, and o vanishes except at the beginning, since it is what the inherent vowel is written
with, or not. Where an inherent vowel stands, a rule has a second key, with a.
A consonant that stands twice in the text must do so in the rule: noodles are no insult.
"""

from __future__ import annotations

import re
from itertools import product
from typing import Final

from shared.domain.text import comparison_key

FEWEST_SOUNDS: Final = 4
"""Of a word that is looked for by its sound; what is shorter is a word of some other language."""
_MOST_CHOICES: Final = 3
_INHERENT: Final = "*"

_CONSONANTS: Final = {
    letter: sound
    for letters, sound in (
        ("কখ", "k"),
        ("গঘ", "g"),
        ("চছ", "c"),
        ("জঝয", "j"),
        ("টঠতথ", "t"),
        ("ডঢদধ", "d"),
        ("নণঞ", "n"),
        ("প", "p"),
        ("ফ", "f"),
        ("বভ", "b"),
        ("ম", "m"),
        ("রৰ", "r"),
        ("ল", "l"),
        ("শষস", "s"),
        ("হ", "h"),
        ("ঙ", "ng"),
    )
    for letter in letters
}
_SIGNS: Final = dict(
    zip("ািীুূৃেৈোৌ", ("a", "i", "i", "u", "u", "ri", "e", "oi", "o", "ou"), strict=True)
)
_VOWELS: Final = dict(
    zip("আইঈউঊঋএঐওঔ", ("a", "i", "i", "u", "u", "ri", "e", "oi", "o", "ou"), strict=True)
)
_OTHERS: Final = {"অ": _INHERENT, "ং": "ng", "ৎ": "t", " ": " "}

_DONE: Final = frozenset("kgi")
_OPENS_NEXT: Final = _DONE | {"ং", "ৎ", *_CONSONANTS, *_VOWELS}
"""What may follow a consonant's inherent vowel within a word."""

# What is Latin already (_DONE) is passed by in the walk over the letters.
_CLUSTERS: Final = (
    (re.compile("ড\u09bc|ঢ\u09bc"), "র"),
    (re.compile("(?<=[ওো])য\u09bc|য\u09bc(?=ো)"), ""),  # খাওয়া: khaoa, শুয়োর: shuor
    (re.compile("য\u09bc"), "i"),
    (re.compile("[ঁঃ\u09bc]"), ""),
    (re.compile("ক্ষ"), "k্ক"),
    (re.compile("জ্ঞ"), "g্গ"),
    (re.compile("[ঙং]্?[গঘ]"), "ঙ"),
    (re.compile("্যা"), "া"),  # ব্যাঙ: bang
    (re.compile("([ক-হ])্য"), r"\1্\1"),  # অসভ্য: osobbho
    (re.compile("(?<![মব])্ব"), ""),  # বিশ্ব: bissho
)
_CONSONANT: Final = "[bcdfghjklmnpqrstvxz]"
_SILENT_Y: Final = re.compile(f"(?<={_CONSONANT})y(?=[aeiou])")
_DRAWN_OUT: Final = re.compile(f"({_CONSONANT})\\1\\1+")
_DOUBLE: Final = re.compile(f"({_CONSONANT})\\1")
# In this order. Plain replacing is faster than an expression on texts as short as messages.
_DIGRAPHS: Final = (
    ("uyo", "uo"),
    *(("chh", "c"), ("ph", "f"), ("kh", "k"), ("gh", "g"), ("ch", "c"), ("jh", "j"), ("th", "t")),
    *(("dh", "d"), ("bh", "b"), ("sh", "s"), ("rh", "r"), ("ee", "i"), ("x", "ks")),
)
_LATIN: Final = str.maketrans("vzwy", "bjoi")  # q is Arabic or English: no quota is কুত্তা
_FIRST_O: Final = "\x00"
_VOWEL: Final = re.compile("[aeiu]")
_VOWELS_TWICE: Final = ("aa", "ee", "ii", "uu")
# Shorter ones are many English words': sour, sure, sir.
_FULL_KEY: Final = re.compile(".{4}|..[aeiu]")


def latin_sounds(words: str) -> str:
    """Return the keys of `words`, small Latin letters with single spaces between them, in order."""
    sounds = _SILENT_Y.sub("", words) if "y" in words else words
    for letters, sound in _DIGRAPHS:
        sounds = sounds.replace(letters, sound)
    return _settled(_DRAWN_OUT.sub(r"\1", sounds.translate(_LATIN)))


def bangla_sounds(words: str) -> set[str]:
    """Return every key of a word or phrase in Bangla letters, with its spaces and without.

    Empty where it could not be told from words of other languages: it is too short, has no vowel
    but inherent ones (বলদ: blood, bold, blade), or letters of other scripts.
    """
    spoken = _spoken(words)
    if spoken is None or len(spoken.replace(" ", "")) < FEWEST_SOUNDS or not _VOWEL.search(spoken):
        return set()
    keys = set()
    for sounds in _with_inherent_vowels(spoken):
        for key in (_settled(sounds), _settled(sounds.replace(" ", ""))):
            keys |= _with_single_letters(key)
    return {key for key in keys if _FULL_KEY.match(key)}


def _settled(sounds: str) -> str:
    """Without o but at the beginning of words, and no vowel twice."""
    sounds = f" {sounds.replace('ng', 'n')}".replace(" o", f" {_FIRST_O}")
    sounds = sounds.replace("o", "").replace(_FIRST_O, "o")[1:]
    for twice in _VOWELS_TWICE:
        while twice in sounds:  # half as many each time
            sounds = sounds.replace(twice, twice[0])
    return sounds


def _spoken(words: str) -> str | None:
    text = comparison_key(words)
    for pattern, simpler in _CLUSTERS:
        text = pattern.sub(simpler, text)
    sounds = []
    for place, letter in enumerate(text):
        following = text[place + 1 : place + 2]
        if letter in _CONSONANTS:
            sounds.append(_CONSONANTS[letter])
            if following and following in _OPENS_NEXT:
                sounds.append(_INHERENT)
        elif letter in _SIGNS or letter in _VOWELS or letter in _OTHERS:
            sounds.append(_SIGNS.get(letter) or _VOWELS.get(letter) or _OTHERS[letter])
        elif letter in _DONE:
            sounds.append(letter)
        elif letter != "্":
            return None
    return "".join(sounds)


def _with_inherent_vowels(spoken: str) -> list[str]:
    """Each inherent vowel as o or a; of many all alike."""
    first, *rest = spoken.split(_INHERENT)
    many = len(rest) > _MOST_CHOICES
    choices = zip(*["oa"] * len(rest), strict=True) if many else product("oa", repeat=len(rest))
    return [
        first + "".join(vowel + part for vowel, part in zip(vowels, rest, strict=True))
        for vowels in choices
    ]


def _with_single_letters(key: str) -> set[str]:
    """Each consonant that stands twice as it is and once; of many all alike."""
    parts = _DOUBLE.split(key)
    between, doubled = parts[::2], parts[1::2]
    many = len(doubled) > _MOST_CHOICES
    times = (
        zip(*[(1, 2)] * len(doubled), strict=True) if many else product((1, 2), repeat=len(doubled))
    )
    return {
        between[0]
        + "".join(
            letter * n + part for letter, n, part in zip(doubled, chosen, between[1:], strict=True)
        )
        for chosen in times
    }

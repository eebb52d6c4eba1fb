"""Writes words.json: romanised Bangla, and what avro-py makes of it.

    python gateway/web/tests/avro/write_words.py

The words are those of romanised.txt. To them come syllables and conjuncts made by rule, so that
each letter stands with each vowel, and each conjunct that Avro knows occurs.
"""

# ruff: noqa: INP001 -- run and loaded by path
from __future__ import annotations

import json
import unicodedata
from itertools import product
from pathlib import Path
from typing import Final

import avro

HERE: Final = Path(__file__).parent
ROMANISED: Final = HERE / "romanised.txt"
WORDS: Final = HERE / "words.json"


def _apart(told: str) -> tuple[str, ...]:
    return tuple(told.split())


VOWELS: Final = _apart("o a i I ee u oo U rri e OI O OU")
CONSONANTS: Final = _apart(
    "k kh g gh Ng c ch j jh NG T Th D Dh N t th d dh n p ph f b bh v m z r l S sh Sh s h R Rh y Y"
)
NEVER_FIRST: Final = _apart("N R Y")
FOLAS: Final = _apart("r y Z w")
CONJUNCTS: Final = _apart(
    "kk kT kt kl kSh ks kkh kx gN gdh gn gm gl gg ghn Ngk Ngkh Ngg Nggh Ngm Ngkkh cc cch cNG jj jjh"
    " jNG NGc NGch NGj NGjh TT Tm DD NT NTh ND NDh NN Nn Nm tt tth tn tm dg dgh dd ddh dv dbh dm"
    " dhn dhm nk nkh ngh nc nch nj njh nT nTh nD nt nth nd ndh nn nm ns pT pt pn pp pl ps fl phl bj"
    " bd bdh bb bl vl bhl mth mn mp mph mf mb mv mbh mm ml lk lg lT lD ldh lp lb lv lbh lm ll shc"
    " shch shn shm shl St Shk ShT ShTh ShN Shp Shph Shf Shm sk skh sT st sth sn sp sph sf sm sl hN"
    " hn hm hl Rg kShN kShm skl spl mpl"
)
# Sound combinations which people type, and which join nothing.
APART: Final = _apart(
    "kp kb kd gb gd cl jl Tk Tl Dk tk tp tl dk dl pk pd bt bs mt md mk lt ls sb sd hk"
)
SIGNS: Final = _apart("ka^ ka: kong ko.. ko. ko... ka` ki` t`` 0123456789 1,000 -5 k,, k,,k $ 50$")


def romanised() -> tuple[list[str], list[str]]:
    """The words and the sentences of romanised.txt, each once, in their order."""
    lines = ROMANISED.read_text(encoding="utf-8").splitlines()
    told = [line for line in lines if not line.startswith("# ")]
    sentences = [line.removeprefix("> ") for line in told if line.startswith("> ")]
    words = [word for line in told if not line.startswith("> ") for word in line.split()]
    return list(dict.fromkeys(words)), list(dict.fromkeys(sentences))


def systematic() -> list[str]:
    """Vowels, syllables, pairs of vowels, conjuncts, folas, rephs and signs."""
    return [
        *VOWELS,
        *(_lead(consonant) + vowel for consonant, vowel in product(CONSONANTS, VOWELS)),
        *(f"ka{consonant}{vowel}" for consonant, vowel in product(CONSONANTS, ("", "o", "a", "i"))),
        *("k" + first + second for first, second in product(VOWELS, VOWELS)),
        *(f"ka{joined}{vowel}" for joined, vowel in product(CONJUNCTS, ("o", "a", "i"))),
        *(f"ka{letter}{fola}a" for letter, fola in product(CONSONANTS, FOLAS)),
        *(f"ka{joined}{fola}o" for joined, fola in product(CONJUNCTS, FOLAS)),
        *(f"ko{apart}a" for apart in APART),
        *(f"korr{letter}o" for letter in CONSONANTS),
        *SIGNS,
    ]


def _lead(consonant: str) -> str:
    """The consonant, behind a vowel if no word begins with it."""
    return f"o{consonant}" if consonant in NEVER_FIRST else consonant


def bangla_of(roman: str) -> str:
    """What avro-py writes by the rules alone, in NFC."""
    return unicodedata.normalize("NFC", avro.parse(roman, remap_words=False))


def pairs() -> list[tuple[str, str]]:
    """All of words.json."""
    words, sentences = romanised()
    distinct = dict.fromkeys([*words, *sentences, *systematic()])
    return [(roman, bangla_of(roman)) for roman in distinct]


def as_text(rows: list[tuple[str, str]]) -> str:
    """One pair a line, as prettier leaves it."""
    lines = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in rows)
    return f"[\n{lines}\n]\n"


if __name__ == "__main__":
    WORDS.write_text(as_text(pairs()), encoding="utf-8")

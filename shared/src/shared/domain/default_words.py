"""A list to begin with, small on purpose.

A dozen mild insults that are hardly ever anything else. What is offensive depends on who speaks
and where; a long list of someone else's is wrong for every room. So the list is edited at run time,
and this one only shows what a list looks like. In Bangla a word stands for its romanisation too.
"""

from __future__ import annotations

from typing import Final

from shared.domain.word_filter import WordRule
from shared.domain.word_index import WordAction

DEFAULT_WORDS: Final[tuple[WordRule, ...]] = (
    WordRule("হারামজাদা", WordAction.HOLD),
    WordRule("হারামজাদি", WordAction.HOLD),
    WordRule("কুত্তার বাচ্চা", WordAction.HOLD),
    WordRule("শুয়োরের বাচ্চা", WordAction.HOLD),
    WordRule("হারামি", WordAction.MASK),
    WordRule("বেয়াদব", WordAction.MASK),
    WordRule("বদমাশ", WordAction.MASK),
    WordRule("ফাজিল", WordAction.MASK),
    WordRule("বেকুব", WordAction.MASK),
    WordRule("harami", WordAction.MASK),
    WordRule("idiot", WordAction.MASK),
    WordRule("moron", WordAction.MASK),
    WordRule("bastard", WordAction.MASK),
    WordRule("asshole", WordAction.MASK),
)

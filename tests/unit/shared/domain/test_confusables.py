"""Who looks like whom, and who must not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.confusables import confusable_skeleton
from shared.domain.text import comparison_key


@pytest.mark.parametrize(
    ("real", "fake"),
    [
        ("Rakib", "rakib"),
        ("Rakib", "Rаkib"),  # Cyrillic а is the point
        ("paypal", "рауpаl"),  # Cyrillic р, а, у
        ("Nabil", "\u039dabil"),
        ("Rakib", "ＲＡＫＩＢ"),  # fullwidth
        ("Rakib", "𝐑𝐚𝐤𝐢𝐛"),  # mathematical bold
        ("admin", "adrnin"),
        ("Ali", "A1i"),
        ("Ali", "AI|"),
        ("bot0", "botO"),
        ("bot0", "bot০"),
        ("cafe8", "cafe৪"),
        ("রাকিব", "ৰাকিব"),
        ("রাকিব", "ৱাকিব"),
        ("রাকিব", "ব\u09bcাকিব"),
        ("আলো", "অ\u09beলো"),
        ("কোমল", "ক\u09c7\u09beমল"),
        ("কোমল", "ক\u09be\u09c7মল"),
        ("মৌ", "ম\u09c7\u09d7"),
        ("মৌ", "ম\u09d7\u09c7"),
        ("ঔষধ", "ও\u09d7ষধ"),
        ("উৎসব", "উত্\u200dসব"),
        ("হৃদ\u09df", "হৃদ\u200cয\u09bc"),
        ("র\u200d্যাব", "র্যাব"),
        ("O'Neil", "O’Neil"),  # the typographic apostrophe
        ("রাকিব হাসান", "রাকিব\u2800হাসান"),
    ],
)
def test_a_worn_name_has_the_skeleton_of_the_real_one(real: str, fake: str) -> None:
    assert confusable_skeleton(real) == confusable_skeleton(fake)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("রনি", "বনি"),
        ("রাকিব", "সাকিব"),
        ("ডালিম", "ড\u09bcালিম"),
        ("যাদব", "\u09dfাদব"),
        ("কামাল", "কমল"),
        ("Rafi", "Rafa"),
        ("দিন", "দীন"),
    ],
)
def test_different_people_keep_different_skeletons(one: str, other: str) -> None:
    assert confusable_skeleton(one) != confusable_skeleton(other)


@given(st.text(max_size=40))
def test_equal_comparison_keys_give_equal_skeletons(text: str) -> None:
    assert confusable_skeleton(comparison_key(text)) == confusable_skeleton(text)
    assert confusable_skeleton(f" {text.upper()} ") == confusable_skeleton(
        comparison_key(text.upper()),
    )

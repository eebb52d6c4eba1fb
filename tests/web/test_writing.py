"""Writing: Bangla by roman letters, letters as people see them, emoji, and how much is too much."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.web.texts import bn

if TYPE_CHECKING:
    from tests.web.people import Enter, Person
    from tests.web.rooms import Room

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}
SONG = unicodedata.normalize("NFC", "আমি বাংলায় গান গাই")
MOST = 4_000
FAMILY = "👨‍👩‍👧"


@pytest.fixture
def rakib(enter: Enter, room: Room) -> Person:
    return enter(room, "রাকিব", **CLIPBOARD)


@pytest.fixture
def avro(rakib: Person) -> Person:
    """Rakib, with Avro turned on and loaded."""
    rakib.button("composer.phonetic_off").click()
    expect(rakib.field).to_be_focused()
    for _ in range(100):
        rakib.field.press("k")  # until Avro is there, letters stay as they are typed
        done = rakib.field.input_value() == "ক"
        rakib.field.fill("")
        if done:
            return rakib
        rakib.page.wait_for_timeout(50)
    raise AssertionError("Avro never came")


def type_(person: Person, letters: str) -> None:
    """A key for each letter, as on a keyboard."""
    for letter in letters:
        person.page.keyboard.press("Space" if letter == " " else letter)


def paste(person: Person, text: str) -> None:
    person.page.evaluate("(text) => navigator.clipboard.writeText(text)", text)
    person.page.keyboard.press("Control+v")


def test_roman_letters_become_bangla(avro: Person, enter: Enter, room: Room) -> None:
    mita = enter(room, "মিতা")
    type_(avro, "ami banglay gan gai")
    expect(avro.field).to_have_value(SONG)
    avro.field.press("Enter")
    for reader in (avro, mita):
        expect(reader.said).to_have_text([SONG])
    expect(avro.field).to_have_value("")


def test_ctrl_m_turns_avro_off_and_on(avro: Person) -> None:
    type_(avro, "ami ")
    avro.page.keyboard.press("Control+m")
    expect(avro.button("composer.phonetic_off")).to_have_attribute("aria-pressed", "false")
    type_(avro, "am ")
    avro.page.keyboard.press("Control+m")
    expect(avro.button("composer.phonetic_on")).to_have_attribute("aria-pressed", "true")
    type_(avro, "tumi")
    expect(avro.field).to_have_value("আমি am তুমি")


def test_enter_on_the_button_of_avro_sends_nothing(avro: Person) -> None:
    avro.field.press_sequentially("ami")
    button = avro.button("composer.phonetic_on")
    button.focus()
    button.press("Enter")
    expect(avro.button("composer.phonetic_off")).to_be_visible()
    expect(avro.field).to_have_value("আমি")
    expect(avro.said).to_have_count(0)


@pytest.mark.parametrize("key", ["Control+KeyM", "Control+M"])
def test_any_key_that_is_m_toggles_avro(avro: Person, key: str) -> None:
    avro.page.evaluate("document.activeElement.blur()")
    avro.field.press(key)
    expect(avro.button("composer.phonetic_off")).to_be_visible()


def test_avro_stays_on_after_a_reload(avro: Person, room: Room) -> None:
    avro.come_back(room)
    expect(avro.button("composer.phonetic_on")).to_be_visible()
    expect(avro.settings().get_by_role("switch", name=bn("settings.phonetic"))).to_be_checked()


def test_backspace_takes_back_one_roman_letter(avro: Person) -> None:
    type_(avro, "ami")
    expect(avro.field).to_have_value("আমি")
    avro.page.keyboard.press("Backspace")
    expect(avro.field).to_have_value("আম")
    type_(avro, "ar")
    expect(avro.field).to_have_value("আমার")
    type_(avro, " ")
    avro.page.keyboard.press("Backspace")  # the space goes, and its word is open again
    type_(avro, "i")
    expect(avro.field).to_have_value("আমারি")


def test_escape_gives_the_roman_letters(avro: Person) -> None:
    type_(avro, "ami Facebook")
    avro.page.keyboard.press("Escape")
    expect(avro.field).to_have_value("আমি Facebook")
    type_(avro, " tumi ")
    avro.page.keyboard.press("Escape")
    expect(avro.field).to_have_value("আমি Facebook tumi ")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("bhalO :)", "ভালো :)"),
        ("https://example.com/ami", "https://example.com/ami"),
        ("dekhO www.example.com ekhane", "দেখো www.example.com এখানে"),
        ("@rakib kemon", "@rakib কেমন"),
        ("ami@example.com", "ami@example.com"),
        ("`ami` ami", "`ami` আমি"),
    ],
)
def test_what_is_no_bangla_stays(avro: Person, typed: str, shown: str) -> None:
    type_(avro, typed)
    expect(avro.field).to_have_value(unicodedata.normalize("NFC", shown))


def test_a_bubble_shows_the_roman_letters_of_the_word(avro: Person) -> None:
    type_(avro, "ami bang")
    bubble = avro.page.get_by_text("bang", exact=True)
    expect(bubble).to_be_visible()
    type_(avro, "la")
    expect(bubble).to_be_hidden()
    bubble = avro.page.get_by_text("bangla", exact=True)
    expect(bubble).to_be_visible()
    place, field = bubble.bounding_box(), avro.field.bounding_box()
    assert place is not None
    assert field is not None
    assert place["y"] + place["height"] <= field["y"] + field["height"] / 2
    assert field["x"] < place["x"] < field["x"] + field["width"]
    type_(avro, " ")
    expect(bubble).to_be_hidden()


def test_a_paste_is_not_read_as_roman_letters(avro: Person) -> None:
    type_(avro, "ami ")
    paste(avro, "ami banglay gan gai")
    expect(avro.field).to_have_value("আমি ami banglay gan gai")


def compose(person: Person, word: str) -> None:
    """Letter by letter as a phone's keyboard does, which holds the word until it is done."""
    keyboard = person.page.context.new_cdp_session(person.page)
    for end in range(1, len(word) + 1):
        held = {"text": word[:end], "selectionStart": end, "selectionEnd": end}
        keyboard.send("Input.imeSetComposition", held)
    keyboard.send("Input.insertText", {"text": word})


def test_a_word_of_a_phones_keyboard_becomes_bangla(avro: Person) -> None:
    compose(avro, "ami")
    expect(avro.field).to_have_value("আমি")


def test_so_does_one_that_takes_the_place_of_another(avro: Person) -> None:
    avro.field.fill("আমি তুমি যাই")
    avro.field.evaluate("field => field.setSelectionRange(4, 8)")
    compose(avro, "she")
    expect(avro.field).to_have_value("আমি শে যাই")


def test_a_letter_in_the_middle_of_a_text_is_put_there(avro: Person) -> None:
    type_(avro, "ami zai")
    for _ in (" ", "যা", "ই"):
        avro.page.keyboard.press("ArrowLeft")
    type_(avro, " ekhon")
    expect(avro.field).to_have_value("আমি এখন যাই")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("গাড়", "গা"),
        ("বড়", "ব"),
        ("অক্ষ", "অক"),
        ("র‍্য", "র"),
        ("চা" + FAMILY, "চা"),
        ("কি", "ক"),
        ("🇧🇩", ""),
        ("ok", "o"),
    ],
)
def test_backspace_takes_a_letter_as_one_sees_it(rakib: Person, before: str, after: str) -> None:
    before, after = (unicodedata.normalize("NFC", text) for text in (before, after))
    rakib.field.focus()
    paste(rakib, before)
    expect(rakib.field).to_have_value(before)
    rakib.page.keyboard.press("Backspace")
    expect(rakib.field).to_have_value(after)
    rakib.page.keyboard.press("Control+z")
    expect(rakib.field).to_have_value(before)


def test_ctrl_z_takes_back_what_was_typed(avro: Person) -> None:
    paste(avro, "আগের কথা ")
    type_(avro, "ami")
    expect(avro.field).to_have_value("আগের কথা আমি")
    for _ in range(10):
        avro.page.keyboard.press("Control+z")
        if avro.field.input_value() in {"আগের কথা ", ""}:
            break
    expect(avro.field).to_have_value("আগের কথা ")
    type_(avro, "tumi")
    expect(avro.field).to_have_value("আগের কথা তুমি")


def test_emoji_are_picked_by_mouse(rakib: Person) -> None:
    rakib.field.press_sequentially("চাবি")
    rakib.page.keyboard.press("ArrowLeft")
    rakib.button("composer.emoji").click()
    picker = rakib.page.get_by_role("group", name=bn("emoji.title"))
    picker.get_by_role("button", name="😀", exact=True).click()
    picker.get_by_role("button", name=FAMILY, exact=True).click()
    expect(rakib.field).to_have_value(f"চা😀{FAMILY}বি")
    expect(rakib.field).to_be_focused()
    rakib.page.keyboard.press("Enter")
    expect(rakib.said).to_have_text([f"চা😀{FAMILY}বি"])
    expect(picker).to_be_hidden()


def test_emoji_are_picked_by_arrow_keys(rakib: Person) -> None:
    rakib.button("composer.emoji").focus()
    rakib.page.keyboard.press("Enter")
    picker = rakib.page.get_by_role("group", name=bn("emoji.title"))
    expect(picker).to_be_visible()
    rakib.page.keyboard.press("Shift+Tab")
    first = picker.get_by_role("button").first
    expect(first).to_be_focused()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        rakib.page.keyboard.press(key)
    expect(picker.get_by_role("button").nth(2)).to_be_focused()
    picked = picker.get_by_role("button").nth(2).inner_text()
    rakib.page.keyboard.press("Enter")
    expect(rakib.field).to_have_value(picked)
    rakib.field.press("Escape")
    expect(picker).to_be_hidden()
    expect(rakib.field).to_have_value(picked)


def test_too_long_a_message_is_told_and_not_sent(rakib: Person) -> None:
    rakib.field.fill("ক" * (MOST + 1))
    expect(rakib.page.get_by_text(bn("composer.too_long", count=1))).to_be_visible()
    expect(rakib.button("composer.send")).to_be_disabled()
    rakib.field.press("Enter")
    expect(rakib.field).to_have_value("ক" * (MOST + 1))
    expect(rakib.pending).to_have_count(0)
    rakib.field.press("Control+End")
    rakib.field.press("Backspace")
    expect(rakib.page.get_by_text(bn("composer.left", count=0))).to_be_visible()
    rakib.field.press("Enter")
    expect(rakib.said).to_have_text(["ক" * MOST])
    expect(rakib.field).to_have_value("")
    rakib.button("message.more").click()
    expect(rakib.button("message.more")).to_be_hidden()


def test_too_large_a_message_is_told_and_not_sent(rakib: Person) -> None:
    rakib.field.fill("ক্ষ" * 1_900)
    expect(rakib.page.get_by_text(bn("composer.too_large"))).to_be_visible()
    expect(rakib.button("composer.send")).to_be_disabled()


def test_shift_and_enter_begin_a_new_line(rakib: Person, enter: Enter, room: Room) -> None:
    mita = enter(room, "মিতা")
    rakib.field.press_sequentially("এক")
    rakib.field.press("Shift+Enter")
    rakib.field.press_sequentially("দুই")
    expect(rakib.field).to_have_value("এক\nদুই")
    rakib.button("composer.send").click()
    expect(mita.said).to_have_count(1)
    assert mita.said.all_inner_texts() == ["এক\nদুই"]


def test_on_a_phone_enter_begins_a_new_line(enter: Enter, room: Room) -> None:
    phone = {"width": 390, "height": 844}
    rakib = enter(room, "রাকিব", viewport=phone, has_touch=True, is_mobile=True)
    rakib.field.press_sequentially("এক")
    rakib.field.press("Enter")
    rakib.field.press_sequentially("দুই")
    expect(rakib.field).to_have_value("এক\nদুই")
    rakib.button("composer.send").tap()
    expect(rakib.said).to_have_count(1)
    assert rakib.said.all_inner_texts() == ["এক\nদুই"]


def test_nothing_is_said_by_white_space(rakib: Person) -> None:
    rakib.field.press_sequentially("   ")
    expect(rakib.button("composer.send")).to_be_disabled()
    rakib.field.press("Enter")
    rakib.field.fill("শেষে")
    rakib.field.press("Enter")
    expect(rakib.said).to_have_text(["শেষে"])

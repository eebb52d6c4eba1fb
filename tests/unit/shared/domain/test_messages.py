"""What a message may contain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.messages import (
    MAX_CONTENT_BYTES,
    MAX_CONTENT_GRAPHEMES,
    MESSAGE_TYPES,
    check_client_id,
    check_file_url,
    check_message_type,
    normalise_content,
)
from shared.domain.rules import RuleViolation
from shared.domain.text import grapheme_count, utf8_length

FAMILY = "👨\u200d👩\u200d👧\u200d👦"


@pytest.mark.parametrize(
    ("raw", "content"),
    [
        ("  হ্যালো সবাই! \n", "হ্যালো সবাই!"),
        ("এক\r\nদুই\rতিন\u2028চার", "এক\nদুই\nতিন\nচার"),
        ("পড\u09bcি \u09dc \u09df", "পড\u09bcি ড\u09bc য\u09bc"),
        ("ক\u09c7\u09be", "কো"),
        ("র\u200d্যাব", "র\u200d্যাব"),
        (FAMILY, FAMILY),
        ("a\tb", "a\tb"),
        ("a\x00b\x1b[31mc\x7f", "ab[31mc"),
        ("ভালো\u202eখবর", "ভালোখবর"),
        ("\u2067سلام\u2069 বন্ধু", "\u2067سلام\u2069 বন্ধু"),
        ("a\ud800b", "ab"),
        ("<b>না</b>", "<b>না</b>"),
    ],
)
def test_content_is_cleaned_but_not_rewritten(raw: str, content: str) -> None:
    assert normalise_content(raw) == content


@pytest.mark.parametrize(
    "raw", ["", "   ", "\n\t", "\u200b", "\u200d\u200c\ufeff", "\x00", "\u202e "]
)
def test_content_that_shows_nothing_is_none(raw: str) -> None:
    assert normalise_content(raw) is None


def test_content_of_the_full_length_fits() -> None:
    assert normalise_content("ক" * MAX_CONTENT_GRAPHEMES) == "ক" * MAX_CONTENT_GRAPHEMES
    assert normalise_content("a" * MAX_CONTENT_GRAPHEMES + "  ") == "a" * MAX_CONTENT_GRAPHEMES


@pytest.mark.parametrize(
    ("raw", "unit", "limit"),
    [
        ("a" * 4_001, "graphemes", MAX_CONTENT_GRAPHEMES),
        ("ক" * 4_001, "graphemes", MAX_CONTENT_GRAPHEMES),
        ("ক্ষ" * 2_000, "bytes", MAX_CONTENT_BYTES),
        (FAMILY * 700, "bytes", MAX_CONTENT_BYTES),
        ("\u0958" * 3_900, "bytes", MAX_CONTENT_BYTES),
    ],
)
def test_content_too_long_for_people_or_machines_is_refused(
    raw: str,
    unit: str,
    limit: int,
) -> None:
    with pytest.raises(RuleViolation) as caught:
        normalise_content(raw)

    assert (caught.value.field, caught.value.code) == ("content", "too_long")
    assert caught.value.data == {"limit": limit, "unit": unit}


def test_a_tower_of_marks_is_cut_before_it_costs_anything() -> None:
    content = normalise_content("a" + "\u0345\u0301\u0316\u0327" * 2_000)

    assert content is not None
    assert len(content) < 40


@given(st.text(max_size=300))
def test_content_normalised_twice_is_the_same_so_a_retry_is_no_conflict(raw: str) -> None:
    content = normalise_content(raw)

    if content is not None:
        assert 1 <= grapheme_count(content) <= MAX_CONTENT_GRAPHEMES
        assert utf8_length(content) <= MAX_CONTENT_BYTES
        assert content.encode().decode() == content
        assert normalise_content(content) == content


@pytest.mark.parametrize("message_type", MESSAGE_TYPES)
def test_the_three_message_types_are_taken(message_type: str) -> None:
    assert check_message_type(message_type) == message_type


@pytest.mark.parametrize("raw", ["", "Text", "video"])
def test_another_message_type_is_refused_with_the_choices(raw: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        check_message_type(raw)

    assert (caught.value.field, caught.value.code) == ("message_type", "not_a_choice")
    assert caught.value.data == {"choices": ("text", "image", "file")}


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a.png",
        "HTTP://example.org:8080/?q=1#x",
        "http://[2001:db8::1]/f",
        "https://example.org/ছবি.png",
        "https://বাংলা.example/",
        "https://example.org/@user/file",
    ],
)
def test_a_web_address_is_taken_as_it_is(url: str) -> None:
    assert check_file_url(f" {url}\n") == url


@pytest.mark.parametrize("raw", [None, "", "  ", "\u200b"])
def test_no_file_address_is_none(raw: str | None) -> None:
    assert check_file_url(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.org/x",
        "//example.org/x",
        "/media/x.png",
        "https://",
        "https:///x",
        "https://:80/x",
        "https://user@example.org/",
        "https://user:secret@example.org/",
        "https://example.org:99999/",
        "https://example.org:0/",
        "https://example.org:x/",
        "https://[::1/",
        "https://exa mple.org/",
        "https://example.org/a\tb",
        "java\nscript:alert(1)",
        "https:\\\\example.org\\x",
        "https://example.org/\u202egnp.exe",
        "https://example.org/\x00",
        "https://example.org/<x>",
    ],
)
def test_what_is_no_plain_web_address_is_refused(raw: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        check_file_url(raw)

    assert (caught.value.field, caught.value.code) == ("file_url", "not_a_url")


def test_a_file_address_has_a_longest_length() -> None:
    longest = "https://example.org/".ljust(2_048, "x")
    assert check_file_url(longest) == longest

    with pytest.raises(RuleViolation) as caught:
        check_file_url(longest + "x")

    assert caught.value.code == "too_long"


@given(st.text(max_size=60))
def test_any_text_is_taken_or_refused_as_a_file_address_but_never_crashes(raw: str) -> None:
    try:
        url = check_file_url("http://" + raw)
    except RuleViolation:
        return

    assert url is not None
    assert "\n" not in url


@pytest.mark.parametrize("raw", [None, "a", "c-1", "ক" * 64, "a b"])
def test_a_client_id_is_opaque(raw: str | None) -> None:
    assert check_client_id(raw) == raw


@pytest.mark.parametrize(
    ("raw", "code"),
    [("", "blank"), ("  ", "blank"), ("a" * 65, "too_long"), ("a\nb", "control_characters")],
)
def test_a_client_id_has_one_to_64_printable_characters(raw: str, code: str) -> None:
    with pytest.raises(RuleViolation) as caught:
        check_client_id(raw)

    assert (caught.value.field, caught.value.code) == ("client_id", code)

"""Test that names sort in Vietnamese order and match what people type."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_server.domain.names import (
    fold,
    name_sort_bytes,
    name_sort_key,
    searchable_name,
    typed_words,
    word_sort_key,
)


def test_people_are_sorted_by_given_name_then_by_the_names_before_it() -> None:
    names = ["Mẫu Văn Bình", "Mẫu Thị Ánh", "Mẫu Đức An", "Mẫu Anh", "Lò An", "Mẫu Bích An", "An"]

    assert sorted(names, key=name_sort_key) == [
        "An", "Lò An", "Mẫu Bích An", "Mẫu Đức An", "Mẫu Anh", "Mẫu Thị Ánh", "Mẫu Văn Bình",
    ]  # fmt: skip


def test_letters_outrank_tones_and_a_marked_letter_follows_its_plain_one() -> None:
    words = "da dà dả dã dá dạ dă dâ đa e ê o ô ơ u ư"

    assert " ".join(sorted({*words.split()}, key=word_sort_key)) == words


def test_both_forms_of_a_letter_are_the_same() -> None:
    assert word_sort_key(unicodedata.normalize("NFD", "Nguyệt")) == word_sort_key("nguyệt")
    assert fold(unicodedata.normalize("NFD", "Đặng Thuỷ")) == fold("Đặng Thuỷ") == "dang thuy"


@pytest.mark.parametrize("text", ["", " ", "Þ", "名前", "a1"])
def test_any_text_can_be_sorted(text: str) -> None:
    assert sorted([text, "a"], key=name_sort_key)


@given(st.lists(st.text("aAăđơụ '-z1名", max_size=12), max_size=8))
def test_a_database_sorts_names_in_the_same_order(names: list[str]) -> None:
    assert sorted(names, key=name_sort_bytes) == sorted(names, key=name_sort_key)


def _matches(name: str, text: str) -> bool:
    return all(word in searchable_name(name) for word in typed_words(text))


@pytest.mark.parametrize(
    ("text", "is_match"),
    [("an", True), ("AN", True), ("duc an", True), ("an duc", True), ("Đức", True), ("n", False)],
)
def test_a_name_matches_the_beginnings_of_its_words(text: str, is_match: bool) -> None:
    assert _matches("Mẫu Đức An", text) is is_match


@pytest.mark.parametrize("name", ["K'Brăk", "K‘Brăk", "K’Brăk", "KʼBrăk", "K`Brăk"])
@pytest.mark.parametrize("typed", ["k'brak", "kbrak", "k’brăk", "brak", "kb"])
def test_names_with_an_apostrophe_are_found_however_it_is_typed(name: str, typed: str) -> None:
    assert _matches(name, typed)


def test_the_two_tone_styles_of_a_name_stand_together() -> None:
    names = ["Lê Hoá", "Lê Hòa", "Lê Hoa", "Lê Hoà", "Lê Hóa"]

    in_order = sorted(names, key=lambda name: (name_sort_key(name), name))

    assert [name_sort_key(name) for name in ("Lê Hoà", "Lê Hoá")] == [
        name_sort_key(name) for name in ("Lê Hòa", "Lê Hóa")
    ]
    assert in_order[0] == "Lê Hoa"
    assert {*in_order[1:3]} == {"Lê Hoà", "Lê Hòa"}

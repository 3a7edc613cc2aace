"""Vietnamese names and words: their sort order, and their unmarked form for searching.

A list of people is sorted by given name, which stands last; then by the names before it, the
family name first. Letters sort as a ă â b c d đ e ê …, then by tone.
"""

import unicodedata

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_RANK = {letter: rank for rank, letter in enumerate(_ALPHABET, start=1)}
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
"""Huyền, hỏi, ngã, sắc, nặng, after no tone: the order of dictionaries."""

SortKey = tuple[tuple[int, ...], tuple[int, ...]]


def word_sort_key(text: str) -> SortKey:
    """Return the sort key of a text: its letters, and only then its tones."""
    letters: list[int] = []
    tones: list[int] = []
    for character in unicodedata.normalize("NFC", text.lower()):
        tone = 0
        base = ""
        for part in unicodedata.normalize("NFD", character):
            if part in _TONES:
                tone = _TONES[part]
            else:
                base += part
        letter = unicodedata.normalize("NFC", base)
        letters.append(_RANK[letter] + 1000 if letter in _RANK else min(ord(letter[0]), 999))
        tones.append(tone)
    return tuple(letters), tuple(tones)


def name_sort_key(full_name: str) -> tuple[SortKey, SortKey]:
    """Return the sort key of a person: the given name, then the names before it."""
    *names_before, given_name = full_name.split() or [""]
    return word_sort_key(given_name), word_sort_key(" ".join(names_before))


def name_matches(full_name: str, text: str) -> bool:
    """Return whether every typed word begins a word of the name, with or without marks."""
    words = fold(full_name).split()
    return all(any(word.startswith(typed) for word in words) for typed in fold(text).split())


def fold(text: str) -> str:
    """Return a text in lower case without marks, as people type in a hurry; đ becomes d."""
    plain = unicodedata.normalize("NFD", text.lower()).replace("đ", "d").replace("ð", "d")
    return "".join(character for character in plain if not unicodedata.combining(character)).strip()

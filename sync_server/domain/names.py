"""Vietnamese names and words in their order, and folded as people type them in a hurry.

A list of people goes by given name, which stands last; then by the names before it, the family
name first (domain.md, Vietnamese pitfalls). Letters go a ă â b c d đ e ê …, then by tone.
"""

import unicodedata

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_RANK = {letter: rank for rank, letter in enumerate(_ALPHABET, start=1)}
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
"""Huyền, hỏi, ngã, sắc, nặng, after none: as dictionaries have them."""

Key = tuple[tuple[int, ...], tuple[int, ...]]


def word_key(text: str) -> Key:
    """Return what a text is sorted by: its letters, and only then its tones."""
    letters: list[int] = []
    tones: list[int] = []
    for shown in unicodedata.normalize("NFC", text.lower()):
        tone = 0
        base = ""
        for part in unicodedata.normalize("NFD", shown):
            if part in _TONES:
                tone = _TONES[part]
            else:
                base += part
        letter = unicodedata.normalize("NFC", base)
        letters.append(_RANK[letter] + 1000 if letter in _RANK else min(ord(letter[0]), 999))
        tones.append(tone)
    return tuple(letters), tuple(tones)


def name_key(full_name: str) -> tuple[Key, Key]:
    """Return what a person is sorted by: the given name, then all before it."""
    *before, given = full_name.split() or [""]
    return word_key(given), word_key(" ".join(before))


def is_named(full_name: str, text: str) -> bool:
    """Say whether each word that is typed begins a word of a name, marks or none."""
    words = fold(full_name).split()
    return all(any(word.startswith(typed) for word in words) for typed in fold(text).split())


def fold(text: str) -> str:
    """Return a text as people type it in a hurry: lower case, without marks; đ is d."""
    plain = unicodedata.normalize("NFD", text.lower()).replace("đ", "d").replace("ð", "d")
    return "".join(c for c in plain if not unicodedata.combining(c)).strip()

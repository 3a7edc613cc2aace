"""Vietnamese names and words: how they sort, and their spelling without accents for searching.

A list of people is sorted by given name, which stands last; then by the names before it, the
family name first. Letters sort as a ă â b c d đ e ê …, then by tone.
"""

import re
import unicodedata

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_RANK = {letter: rank for rank, letter in enumerate(_ALPHABET, start=1)}
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
"""The order of tones in dictionaries: no tone, huyền, hỏi, ngã, sắc, nặng."""

_APOSTROPHES = "'‘’ʼ`´"
_PARTS = re.compile(f"[{_APOSTROPHES}]")
_PLAIN = str.maketrans({"đ": "d", "ð": "d", **dict.fromkeys(_APOSTROPHES)})

SortKey = tuple[tuple[int, ...], tuple[int, ...]]


def word_sort_key(text: str) -> SortKey:
    """Return the sort key of a text: its letters, and only then the tone of every word.

    The place of the tone mark within a word does not matter: Hoà and Hòa are the same name.
    """
    letters: list[int] = []
    tones: list[int] = []
    for word in text.lower().split(" "):
        parts = unicodedata.normalize("NFD", word)
        toneless = "".join(part for part in parts if part not in _TONES)
        for letter in unicodedata.normalize("NFC", toneless):
            letters.append(_RANK[letter] + 1000 if letter in _RANK else min(ord(letter), 999))
        letters.append(0)
        tones.append(max((_TONES[part] for part in parts if part in _TONES), default=0))
    return tuple(letters), tuple(tones)


def name_sort_key(full_name: str) -> tuple[SortKey, SortKey]:
    """Return the sort key of a person: the given name, then the names before it."""
    *names_before, given_name = full_name.split() or [""]
    return word_sort_key(given_name), word_sort_key(" ".join(names_before))


def name_matches(full_name: str, text: str) -> bool:
    """Return whether every typed word begins a word of the name, with or without marks.

    K’Brăk matches `k'brak`, `kbrak` and `brak`.
    """
    words = fold(full_name).split() + [fold(part) for part in _PARTS.split(full_name)[1:]]
    return all(any(word.startswith(typed) for word in words) for typed in fold(text).split())


def fold(text: str) -> str:
    """Return a text in lower case without marks and apostrophes; đ becomes d.

    People who search leave marks out, and spell the apostrophe of K’Brăk or H'Hen differently.
    """
    plain = unicodedata.normalize("NFD", text.lower()).translate(_PLAIN)
    return "".join(character for character in plain if not unicodedata.combining(character)).strip()

"""Sort Vietnamese names, and search them without accents.

A list of people is sorted by given name, which is the last word of a full name, and then by the
words before it. Words are sorted by their letters in the order a ă â b c d đ e ê …, and then by
tone.
"""

import re
import struct
import unicodedata

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_RANK = {letter: rank for rank, letter in enumerate(_ALPHABET, start=1)}
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
"""The rank of every tone mark in the order of dictionaries: huyền, hỏi, ngã, sắc, nặng.

A word without a tone mark has rank 0 and comes first.
"""

_APOSTROPHES = "'‘’ʼ`´"
_PARTS = re.compile(f"[{_APOSTROPHES}]")
_PLAIN = str.maketrans({"đ": "d", "ð": "d", **dict.fromkeys(_APOSTROPHES)})

SortKey = tuple[tuple[int, ...], tuple[int, ...]]


def word_sort_key(text: str) -> SortKey:
    """Return a key that sorts texts by their letters first and by their tones second.

    The key is `(letter ranks, tone of every word)`. The position of the tone mark in a word does
    not matter: Hoà and Hòa have the same key.
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
    """Return a key that sorts full names by given name (the last word), and then by the rest."""
    *names_before, given_name = full_name.split() or [""]
    return word_sort_key(given_name), word_sort_key(" ".join(names_before))


def name_sort_bytes(full_name: str) -> bytes:
    """Return a key with which a database sorts full names in the order of `name_sort_key`."""
    given_name, names_before = name_sort_key(full_name)
    # Two bytes for every rank, and two zero bytes at the end of every part, keep the order.
    parts = (*given_name, *names_before)
    return b"".join(struct.pack(f">{len(part) + 1}H", *(n + 1 for n in part), 0) for part in parts)


def searchable_name(full_name: str) -> str:
    """Return the words of a name in the form that searches compare, with a space before each.

    The words are in lower case without accents and apostrophes. A name matches a search if every
    word of the search begins a word of the name, that is, if the result contains every typed word
    with a space before it. The parts of a word with an apostrophe are words, too: for K’Brăk, the
    result is ` kbrak brak`.
    """
    words = fold(full_name).split() + [fold(part) for part in _PARTS.split(full_name)[1:]]
    return "".join(f" {word}" for word in words)


def typed_words(text: str) -> list[str]:
    """Return the words of a search, in lower case without accents, with a space before each.

    A name matches the search if the result of `searchable_name` for the name contains all these
    words, in any order. Apostrophes are removed, too: `k'brak`, `kbrak` and `brak` all find K’Brăk.
    An empty search finds every name.
    """
    return [f" {word}" for word in dict.fromkeys(fold(text).split())]


def fold(text: str) -> str:
    """Return a text in lower case without accents and apostrophes. The letter đ becomes d.

    Searches compare folded texts, because people leave accents out when they search, and type the
    apostrophe in names such as K’Brăk in different ways.
    """
    plain = unicodedata.normalize("NFD", text.lower()).translate(_PLAIN)
    return "".join(character for character in plain if not unicodedata.combining(character)).strip()

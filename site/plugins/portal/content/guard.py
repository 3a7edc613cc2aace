"""Search for possible personal data, which must not appear in the portal.

The guard checks the editors' files, so that a fault can give the line, and later every built file.
Data that may be published, such as a technician's telephone number, is listed in the
`public_contacts` of its page. The guard cannot detect a name in a picture or a sound recording.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path
from typing import NamedTuple

from portal.messages import say
from sync_server.sheets.files import read_file
from sync_server.sheets.headings import FIELDS
from sync_server.sheets.tables import NoTable, find_table

_MESSENGER = re.compile(r"(?:https?://)?(?:zalo|wa|viber)\.me/", re.IGNORECASE)
_BETWEEN = r"[ .·_/()\t\u00a0\u2007\u2009\u202f\u2010\u2011\u2013-]{0,2}"
"""At most two characters that people and programs write between the digits of a number."""

_IN_WORD = "".join(
    [
        rf"(?<!{part} )"
        for part in (
            "tuyển",
            "phát",
            "học",
            "thí",
            "nảy",
            "tái",
            "vệ",
            "khai",
            "mưu",
            "hộ",
        )
    ]
    + [rf"(?<!(?-i:{part}) )" for part in ("an", "dân", "ký")]
)
"""First parts of words that end in «sinh». Those after `(?-i:` are given names in capitals: An."""

PATTERNS = {
    "phone": re.compile(
        rf"(?<![\w+/.-])(?:\+?84|0084|0(?!\.\d)){_BETWEEN}[235789](?:{_BETWEEN}\d){{8,9}}(?![\w/-])"
        r"|(?<![\w,.])0[35789]\d\d,\d{3},\d{3}(?![\w,])"
    ),
    "id_card": re.compile(
        r"(?<![\w/.-])0\d{2}(?:[ .]?\d{3}){3}(?![\w/-])"
        r"|(?:\bCMND|\bCMT|\bCCCD|chứng minh|căn cước)[^.\n\d]{0,30}\d(?:[ .]?\d){8}(?!\d)"
        r"|(?:\bBHXH|bảo hiểm xã hội)[^.\n\d]{0,12}\d{10}(?!\d)"
        r"|hộ chiếu[^.\n\d]{0,12}\b[A-Z]\d{7}\b",
        re.IGNORECASE,
    ),
    "party_card": re.compile(
        r"(?<![\w/.-])\d{2}\.\d{6}(?![\w/.-])"
        r"|thẻ đảng(?: viên)?[^.\n\d]{0,12}\d{2}[ .]?\d{3}[ .]?\d{3}(?!\d)",
        re.IGNORECASE,
    ),
    "email": re.compile(
        r"[\w.+-]+(?:@| ?[\[(](?:at|a còng)[\])] ?)[\w-]+(?:\.[\w-]+)*\.[a-z]{2,24}\b",
        re.IGNORECASE,
    ),
    "birth": re.compile(
        rf"{_IN_WORD}\bsinh(?: nhật)?:?\s?(?:ngày |năm |tháng )?"
        r"(?:\d{1,2}(?:[/.-]| tháng ))?(?:\d{1,2}(?:[/.-]| năm ))?(?:19|20)\d\d\b(?! đến )"
        r"|\bS\.?N\b[:.]? ?(?:19|20)\d\d\b",
        re.IGNORECASE,
    ),
}
"""Patterns of telephone, identity and Party card numbers, e-mail addresses and years of birth."""

_AT = re.compile(r"@|[\[(](?:at|a còng)[\])]", re.IGNORECASE)
_BIRTH = re.compile(r"[Ss]inh|SINH|[Ss]\.?[Nn]\b")
_TAX_CODE = re.compile(r"(?:mã số thuế|MST)\W{0,3}\d{10}(?:-\d{3})?\b", re.IGNORECASE)
"""An organisation's tax code, which may be published although it looks like a telephone number."""
NUMBERS = ("phone", "id_card", "party_card")
_LONG_NUMBER = re.compile(rf"\d(?:{_BETWEEN}\d){{6}}|\d{{2}}\.\d{{6}}|\d{{4}},\d{{3}}")
"""A fast test that comes before the `NUMBERS` patterns. Most texts contain no long number."""

COLUMNS = re.compile(
    r"\b(?:full_name|birth_year|membership|card_hash)\b"
    r"|\b(?:năm sinh|ngày sinh|số điện thoại|số căn cước|cccd|số thẻ đảng)\b(?! hoạt)",
    re.IGNORECASE,
)
"""Column headings of rosters, in English as in this project and in Vietnamese as in offices."""

_CELL_END = r"[ *]*(?=[|\n\t])"
_ROSTER_TABLE = re.compile(
    rf"(?:^|[|\n\t])[ *]*(?:họ và tên|họ tên|họ, tên){_CELL_END}(?:[|\n\t][^|\n\t]*){{0,5}}?"
    r"[|\n\t][ *]*(?:năm sinh|ngày sinh|ngày, tháng, năm sinh|(?:số )?điện thoại|sđt"
    rf"|(?:số )?căn cước|cccd|số thẻ đảng|ngày vào đảng){_CELL_END}"
    r"(?=[\s\S]{0,400}?\b(?:19|20)\d\d\b)",
    re.IGNORECASE,
)
"""The headings of a roster among the cells of a text, with a year not far below them."""

KEYS = re.compile(r'"(?:person|full_name|birth_year|membership|card_hash|seat)"\s*:')
"""Names of a roster's fields in JSON."""

_WORDS = re.compile(r"[^\W_\u02b9\u02bb\u02bc]+")
"""A word of letters or digits. Apostrophes separate words, so that `K’Brăk` is two words."""
TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


class Suspicion(NamedTuple):
    """A passage of text that may be personal data, with its line number, counted from 1.

    `kind` is a key of `PATTERNS`, or one of "person" (a code), "name" and "field".
    """

    line: int
    kind: str
    value: str

    def __str__(self) -> str:
        return say(f"build.guard.{self.kind}", value=self.value)


class RosterEntry(NamedTuple):
    """A person on a roster, with the person's code and full name.

    The code is "" if the roster contains no code for the person.
    """

    code: str
    name: str


class Guard:
    """Searches texts for personal data and, if given a roster, for the people on the roster."""

    def __init__(self, roster: Iterable[RosterEntry] = ()) -> None:
        """Prepare the search for the names and codes of the people on a roster.

        A name of only one word is not searched for.
        """
        people = list(roster)
        names = [tuple(map(_fold, _WORDS.findall(person.name))) for person in people]
        self._names = {name for name in names if len(name) > 1}
        self._longest_name = max(map(len, self._names), default=0)
        self._codes = {_fold(person.code) for person in people if person.code}
        self._first_words = self._codes | {name[0] for name in self._names}

    @property
    def knows_people(self) -> bool:
        """True if the roster contains at least one code or one name of two or more words."""
        return bool(self._first_words)

    def suspicions(self, text: str, allowed: Iterable[str] = ()) -> Iterator[Suspicion]:
        """Yield possible personal data in a text, except the words in `allowed` and tax codes.

        The results are sorted by kind, and then by place in the text.
        """
        text = _plain(text)
        for words in sorted(allowed, key=len, reverse=True):
            text = text.replace(_plain(words), " ")
        text = _TAX_CODE.sub(" ", text)
        if _LONG_NUMBER.search(text):
            for kind in NUMBERS:
                yield from _suspicions_of(kind, PATTERNS[kind], text)
        if _AT.search(text):
            yield from _suspicions_of("email", PATTERNS["email"], text)
        if _BIRTH.search(text):
            yield from _suspicions_of("birth", PATTERNS["birth"], text)
        if "tên" in text.lower():
            yield from _suspicions_of("field", _ROSTER_TABLE, text)
        if self._names or self._codes:
            yield from self._roster_suspicions(text)

    def suspicions_in_table(self, text: str, allowed: Iterable[str] = ()) -> Iterator[Suspicion]:
        """Yield possible personal data in an attached table, including roster column headings."""
        yield from self.suspicions(text, allowed)
        yield from _suspicions_of("field", COLUMNS, unicodedata.normalize("NFC", text))

    def suspicions_in_data(self, text: str, allowed: Iterable[str] = ()) -> Iterator[Suspicion]:
        """Yield possible personal data in a data file, including names of roster fields in JSON."""
        yield from self.suspicions(text, allowed)
        yield from _suspicions_of("field", KEYS, text)

    def _roster_suspicions(self, text: str) -> Iterator[Suspicion]:
        for code in re.finditer(r"[\w-]+", text) if self._codes else ():
            if _fold(code[0]) in self._codes:
                yield Suspicion(text.count("\n", 0, code.start()) + 1, "person", code[0])
        words = list(_WORDS.finditer(text))
        folded = [_fold(word[0]) for word in words]
        for at, word in enumerate(words):
            line = text.count("\n", 0, word.start()) + 1 if folded[at] in self._first_words else 0
            for length in range(2, min(self._longest_name, len(words) - at) + 1) if line else ():
                if tuple(folded[at : at + length]) in self._names:
                    name = " ".join(match[0] for match in words[at : at + length])
                    yield Suspicion(line, "name", name)


def _plain(text: str) -> str:
    """Return a text in Unicode form NFKC, without characters that could hide personal data.

    Invisible characters, `*` inside words, and prefixes of links such as `zalo.me/` are removed.
    """
    text = unicodedata.normalize("NFKC", text)
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return _MESSENGER.sub(" ", re.sub(r"(?<=\w)\*{1,3}(?=\w)", "", text))


def _suspicions_of(kind: str, pattern: re.Pattern[str], text: str) -> Iterator[Suspicion]:
    for match in pattern.finditer(text):
        yield Suspicion(text.count("\n", 0, match.start()) + 1, kind, match[0].strip())


def visible_text(html: str) -> str:
    """Return the visible text of a page, and the targets of its `tel:` and `mailto:` links."""
    text = re.sub(r"<(style|script)\b.*?</\1>", " ", html, flags=re.DOTALL)
    text = re.sub(r'<a\b[^>]*\bhref="(?:tel|mailto):([^"]*)"[^>]*>', r" \1 ", text)
    text = re.sub(r"</t[dh]\s*>", " | ", text)  # the numbers of two cells are no telephone number
    return unescape(re.sub(r"<[^>]*>", " ", text))


def read_roster(path: Path) -> list[RosterEntry]:
    """Return the people in all sheets of a CSV or XLSX file, including hidden sheets.

    Sheets without a table of people are skipped.

    Raises: SheetFault if the file cannot be read.
    """
    people = []
    for grid in read_file(path):
        try:
            table = find_table([grid._replace(is_hidden=False)], used=FIELDS)
        except NoTable:
            continue
        people += [RosterEntry(line.text("person"), line.text("full_name")) for line in table.lines]
    return people


def _fold(word: str) -> str:
    """Return a comparison key that ignores letter case and tone position, as in `hoà` and `hòa`."""
    marks = unicodedata.normalize("NFD", word.lower())
    return "".join(sorted(marks, key=lambda mark: mark in TONES))

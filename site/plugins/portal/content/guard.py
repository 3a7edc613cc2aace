"""Finds possible personal data, which must not appear in the portal.

The guard checks what editors write, to name the line, and later every file that was built. Data
meant for publication, such as a technician's number, stands in the `public_contacts` of its page.
The guard cannot see a name in a picture or a recording.
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
"""The characters that people and programs put between the digits of a number."""

PATTERNS = {
    "phone": re.compile(
        rf"(?<![\w+/.-])(?:\+?84|0(?!\.\d)){_BETWEEN}[235789](?:{_BETWEEN}\d){{8,9}}(?![\w/-])"
    ),
    "id_card": re.compile(
        r"(?<![\w/.-])0\d{2}(?:[ .]?\d{3}){3}(?![\w/-])"
        r"|(?:\bCMND|\bCMT|\bCCCD|chứng minh|căn cước)[^.\n\d]{0,30}\d{9}(?!\d)",
        re.IGNORECASE,
    ),
    "party_card": re.compile(r"(?<![\w/.-])\d{2}\.\d{6}(?![\w/.-])"),
    "email": re.compile(
        r"[\w.+-]+(?:@| ?[\[(](?:at|a còng)[\])] ?)[\w-]+(?:\.[\w-]+)*\.[a-z]{2,24}\b",
        re.IGNORECASE,
    ),
    "birth": re.compile(
        r"(?<!tuyển )(?<!phát )(?<!học )(?<!thí )(?<!nảy )(?<!tái )\bsinh:? ?(?:ngày |năm |tháng )?"
        r"(?:\d{1,2}(?:[/.-]| tháng ))?(?:\d{1,2}(?:[/.-]| năm ))?(?:19|20)\d\d\b"
        r"|\bSN:? ?(?:19|20)\d\d\b",
        re.IGNORECASE,
    ),
}
"""Patterns that identify any person: numbers and addresses, and years of birth."""

_AT = re.compile(r"@|[\[(](?:at|a còng)[\])]", re.IGNORECASE)
_BIRTH = re.compile(r"[Ss]inh|SINH|SN")
_TAX_CODE = re.compile(r"(?:mã số thuế|MST)\W{0,3}\d{10}(?:-\d{3})?\b", re.IGNORECASE)
"""An organisation's tax code, which is allowed although it looks like a telephone number."""
NUMBERS = ("phone", "id_card", "party_card")
_LONG_NUMBER = re.compile(rf"\d(?:{_BETWEEN}\d){{8}}|\d{{2}}\.\d{{6}}")
"""A quick first test for these numbers, since most texts have no long number at all."""

COLUMNS = re.compile(
    r"\b(?:full_name|birth_year|membership|card_hash)\b"
    r"|\b(?:năm sinh|ngày sinh|số điện thoại|số căn cước|cccd|số thẻ đảng)\b(?! hoạt)",
    re.IGNORECASE,
)
"""Names of roster columns: English as in our files, Vietnamese as offices write them."""

KEYS = re.compile(r'"(?:person|full_name|birth_year|membership|card_hash|seat)"\s*:')
"""Fields of a roster in JSON."""

_WORDS = re.compile(r"[^\W_\u02b9\u02bb\u02bc]+")
"""The words of a text and of a name alike: `K’Brăk` is two, whatever the apostrophe."""
TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


class Suspicion(NamedTuple):
    """Possible personal data: the line, the kind and the words themselves."""

    line: int
    kind: str
    value: str

    def __str__(self) -> str:
        return say(f"build.guard.{self.kind}", value=self.value)


class RosterEntry(NamedTuple):
    """A person of a roster: the code, or "", and the full name."""

    code: str
    name: str


class Guard:
    """A search for personal data in texts; with a roster, also for the people on it."""

    def __init__(self, roster: Iterable[RosterEntry] = ()) -> None:
        """Look for these people too."""
        people = list(roster)
        names = [tuple(map(_fold, _WORDS.findall(person.name))) for person in people]
        self._names = {name for name in names if len(name) > 1}
        self._longest_name = max(map(len, self._names), default=0)
        self._codes = {_fold(person.code) for person in people if person.code}
        self._first_words = self._codes | {name[0] for name in self._names}

    @property
    def knows_people(self) -> bool:
        """Whether the roster named anybody."""
        return bool(self._first_words)

    def suspicions(self, text: str, allowed: Iterable[str] = ()) -> Iterator[Suspicion]:
        """Yield the possible personal data of a text, except the words `allowed` there."""
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
        if self._names or self._codes:
            yield from self._roster_suspicions(text)

    def suspicions_in_table(self, text: str, allowed: Iterable[str] = ()) -> Iterator[Suspicion]:
        """Yield possible personal data in an attached table, names of roster columns included."""
        yield from self.suspicions(text, allowed)
        yield from _suspicions_of("field", COLUMNS, unicodedata.normalize("NFC", text))

    def suspicions_in_data(self, text: str, allowed: Iterable[str] = ()) -> Iterator[Suspicion]:
        """Yield possible personal data in a data file, the names of roster fields included."""
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
    """Return a text without invisible letters, `*` inside words, and links such as zalo.me/."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    return _MESSENGER.sub(" ", re.sub(r"(?<=\w)\*{1,3}(?=\w)", "", text))


def _suspicions_of(kind: str, pattern: re.Pattern[str], text: str) -> Iterator[Suspicion]:
    for match in pattern.finditer(text):
        yield Suspicion(text.count("\n", 0, match.start()) + 1, kind, match[0].strip())


def visible_text(html: str) -> str:
    """Return the visible text of a page, and the numbers and addresses that its links call."""
    text = re.sub(r"<(style|script)\b.*?</\1>", " ", html, flags=re.DOTALL)
    text = re.sub(r'<a\b[^>]*\bhref="(?:tel|mailto):([^"]*)"[^>]*>', r" \1 ", text)
    return unescape(re.sub(r"<[^>]*>", " ", text))


def read_roster(path: Path) -> list[RosterEntry]:
    """Return the people in every list of a file, CSV or XLSX, hidden sheets too.

    Raises: SheetFault.
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
    """Return a key that ignores a word's case and which vowel has its tone mark (hoà, hòa)."""
    marks = unicodedata.normalize("NFD", word.lower())
    return "".join(sorted(marks, key=lambda mark: mark in TONES))

"""Search texts for possible personal data, which must not appear in the public website.

Both the content files, in which a fault can name the line, and the built files are searched. Data
that may be published, such as a technician's telephone number, is listed in the field
`public_contacts` of the content file. A name that is shown in a picture or spoken in a recording is
not detected.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path
from typing import NamedTuple

from portal.content.personal_columns import TAX_CODE, Value, values_under_headings
from portal.messages import say
from sync_server.domain.characters import INVISIBLE
from sync_server.domain.names import fold
from sync_server.sheets.files import read_file
from sync_server.sheets.headings import FIELDS
from sync_server.sheets.tables import NoTable, find_table

_MESSENGER = re.compile(r"(?:https?://)?(?:zalo|wa|viber)\.me/", re.IGNORECASE)
_BETWEEN = r"[ .·_/()\t\u00a0\u2007\u2009\u202f\u2010\u2011\u2013\u2014\u2022\u2212-]{0,3}"
"""A pattern for up to three separators between the digits of a number, such as a space or a dot."""

_LOWER_CASE_PARTS = (
    "an", "dân", "ký", "nam", "nữ", "mức", "suất", "lệ", "hồi", "mới", "môn", "sau",
    "sản",
)  # fmt: skip
"""Words before «sinh» ("born") that are also people's names, as in «Trần Thị Lệ sinh năm 1970».

In lower case, such a word changes the meaning of «sinh», as in «tỷ lệ sinh năm 2023» (the birth
rate in 2023), so that no year of birth follows.
"""
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
            "hy",
            "trẻ",
            "người",
        )
    ]
    + [rf"(?<!(?-i:{part}) )" for part in _LOWER_CASE_PARTS]
)
"""Negative lookbehinds that exclude «sinh» in compounds, where «sinh» does not mean "born".

An example is «học sinh» (pupil). A word in `_LOWER_CASE_PARTS` excludes «sinh» only if the word is
in lower case: «An sinh năm 1970», with the name An, still counts as a year of birth."""

_MARKS = r"[\s:(\[\"“]{0,3}"
_NO_SPAN = r"(?! đến | ?[–-] ?(?:19|20)\d\d| trở )"
"""A negative lookahead that rejects the first year of a span, which is not a year of birth.

The span is written with a second year, or with the words «đến» ("to") or «trở» ("onwards").
"""
_IN_DATE = r"(?: ?[/.,-] ?| )(?:tháng |năm )?"
_MONTHS = "giêng|hai|ba|tư|năm|sáu|bảy|tám|chín|mười(?: một| hai)?|chạp"

PATTERNS = {
    "phone": re.compile(
        rf"(?<![\w+/.-])(?:\+?84|0084|0(?!\.\d)){_BETWEEN}[235789](?:{_BETWEEN}\d){{8,9}}(?![\w/-])"
        r"|(?<![\w,.])0[35789]\d\d, ?\d{3}, ?\d{3}(?![\w,])"
        r"|(?:(?<=(?i:tel)[.:])|(?<=(?i:tel))|(?<=(?i:đt)[.:])|(?<=(?i:đt)))"
        rf"0{_BETWEEN}[235789](?:{_BETWEEN}\d){{8}}(?!\d)"
        r"|(?<![\w./-])0[235789](?:[ .]?\d){8}(?=[/;–-] ?0[235789](?:[ .]?\d){8}(?!\d))"
        r"|(?<=[g-zG-ZÀ-ỹđĐ])0[35789](?:[ .]?\d){8}(?![\d/-])"
        r"|(?<![\w./-])0[35789](?:[ .]?\d){8}(?=[A-ZĐÀ-Ỹ][a-zà-ỹ])"
    ),
    "id_card": re.compile(
        r"(?<![\w/.-])0\d{2}(?:[ .-]?\d{3}){3}(?![\w/-])"
        r"|(?:\bCMND|\bCMT|\bCCCD|chứng minh|căn cước)[^.\n\d]{0,30}\d(?:[ .-]?\d){8,11}(?!\d)"
        r"|(?:\bBHXH|bảo hiểm xã hội)[^.\n\d]{0,12}\d{10}(?!\d)"
        r"|(?:hộ chiếu|passport)[^.\n\d]{0,12}\b[A-Z]\d{7}\b"
        r"|(?:mã số thuế|MST) cá nhân[^.\n\d]{0,20}\d{10}(?!\d)",
        re.IGNORECASE,
    ),
    "party_card": re.compile(
        r"(?<![\w/.-])\d{2}\.\d{6}(?![\w/.-]| ?[,;] ?1\d\d\.\d)"  # no coordinates
        r"|(?:thẻ đảng|tđv)(?: viên)?[^.\n\d]{0,12}\d{2}(?: ?[-.] ?|\s)?(?:\d[ .]?){5}\d(?!\d)",
        re.IGNORECASE,
    ),
    "email": re.compile(
        r"[\w.+-]{1,64}(?: ?@ ?| ?[\[(](?:at|a còng|@)[\])] ?)[\w-]{1,63}"
        r"(?:(?:\.| ?[\[(](?:dot|chấm|\.)[\])] ?)[\w-]{1,63}){0,8}"
        r"(?:\.| ?[\[(](?:dot|chấm|\.)[\])] ?)[a-z]{2,24}\b",
        re.IGNORECASE,
    ),
    "birth": re.compile(
        rf"(?:{_IN_WORD}\bsinh(?: nhật)?(?: (?:ra|vào|trong|đầu|cuối|là)){{0,2}}"
        rf"{_MARKS}(?:ngày|năm|tháng)?(?: là| vào)?"
        r"|\b(?:ngày|năm) sinh\b(?! hoạt)[^.\n\d;|]{0,30}|\bN\.?S[:.])"
        rf"{_MARKS}(?:(?:m[ùồ]ng )?\d{{1,2}}{_IN_DATE})?"
        rf"(?:(?:tháng )?(?:\d{{1,2}}|{_MONTHS}){_IN_DATE})?"
        rf"(?:(?:19[2-9]\d|20\d\d)\b{_NO_SPAN}|(?<=[/.-])\d\d\b(?![/.-])|\d{{4}}(?:19|20)\d\d\b)"
        rf"|{_IN_WORD}\bsinh năm (?:[3-9]\d\b(?! tuổi|%)"
        r"|[^\W\d]{2,6} [^\W\d]{2,5} \((?:19|20)\d\d)"
        r"|\bS\.?N\b[:.]? ?(?:19|20)\d\d\b"
        r"|\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)\d\d[,;] ?(?:quê(?! hương)|nguyên quán)\b",
        re.IGNORECASE,
    ),
    "address": re.compile(
        r"(?<!cơ quan )(?:(?:thường|tạm) trú(?:(?!mẫu|biểu|kế hoạch|văn|quyết|tư|định|luật|gồm)"
        r"[^.\n]){0,25}?|(?:chỗ ở|nhà riêng)(?: hiện nay)?(?: tại| ở)?:? )\bsố (?:nhà )?\d+"
        r"(?!\d|/(?:19|20)\d\d|(?-i:[/-][A-ZĐ]{2})| (?:hộ|người|trường hợp|bản)\b)",
        re.IGNORECASE,
    ),
    "secret": re.compile(
        r"(?:^|\|)[ \t*_(\[]*(?:(?:TUYỆT |TỐI )?MẬT|(?:Tuyệt m|Tối m|M)ật|NỘI BỘ"
        r"|(?i:(?:tài liệu |lưu hành |tài liệu lưu hành )nội bộ))"
        r"[ \t*_)\].!]*(?=$|\|)|^[ \t*_|]*[Đđ]ộ mật[: |]+(?i:(?:tuyệt |tối )?mật)\b",
        re.MULTILINE,
    ),
}
"""Patterns of telephone, identity and Party card numbers, e-mail addresses, years of birth, home
addresses, and marks of secret documents.

The keys are the kinds of personal data.
"""

_LEADERS = re.compile(r" ?\.{2,} ?")
"""A pattern of a row of dots, such as the dotted line in a form on which people write."""
_SIGNS = {
    "secret": ("mật", "nội bộ"),
    "email": ("@", "(at", "[at", "(a còng", "[a còng"),
    "birth": ("sinh", "sn", "s.n", "ns:", "ns.", "n.s", "quê", "nguyên quán"),
    "address": ("trú", "chỗ ở", "nhà riêng"),
    "table": ("|", "\t", "  "),
}
"""Words or signs, by kind of data; a text with none of them is not searched for that kind.

The key `table` stands for tables. The words are in lower case. Most texts contain none of them, and
searching for a word is much faster than for a pattern."""
_TAX_CODE = re.compile(
    r"(?:mã số thuế|MST|mã số doanh nghiệp|MSDN|ĐKKD|GPKD|mã hồ sơ)(?: số)?\W{0,3}"
    r"\d(?:[ -]?\d){8,14}\b"
    r"|(?:(?:zoom|meeting|webinar|webex|teams)(?: meeting)? (?:ID|number|no\.?)"
    r"|(?:mã|ID)(?: (?:của|vào|tham gia|tham dự))?"
    r" (?:cuộc họp|phòng(?: họp)?|buổi họp|hội nghị|zoom|webinar|webex|teams))(?: số)?"
    r"[^\w+]{0,3}[1-9](?:[ -]?\d){8,11}\b"
    r"|(?:zoom|webinar|webex|teams|số phòng(?: họp)?)[^\w+]{0,3}(?!84)[1-9](?:[ -]?\d){8,11}\b"
    r"|\d[\d .]{6,20}\s?(?:đồng|triệu|tỷ|VNĐ|VND|USD)\b",
    re.IGNORECASE,
)
"""Numbers that may be published although they look personal: an organisation's tax code, the number
of a video conference, and an amount of money."""
NUMBERS = ("phone", "id_card", "party_card")
_LONG_NUMBER = re.compile(rf"\d(?:{_BETWEEN}\d){{6}}|\d{{2}}\.\d{{6}}|\d{{4}}, ?\d{{3}}")
"""A fast test for long numbers, which most texts do not contain.

The slower patterns that are listed in `NUMBERS` are tried only if this pattern matches.
"""

_DAY = re.compile(
    r"(?:\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)\d\d|(?:19|20)\d\d-\d\d-\d\d)"
    rf"(?: (?:[01]?\d|2[0-3]):[0-5]\d)?(?!{_BETWEEN}\d)(?!:)"
)
"""A pattern of a date, perhaps with a time of day, that is not followed by another number.

Nearly every text contains a date. `_LONG_NUMBER` also matches dates, which are therefore skipped.
"""

COLUMNS = re.compile(r"\b(?:full_name|birth_year|membership|card_hash)\b", re.IGNORECASE)
"""Headings of columns with personal data in this project's own lists. Such a list is not published
even if it is empty."""

_NO_DIGITS = re.compile(r"\D+")
MOST_GROUPS = 6
_ORDINAL_AND_AMOUNT = re.compile(r"0\d \d{1,3}(?:\.\d{3})+|0(\d)(?: \d\d){3,}")
_OF_TELEPHONE = re.compile(r"thoại|đt|tel|gọi|liên hệ|zalo|phone|di động", re.IGNORECASE)
MOST_OF_COLUMN = 20
"""The maximum number of values that are reported because of the same column heading."""

KEYS = re.compile(r'"(?:person|full_name|birth_year|membership|card_hash|seat)"\s*:')
"""Names of JSON fields that contain personal data, such as `"full_name":`."""

_WORDS = re.compile(r"[^\W_\u02b9\u02bb\u02bc]+")
"""A word of letters or digits. Apostrophes separate words, so that `K’Brăk` is two words."""
FEWEST_BARE_WORDS = 3
"""The minimum number of words in a name that is also recognised without its accents.

Without accents, many other words look like shorter names.
"""
TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


class Suspicion(NamedTuple):
    """A passage of text that may be personal data, with its line number, counted from 1.

    `kind` is a key of `PATTERNS` such as "phone"; "name" or "person" for the name or the code of a
    person on the roster (a list of people); or "field" for a heading of personal data. `value` is
    the passage.
    """

    line: int
    kind: str
    value: str

    def __str__(self) -> str:
        return say(f"build.guard.{self.kind}", value=self.value)


class RosterEntry(NamedTuple):
    """A person in a list of people (a roster), with the person's code and full name.

    The code is "" if the list contains no code for the person.
    """

    code: str
    name: str


class Guard:
    """A search of texts for personal data, and for the names and codes of people in a roster."""

    def __init__(self, roster: Iterable[RosterEntry] = ()) -> None:
        """Prepare the search for the names and codes of the people in `roster`.

        A name of only one word is not searched for. Names of three or more words are also
        recognised if they are written without accents, as in the name of a file.
        """
        people = list(roster)
        names = [tuple(map(_fold, _WORDS.findall(person.name))) for person in people]
        self._names = {name for name in names if len(name) > 1}
        self._longest_name = max(map(len, self._names), default=0)
        self._codes = {_fold(person.code) for person in people if person.code}
        self._first_words = self._codes | {name[0] for name in self._names}
        bare_names = [
            tuple(fold(" ".join(_WORDS.findall(person.name))).split()) for person in people
        ]
        self._bare_names = {name for name in bare_names if len(name) >= FEWEST_BARE_WORDS}
        self._first_words |= {name[0] for name in self._bare_names}

    @property
    def knows_people(self) -> bool:
        """True if the roster contains at least one code or one name of two or more words.

        Without such an entry, `suspicions` cannot search for people.
        """
        return bool(self._first_words)

    @property
    def fingerprint(self) -> bytes:
        """The sha256 of all names and codes to search for; it changes if one of them changes."""
        names = sorted(map(repr, (*self._names, *self._bare_names, *self._codes)))
        return hashlib.sha256("\n".join(names).encode()).digest()

    def suspicions(self, text: str, allowed: Iterable[str] = ()) -> Iterator[Suspicion]:
        """Yield the passages of a text that may be personal data, grouped by kind.

        The passages in `allowed`, which may be published, and the tax codes of organisations are
        left out. Within a kind, the passages are in the order in which they occur in the text. At
        most `MOST_OF_COLUMN` values are reported because of the same column heading, such as «Năm
        sinh».
        """
        text = _plain(text)
        allowed = sorted(map(_plain, allowed), key=len, reverse=True)
        for words in allowed:
            text = text.replace(words, " ")
        reported = set()
        for suspicion in self._suspicions_in(text, allowed):
            key = (suspicion.line, _NO_DIGITS.sub("", suspicion.value) or suspicion.value)
            if key not in reported:
                reported.add(key)
                yield suspicion

    def _suspicions_in(self, text: str, allowed: Iterable[str]) -> Iterator[Suspicion]:
        small = text.lower()
        may_have = {kind for kind, signs in _SIGNS.items() if any(sign in small for sign in signs)}
        values = list(values_under_headings(text)) if "table" in may_have else []
        if _has_long_number(text):
            numbers = _TAX_CODE.sub(" ", text)
            for value in values:
                if value.kind == TAX_CODE:
                    numbers = numbers.replace(value.text, " ")
            for kind in NUMBERS:
                yield from _suspicions_of(kind, PATTERNS[kind], numbers)
        for kind in ("secret", "email", "birth", "address"):
            if kind in may_have:
                yield from _suspicions_of(kind, PATTERNS[kind], text)
        yield from _suspicions_in_columns(values, allowed)
        if self._names or self._codes:
            yield from self._roster_suspicions(text)

    def suspicions_in_table(self, text: str, allowed: Iterable[str] = ()) -> Iterator[Suspicion]:
        """Yield the passages of a table that may be personal data, and suspicious headings.

        An example of a suspicious heading is `birth_year`. `allowed` contains
        passages that may be published, but suspicious headings are always reported.
        """
        yield from self.suspicions(text, allowed)
        yield from _suspicions_of("field", COLUMNS, unicodedata.normalize("NFC", text))

    def suspicions_in_data(self, text: str, allowed: Iterable[str] = ()) -> Iterator[Suspicion]:
        """Yield the passages of a data file that may be personal data, and suspicious JSON fields.

        An example of a suspicious field is `full_name`. `allowed` contains passages that may be
        published, but suspicious fields are always reported.
        """
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
                words_here = tuple(folded[at : at + length])
                if words_here in self._names or words_here in self._bare_names:
                    name = " ".join(match[0] for match in words[at : at + length])
                    yield Suspicion(line, "name", name)


def _suspicions_in_columns(values: Iterable[Value], allowed: Iterable[str]) -> Iterator[Suspicion]:
    """Yield the cells of tables that may be personal data, at most `MOST_OF_COLUMN` per heading.

    `values` are the cells whose headings announce personal data, such as «Năm sinh» (year of
    birth). Tax codes of organisations, and numbers in `allowed`, which may be published, are left
    out. A number in `allowed` is also recognised without its leading 0, which a spreadsheet may
    have dropped.
    """
    allowed_digits = {_NO_DIGITS.sub("", words) for words in allowed}
    counts = Counter[tuple[str, str]]()
    for value in values:
        digits = _NO_DIGITS.sub("", value.text)
        if value.kind == TAX_CODE or {digits, f"0{digits}"} & allowed_digits:
            continue
        counts[value.kind, value.heading] += 1
        if counts[value.kind, value.heading] <= MOST_OF_COLUMN:
            yield Suspicion(value.line, value.kind, value.text)


def _has_long_number(text: str) -> bool:
    """Return whether a text contains a long number other than a date."""
    position = 0
    while match := _LONG_NUMBER.search(text, position):
        day = _DAY.match(text, match.start())
        if day is None:
            return True
        position = day.end()
    return False


def _plain(text: str) -> str:
    """Return a text in Unicode form NFKC, without characters that could hide personal data.

    Invisible characters, `*` inside words, and prefixes of links such as `zalo.me/` are removed.
    """
    text = INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    if ".." in text:  # «…» is «...» in this form
        text = _LEADERS.sub(" ", text)
    if "*" in text:
        text = re.sub(r"(?<=\w)\*{1,3}(?=\w)", "", text)
    return _MESSENGER.sub(" ", text) if ".me/" in text.lower() else text


def _suspicions_of(kind: str, pattern: re.Pattern[str], text: str) -> Iterator[Suspicion]:
    for match in pattern.finditer(text):
        if kind == "phone" and _is_row_of_numbers(match):
            continue
        yield Suspicion(text.count("\n", 0, match.start()) + 1, kind, " ".join(match[0].split()))


def _is_row_of_numbers(match: re.Match[str]) -> bool:
    """Return whether a match of the telephone pattern is a row of small numbers, as in a table.

    A row consists of at least six groups of digits, or five if the first group is `0`, with only
    spaces between the groups and no word such as «điện thoại» (telephone) before them on the same
    line. A number from `00` to `09` before an amount such as `1.500.000`, or before at least three
    numbers of two digits, is also a row.
    """
    groups = re.findall(r"\d+", match[0])
    if _ORDINAL_AND_AMOUNT.fullmatch(match[0]):
        return True
    is_split = len(groups) >= MOST_GROUPS or (len(groups) == MOST_GROUPS - 1 and groups[0] == "0")
    if not is_split or _NO_DIGITS.sub("", match[0]) != match[0].replace(" ", ""):
        return False
    line_start = max(match.string.rfind("\n", 0, match.start()) + 1, match.start() - 100)
    return not _OF_TELEPHONE.search(match.string, line_start, match.start())


def visible_text(html: str) -> str:
    """Return an HTML page's text, including `alt`, `title`, and `tel:` and `mailto:` links.

    Line breaks are kept, except those in scripts and style sheets. ` | ` is added after every table
    cell, so that numbers in adjacent cells do not look like one number.
    """
    text = re.sub(r"<(style|script)\b.*?</\1>", " ", html, flags=re.DOTALL)
    text = re.sub(r'<a\b[^>]*\bhref="(?:tel|mailto):([^"]*)"[^>]*>', r" \1 ", text, flags=re.I)
    text = re.sub(r'<[^>]{1,2000}?\b(?:alt|title)="([^"]+)"[^>]*>', r" \1 ", text)
    text = re.sub(r"<tr\b.*?</tr\s*>\s*", _on_one_line, text, flags=re.DOTALL | re.IGNORECASE)
    text = re.sub(r"</t[dh]\s*>", " | ", text)  # or two cells could look like one phone number
    text = unescape(re.sub(r"<[^>]*>", " ", text))
    return re.sub(r" {2,}", " ", text)  # wide gaps would look like the columns of a table


def _on_one_line(row: re.Match[str]) -> str:
    """Return the HTML of a table's row on one line, followed by empty rows.

    There is an empty row for every further line of the original HTML, so that the line numbers in
    the rest of the text stay the same.
    """
    rest = "|\n" * (row[0].count("\n") - 1)
    return re.sub(r"\s*\n\s*", " ", row[0]) + "\n" + rest


def read_roster(path: Path) -> list[RosterEntry]:
    """Return the people in all sheets of a CSV or XLSX file, including hidden sheets.

    A sheet without a table of people is skipped.

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
    """Return a key for comparing words regardless of letter case and the position of tone marks.

    For example, `hoà` and `hòa` have the same key.
    """
    marks = unicodedata.normalize("NFD", word.lower())
    return "".join(sorted(marks, key=lambda mark: mark in TONES))

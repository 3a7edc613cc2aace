"""Find a unit by its code, or by its name in the spellings and abbreviations that offices use."""

import difflib
import re
from collections.abc import Collection, Mapping

from sync_server.domain.names import fold

_ABBREVIATIONS = {
    "db": "dang bo",
    "cb": "chi bo",
    "du": "dang uy",
    "cu": "chi uy",
    "tu": "tinh uy",
    "vp": "van phong",
    "ubnd": "uy ban nhan dan",
    "hdnd": "hoi dong nhan dan",
    "ubkt": "uy ban kiem tra",
    "ubmttq": "uy ban mat tran to quoc",
    "mttq": "mat tran to quoc",
    "btg": "ban tuyen giao",
    "btc": "ban to chuc",
    "bdv": "ban dan van",
    "tt": "trung tam",
    "tand": "toa an nhan dan",
    "vksnd": "vien kiem sat nhan dan",
    "bhxh": "bao hiem xa hoi",
    "dhqg": "dai hoc quoc gia",
    "thads": "thi hanh an dan su",
    "bv": "benh vien",
    "gd": "giao duc",
    "gddt": "giao duc va dao tao",
    "ldtbxh": "lao dong thuong binh va xa hoi",
    "nnptnt": "nong nghiep va phat trien nong thon",
    "khdt": "ke hoach va dau tu",
    "khcn": "khoa hoc va cong nghe",
    "tnmt": "tai nguyen va moi truong",
    "tttt": "thong tin va truyen thong",
    "vhttdl": "van hoa the thao va du lich",
    "gtvt": "giao thong van tai",
    "ptnt": "phat trien nong thon",
    "nnmt": "nong nghiep va moi truong",
    "bvdk": "benh vien da khoa",
    "ksbt": "kiem soat benh tat",
    "cdc": "trung tam kiem soat benh tat",
    "thpt": "trung hoc pho thong",
    "thcs": "trung hoc co so",
    "cd": "cao dang",
    "dh": "dai hoc",
    "ptth": "phat thanh truyen hinh",
    "ksnd": "kiem sat nhan dan",
    "vks": "vien kiem sat",
    "kbnn": "kho bac nha nuoc",
    "nhnn": "ngan hang nha nuoc",
    "hnd": "hoi nong dan",
    "lhpn": "lien hiep phu nu",
    "ccb": "cuu chien binh",
    "ldld": "lien doan lao dong",
    "tn": "thanh nien",
    "bchqs": "bo chi huy quan su",
    "bdbp": "bo doi bien phong",
    "bqlda": "ban quan ly du an",
    "bql": "ban quan ly",
    "xd": "xay dung",
    "dtxd": "dau tu xay dung",
    "tp": "thanh pho",
    "hu": "huyen uy",
    "tgdv": "tuyen giao dan van",
    "chqs": "chi huy quan su",
    "dbqh": "dai bieu quoc hoi",
}
_HALL = "Điểm cầu "
_SYLLABLES = frozenset({"du", "cu", "tu", "hu"})
"""Abbreviations, in lower case without accents, that are also ordinary words.

For example, «ĐU» stands for Đảng uỷ, but «du» is also a word in «Du lịch». Such a word counts as an
abbreviation only in capitals and, if the whole text is in capitals, only as its first word."""
_FORM = re.compile(r"^(?:(?:dang bo|chi bo|dang uy|chi uy) (?:co so )?)+")
_MARKS = re.compile(r"[^\w]+")
_JOINED = re.compile(r"(?<=[A-ZĐ])(?:[,&–-]|, )(?=[A-ZĐ]{2}|[A-ZĐ]\b)")
"""Matches a punctuation mark inside an abbreviation. The mark is removed, so that KH&ĐT equals
KHĐT, and VH,TT&DL equals VHTTDL.
"""
_NUMBERS = re.compile(r"\d+|\b[ivx]+\b")
_NEAR = 0.75
MOST_NEAR = 3
MOST_SOUGHT = 200
"""The largest number of different texts for which an index seeks similar names. A list with more
unknown names is of another organisation, and would take minutes."""
_NEAR_WORD = 0.8
_SHORT_WORD = 2  # «bo» is no misspelling of «bao»
_LEAST_WORDS = 2
_GENERAL_WORDS = frozenset({"tinh", "huyen", "xa", "phuong", "thi", "tran", "so", "ban", "hoi"})
"""Words that occur in the names of many units. In the search for similar names, a name that
consists only of such words does not count as part of another name.
"""
MAX_ALIAS = 80
"""The maximum length, in characters, of a name that is stored with the unit or hall chosen for it.

The database column has this length. Longer names are cut to it before they are stored or compared.
"""


class UnitNames:
    """An index of units or halls, which are found by code or by any usual spelling of the name."""

    def __init__(self, names: Mapping[str, str], aliases: Mapping[str, str] | None = None) -> None:
        """Build the index from the units' names and codes.

        `names` is {unit code: name}. `aliases` is {another name of a unit: code that a user chose
        for this name}. Aliases longer than `MAX_ALIAS` letters must be cut to that length. Aliases
        with the code of an unknown unit are ignored.
        """
        self._names = names
        self._aliases = {
            fold(alias): code for alias, code in (aliases or {}).items() if code in names
        }
        self._by_name: dict[str, set[str]] = {}
        self._by_short: dict[str, set[str]] = {}
        for code, name in names.items():
            full = _expand(name)
            self._by_name.setdefault(full, set()).add(code)
            self._by_short.setdefault(_FORM.sub("", full), set()).add(code)
        self._words = {key: frozenset(key.split()) for key in self._by_short}
        self._near: dict[str, list[str]] = {}

    def find(self, text: str) -> str | None:
        """Return the code of the unit that a text names by its code or name.

        Accents, punctuation, abbreviations and a prefix such as «Chi bộ» may differ. Return None if
        no unit or more than one unit matches.
        """
        if text.upper() in self._names:
            return text.upper()
        if code := self.chosen_for(text):
            return code
        full = _expand(text)
        for index, key in ((self._by_name, full), (self._by_short, _FORM.sub("", full))):
            if len(codes := index.get(key, set())) == 1:
                return next(iter(codes))
        return None

    def chosen_for(self, text: str) -> str | None:
        """Return the code of the unit that a user chose for the name `text`; None if nobody did.

        Case and accents do not matter, and only the first `MAX_ALIAS` letters count.
        """
        return self._aliases.get(fold(text[:MAX_ALIAS]))

    def near(self, text: str) -> list[str]:
        """Return the names of units that are spelled similarly to a text, the most similar first.

        At most three different names match, but a name that several units share is repeated.
        """
        return [self._names[code] for code in self.near_codes(text)]

    def near_codes(self, text: str) -> list[str]:
        """Return the codes of units spelled similarly to a text, the most similar first.

        Two names are similar if they have nearly the same letters, the same numbers, and at least
        half of their words in common, or if one contains all words of the other, as «Hội trường
        tầng 5 Sở Y tế» contains «Sở Y tế». If both names contain numbers, these must be equal:
        «Chi bộ 2» is not similar to «Chi bộ 1». At most three different names match, but several
        units may share a name. Because a search takes some milliseconds, an index searches for at
        most `MOST_SOUGHT` different texts; for any further text, the result is [].
        """
        text = text[:MAX_ALIAS]
        if text not in self._near and len(self._near) < MOST_SOUGHT:
            self._near[text] = self._seek_near(text)
        return self._near.get(text, [])

    def _seek_near(self, text: str) -> list[str]:
        short = _FORM.sub("", _expand(text))
        numbers, words = _NUMBERS.findall(short), set(short.split())
        all_words = frozenset().union(*self._words.values())
        near_words = [_near_words(word, all_words) for word in words]
        scores: dict[str, float] = {}
        for key, key_words in self._words.items():
            key_numbers = _NUMBERS.findall(key)
            common = sum(not near.isdisjoint(key_words) for near in near_words)
            if not common or (numbers and key_numbers and numbers != key_numbers):
                continue
            ratio = difflib.SequenceMatcher(None, short, key).ratio()
            part = min(words, key_words, key=len)
            is_part = len(part) >= _LEAST_WORDS and part <= words & key_words
            is_part = is_part and bool(part - _GENERAL_WORDS)
            is_alike = ratio >= _NEAR and 2 * common >= len(words | key_words)
            if is_part or (is_alike and numbers == key_numbers):
                scores[key] = ratio
        keys = sorted(scores, key=lambda key: (-scores[key], key))[:MOST_NEAR]
        return [code for key in keys for code in sorted(self._by_short[key])]


def _near_words(word: str, others: Collection[str]) -> set[str]:
    """Return the words among `others` that equal a word or look like a misspelling of it."""
    long_others = [other for other in others if min(len(other), len(word)) > _SHORT_WORD]
    alike = difflib.get_close_matches(word, long_others, len(others) or 1, _NEAR_WORD)
    return {*alike, word}


def without_hall(text: str) -> str:
    """Return the name of a hall without the words «Điểm cầu» at its beginning."""
    return text[len(_HALL) :] if fold(text).startswith(fold(_HALL)) else text


def find_point(points: UnitNames, text: str) -> str | None:
    """Return the code of the hall that a text names by code or name.

    Return None if no hall or more than one hall matches. `points` must contain the names of halls
    without the words «Điểm cầu» at their beginning.
    """
    return points.find(without_hall(text))


def _expand(text: str) -> str:
    """Return a unit's name with abbreviations in full, to compare it with other spellings.

    The result is in lower case, without accents and punctuation.
    """
    words = _MARKS.sub(" ", _JOINED.sub("", text).replace("&", " và ")).split()
    is_capitals = text.isupper()
    expanded = []
    for place, word in enumerate(words):
        folded = fold(word)
        is_word = folded in _SYLLABLES and (not word.isupper() or (is_capitals and place > 0))
        expanded.append(folded if is_word else _ABBREVIATIONS.get(folded, folded))
    return " ".join(expanded)

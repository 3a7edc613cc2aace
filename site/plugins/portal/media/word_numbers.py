"""Write the numbers that Word shows before paragraphs, such as «a)» and «2.1.», into their text.

Word stores only that a paragraph belongs to a numbered list, and counts when it shows the document.
The rules are those of ECMA-376, part 1, 17.9.
"""

from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MOST_LEVELS = 9
_BULLETS = "2000000000"
"""The id of the list with bullets that this module adds to a document. It is far above the ids that
Word assigns.
"""
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_ROMAN = (
    (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
    (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_LONGEST_NUMBER = 300
"""The greatest number that is written in letters or Roman numerals; a greater one is written in
digits.
"""


LONGEST_LABEL = 100
"""The greatest length, in characters, of the pattern of a list's numbers; a longer one is cut.

In a pattern such as `%1.%2.`, `%1` stands for the number of the first level."""
GREATEST_NUMBER = 32_767
"""The greatest number with which a list may begin; Word has the same limit."""
MOST_STYLES = 20
"""The greatest number of styles that are searched for the list of a paragraph style.

A style without a list has that of the style on which it is based, and so on. Word allows a chain of
about ten styles."""


class _Level(NamedTuple):
    """A level of a numbered list: its first number, the form of numbers, and the text around them.

    `form` is a value of Word's `numFmt`, such as `lowerLetter`. In `text`, such as `%1.%2.`, `%2`
    stands for the number of the second level. `is_decimal` is True if all numbers in `text` are
    written as 1, 2, 3, even those of levels that otherwise use letters or Roman numerals.
    `restarts` is True if the level begins again after a paragraph of a higher level.
    """

    first: int
    form: str
    text: str
    is_decimal: bool
    restarts: bool


_Levels = dict[int, _Level]


def write_numbers(body: Element, numbering: Element, styles: Element | None) -> None:
    """Put the number of every numbered paragraph in `body` before the paragraph's text.

    A numbered paragraph is then taken out of its list, and a paragraph with a bullet stays in a
    list. `body`, `numbering` and `styles` are the root elements of `word/document.xml`,
    `word/numbering.xml` and `word/styles.xml`; `styles` is None if there is no such file. `body`
    and `numbering` are changed.
    """
    lists = _lists_of(numbering)
    _add_bullet_list(numbering)
    list_by_style = {} if styles is None else dict(_lists_of_styles(styles))
    counts: dict[str, dict[int, int]] = {}
    for paragraph in body.iter(f"{W}p"):
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            continue
        place = _place_of(properties, list_by_style)
        if place is None or place[0] not in lists:
            continue
        key, at = place
        family, levels = lists[key]
        level = levels.get(at)
        if level is None:
            continue
        if level.form == "bullet":
            _move_bullet(properties, levels, at)
            continue
        label = _next_label(counts.setdefault(family, {}), levels, at)
        if label:
            run = Element(f"{W}r")
            SubElement(run, f"{W}t", {_SPACE: "preserve"}).text = f"{label} "
            paragraph.insert(list(paragraph).index(properties) + 1, run)
        for list_mark in properties.findall(f"{W}numPr"):
            properties.remove(list_mark)
    for element in numbering.iter(f"{W}lvl"):
        style = element.find(f"{W}pStyle")
        if style is not None and _value(element, "numFmt") != "bullet":
            element.remove(style)  # or the paragraphs of this style would be numbered again


def _move_bullet(properties: Element, levels: _Levels, at: int) -> None:
    """Move a paragraph with a bullet to another list if a higher level of its list has numbers.

    The other list, which this module adds to the document, has bullets on every level. `properties`
    is the paragraph's `w:pPr` element. `levels` are the levels of its old list, and `at` is its
    level there, counted from 0. The new level is the number of higher levels with bullets in the
    old list.
    """
    above = sum(level.form == "bullet" for place, level in levels.items() if place < at)
    if above == at:
        return
    for list_mark in properties.findall(f"{W}numPr"):
        properties.remove(list_mark)
    place = SubElement(properties, f"{W}numPr")
    SubElement(place, f"{W}ilvl", {f"{W}val": str(above)})
    SubElement(place, f"{W}numId", {f"{W}val": _BULLETS})


def _add_bullet_list(numbering: Element) -> None:
    """Add a list with bullets on every level to `numbering`, the document's list definitions."""
    bullets = SubElement(numbering, f"{W}abstractNum", {f"{W}abstractNumId": _BULLETS})
    for at in range(MOST_LEVELS):
        level = SubElement(bullets, f"{W}lvl", {f"{W}ilvl": str(at)})
        SubElement(level, f"{W}numFmt", {f"{W}val": "bullet"})
    number = SubElement(numbering, f"{W}num", {f"{W}numId": _BULLETS})
    SubElement(number, f"{W}abstractNumId", {f"{W}val": _BULLETS})


def _number(text: str) -> int:
    """Return the number that a text states, but at most `GREATEST_NUMBER`.

    Return 0 unless the text consists of one to five digits.
    """
    is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(GREATEST_NUMBER))
    return min(int(text), GREATEST_NUMBER) if is_number else 0


def _value(parent: Element, path: str, default: str = "") -> str:
    element = parent.find("/".join(f"{W}{tag}" for tag in path.split("/")))
    return default if element is None else element.get(f"{W}val", default)


def _lists_of(root: Element) -> dict[str, tuple[str, _Levels]]:
    """Return {id of a list: (name of its counter, its levels)} for `root`, the list definitions.

    Lists with the same counter continue each other's numbers. A list whose numbers start again has
    a counter of its own.
    """
    families = {
        abstract.get(f"{W}abstractNumId", ""): {
            _number(level.get(f"{W}ilvl", "0")): _Level(
                _number(_value(level, "start", "1")),
                _value(level, "numFmt", "decimal"),
                _value(level, "lvlText")[:LONGEST_LABEL],
                level.find(f"{W}isLgl") is not None,
                _value(level, "lvlRestart") != "0",
            )
            for level in abstract.findall(f"{W}lvl")
        }
        for abstract in root.findall(f"{W}abstractNum")
    }
    lists = {}
    for number in root.findall(f"{W}num"):
        key, family = number.get(f"{W}numId", ""), _value(number, "abstractNumId")
        levels = dict(families.get(family, {}))
        for override in number.findall(f"{W}lvlOverride"):
            at, first = _number(override.get(f"{W}ilvl", "0")), _value(override, "startOverride")
            if first and at in levels:
                levels[at] = levels[at]._replace(first=_number(first))
                family = f"{family} {key}"  # counts on its own
        lists[key] = (family, levels)
    return lists


def _lists_of_styles(root: Element) -> Iterator[tuple[str, tuple[str, int]]]:
    """Yield (id of a paragraph style, (id of the style's list, level)) for styles with a list.

    `root` is the root element of `word/styles.xml`. Levels are counted from 0. A style without a
    list has that of the style on which it is based.
    """
    styles = {style.get(f"{W}styleId", ""): style for style in root.findall(f"{W}style")}
    for name, style in styles.items():
        seen, parent = {name}, style
        while not _value(parent, "pPr/numPr/numId"):
            base = _value(parent, "basedOn")
            if base not in styles or base in seen or len(seen) > MOST_STYLES:
                break
            seen.add(base)
            parent = styles[base]
        if key := _value(parent, "pPr/numPr/numId"):
            level = _value(style, "pPr/numPr/ilvl") or _value(parent, "pPr/numPr/ilvl", "0")
            yield name, (key, _number(level))


def _place_of(
    properties: Element, list_by_style: dict[str, tuple[str, int]]
) -> tuple[str, int] | None:
    """Return (id of a paragraph's list, level there), or None if the paragraph is in no list.

    Levels are counted from 0. `properties` is the paragraph's `w:pPr` element. `list_by_style` is
    {id of a paragraph style: (id of the style's list, level)}.
    """
    key = _value(properties, "numPr/numId")
    if key:  # the list 0 takes a paragraph out of the list of its style
        return None if key == "0" else (key, _number(_value(properties, "numPr/ilvl", "0")))
    return list_by_style.get(_value(properties, "pStyle"))


def _next_label(counts: dict[int, int], levels: _Levels, at: int) -> str:
    """Count one more paragraph of a list, and return the label that Word shows before it.

    An example of a label is `2.1.`. `levels` are the list's levels, and `at` is the paragraph's
    level, counted from 0. `counts` is {level: its last number}, and is changed: the number at `at`
    increases, and deeper levels that are set to restart begin again at their first number.
    """
    counts[at] = counts[at] + 1 if at in counts else levels[at].first
    for deeper in [level for level in counts if level > at and levels[level].restarts]:
        del counts[deeper]
    label = levels[at].text
    for level in range(MOST_LEVELS):
        if f"%{level + 1}" in label and level in levels:
            number = counts.get(level, levels[level].first)
            form = "decimal" if levels[at].is_decimal else levels[level].form
            label = label.replace(f"%{level + 1}", _in_form(number, form), 1)
    return label


def _in_form(number: int, form: str) -> str:
    """Return a number as text in `form`, a value of Word's `numFmt` such as `upperRoman`."""
    if form == "none":
        return ""
    if form.endswith("Letter") and 0 < number <= _LONGEST_NUMBER:
        text = "abcdefghijklmnopqrstuvwxyz"[(number - 1) % 26] * ((number - 1) // 26 + 1)
    elif form.endswith("Roman") and 0 < number <= _LONGEST_NUMBER:
        text, rest = "", number
        for value, letters in _ROMAN:
            text, rest = text + letters * (rest // value), rest % value
    elif form == "decimalZero":
        return f"{number:02}"
    else:
        return str(number)
    return text.upper() if form.startswith("upper") else text

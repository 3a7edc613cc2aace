"""Read the hidden copies of lists that pivot tables keep inside an XLSX.

A pivot table shows sums, but its file also contains the whole list from which the sums were made.
The list is converted to rows of text, in which `portal.content.personal_columns` can find personal
data.
"""

import re
import zipfile
from collections.abc import Callable, Iterator
from itertools import zip_longest
from xml.parsers import expat

from portal.content.office_texts import MOST_LETTERS, TooLong, refuse_doctype

_DEFINITION = re.compile(r"xl/pivotCache/\w*Definition\d*\.xml")
_VALUES = frozenset({"s", "n", "d", "b", "e", "m"})
"""XML elements with one value: text, number, date, truth value, error, or nothing."""

Start = Callable[[str, dict[str, str]], None]


def texts_of_pivot_caches(archive: zipfile.ZipFile) -> Iterator[str]:
    """Yield every list that a pivot table in an XLSX keeps, with its headings as the first row.

    There is ` | ` between the cells of a row.
    Raises: ValueError if an XML file is not well-formed or has a DOCTYPE; TooLong if a list has
    more than `MOST_LETTERS` characters.
    """
    names = set(archive.namelist())
    for definition in sorted(filter(_DEFINITION.fullmatch, names)):
        headings, shared_values = _read_definition(archive.read(definition))
        records = definition.replace("Definition", "Records")
        rows: Iterator[list[str]] = map(list, zip_longest(*shared_values, fillvalue=""))
        if records in names:
            rows = iter(_read_records(archive.read(records), shared_values))
        yield _joined([headings, *rows])


def _read_definition(content: bytes) -> tuple[list[str], list[list[str]]]:
    """Return the headings and the shared values of a list that a pivot table keeps.

    `content` is the XML file that describes the list's columns. The shared values are one list per
    column; a row may contain the position of a value in the column's list instead of the value.
    """
    headings: list[str] = []
    shared_values: list[list[str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "cacheField":
            headings.append(attributes.get("name", ""))
            shared_values.append([])
        elif name in _VALUES and shared_values:
            shared_values[-1].append(attributes.get("v", ""))

    _parse(content, start)
    return headings, shared_values


def _read_records(content: bytes, shared_values: list[list[str]]) -> list[list[str]]:
    """Return the rows of a list that a pivot table keeps; a row is a list of the cells' texts.

    `content` is the XML file with the rows. A cell in this file contains a value, or the position
    of a value in the column's list in `shared_values`.
    """
    rows: list[list[str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        value = attributes.get("v", "")
        if name == "r":
            rows.append([])
        elif name in _VALUES and rows:
            rows[-1].append(value)
        elif name == "x" and rows:
            column, place = len(rows[-1]), int(value)
            values = shared_values[column] if column < len(shared_values) else []
            rows[-1].append(values[place] if 0 <= place < len(values) else "")

    _parse(content, start)
    return rows


def _parse(content: bytes, start: Start) -> None:
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: start(tag.rpartition(":")[2], attributes)
    parser.StartDoctypeDeclHandler = refuse_doctype
    try:
        parser.Parse(content, True)
    except expat.ExpatError as fault:
        raise ValueError(str(fault)) from None


def _joined(rows: list[list[str]]) -> str:
    lines, letters = [], 0
    for row in rows:
        cells = [" ".join(cell.split()).replace("|", "/") for cell in row]
        line = " | ".join([*cells, ""])  # a single column is a table, too
        letters += len(line)
        if letters > MOST_LETTERS:  # many rows may refer to one long value
            raise TooLong
        lines.append(line)
    return "\n".join(lines)

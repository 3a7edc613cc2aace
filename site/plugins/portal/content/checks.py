"""Check content files for mistakes that involve several values or several files.

A fault stops the build, whereas a warning is only printed. The module `front_matter` checks the
type of every single value.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from portal.content.attached_texts import KINDS, extract_texts, is_table
from portal.content.fields import Hour, MaterialMatter, MeetingFrontMatter
from portal.content.file_names import (
    DIRECTORY,
    NAME,
    PICTURE_ENDINGS,
    PICTURES,
    RESERVED,
    is_leftover_file,
)
from portal.content.front_matter import FIRST_YEAR, LAST_YEAR, MAX_SHOWN, Fault, Source, ValuePath
from portal.content.guard import Guard
from portal.content.links import Addresses
from portal.media.markdown import to_raw_html
from portal.media.pdf import text_of_pdf
from portal.media.pictures import is_picture
from portal.messages import say
from sync_server.domain.legacy_text import is_legacy

TEXT_FOLDERS = frozenset({"meetings", "materials", "pages"})
"""Folders of content files, of which the build does not read the subfolders."""
TEXT_ENDINGS = frozenset({".markdown", ".txt", ".doc", ".docx", ".rtf", ".odt"})
"""Extensions of text files that the build ignores, because it reads only `.md` files.

Outside the folder `materials`, such a file causes a fault, because an editor probably meant it to
be a page.
"""
MAX_PHONE_BYTES = 2_000_000
"""The size in bytes above which an attached file causes a warning.

At 50 kbit/s, a phone needs over five minutes to download a larger file.
"""

_LINKS = re.compile(r"<(a|img)\b([^>]*)>")
_TARGET = re.compile(r'\b(?:href|src)="([^"]*)"')
_SPACED_LINK = re.compile(r'!?\[[^\]\n]*\]\((?!https?:)[^)<>"\n]*[^)\s<>"] [^)<>"\n]*\.\w+\)')
"""A link or picture that Markdown does not recognise, because the file name contains a space."""
_CODE = re.compile(
    r"^ {0,3}(```|~~~).*?(?:^ {0,3}\1|\Z)|<!--.*?(?:-->|\Z)", re.MULTILINE | re.DOTALL
)
"""Program code and comments in Markdown, in which a `|` or `[^1]` means nothing."""
_DASHES = re.compile(r" {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
"""The second row of a table in Markdown."""
_OTHER_BLOCK = re.compile(r" {0,3}(?:#{1,6} |>|[-*+] |\d{1,9}[.)] |<|(?:-{3,}|\*{3,}|_{3,})\s*$)")
"""The beginning of a block that ends a table."""
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_NOTE = re.compile(r"\[\^([^\]\s]+)\](:?)")
_ALT = re.compile(r'\balt="\s*[^"\s]')


def check_names(files: Iterable[Any]) -> None:
    """Add a fault for every meeting or page whose file name cannot be used in a web address.

    `files` are of the type `ContentFile`. Without `.md`, a valid name has at most 64 characters
    (a–z, digits and hyphens) and does not begin with a hyphen. `index` and names that begin with
    `nam-` are reserved for the pages that list other pages.
    """
    for file in files:
        if file.stem == "index" or file.stem.startswith("nam-"):  # addresses of list pages
            file.source.fault_at(1, "reserved_name", name=file.source.path.name)
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", file.stem):
            file.source.fault_at(1, "bad_name", name=file.source.path.name)


def check_windows_names(files: Iterable[Any]) -> None:
    """Add a fault for every file name and code that cannot be the name of a file on Windows.

    `files` are of the type `ContentFile`.
    """
    for file in files:
        names = [file.stem, *file.source.texts(("code",)), *file.source.texts(("file",))]
        for name in filter(RESERVED.match, names):
            file.source.fault_at(1, "windows_name", name=name)


def check_places(places: Source) -> None:
    """Add a fault for every hall whose organisation is not listed, and for every repeated code.

    `places` is the file directory.yaml, which lists organisations as `units` and halls as `points`.
    """
    units, points = places.texts(("units",), "code"), places.texts(("points",), "code")
    for n, unit in enumerate(places.texts(("points",), "unit")):
        if unit not in units:
            places.fault(("points", n, "unit"), "unknown_unit", value=unit)
    check_no_repeats(((places, unit) for unit in units), "units", numbered=True)
    check_no_repeats(((places, point) for point in points), "points", numbered=True)


def check_meeting(
    source: Source, meeting: MeetingFrontMatter, materials: Mapping[str, MaterialMatter]
) -> None:
    """Add faults for errors in a meeting's times, and warnings about the meeting's documents.

    A meeting must end after it starts, and agenda items must be in order of time and start before
    the end of the meeting. There is a warning if `basis`, which lists the documents on which the
    meeting is based, is empty (docs/checklist.md, row 18), and if a document becomes public after
    the start of the meeting (row 6). `materials` is {code: front matter of the document}.
    """
    _check_hours(source, meeting)
    _check_hour_of(source, "revised", meeting.revised)
    if not meeting.basis:  # docs/checklist.md, row 18: a meeting cites its orders
        source.warn((), "no_basis")
    begins = f"{meeting.date} {meeting.starts}"
    for at, code in _references(source):
        material = materials.get(code)
        if material is None or material.withdrawn:
            continue
        public = material.public_from or f"{material.date}"
        if public > begins:
            source.warn(at, "late_material", value=code, public=public, begins=begins)


def _check_hours(source: Source, meeting: MeetingFrontMatter) -> None:
    if meeting.ends <= meeting.starts:
        source.fault(("ends",), "ends_before", ends=meeting.ends, starts=meeting.starts)
    previous_at = None
    for n, item in enumerate(meeting.agenda):
        at = ("agenda", n, "at")
        if previous_at is not None and item.at < previous_at:
            source.fault(at, "out_of_order", value=item.at)
        if item.at == previous_at:
            source.fault(at, "overlaps", value=item.at)
        if item.at >= meeting.ends > meeting.starts:
            source.fault(at, "after_end", value=item.at, ends=meeting.ends)
        previous_at = item.at


def check_references(source: Source, codes: set[str], points: set[str]) -> None:
    """Add a fault for every document or hall to which a meeting refers but which does not exist.

    `codes` are the codes of all documents, and `points` are the codes of all halls. The check also
    works if other values in the meeting's front matter are not valid.
    """
    for at, code in _references(source):
        if code not in codes:
            source.fault(at, "unknown_material", value=code)
    for n, point in enumerate(source.texts(("points",))):
        if point not in points:
            source.fault(("points", n), "unknown_point", value=point)
    main = source.node_at(("main_point",))
    if isinstance(main, yaml.ScalarNode) and main.value not in points:
        source.fault(("main_point",), "unknown_point", value=main.value)


def _references(source: Source) -> list[tuple[ValuePath, str]]:
    agenda = source.node_at(("agenda",))
    items = range(len(agenda.value) if isinstance(agenda, yaml.SequenceNode) else 0)
    lists: list[ValuePath] = [
        ("basis",),
        ("materials",),
        *(("agenda", n, "materials") for n in items),
    ]
    return [((*at, n), code) for at in lists for n, code in enumerate(source.texts(at))]


def check_material(source: Source, matter: MaterialMatter, folder: Path, guard: Guard) -> None:
    """Add a fault for every reason why a material (a document for meetings) cannot be published.

    The circulation class must be CONG_KHAI (public), versions must be in order of date, and there
    must be a text or a readable file. `folder` contains the attached file. `guard` searches that
    file for personal data.
    """
    _check_hour_of(source, "public_from", matter.public_from)
    if matter.circulation != "CONG_KHAI":
        source.fault(("circulation",), "not_public", value=matter.circulation)
    previous_date = matter.date
    for n, version in enumerate(matter.versions):
        if version.date < previous_date:
            source.fault(("versions", n, "date"), "version_order", value=version.date)
        previous_date = version.date
    words = source.text
    if matter.file is not None:
        words += _check_file(source, matter, folder / matter.file, guard)
    if not words.strip() and not source.faults:
        source.fault((), "no_text", name=source.path.stem)


def _check_hour_of(source: Source, field: str, hour: Hour | None) -> None:
    """Add a fault if the date and time `hour` does not exist, or if its year is outside 1900–2999.

    The fault names `field`. None is valid. The type `Hour` accepts impossible days, such as 31
    February.
    """
    try:
        is_right = hour is None or FIRST_YEAR <= datetime.fromisoformat(hour).year <= LAST_YEAR
    except ValueError:
        is_right = False
    if not is_right:
        wanted = say("build.expect.hour")
        source.fault((field,), "wrong_value", field=field, value=hour, expected=wanted)


def check_pictures(folder: Path, display_path: Path) -> list[Fault]:
    """Check all pictures in a folder, and return the faults.

    Two pictures must not have names that differ only in the extension, because every picture is
    published as `.webp`, nor only in case, because Windows takes these for one file. Messages show
    `display_path` as the path of the folder.
    """
    faults, stems = [], dict[str, str]()
    for path in sorted(folder.glob("*")):
        if is_leftover_file(path.name):
            continue
        key, value = None, path.name
        if path.suffix.lower() not in PICTURE_ENDINGS or not _is_picture_name(path.name):
            key = "bad_picture_name"
        elif path.stem.lower() in stems:
            key, value = "same_picture", f"{stems[path.stem.lower()]}, {path.name}"
        elif not is_picture(path):
            key = "bad_picture"
        stems[path.stem.lower()] = path.name
        if key:
            faults.append(Fault(display_path / path.name, 1, say(f"build.{key}", value=value)))
    return faults


def _is_picture_name(name: str) -> bool:
    return bool(NAME.fullmatch(name)) and not RESERVED.match(name)


def _check_file(source: Source, matter: MaterialMatter, path: Path, guard: Guard) -> str:
    """Check the file attached to a material (a document for meetings), and return its visible text.

    A missing, empty or unreadable file and possible personal data cause faults; a file larger than
    `MAX_PHONE_BYTES` causes a warning. Faults and warnings are added to `source`. Return "" if the
    file is missing or empty, or if its extension is unknown.
    """
    if not path.is_file():
        source.fault(("file",), "no_file", value=path.name)
        return ""
    if path.stat().st_size > MAX_PHONE_BYTES:
        megabytes = f"{path.stat().st_size / 1e6:.1f}".replace(".", ",")
        source.warn(("file",), "too_big", value=path.name, megabytes=megabytes)
    if path.stat().st_size == 0:
        source.fault(("file",), "empty_file", value=path.name)
        return ""
    words, hidden_words = _text_of(source, path)
    find_suspicions = guard.suspicions_in_table if is_table(path.name) else guard.suspicions
    name = re.sub(r"[-_.]|(?<=[a-z])(?=[A-Z])", " ", path.stem)
    for suspicion in find_suspicions(f"{words}\n{hidden_words}\n{name}", matter.public_contacts):
        source.fault(("file",), "guard.in_file", value=path.name, suspicion=suspicion)
    return words


def _text_of(source: Source, path: Path) -> tuple[str, str]:
    """Return a file's visible text and the file's hidden text, such as metadata, in this order.

    The hidden text is separate only for a PDF. It then also contains copies of the pages in which
    wide gaps separate the columns of tables, and pages in an unreadable old encoding. For other
    files, the hidden text is part of the first string, and the second is "". Problems in reading
    the file are added to `source` as faults or warnings.
    """
    ending = path.suffix.lower()
    if ending not in KINDS:
        source.fault(("file",), "unknown_file", value=path.name)
        return "", ""
    extracted = extract_texts(path.name, path.read_bytes())
    for problem, name in extracted.problems:
        source.fault(("file",), problem, value=name)
    words = "\n".join(extracted.texts)
    if ending == ".docx" and is_legacy(words):
        source.warn(("file",), "legacy_pdf", value=path.name)
    if ending != ".pdf" or extracted.problems:
        return words, ""
    text_of_file = text_of_pdf(path)
    if text_of_file.problem in {"unreadable", "locked"}:
        source.fault(("file",), "bad_file", value=path.name)
    elif text_of_file.problem:
        key = {"legacy": "legacy_pdf", "scanned": "scanned"}[text_of_file.problem]
        source.warn(("file",), key, value=path.name)
    hidden_words = (words, *text_of_file.legacy_pages, *text_of_file.with_gaps)
    return "\n".join(text_of_file.pages), "\n".join(hidden_words)


def check_text(source: Source, addresses: Addresses) -> None:
    """Add a fault for every dead link in a text, and for every picture that readers could not see.

    A picture needs a description, a file among the content files, and a file name without
    spaces. Text left over from the template for new files causes a warning.
    """
    if say("build.new.text") in source.text:
        source.warn((), "placeholder")
    for words in _SPACED_LINK.findall(source.text):
        source.fault_at(source.line_with(words), "picture_space", value=words[:MAX_SHOWN])
    for tag, attributes in _LINKS.findall(to_raw_html(source.text)):
        target = _TARGET.search(attributes)
        if target is None:
            continue
        link = unescape(target[1])
        line = source.line_with(link or "]()")
        if not link or addresses.resolve(source.path.parent.name, link) is None:
            source.fault_at(line, "no_picture" if tag == "img" else "dead_link", value=link)
        if tag == "img" and link.startswith(("http:", "https:", "//")):
            source.fault_at(line, "far_picture", value=link)
        if tag == "img" and not _ALT.search(attributes):
            source.fault_at(line, "no_alt", value=link)


def check_tables_and_notes(source: Source) -> None:
    """Add a fault for every table row that loses cells, and for every footnote that is not shown.

    If a row has more cells than the heading, Markdown leaves out the surplus cells. It also leaves
    out a footnote to which nothing in the text refers.
    """
    text = _CODE.sub(lambda code: "\n" * code[0].count("\n"), source.text)
    for row in _rows_that_lose_cells(text.split("\n")):
        source.fault_at(source.line_with(row), "wide_row", value=row[:MAX_SHOWN])
    notes = [(name.casefold(), mark) for name, mark in _NOTE.findall(text)]
    used = {name for name, mark in notes if not mark}
    for name, mark in notes:
        if mark and name not in used:
            source.fault_at(source.line_with(f"[^{name}]:"), "unused_note", value=name)


def _rows_that_lose_cells(lines: Sequence[str]) -> Iterator[str]:
    """Yield the rows of tables in Markdown that have more filled cells than their table's heading.

    A table consists of a heading, a row of dashes with as many cells, and all lines up to an empty
    one or another block.
    """
    width = 0  # 0 outside tables
    for above, line in pairwise(["", *lines]):
        if width and (not line.strip() or _OTHER_BLOCK.match(line)):
            width = 0
        elif width:
            if any(cell.strip() for cell in _cells_of(line)[width:]):
                yield line
        elif "|" in line and _DASHES.fullmatch(line) and above.strip():
            width = len(_cells_of(line))
            width = width if width == len(_cells_of(above)) else 0


def _cells_of(row: str) -> list[str]:
    row = row.strip().removeprefix("|")
    cells = _CELL_BORDER.split(row)
    return cells[:-1] if not cells[-1].strip() and len(cells) > 1 else cells


def warn_of_unused_materials(materials: Iterable[Any], sources: Iterable[Source]) -> None:
    """Add a warning to every document for meetings to which no other content file refers.

    `materials` are these documents, of the type `ContentFile`. `sources` are all content files,
    which are searched for references.
    """
    all_sources = list(sources)
    used = {code for source in all_sources for _, code in _references(source)}
    texts = "\n".join(source.text for source in all_sources)
    for material in materials:
        code = material.matter and material.matter.code
        if code and code not in used and material.source.path.name not in texts:
            material.source.warn(("code",), "unused", value=code)


def find_unread_files(root: Path, read_paths: Iterable[Path]) -> tuple[list[Fault], list[Fault]]:
    """Return faults and warnings for files in the content folder that the build does not read.

    The first list contains faults for text files such as `x.md.txt`; the second contains warnings
    for other files. In `materials`, only a file with `.md` in its name causes a fault, because an
    editor may attach the other files later. `read_paths` are the files that the build reads. The
    folder of pictures is not searched.
    """
    known = {*read_paths, root / DIRECTORY}
    unread_texts: list[Fault] = []
    unread_files: list[Fault] = []
    for path in sorted(root.rglob("*")):
        place = path.relative_to(root)
        is_elsewhere = is_leftover_file(path.name) or place.parts[0] == PICTURES
        if path in known or path.is_dir() or is_elsewhere:
            continue
        is_text = ".md" in path.name.lower() or (
            path.suffix.lower() in TEXT_ENDINGS and place.parent.name != "materials"
        )
        if len(place.parts) > 2 and place.parts[0] in TEXT_FOLDERS:
            folder = place.parent.relative_to(place.parts[0]).as_posix()
            values = {"value": path.name, "folder": folder, "parent": place.parts[0]}
            message = say("build.unread_in_folder", **values)
        else:
            message = say("build.unread", value=path.name)
        fault = Fault(Path(root.name) / place, 1, message)
        (unread_texts if is_text else unread_files).append(fault)
    return unread_texts, unread_files


def check_no_repeats(
    values: Iterable[tuple[Source, str]], field: str, *, numbered: bool = False
) -> None:
    """Add a fault for every value of a field that occurs twice, in one file or in two.

    `values` contains pairs of a file and a value in that file. If `numbered` is True, the values
    are the codes of successive items in the list `field`.
    """
    first_paths: dict[str, Path] = {}
    for n, (source, value) in enumerate(values):
        at: ValuePath = (field, n, "code") if numbered else (field,)
        if value in first_paths:
            source.fault(at, "taken", value=value, other=first_paths[value].as_posix())
        else:
            first_paths[value] = source.path

"""Create content files for meetings and materials, and mark materials as withdrawn.

A material is a document for meetings.
"""

import re
import shutil
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from portal.content.fields import (
    HostLevel,
    MaterialCode,
    MaterialKind,
    MeetingKind,
    Mode,
    TimeOfDay,
    Words,
)
from portal.content.front_matter import expected, read_source
from portal.editor.builder import BuildFault
from portal.editor.documents import draft_of
from portal.messages import catalogue, say
from sync_server.domain.names import fold
from sync_server.domain.records.codes import VIETNAM

Ask = Callable[[str], str]

QUESTIONS: dict[str, dict[str, Any]] = {
    "meeting": {
        "title": Words,
        "kind": MeetingKind,
        "mode": Mode,
        "host": Words,
        "host_level": HostLevel,
        "date": date,
        "starts": TimeOfDay,
        "ends": TimeOfDay,
        "summary": Words,
    },
    "material": {
        "code": MaterialCode,
        "title": Words,
        "kind": MaterialKind,
        "number": Words | None,
        "date": date,
        "issuer": Words,
        "summary": Words,
    },
}
"""The fields that an editor must fill in, with their types, in the order of the new file.

Only `number` may stay empty. docs/content.md describes the fields that are not asked for.
"""


def ask(question: str) -> str:
    """Ask a question at the terminal and return the answer without leading or trailing spaces.

    Raises: BuildFault if standard input ends before there is an answer.
    """
    try:
        return input(f"{question}: ").strip()
    except EOFError:
        raise BuildFault(say("build.new.end")) from None


def write_new(root: Path, what: str, ask_editor: Ask, show_message: Callable[[str], None]) -> Path:
    """Ask an editor for the required fields, write a new content file, and return its path.

    `root` is the content folder. `what` is "meeting", "material", or the path of a DOCX or PDF,
    which becomes the text and the attached file of a material (a document for meetings).

    Raises: BuildFault if `root` or the DOCX or PDF does not exist, if `what` is of another kind, if
    the content file already exists, or if standard input ends too early.
    """
    if not root.is_dir():
        raise BuildFault(say("build.no_content", path=root))
    document = None if what in QUESTIONS else Path(what)
    draft = draft_of(document) if document else None
    kind = "material" if document else what
    if draft and draft.warning:
        show_message(draft.warning)
    folder = root / f"{kind}s"
    used_codes = {
        code for file in folder.glob("*.md") for code in read_source(file, file).texts(("code",))
    }
    suggestions = draft.suggestions if draft else {}
    answers = _answers(QUESTIONS[kind], suggestions, ask_editor, show_message, used_codes)
    if kind == "meeting":
        path = folder / f"{answers['date']}-{_slug(answers['title'])}.md"
        fixed_lines = (
            "basis: []\nagenda:\n"
            f"  - {{at: {_quoted(answers['starts'])}, kind: ON_DINH_TO_CHUC, "
            f"title: {_quoted(say('build.new.agenda'))}}}\n"
        )
        text = ""
    else:
        path = folder / f"{answers['code']}.md"
        fixed_lines, text = "circulation: CONG_KHAI\n", f"{say('build.new.text')}\n"
        if document and draft:
            attached = folder / f"{answers['code']}{document.suffix.lower()}"
            fixed_lines += f"file: {attached.name}\n"
            text = f"{draft.text}\n" if draft.text else text
    # The document may lie where it is to be attached; another file there is not overwritten.
    is_in_place = document is not None and attached.exists() and attached.samefile(document)
    if path.exists() or (document and attached.exists() and not is_in_place):
        taken = path if path.exists() else attached
        raise BuildFault(say("build.new.exists", path=taken))
    lines = "".join(f"{name}: {_quoted(value)}\n" for name, value in answers.items() if value)
    folder.mkdir(exist_ok=True)
    if document and not is_in_place:
        shutil.copyfile(document, attached)
    path.write_text(f"---\n{lines}{fixed_lines}---\n{text}", encoding="utf-8", newline="\n")
    return path


def withdraw(root: Path, code: str, now: datetime) -> Path:
    """Mark the material with the given code as withdrawn today, and return the path of its file.

    A material is a document for meetings. `root` is the content folder. The date is that of `now`
    in Vietnam. The rest of the file stays unchanged.

    Raises: BuildFault if no material has the code, or if the material is already withdrawn.
    """
    for path in sorted((root / "materials").glob("*.md")):
        source = read_source(path, path)
        if source.texts(("code",)) != [code]:
            continue
        if source.node_at(("withdrawn",)) is not None:
            raise BuildFault(say("build.withdraw.already", code=code, path=path))
        day = f"{now.astimezone(VIETNAM).date()}"
        mark = rb"\1withdrawn: " + day.encode() + rb"\1---\2"
        path.write_bytes(re.sub(rb"(\r?\n)---(\r?\n)", mark, path.read_bytes(), count=1))
        return path
    raise BuildFault(say("build.withdraw.none", code=code, path=root / "materials"))


BACK = "<"
"""The answer with which a user returns to the previous question about a new content file."""

DEFAULTS = {
    "kind": 0,
    "mode": 2,
    "host_level": 2,
}
"""The default answer to every question with fixed choices, as an index counted from 0.

For example, the answer with index 2 for `mode` is KET_HOP, a meeting in halls and online.
"""


def _answers(
    questions: Mapping[str, Any],
    suggestions: Mapping[str, str],
    ask_editor: Ask,
    show_message: Callable[[str], None],
    used_codes: Collection[str],
) -> dict[str, str]:
    """Ask the user every question in `questions`, in order, and return {field: answer}.

    `questions` is {field: type of the answer}, and `suggestions` is {field: suggested answer}.
    The answer `<` returns to the previous question. The answer for `code` must not be in
    `used_codes`.
    """
    show_message(say("build.new.how", back=BACK))
    answers: dict[str, str] = {}
    names = list(questions)
    at = 0
    while at < len(names):
        name = names[at]
        taken = used_codes if name == "code" else ()
        suggestion = suggestions.get(name, "")
        answer = _answer(name, questions[name], suggestion, ask_editor, show_message, taken)
        if answer is None:
            at = max(0, at - 1)
            continue
        answers[name] = answer
        at += 1
    return {name: answers[name] for name in names}


def _answer(
    name: str,
    type_: Any,
    suggestion: str,
    ask_editor: Ask,
    show_message: Callable[[str], None],
    used_values: Collection[str],
) -> str | None:
    """Ask for the field `name` until the answer is valid, and return the answer.

    Return None for the answer `<`, which goes back to the previous question. An empty answer
    selects the suggestion or the default, or "" if the field is optional. `type_` decides which
    answers are valid. An answer in `used_values` is refused.
    """
    choices = _choices(type_)
    default = suggestion if suggestion not in used_values else ""
    if choices and not default:
        default = choices[DEFAULTS[name]]
    for number, choice in enumerate(choices, 1):
        show_message(f"  {number}. {_label(choice)}")
    question = say(f"build.new.{name}")
    if default:
        question += say("build.new.default", value=_label(default))
    while True:
        typed = unicodedata.normalize("NFC", ask_editor(question)).strip()
        if typed == BACK:
            return None
        if not typed and (default or type(None) in get_args(type_)):
            return default
        answer = _as_written(typed, type_, choices)
        if not typed.isprintable():  # Latin-1 letters typed at a terminal in UTF-8, for example
            show_message(say("build.new.unprintable"))
            continue
        try:
            msgspec.convert(answer, type_, strict=False)
        except msgspec.ValidationError:
            show_message(say("build.new.wrong", value=typed, expected=_expected(type_, choices)))
            continue
        if answer not in used_values:
            return answer
        show_message(say("build.new.taken", value=answer))


def _as_written(typed: str, type_: Any, choices: Sequence[str]) -> str:
    """Convert an editor's answer to the format that the content file needs.

    For example, 25/12/2026 becomes `2026-12-25`, and 8h30 becomes `08:30`. If there are `choices`,
    the number (from 1) or the label of a choice becomes that choice's code. Any other answer is
    returned unchanged.
    """
    if choices:
        if typed.isdecimal() and 1 <= int(typed) <= len(choices):
            return choices[int(typed) - 1]
        spellings = {fold(spelling): c for c in choices for spelling in (c, _label(c))}
        return spellings.get(fold(typed), typed)
    if type_ is date and (day := _DAY.fullmatch(typed)):
        return f"{day[3]}-{int(day[2]):02}-{int(day[1]):02}"
    if type_ is date and (day := _ISO_DAY.fullmatch(typed)):
        return f"{day[1]}-{int(day[2]):02}-{int(day[3]):02}"
    if type_ is TimeOfDay and (hour := _HOUR.fullmatch(typed)):
        return f"{int(hour[1]):02}:{hour[2] or '00'}"
    return typed


_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_HOUR = re.compile(r"(\d{1,2})(?:[:h.](\d{2})?)?(?: ?giờ)?")


def _expected(type_: Any, choices: Sequence[str]) -> str:
    if type_ is date:
        return say("build.new.day")
    return say("build.new.number_of", most=len(choices)) if choices else expected(type_)


def _label(choice: str) -> str:
    """Return the Vietnamese label of a code such as `NGHI_QUYET`, or an ISO date as dd/mm/yyyy.

    Other texts are returned unchanged.
    """
    if day := _ISO_DAY.fullmatch(choice):
        return f"{day[3]}/{day[2]}/{day[1]}"
    for surface, key in (
        ("kinds", choice),
        ("portal", f"meeting_kind.{choice}"),
        ("portal", f"mode.{choice}"),
        ("portal", f"host_level.{choice}"),
    ):
        if key in catalogue()[surface]:
            return catalogue()[surface][key]
    return choice


def _choices(type_: Any) -> tuple[str, ...]:
    return get_args(type_) if type(type_) is type(Literal["x"]) else ()


def _quoted(value: str) -> str:
    """Return a text as a YAML string in double quotes."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _slug(title: str) -> str:
    """Return a file name for a meeting's title, such as `hoi-nghi-quy-bon`.

    The name has no accents, and at most six words and 50 characters. Return `hoi-nghi` if the title
    contains no letters or digits.
    """
    plain = unicodedata.normalize("NFD", title.lower().replace("đ", "d"))
    letters = "".join(
        mark if mark.isascii() and mark.isalnum() else " "
        for mark in plain
        if not unicodedata.combining(mark)
    )
    return "-".join(letters.split()[:6])[:50].strip("-") or "hoi-nghi"

"""Creates the files of new meetings and materials, and marks materials as withdrawn."""

import re
import unicodedata
from collections.abc import Callable, Collection
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
from portal.content.loading import VIETNAM
from portal.editor.builder import BuildFault
from portal.messages import say

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
"""The questions in the order of the file; docs/content.md lists the optional fields."""


def ask(question: str) -> str:
    """Ask a question at the terminal. Raises: BuildFault at the end of the input."""
    try:
        return input(f"{question}: ").strip()
    except EOFError:
        raise BuildFault(say("build.new.end")) from None


def write_new(root: Path, kind: str, ask_editor: Ask, show_message: Callable[[str], None]) -> Path:
    """Ask for the required fields and write a new file. Raises: BuildFault."""
    if not root.is_dir():
        raise BuildFault(say("build.no_content", path=root))
    folder = root / f"{kind}s"
    used_codes = {
        code for file in folder.glob("*.md") for code in read_source(file, file).texts(("code",))
    }
    answers = {
        name: _answer(name, type_, ask_editor, show_message, used_codes if name == "code" else ())
        for name, type_ in QUESTIONS[kind].items()
    }
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
    if path.exists():
        raise BuildFault(say("build.new.exists", path=path))
    lines = "".join(f"{name}: {_quoted(value)}\n" for name, value in answers.items() if value)
    folder.mkdir(exist_ok=True)
    path.write_text(f"---\n{lines}{fixed_lines}---\n{text}", encoding="utf-8", newline="\n")
    return path


def withdraw(root: Path, code: str, now: datetime) -> Path:
    """Mark a material as withdrawn today in Vietnam, and change nothing else in its file.

    Raises: BuildFault if no material has the code, or if it is withdrawn already.
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


def _answer(
    name: str,
    type_: Any,
    ask_editor: Ask,
    show_message: Callable[[str], None],
    used_values: Collection[str],
) -> str:
    """Ask until the answer fits its type and is not in use already."""
    question = say(f"build.new.{name}", values=", ".join(_choices(type_)))
    while True:
        answer = unicodedata.normalize("NFC", ask_editor(question))
        if not answer and type(None) in get_args(type_):
            return ""
        choices = {choice.lower(): choice for choice in _choices(type_)}
        answer = choices.get(answer.lower(), answer)
        try:
            msgspec.convert(answer, type_, strict=False)
        except msgspec.ValidationError:
            show_message(say("build.new.wrong", value=answer, expected=expected(type_)))
            continue
        if answer not in used_values:
            return answer
        show_message(say("build.new.taken", value=answer))


def _choices(type_: Any) -> tuple[str, ...]:
    return get_args(type_) if type(type_) is type(Literal["x"]) else ()


def _quoted(value: str) -> str:
    """Return a quoted YAML scalar of exactly this text."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _slug(title: str) -> str:
    """Return a file name for a title: without accents, at most six words."""
    plain = unicodedata.normalize("NFD", title.lower().replace("đ", "d"))
    letters = "".join(
        mark if mark.isascii() and mark.isalnum() else " "
        for mark in plain
        if not unicodedata.combining(mark)
    )
    return "-".join(letters.split()[:6])[:50].strip("-") or "hoi-nghi"

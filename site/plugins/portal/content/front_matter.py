"""Read front matter, the YAML values at the top of a content file, and check their types.

Every fault includes a line number. YAML's usual loader turns `17:20` into 1040 and `no` into False;
this module therefore reads every value as text before converting it.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin
from urllib.parse import unquote

import msgspec
import yaml
from msgspec import Meta, Struct
from msgspec.structs import FieldInfo

from portal.messages import say
from sync_server.domain.legacy_text import first_legacy

FIRST_YEAR, LAST_YEAR = 1900, 2999
"""The first and last valid years. A date outside this range is treated as a typing mistake.

Dates in the years 1 and 9999 could also overflow when converted to another time zone.
"""
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of invisible characters, such as control characters and zero-width spaces.

A value with such a character causes a fault, because an editor cannot see the mistake.
"""
MAX_SHOWN = 60
"""The maximum number of characters that a message quotes from a faulty line."""

_FENCE = re.compile(r"^---[ \t]*$", re.MULTILINE)
_CUT_BY_HASH = re.compile(r"^\s*(?:- )?\w+:\s+(?![\"'|>\[{]).*\S\s+#")
"""A line with an unquoted value that contains ` #`. YAML would drop the rest of the line."""

S = TypeVar("S", bound=Struct)
ValuePath = tuple[str | int, ...]
"""The path of a value in a file's YAML fields, such as `("agenda", 0, "at")`.

The path consists of keys and of positions in lists, counted from 0.
"""


class Fault(NamedTuple):
    """A message about a mistake in one line of a file. `line` is counted from 1.

    Faults sort by file, then by line.
    """

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path.as_posix()}:{self.line}: {self.message}"


class ContentFaults(Exception):
    """Raised if content files contain faults, so that nothing can be built.

    `faults` contains every fault once, sorted by file and line.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(map(str, self.faults)))


class Source(NamedTuple):
    """A content file with the faults and warnings that checks have added.

    `whole` is the entire file, and `text` is the part after the front matter. `node` is the front
    matter as parsed by YAML, or None if the front matter is unreadable. A fault stops the build,
    whereas a warning is only printed.
    """

    path: Path
    node: yaml.Node | None
    whole: str
    text: str
    faults: list[Fault]
    warnings: list[Fault]

    def fault(self, at: ValuePath, key: str, **values: object) -> None:
        """Add a fault about the value at a path such as `("agenda", 0, "at")`.

        `key` selects a message in the group `build`, and `values` fill in the message's
        placeholders. A fault stops the build.
        """
        self.fault_at(self.line_of(at), key, **values)

    def fault_at(self, line: int, key: str, **values: object) -> None:
        """Add a fault about a line of the file. `line` is counted from 1.

        `key` selects a message in the group `build`, and `values` fill in the message's
        placeholders. A fault stops the build.
        """
        self.faults.append(Fault(self.path, line, say(f"build.{key}", **values)))

    def warn(self, at: ValuePath, key: str, **values: object) -> None:
        """Add a warning about the value at a path such as `("agenda", 0, "at")`.

        `key` selects a message in the group `build`, and `values` fill in the message's
        placeholders. A warning is printed and does not stop the build.
        """
        self.warnings.append(Fault(self.path, self.line_of(at), say(f"build.{key}", **values)))

    def line_with(self, words: str) -> int:
        """Return the number of the first line after the front matter that contains `words`.

        `words` may be a link with percent-encoding. Lines are counted from 1 at the start of the
        file. If no line contains `words`, return the line at which the text begins.
        """
        text_at = max(0, self.whole.rfind(self.text))
        places = [self.text.find(spelling) for spelling in (words, unquote(words))]
        found_at = next((place for place in places if place >= 0), 0)
        return self.whole[: text_at + found_at].count("\n") + 1

    def node_at(self, at: ValuePath) -> yaml.Node | None:
        """Return the YAML node at a path, or None if there is no such node.

        A path such as `("agenda", 0, "at")` consists of keys and of positions in lists, which are
        counted from 0.
        """
        node = self.node
        for step in at:
            node = _below(node, step)
        return node

    def texts(self, at: ValuePath, member: str | None = None) -> list[str]:
        """Return the value or the list of values at a path, as a list of strings.

        With `member`, every item of the list is a mapping, and the result contains that field of
        every item. For example, `texts(("points",), "code")` returns the codes of all halls, which
        the file lists under `points`. Missing values are left out.
        """
        node = self.node_at(at)
        values = node.value if isinstance(node, yaml.SequenceNode) else [node]
        nodes = [_below(value, member) if member else value for value in values]
        return [str(scalar.value) for scalar in nodes if isinstance(scalar, yaml.ScalarNode)]

    def line_of(self, at: ValuePath) -> int:
        """Return the line of the value at a path such as `("agenda", 0, "at")`, counted from 1.

        If the value does not exist, return the line of its nearest parent that exists.
        """
        node = self.node
        line = _line(node)
        for step in at:
            below = _below(node, step)
            if below is None:
                break
            node = below
            line = _line(node)
        return line


def read_source(path: Path, display_path: Path, *, has_text: bool = True) -> Source:
    """Read a Markdown file with YAML front matter, or a YAML file (`has_text=False`).

    Messages show `display_path` as the path. An unreadable file causes a fault in the result, not
    an exception. Text that is not in Unicode form NFC is converted to NFC, and the result then
    contains a warning.
    """
    source = Source(display_path, None, "", "", [], [])
    try:
        content = path.read_bytes()
    except OSError as fault:
        source.fault_at(1, "file_in_use", fault=fault.strerror)
        return source
    try:
        decoded = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as fault:
        source.fault_at(content[: fault.start].count(b"\n") + 1, "not_utf8")
        return source
    text = unicodedata.normalize("NFC", decoded)
    source = source._replace(whole=text)
    if text != decoded:
        source.warn((), "not_nfc")
    _note_bad_letters(source)
    matter, body = text, ""
    if has_text:
        fences = list(_FENCE.finditer(text))[:2]
        if len(fences) < 2 or fences[0].start() > 0:
            source.fault_at(1, "no_front_matter")
            return source
        # The slice begins at the end of line 1, so that YAML counts lines as in the file.
        matter = text[fences[0].end() : fences[1].start()]
        body = text[fences[1].end() :].removeprefix("\n")
    _warn_of_cut_values(source, matter)
    try:
        node = yaml.compose(matter, Loader=yaml.CBaseLoader)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        if sign := _sign_before(matter, line):
            is_quote = sign.text in "\"'"
            key, at = ("open_quote", sign.line) if is_quote else ("needs_quotes", line)
            source.fault_at(at, key, value=sign.text)
        else:
            source.fault_at(line, "not_yaml")
        return source
    if node is None:
        source.fault_at(1, "no_front_matter" if has_text else "empty")
    return source._replace(node=node, text=body)


_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
"""The control characters of Unicode (category Cc), except the tab."""


def _note_bad_letters(source: Source) -> None:
    """Add a fault for every line with control characters, and for text in an old encoding.

    The old encodings are TCVN3 and VNI, which are older than Unicode. Only the first line in such
    an encoding is reported.
    """
    text = source.whole
    lines = text.split("\n")
    legacy_at = first_legacy(text)
    if legacy_at is not None:
        line = text[:legacy_at].count("\n") + 1
        source.fault_at(line, "legacy", value=lines[line - 1].strip()[:MAX_SHOWN])
    for line, words in enumerate(lines, 1):
        if _CONTROL.search(words):
            shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in words)
            source.fault_at(line, "control", value=shown.strip()[:MAX_SHOWN])


_SIGN = re.compile(r"\s*(?:- )?(?:[\w-]+:\s+|- )([\[{\"'*&%@`!|>])")
"""A pattern of a line in which the value begins with a special character of YAML, such as `[`.

If YAML cannot read the line, the value probably needs quotation marks.
"""


class _Sign(NamedTuple):
    """A special character of YAML, with the number of its line, counted from 1."""

    text: str
    line: int


def _sign_before(matter: str, line: int) -> _Sign | None:
    """Return the special character of YAML, such as `[`, with which the value in a line begins.

    `matter` is the front matter. `line` is the number, counted from 1, of the line for which YAML
    reported an error. The line above is checked next, because the faulty value may be there. Return
    None if neither value begins with such a character.
    """
    lines = matter.split("\n")
    for number in (line, line - 1):
        if 1 <= number <= len(lines) and (sign := _SIGN.match(lines[number - 1])):
            return _Sign(sign[1], number)
    return None


def _warn_of_cut_values(source: Source, matter: str) -> None:
    """Add a warning for every line of `matter`, the front matter, that YAML cuts off at a ` #`.

    In YAML, ` #` begins a comment, so that the rest of the line would be lost.
    """
    for line, words in enumerate(matter.split("\n"), 1):
        if _CUT_BY_HASH.match(words):
            warning = say("build.cut_by_hash", value=words.strip()[:MAX_SHOWN])
            source.warnings.append(Fault(source.path, line, warning))


def typed(source: Source, struct: type[S]) -> S | None:
    """Convert the front matter of a file to an object of the type `struct`, and return the object.

    If a field is missing or unknown, or if a value is not valid, add a fault to `source.faults` and
    return None. Also return None if the front matter could not be read.
    """
    if source.node is None:
        return None  # `read_source` has already added the fault
    fault_count = len(source.faults)
    value = _struct(source, source.node, struct, ())
    return value if len(source.faults) == fault_count else None


def _struct(source: Source, node: yaml.Node, struct: type[S], at: ValuePath) -> S | None:
    if not isinstance(node, yaml.MappingNode):
        source.fault(at, "not_a_mapping", field=_name(at))
        return None
    fields = _fields(struct)
    values: dict[str, Any] = {}
    for key, below in node.value:
        if not isinstance(key, yaml.ScalarNode):
            source.fault_at(_line(key), "not_a_key")
        elif key.value in values:
            source.fault_at(_line(key), "twice", field=key.value)
        elif key.value not in fields:
            known_fields = ", ".join(sorted(fields))
            source.fault_at(_line(key), "unknown_key", field=key.value, known=known_fields)
        else:
            values[key.value] = _value(source, below, fields[key.value].type, (*at, key.value))
    for name, field in fields.items():
        if name not in values and _is_required(field):
            source.fault(at, "missing_key", field=name)
    if not all(name in values for name, field in fields.items() if _is_required(field)):
        return None
    return struct(**{fields[name].name: value for name, value in values.items()})


@cache
def _fields(struct: type[Struct]) -> dict[str, FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(struct)}


def _value(source: Source, node: yaml.Node, type_: Any, at: ValuePath) -> Any:
    inner = _without_none(type_)
    if isinstance(inner, type) and issubclass(inner, Struct):
        return _struct(source, node, inner, at)
    if get_origin(inner) is tuple:
        if not isinstance(node, yaml.SequenceNode):
            source.fault(at, "not_a_list", field=_name(at))
            return ()
        (item, _) = get_args(inner)
        return tuple(
            _value(source, item_node, item, (*at, n)) for n, item_node in enumerate(node.value)
        )
    if not isinstance(node, yaml.ScalarNode):
        source.fault(at, "not_a_value", field=_name(at))
        return None
    try:
        if "\n" in node.value.rstrip("\n"):
            source.fault(at, "several_lines", field=_name(at))
            return None
        if any(unicodedata.category(letter) in UNSEEN for letter in str(node.value)):
            source.fault(at, "unseen", field=_name(at), value=ascii(node.value)[1 : MAX_SHOWN + 1])
            return None
        value = msgspec.convert(node.value, inner, strict=False)
        if isinstance(value, date) and not FIRST_YEAR <= value.year <= LAST_YEAR:
            raise msgspec.ValidationError
        return value
    except msgspec.ValidationError:
        wanted = expected(inner)
        source.fault(at, "wrong_value", field=_name(at), value=node.value, expected=wanted)
        return None


def expected(type_: Any) -> str:
    """Return a Vietnamese phrase for messages that describes the values a type accepts.

    For the type `TimeOfDay`, the phrase is `giờ dạng 07:30` (a time such as 07:30).
    """
    if get_origin(type_) is Literal:
        return say("build.expect.one_of", values=", ".join(get_args(type_)))
    metas = [m for m in getattr(type_, "__metadata__", ()) if isinstance(m, Meta)]
    if metas and metas[0].description:
        return say(f"build.expect.{metas[0].description}")
    names: Mapping[Any, str] = {date: "date", int: "int"}
    return say(f"build.expect.{names.get(type_, 'text')}")


def _without_none(type_: Any) -> Any:
    kinds = [kind for kind in get_args(type_) if kind is not type(None)]
    is_optional = type(None) in get_args(type_)
    return kinds[0] if is_optional and len(kinds) == 1 else type_


def _is_required(field: FieldInfo) -> bool:
    return field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT


def _below(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step] if step < len(node.value) else None
    return None


def _line(node: yaml.Node | None) -> int:
    return node.start_mark.line + 1 if node else 1


def _name(at: ValuePath) -> str:
    return ".".join(str(step) for step in at if isinstance(step, str)) or "?"

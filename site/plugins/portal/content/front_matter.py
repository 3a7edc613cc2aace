"""Reads YAML as text and types it field by field, so that every fault has its line.

The usual loader turns `17:20` into 1040 and `no` into false; here every scalar stays as the
editor wrote it until a type asks for something else.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin

import msgspec
import yaml
from msgspec import Meta, Struct
from msgspec.structs import FieldInfo

from portal.messages import say

FENCE = "---"
MAX_SHOWN = 60
"""How many letters of a faulty line its message repeats."""

_TCVN3 = re.compile(
    "[A-Za-zđ][\u00a8-\u00ae\u00b5-\u00bf\u00d7\u00f7][A-Za-z]"  # «ban nh©n d©n»
    "|[a-zđ][\u00c0-\u00de]"  # «nghÞ quyÕt»: capitals that never stand inside a word
)
_VNI = re.compile(r"[aeouyAEOUY][äåëïûøÿÄÅËÏÛØ][a-z]?[a-z]?\b")  # «Coäng hoøa»
"""Vietnamese in two encodings older than Unicode, as it looks when it is read as Unicode."""
LEGACY = ((_TCVN3, 2), (_VNI, 3))
"""How many matches of a pattern make a fault: «Noël ở Citroën» has too few."""

S = TypeVar("S", bound=Struct)
ValuePath = tuple[str | int, ...]
"""The place of a value in the front matter: `("agenda", 0, "at")`."""


class Fault(NamedTuple):
    """A message about one line of a file; sorts by file and line."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path.as_posix()}:{self.line}: {self.message}"


class ContentFaults(Exception):
    """The content cannot be built; `faults` holds every fault, sorted."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(map(str, self.faults)))


class Source(NamedTuple):
    """A file's front matter and text, with the faults and warnings noted so far.

    `whole` is the entire file, `text` the part after the front matter. A *fault* stops the build,
    a *warning* is only printed.
    """

    path: Path
    node: yaml.Node | None
    whole: str
    text: str
    faults: list[Fault]
    warnings: list[Fault]

    def fault(self, at: ValuePath, key: str, **values: object) -> None:
        """Note a fault of the value at a path such as `("agenda", 0, "at")`."""
        self.fault_at(self.line_of(at), key, **values)

    def fault_at(self, line: int, key: str, **values: object) -> None:
        """Note a fault of a line, counted from 1."""
        self.faults.append(Fault(self.path, line, say(f"build.{key}", **values)))

    def warn(self, at: ValuePath, key: str, **values: object) -> None:
        """Note a warning about a value with which the portal can still be built."""
        self.warnings.append(Fault(self.path, self.line_of(at), say(f"build.{key}", **values)))

    def line_with(self, words: str) -> int:
        """Return the line of the file in which some words of the text first occur."""
        return (
            self.whole[: max(0, self.whole.rfind(self.text) + self.text.find(words))].count("\n")
            + 1
        )

    def node_at(self, at: ValuePath) -> yaml.Node | None:
        """Return the YAML node at a path, or None if nothing stands there."""
        node = self.node
        for step in at:
            node = _below(node, step)
        return node

    def texts(self, at: ValuePath, member: str | None = None) -> list[str]:
        """Return the texts of a list, of one `member` of its mappings, or of a single value."""
        node = self.node_at(at)
        values = node.value if isinstance(node, yaml.SequenceNode) else [node]
        nodes = [_below(value, member) if member else value for value in values]
        return [str(scalar.value) for scalar in nodes if isinstance(scalar, yaml.ScalarNode)]

    def line_of(self, at: ValuePath) -> int:
        """Return the line of a value, or of the nearest parent that exists."""
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
    """Read a file of YAML, or of Markdown under YAML; faults name it by `display_path`.

    Text that is not NFC, as some systems write it, is converted to NFC.
    """
    source = Source(display_path, None, "", "", [], [])
    content = path.read_bytes()
    try:
        decoded = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as fault:
        source.fault_at(content[: fault.start].count(b"\n") + 1, "not_utf8")
        return source
    text = unicodedata.normalize("NFC", decoded)
    source = source._replace(whole=text)
    if text != decoded:
        source.warn((), "not_nfc")
    for pattern, least in LEGACY:
        legacy = list(pattern.finditer(text))
        if len(legacy) < least:
            continue
        line = text[: legacy[0].start()].count("\n") + 1
        source.fault_at(line, "legacy", value=text.splitlines()[line - 1].strip()[:MAX_SHOWN])
    matter, body = text, ""
    if has_text:
        head, fence, body = text.removeprefix(FENCE + "\n").partition(f"\n{FENCE}\n")
        if not text.startswith(FENCE + "\n") or not fence:
            source.fault_at(1, "no_front_matter")
            return source
        matter = "\n" + head  # the fence is line 1
    try:
        node = yaml.compose(matter, Loader=yaml.CBaseLoader)
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        source.fault_at(mark.line + 1 if mark else 1, "not_yaml")
        return source
    if node is None:
        source.fault_at(1, "no_front_matter")
    return source._replace(node=node, text=body)


def typed(source: Source, struct: type[S]) -> S | None:
    """Return the front matter as a struct, or None if it is not valid; every fault is noted."""
    if source.node is None:
        return None  # read_source has noted the fault
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
        return msgspec.convert(node.value, inner, strict=False)
    except msgspec.ValidationError:
        wanted = expected(inner)
        source.fault(at, "wrong_value", field=_name(at), value=node.value, expected=wanted)
        return None


def expected(type_: Any) -> str:
    """Return a description of the value that a type expects, in the editor's words."""
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

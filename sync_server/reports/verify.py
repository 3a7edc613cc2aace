"""Verifies a report's file: computes its figures again, and reads what the file shows."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import NamedTuple

import msgspec
from msgspec.structs import asdict, replace
from sqlalchemy import Connection

from sync_server.messages import say
from sync_server.reports import docx_file, making, pdf_file, snapshot, xlsx_file
from sync_server.reports.figures import Figures
from sync_server.reports.making import Format
from sync_server.reports.snapshot import Basis
from sync_server.reports.spec import AnySpec, Conference, PeriodSpec, ReportSpec
from sync_server.storage.ledger import streams

MOST_SHOWN = 20
SHOWN_BEFORE, MOST_LETTERS = 40, 120
"""How many letters of a line are shown before a difference, and in all."""
_READERS = {"docx": docx_file, "xlsx": xlsx_file, "pdf": pdf_file}
_decoder = msgspec.json.Decoder(ReportSpec | PeriodSpec)


class NotAReport(Exception):
    """A file that holds no report of ours, or whose report cannot be read."""


class SourceLost(NotAReport):
    """A file of the right kind without the source that we put in, as after saving it elsewhere."""


class Verdict(NamedTuple):
    """The result of verifying a file. `spec`: the report in it.

    `differences`: sentences on what the file says otherwise than the ledger; `later`: how many
    records have come since, which a new revision would show.
    """

    spec: AnySpec
    differences: list[str]
    later: int

    @property
    def is_equal(self) -> bool:
        """Whether the file says what the ledger says as of the report's heads."""
        return not self.differences


def verify(connection: Connection, content: bytes) -> Verdict:
    """Compare a file with the ledger as of the heads that it was computed from.

    Raises: NotAReport, SourceLost.
    """
    file_format = _format_of(content)
    reader = _READERS[file_format]
    try:
        encoded = reader.read_spec(content)
    except Exception as fault:
        raise NotAReport from fault
    if encoded is None:
        raise SourceLost
    try:
        spec = _decoder.decode(encoded)
    except msgspec.DecodeError as fault:
        raise NotAReport from fault
    parts = spec.conferences if isinstance(spec, PeriodSpec) else (spec,)
    for part in parts:
        if difference := _unknown_basis(connection, part.basis):
            return Verdict(spec, [difference], 0)
    again = tuple(
        Conference(part.basis, snapshot.take_again(connection, part.basis).figures)
        for part in parts
    )
    differences = [
        difference
        for part, computed in zip(parts, again, strict=True)
        for difference in figure_differences(part.figures, computed.figures)
    ]
    expected = _expected(connection, spec, again)
    differences += _text_differences(
        reader.texts_of(content), reader.texts_of(making.write(expected, file_format))
    )
    later = sum(_records_since(connection, part.basis) for part in parts)
    return Verdict(spec, list(dict.fromkeys(differences))[:MOST_SHOWN], later)


def _expected(connection: Connection, spec: AnySpec, computed: Sequence[Conference]) -> AnySpec:
    """Return the spec of a file with the figures, and any names, as the ledger gives them."""
    if isinstance(spec, PeriodSpec):
        return replace(spec, conferences=tuple(computed))
    report = replace(spec, figures=computed[0].figures)
    return making.with_names(connection, report) if report.is_internal else report


def _unknown_basis(connection: Connection, basis: Basis) -> str:
    """Return why this database cannot compute figures again; "" if it can."""
    if basis.epoch != (streams.epoch(connection) or ""):
        return say("report.verify.other_database", epoch=basis.epoch)
    heads = streams.heads_of(connection, basis.meeting.id)
    behind = [point for point, facts in basis.halls.items() if facts.head > heads.get(point, -1)]
    return say("report.verify.unknown_heads", points=", ".join(behind)) if behind else ""


def _records_since(connection: Connection, basis: Basis) -> int:
    """Return how many records a meeting's streams have taken since a report's basis."""
    heads = streams.heads_of(connection, basis.meeting.id)
    return sum(heads.values()) - sum(facts.head for facts in basis.halls.values())


def figure_differences(stated: Figures, computed: Figures) -> list[str]:
    """Return every number that a report states otherwise than the ledger gives."""
    halls = {hall.point: hall for hall in stated.halls}
    differences = []
    pairs = [(say("report.total"), stated.totals, computed.totals)]
    pairs += [
        (hall.name, halls[hall.point].counts, hall.counts)
        for hall in computed.halls
        if hall.point in halls
    ]
    for name, stated_counts, computed_counts in pairs:
        before, after = asdict(stated_counts), asdict(computed_counts)
        differences += [
            say(
                "report.verify.number",
                where=name,
                what=say(f"report.column.{field}"),
                stated=before[field],
                computed=value,
            )
            for field, value in after.items()
            if before[field] != value
        ]
    if not differences and stated != computed:
        differences.append(say("report.verify.other"))
    return differences


def _text_differences(stated: list[str], expected: list[str]) -> list[str]:
    """Return the lines of a file that differ from those of the report made again."""
    differences = []
    matcher = SequenceMatcher(None, stated, expected, autojunk=False)
    for kind, i1, i2, j1, j2 in matcher.get_opcodes():
        if kind == "equal":
            continue
        for one, other in zip_longest(stated[i1:i2], expected[j1:j2], fillvalue="–"):
            shown = _around_difference(one, other)
            differences.append(say("report.verify.text", stated=shown[0], computed=shown[1]))
    return differences


def _around_difference(one: str, other: str) -> tuple[str, str]:
    """Return two lines from shortly before the first letter in which they differ."""
    pairs = enumerate(zip(one, other, strict=False))
    first = next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))
    start = max(0, first - SHOWN_BEFORE)
    dots = "…" if start else ""
    return (
        f"{dots}{one[start : start + MOST_LETTERS]}",
        f"{dots}{other[start : start + MOST_LETTERS]}",
    )


def _format_of(content: bytes) -> Format:
    if content.startswith(b"%PDF"):
        return "pdf"
    if b"word/document.xml" in content:
        return "docx"
    if b"xl/workbook.xml" in content:
        return "xlsx"
    raise NotAReport

"""Verify the file of a report by computing its figures again from the stored records."""

import io
import zipfile
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import NamedTuple

import msgspec
from msgspec.structs import asdict, replace
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from sync_server.domain.foreign_bytes import decode_foreign
from sync_server.messages import number, say
from sync_server.reports import docx_file, making, pdf_file, snapshot, xlsx_file
from sync_server.reports.figures import Figures
from sync_server.reports.making import Format
from sync_server.reports.narrative import SECTIONS
from sync_server.reports.snapshot import Basis
from sync_server.reports.spec import (
    MOST_CONFERENCES,
    WITH_NAMES,
    AnySpec,
    Conference,
    PeriodSpec,
    ReportSpec,
    Signing,
)
from sync_server.sheets.archives import check_archive
from sync_server.sheets.workbooks import check_workbook
from sync_server.storage import reports
from sync_server.storage.access import audit
from sync_server.storage.ledger import streams

MAX_REPORT_BYTES = 32 * 1024 * 1024
"""A DOCX or XLSX file is refused if it has more than 32 MiB after decompression. A list of 5,000
people takes 20 MB."""
MOST_LINES, MOST_ADDED_LINES = 100_000, 500
"""The limits on the lines of a report file. A file is refused if the genuine report with the same
data has more than 100,000 lines, or if the file has over 500 lines more than the genuine report,
because comparing many lines takes minutes."""
MOST_SHOWN = 20
SHOWN_BEFORE, MOST_LETTERS = 40, 120
"""An excerpt of a differing line starts at most 40 characters before the first difference and has
at most 120 characters."""
_READERS = {"docx": docx_file, "xlsx": xlsx_file, "pdf": pdf_file}
_decoder = msgspec.json.Decoder(ReportSpec | PeriodSpec)


class NotAReport(Exception):
    """Raised if a file is not a report made by this program, or cannot be read."""


class SourceLost(NotAReport):
    """Raised if a DOCX, XLSX or PDF file lacks the report spec (the complete data of a report).

    Other programs, such as LibreOffice, drop the spec when they save a report.
    """


class Verdict(NamedTuple):
    """The result of verifying the file of a report.

    `spec` is the complete data of the report, as read from the file. `differences` contains a
    Vietnamese sentence for every difference from the stored records, but at most 20 sentences.
    `later` is the number of records that have arrived since the report was made. `is_original`
    tells whether the file has the very bytes that this program writes; the look, formulas and
    drawings are then genuine, too.
    """

    spec: AnySpec
    differences: list[str]
    later: int
    is_original: bool = False

    @property
    def written_sections(self) -> list[str]:
        """The Vietnamese names of the sections whose texts people wrote.

        The numbers in these sections are not verified.
        """
        sections = self.spec.sections if isinstance(self.spec, ReportSpec) else {}
        return [say(f"heading.{section}") for section in SECTIONS if section in sections]

    @property
    def is_equal(self) -> bool:
        """Return whether the file agrees with the records that the report used."""
        return not self.differences


def verify(connection: Connection, content: bytes) -> Verdict:
    """Compare a report's file with figures computed again from the records behind the report.

    `content` is the file's bytes. Raises: NotAReport if the file is not a readable report in
    DOCX, XLSX or PDF; SourceLost if the file lacks the complete data that this program put into
    it.
    """
    file_format = _format_of(content)
    reader = _READERS[file_format]
    try:
        if file_format != "pdf":
            check_archive(content, MAX_REPORT_BYTES)
        if file_format == "xlsx":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                check_workbook(archive)
        encoded = reader.read_spec(content)
    except Exception as fault:
        raise NotAReport from fault
    if encoded is None:
        raise SourceLost
    try:
        spec: AnySpec = decode_foreign(encoded, _decoder)
        return _compare(connection, spec, content, file_format)
    except DBAPIError:
        raise
    except Exception as fault:  # an edited spec can hold values that no report has
        raise NotAReport from fault


def _compare(connection: Connection, spec: AnySpec, content: bytes, file_format: Format) -> Verdict:
    """Compare the file of a report with the stored records.

    `content` is the file's bytes, and `spec` the data read from the file. Raises: ValueError if
    these data describe no conference or more than `MOST_CONFERENCES`, or if the file has too many
    lines. Data that are not from a genuine report can cause other exceptions, too.
    """
    parts: Sequence[Conference | ReportSpec] = (
        list(spec.conferences) if isinstance(spec, PeriodSpec) else [spec]
    )
    if not 0 < len(parts) <= MOST_CONFERENCES:
        raise ValueError("no conferences, or too many")
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
    if isinstance(spec, ReportSpec):
        differences += _section_differences(connection, spec)
        if spec.audit.number and audit.chain_at(connection, spec.audit.number) != spec.audit.chain:
            differences.append(say("report.verify.audit", number=number(spec.audit.number)))
    expected = _expected(connection, spec, again)
    reader = _READERS[file_format]
    genuine = making.write(expected, file_format)
    expected_texts = reader.texts_of(genuine, MOST_LINES)
    texts = reader.texts_of(content, len(expected_texts) + MOST_ADDED_LINES)
    differences += _text_differences(texts, expected_texts)
    later = sum(_records_since(connection, part.basis) for part in parts)
    shown = list(dict.fromkeys(differences))[:MOST_SHOWN]
    return Verdict(spec, shown, later, is_original=content == genuine)


def _section_differences(connection: Connection, spec: ReportSpec) -> list[str]:
    """Return Vietnamese sentences on the differences between a report's file and the stored report.

    `spec` is the data read from the file. Three things are compared with the same revision
    (version) of the stored report: every text that people wrote; the report's number, date and
    signer, which the file may leave blank; and all other data as a whole. Reports of the kinds that
    always contain people's names are not stored, so the result is [] for them.
    """
    if spec.kind in WITH_NAMES:
        return []
    stored = reports.find_revision(connection, spec.figures.meeting.id, spec.kind, spec.revision)
    if stored is None:
        return [say("report.verify.no_revision", revision=spec.revision)]
    original = making.spec_of(stored)
    differences = [
        say("report.verify.section", heading=say(f"heading.{section}"), revision=spec.revision)
        for section in SECTIONS
        if spec.sections.get(section) != original.sections.get(section)
    ]
    without_texts = replace(
        spec, sections={}, people=(), course=None, is_internal=original.is_internal
    )
    if spec.signing not in {Signing(), original.signing}:
        stated, stored_signing = (
            ", ".join(msgspec.structs.astuple(s)) for s in (spec.signing, original.signing)
        )
        differences.append(say("report.verify.signing", stated=stated, stored=stored_signing))
    without_texts = replace(without_texts, signing=original.signing)
    if without_texts != replace(original, sections={}):
        differences.append(say("report.verify.source", revision=spec.revision))
    return differences


def _expected(connection: Connection, spec: AnySpec, computed: Sequence[Conference]) -> AnySpec:
    """Return a copy of a report's data `spec` with the newly computed figures in `computed`.

    `computed` contains one entry for every conference of the report. In a file with people's
    names, the names are also replaced by those now in the database.
    """
    if isinstance(spec, PeriodSpec):
        return replace(spec, conferences=tuple(computed))
    report = replace(spec, figures=computed[0].figures)
    return making.with_names(connection, report) if report.is_internal else report


def _unknown_basis(connection: Connection, basis: Basis) -> str:
    """Return a Vietnamese sentence that says why a report's figures cannot be computed again.

    `basis` tells from which database and records the report was made. The figures cannot be
    computed if the report is from another database, or used records that this database lacks.
    Return "" if the figures can be computed.
    """
    if basis.epoch != (streams.epoch(connection) or ""):
        return say("report.verify.other_database", epoch=basis.epoch)
    heads = streams.heads_of(connection, basis.meeting.id)
    behind = [point for point, facts in basis.halls.items() if facts.head > heads.get(point, -1)]
    return say("report.verify.unknown_heads", points=", ".join(behind)) if behind else ""


def _records_since(connection: Connection, basis: Basis) -> int:
    """Return the number of records that a meeting has received since a report was made.

    `basis` tells the meeting and the records used in the report. A record that concerns several
    halls is counted once for each of them.
    """
    heads = streams.heads_of(connection, basis.meeting.id)
    return sum(heads.values()) - sum(facts.head for facts in basis.halls.values())


def figure_differences(stated: Figures, computed: Figures) -> list[str]:
    """Return Vietnamese sentences on the differences between two sets of figures.

    `stated` are the figures in a file, and `computed` those from the stored records. There is one
    sentence for every number of people, in total or in a hall, that differs. If these numbers agree
    but other figures differ, there is one general sentence.
    """
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
    """Return a Vietnamese sentence for every line of a file that differs from the expected line.

    `stated` are the lines of the file, and `expected` those of a file with recomputed figures.
    """
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
    """Return excerpts of two lines, which start shortly before the first difference between them.

    An excerpt begins with "…" if it does not start at the beginning of the line.
    """
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

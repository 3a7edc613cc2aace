"""Verifies a report's file: computes its figures again, and reads what the file shows."""

from difflib import SequenceMatcher
from typing import Literal, NamedTuple

import msgspec
from msgspec.structs import asdict
from sqlalchemy import Connection

from sync_server.messages import say
from sync_server.reports import docx_file, making, pdf_file, snapshot, xlsx_file
from sync_server.reports.figures import Figures
from sync_server.reports.making import Format
from sync_server.reports.spec import ReportSpec
from sync_server.storage.ledger import streams

FileFormat = Literal["docx", "xlsx", "pdf"]
MOST_SHOWN = 20
_READERS = {"docx": docx_file, "xlsx": xlsx_file, "pdf": pdf_file}
_decoder = msgspec.json.Decoder(ReportSpec)


class NotAReport(Exception):
    """A file that holds no report of ours, or whose report cannot be read."""


class Verdict(NamedTuple):
    """What verifying a file found. `spec`: the report in it.

    `differences`: sentences on what the file says otherwise than the ledger; `later`: how many
    records have come since, which a new revision would show.
    """

    spec: ReportSpec
    differences: list[str]
    later: int

    @property
    def is_equal(self) -> bool:
        """Whether the file says what the ledger says as of the report's heads."""
        return not self.differences


def verify(connection: Connection, content: bytes) -> Verdict:
    """Compare a file with the ledger as of the heads that it was computed from.

    Raises: NotAReport.
    """
    file_format = _format_of(content)
    reader = _READERS[file_format]
    try:
        encoded = reader.read_spec(content)
        spec = _decoder.decode(encoded or b"")
    except Exception as fault:
        raise NotAReport from fault
    basis = spec.basis
    if basis.epoch != (streams.epoch(connection) or ""):
        return Verdict(spec, [say("report.verify.other_database", epoch=basis.epoch)], 0)
    heads = streams.heads_of(connection, basis.meeting.id)
    behind = [point for point, facts in basis.halls.items() if facts.head > heads.get(point, -1)]
    if behind:
        return Verdict(spec, [say("report.verify.unknown_heads", points=", ".join(behind))], 0)
    later = sum(heads[point] - facts.head for point, facts in basis.halls.items()) + sum(
        head for point, head in heads.items() if point not in basis.halls
    )
    again = snapshot.take_again(connection, basis)
    differences = figure_differences(spec.figures, again.figures)
    expected = msgspec.structs.replace(spec, figures=again.figures)
    if spec.is_internal:
        expected = making.with_names(connection, expected)
    differences += _text_differences(
        reader.texts_of(content), reader.texts_of(making.write(expected, file_format))
    )
    return Verdict(spec, list(dict.fromkeys(differences))[:MOST_SHOWN], later)


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
    for name, said, found in pairs:
        before, after = asdict(said), asdict(found)
        differences += [
            say("report.verify.number", where=name, what=field, said=before[field], found=value)
            for field, value in after.items()
            if before[field] != value
        ]
    if not differences and stated != computed:
        differences.append(say("report.verify.other"))
    return differences


def _text_differences(said: list[str], expected: list[str]) -> list[str]:
    """Return the lines of a file that differ from those of the report made again."""
    differences = []
    for kind, a, b, c, d in SequenceMatcher(None, said, expected, autojunk=False).get_opcodes():
        if kind != "equal":
            differences.append(
                say(
                    "report.verify.text",
                    said=" / ".join(said[a:b])[:200] or "–",
                    found=" / ".join(expected[c:d])[:200] or "–",
                )
            )
    return differences


def _format_of(content: bytes) -> Format:
    if content.startswith(b"%PDF"):
        return "pdf"
    if b"word/document.xml" in content:
        return "docx"
    if b"xl/workbook.xml" in content:
        return "xlsx"
    raise NotAReport

"""Build the content of a report: its header, texts, tables and footer, for any file format."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sync_server.messages import number, percent, say
from sync_server.reports.figures import Figures
from sync_server.reports.layouts import LAYOUTS, Layout
from sync_server.reports.letters import certificate, minutes, summons
from sync_server.reports.narrative import Section, drafts_of
from sync_server.reports.parts import Bar, Passage, Table
from sync_server.reports.spec import LETTERS, AnySpec, Kind, ReportSpec, Signing
from sync_server.reports.tables import tables_of
from sync_server.reports.words import day_and_hours, long_day, moment, spell, vietnam_time
from sync_server.storage.access.audit import ChainHead
from sync_server.storage.organisation import Organisation

ROMAN = ("I", "II", "III", "IV", "V")
PARTS: tuple[tuple[str, tuple[Section, ...]], ...] = (
    ("organisation", ("organisation",)),
    ("results", ("numbers", "quality", "facilities", "good_practice")),
    ("limits", ("limits", "causes")),
    ("tasks", ("tasks",)),
    ("proposals", ("proposals",)),
)
"""The five parts of an evaluation report in order (docs/reports.md). Every pair contains the name
of a part and the names of its sections."""
OPTIONAL: tuple[Section, ...] = ("good_practice", "causes")
"""The sections of an evaluation report that cannot be drafted from the figures. They are left out
of the report until somebody writes a text for them."""


SYMBOLS: Mapping[Kind, str] = {
    "quick": "BC",
    "evaluation": "BC",
    "minutes": "BB",
    "summons": "GTT",
    "certificate": "GXN",
    "period": "BC",
}
"""The abbreviations used in document numbers, by kind of document: BC for a report, BB for minutes,
GTT for a summons, GXN for a certificate. A presence list has no number."""
NUMBER_GAP = " " * 7
HASH_DIGITS = 12
NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""The pattern of the characters that XML forbids. They are removed from all texts, because a single
one would make it impossible to write a DOCX file.
"""
SIGNED_IN_THE_HALL: tuple[Kind, ...] = ("minutes", "presence")


class Document(NamedTuple):
    """The content of a report, ready to be written in any file format.

    `spec` is the complete data of the report. DOCX, XLSX and PDF files also contain these data, so
    that the figures can be verified later. `subject` is the meeting's title or, for a report on
    several conferences, the name of the period. `at_ms` is the time to which the figures apply, in
    ms since 1970 UTC. `summary` is the line under the title. `bars` are the bars of a chart of
    attendance rates; [] if there is no chart. `foot` contains the lines of the footnote.
    """

    spec: AnySpec
    kind: Kind
    organisation: Organisation
    layout: Layout
    subject: str
    at_ms: int
    title: str
    summary: str
    passages: list[Passage]
    tables: list[Table]
    bars: list[Bar]
    foot: list[str]

    @property
    def mark(self) -> str:
        """The words that mark a report as internal, because it names people; "" if it has no mark.

        A summons or a certificate has no mark, because it is handed to the people named in it.
        """
        if not isinstance(self.spec, ReportSpec) or self.kind in LETTERS:
            return ""
        return say("report.internal") if self.spec.is_internal else ""

    @property
    def number(self) -> str:
        """The line with the document number, such as `Số 05-BC/ĐUK`; "" for a presence list.

        Without a number, there is a gap that a clerk fills in when the document is registered.
        """
        if self.kind == "presence":
            return ""
        line = self.layout.number.replace("BC", SYMBOLS[self.kind])
        number = self._signing.number or NUMBER_GAP
        return self.spelled(line.format(number=number, symbol=self.organisation.symbol))

    @property
    def day(self) -> str:
        """The line with place and date, such as `Hoà Bình, ngày 12 tháng 8 năm 2024`.

        Without a date of signing, day and month are left blank.
        """
        place, signed = self.organisation.place or say("report.place"), self._signing.day
        line = (
            say("report.signed_day", place=place, day=long_day(signed))
            if signed
            else say("report.blank_day", place=place, year=vietnam_time(self.at_ms).year)
        )
        return self.spelled(line)

    @property
    def signer(self) -> str:
        """The name of the person who signs the report; "" if it is left blank."""
        return self.spelled(self._signing.signer)

    @property
    def signer_office(self) -> str:
        """The position of the person who signs the report, such as BÍ THƯ (Secretary)."""
        return self.spelled(self._signing.office or self.organisation.signer_office)

    @property
    def _signing(self) -> Signing:
        return self.spec.signing if isinstance(self.spec, ReportSpec) else Signing()

    @property
    def signing_body(self) -> str:
        """Return the line that names the signing committee, such as `T/M BAN THƯỜNG VỤ`.

        Return "" for minutes and presence lists, which people in the hall sign.
        """
        if self.kind in SIGNED_IN_THE_HALL:
            return ""
        return f"{self.layout.on_behalf_of} {self.organisation.body}".strip()

    @property
    def recipients(self) -> list[str]:
        """Return the lines of the list of recipients; the last line names the archive.

        For a summons or a certificate, the list names the archive only. Return [] for minutes and
        presence lists, which people in the hall sign.
        """
        if self.kind in SIGNED_IN_THE_HALL:
            return []
        name = self.organisation.name
        archive = self.layout.archive.format(
            organisation=name.capitalize() if name.isupper() else name
        )
        others = () if self.kind in LETTERS else self.organisation.recipients
        return [f"- {line};" for line in others] + [f"- {archive}"]

    def spelled(self, text: str) -> str:
        """Return a text in the organisation's spelling, without the characters that XML forbids.

        The spelling decides on which vowel of oa, oe and uy the tone mark stands: uỷ or ủy.
        """
        return spell(NO_XML.sub("", text), self.organisation.spelling)


def _with_end_mark(passages: list[Passage], mark: str) -> list[Passage]:
    """Return the passages with the last full stop replaced by the layout's end mark, such as `./.`.

    Nothing changes if the last paragraph does not end with a full stop.
    """
    if not passages or not passages[-1].paragraphs:
        return passages
    *earlier, last = passages[-1].paragraphs
    ended = f"{last[:-1]}{mark}" if last.endswith(".") else last
    return [*passages[:-1], passages[-1]._replace(paragraphs=(*earlier, ended))]


def build(spec: ReportSpec) -> Document:
    """Build the document of a report on one meeting.

    A section contains the text that people wrote for it or, if there is none, a draft made from the
    figures. Tables without rows are left out.
    """
    layout, meeting = LAYOUTS[spec.layout], spec.figures.meeting
    texts = drafts_of(spec.figures) | {k: v for k, v in spec.sections.items() if v.strip()}
    match spec.kind:
        case "evaluation":
            passages = _evaluation(texts, layout)
        case "quick":
            passages = _quick(texts, layout)
        case "minutes":
            passages = minutes(spec, layout)
        case "summons":
            passages = summons(spec)
        case "certificate":
            passages = certificate(spec)
        case _:
            passages = []
    passages = _with_end_mark(passages, layout.end)
    if spec.changes:
        heading = say("report.changes", revision=spec.revision - 1)
        passages.append(Passage(1, heading, spec.changes))
    return Document(
        spec=spec,
        kind=spec.kind,
        organisation=spec.organisation,
        layout=layout,
        subject=meeting.title,
        at_ms=meeting.at_ms,
        title=say(f"report.title.{spec.kind}"),
        summary=_summary(spec),
        passages=passages,
        tables=numbered(table for table in tables_of(spec) if table.rows),
        bars=_bars(spec) if spec.kind == "evaluation" else [],
        foot=foot_of(spec),
    )


def numbered(tables: Iterable[Table]) -> list[Table]:
    """Return the tables of a document, with numbers from 1 in their keys and titles.

    The order does not change. A table whose key is a word rather than a number, such as the list of
    people in a letter, stays unchanged.
    """
    result: list[Table] = []
    for table in tables:
        if table.key.isdecimal():
            key = str(len(result) + 1)
            title = say("report.table.numbered", number=key, title=table.title)
            result.append(table._replace(key=key, title=title))
        else:
            result.append(table)
    return result


def _bars(spec: ReportSpec) -> list[Bar]:
    return [
        Bar(say(f"unit_type.{line.unit_type}"), line.counts.present, line.counts.summoned)
        for line in spec.figures.types
    ]


def _summary(spec: ReportSpec) -> str:
    meeting = spec.figures.meeting
    if spec.kind in LETTERS:
        return say(f"report.summary.{spec.kind}", title=meeting.title)
    when = day_and_hours(meeting.starts_ms, meeting.ends_ms)
    if spec.point:
        hall = spec.basis.halls[spec.point].name
        return say("report.summary.hall", hall=hall, title=meeting.title, when=when)
    return say("report.summary", title=meeting.title, when=when)


def foot_of(spec: ReportSpec) -> list[str]:
    """Return the lines of the footnote, which states the time and the source of the figures.

    Return [] for a summons or a certificate.
    """
    if spec.kind in LETTERS:
        return []
    basis = spec.basis
    return [
        say("report.foot", at=moment(basis.meeting.at_ms), revision=spec.revision),
        source_line(basis.epoch, [facts.head for _, facts in sorted(basis.halls.items())]),
        *([_audit_line(spec.audit)] if spec.audit.number else []),
    ]


def _audit_line(head: ChainHead) -> str:
    mark = head.chain[:HASH_DIGITS]
    return say("report.foot.audit", number=number(head.number), mark=mark)


def source_line(epoch: str, heads: Sequence[int]) -> str:
    """Return the line of the footnote that identifies the records behind the figures.

    `epoch` is the random code that identifies the database. The records that concern a hall at a
    meeting are numbered from 1, and `heads` contains the number of the last record read for every
    hall, sorted by hall. The line states the code, the number of records and a short hash of
    `heads`. A record that concerns several halls is counted once for each of them.
    """
    mark = hashlib.sha256(",".join(map(str, heads)).encode()).hexdigest()[:HASH_DIGITS]
    return say("report.foot.heads", epoch=epoch, count=number(sum(heads)), mark=mark)


def quick_text(figures: Figures) -> str:
    """Return a meeting's figures as a few lines of Vietnamese text, to be copied into a message.

    The text contains totals only.
    """
    totals = figures.totals
    values = {
        "title": figures.meeting.title,
        "held": moment(figures.meeting.starts_ms),
        "at": moment(figures.meeting.at_ms),
        "planned": number(figures.planned),
        "connected": number(figures.connected),
        "reported": number(figures.reported),
        "silent": number(len(figures.silent)),
        "summoned": number(totals.summoned),
        "present": number(totals.present),
        "rate": percent(totals.present, totals.summoned),
        "excused": number(totals.absent_excused),
        "unexcused": number(totals.absent_unexcused),
        "not_recorded": number(totals.not_recorded),
        "late": number(totals.late),
        "secretary": number(figures.chaired_by("secretary")),
        "deputy": number(figures.chaired_by("deputy")),
        "incidents": number(len(figures.incidents)),
        "calls": number(totals.calls),
    }
    return say("report.text", **values)


def _evaluation(texts: dict[Section, str], layout: Layout) -> list[Passage]:
    passages = []
    for numeral, (part, sections) in zip(ROMAN, PARTS, strict=True):
        heading = f"{layout.headings[0].format(number=numeral)} {say(f'report.part.{part}')}"
        if len(sections) == 1:
            passages.append(Passage(1, heading, _paragraphs(texts[sections[0]])))
            continue
        passages.append(Passage(1, heading, ()))
        written = [section for section in sections if texts[section] or section not in OPTIONAL]
        for place, section in enumerate(written, start=1):
            title = f"{layout.headings[1].format(number=place)} {say(f'heading.{section}')}"
            passages.append(Passage(2, title, _paragraphs(texts[section])))
    return passages


def _quick(texts: dict[Section, str], layout: Layout) -> list[Passage]:
    sections: tuple[Section, ...] = ("organisation", "numbers", "quality", "facilities", "limits")
    return [
        Passage(
            1,
            f"{layout.headings[1].format(number=place)} {say(f'heading.{section}')}",
            _paragraphs(texts[section]),
        )
        for place, section in enumerate(sections, start=1)
        if texts[section]
    ]


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip()) or (
        say("report.to_write"),
    )

"""Make a meeting's reports, minutes and lists, and write them in any file format."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Literal, get_args

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from sync_server.domain.judging.standing import PointStanding
from sync_server.domain.names import name_sort_key
from sync_server.errors import BadForm, NobodyToName, UnknownPoint
from sync_server.messages import number, say
from sync_server.reports import csv_file, docx_file, html_file, pdf_file, snapshot, xlsx_file
from sync_server.reports.document import Document, build
from sync_server.reports.figures import Figures, HallLine
from sync_server.reports.layouts import LayoutName
from sync_server.reports.narrative import SECTIONS, Section
from sync_server.reports.period import build_period
from sync_server.reports.snapshot import Snapshot, Source
from sync_server.reports.spec import (
    LETTERS,
    AnySpec,
    Conference,
    HallCourse,
    Kind,
    PeriodSpec,
    PersonLine,
    ReportSpec,
    Signing,
)
from sync_server.reports.words import vietnam_time
from sync_server.storage import directory, organisation, remarks, reports
from sync_server.storage.access import audit
from sync_server.storage.people import roster
from sync_server.storage.reports import StoredReport

Format = Literal["docx", "xlsx", "pdf", "html", "zip"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA_TYPES: Mapping[Format, str] = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "html": "text/html",
    "zip": "application/zip",
}
_WRITERS: Mapping[Format, Callable[[Document], bytes]] = {
    "docx": docx_file.write_docx,
    "xlsx": xlsx_file.write_xlsx,
    "pdf": pdf_file.write_pdf,
    "html": html_file.write_html,
    "zip": csv_file.write_csv,
}
MOST_CHANGES = 40
_decoder = msgspec.json.Decoder(ReportSpec)
NUMBER = re.compile(r"\d{1,5}[a-zA-Z]?")
COMPARED = ("summoned", "present", "absent_excused", "absent_unexcused", "not_recorded", "late")


def make(
    connection: Connection,
    meeting: str,
    kind: Kind,
    layout: LayoutName,
    source: Source,
    *,
    by: str,
) -> StoredReport:
    """Make the next revision of a report on a meeting, store it and return it.

    `meeting` is the meeting's id. `source` contains the time and the inputs that are not in the
    database. `by` is the name of the account that makes the report.

    Raises: UnknownMeeting; ReleaseMalformed if `facts.json`, the data file of the portal (the
    public website), cannot be read.
    """
    taken = snapshot.take(connection, meeting, source)
    before = reports.latest(connection, meeting, kind)
    spec = _spec_of(connection, taken, kind, layout, before, source.now_ms)
    encoded = msgspec.json.encode(spec)
    report_id = reports.add(connection, meeting, kind, spec.revision, by, encoded, source.now_ms)
    return StoredReport(report_id, meeting, kind, spec.revision, by, source.now_ms, encoded)


def sign(connection: Connection, stored: StoredReport, signing: Signing) -> ReportSpec:
    """Add the number, date and signer in `signing` to a stored report; return the changed data.

    The figures and texts stay unchanged. Raises: BadForm if the document number is malformed,
    or if the date is before the day to which the figures apply.
    """
    if signing.number and not NUMBER.fullmatch(signing.number):
        raise BadForm(fault=say("report.bad_number", number=signing.number))
    spec = spec_of(stored)
    figures_day = vietnam_time(spec.basis.meeting.at_ms).date()
    if signing.day and date.fromisoformat(signing.day) < figures_day:
        fault = say(
            "report.signed_too_early",
            day=f"{date.fromisoformat(signing.day):%d/%m/%Y}",
            figures=f"{figures_day:%d/%m/%Y}",
        )
        raise BadForm(fault=fault)
    signed = replace(spec, signing=signing)
    reports.put_spec(connection, stored.id, msgspec.json.encode(signed))
    return signed


def spec_of(stored: StoredReport) -> ReportSpec:
    """Decode the report spec (the complete data of a report) of a stored revision from JSON."""
    return _decoder.decode(stored.spec)


def with_names(connection: Connection, spec: ReportSpec) -> ReportSpec:
    """Return a copy of a report's data for an internal file, with the names of summoned people.

    The attendance is computed again from the records that the report used. The codes `point`,
    `unit` and `person` in `spec` limit the people, who are sorted by hall and name. A certificate
    names only people who were present. Minutes also get the names of the chair and the signer.
    """
    return _with_names(connection, spec, snapshot.take_again(connection, spec.basis))


def _with_names(connection: Connection, spec: ReportSpec, taken: Snapshot) -> ReportSpec:
    """Return a copy of a report's data with the names of the people in a snapshot.

    The snapshot `taken` contains the figures of the report and the attendance from which the
    figures were computed. The function `with_names` explains which people are named.
    """
    attendees = [
        line
        for line in taken.attendees
        if spec.point in {"", line.point} and spec.person in {"", line.person}
    ]
    codes = [line.person for line in attendees]
    names = roster.names_of(connection, codes)
    facts = roster.units_and_positions(connection, codes, at_ms=spec.basis.meeting.starts_ms)
    units = directory.all_unit_names(connection)
    people = []
    for line in attendees:
        unit, position = facts.get(line.person, ("", ""))
        if spec.unit not in {"", unit}:
            continue
        if spec.kind == "certificate" and line.state != "present":
            continue
        name = names.get(line.person, line.person)
        people.append(PersonLine(line, name, units.get(unit, unit), position))
    people.sort(key=lambda line: (line.facts.point, name_sort_key(line.name)))
    course = _course_of(taken.standings[spec.point], names) if spec.kind == "minutes" else None
    return replace(spec, is_internal=True, people=tuple(people), course=course)


def _course_of(standing: PointStanding, names: Mapping[str, str]) -> HallCourse:
    span = standing.chair.spans[-1] if standing.chair.spans else None
    closing = standing.closing
    return HallCourse(
        names.get(span.person, span.person) if span else "",
        span.from_ms if span else None,
        names.get(closing.person or "", closing.person or "") if closing else "",
        closing.at_ms if closing else None,
    )


def make_names_document(
    connection: Connection,
    meeting: str,
    kind: Kind,
    layout: LayoutName,
    source: Source,
    *,
    point: str = "",
    unit: str = "",
    person: str = "",
) -> ReportSpec:
    """Return the data of minutes, a presence list, a summons or a certificate; store nothing.

    The data are as of `source.now_ms`. The codes `point` (a hall), `unit` and `person` limit the
    people in the document; "" sets no limit. Minutes require `point`, and a certificate requires
    `person`.

    Raises: UnknownMeeting; UnknownPoint if the hall does not take part in the meeting, or if
    `point` is missing for minutes; NobodyToName if a summons would name nobody, or if a certificate
    has no person or the person was not present.
    """
    taken = snapshot.take(connection, meeting, source)
    known = {hall.point for hall in taken.figures.halls}
    if (point or kind == "minutes") and point not in known:
        raise UnknownPoint(point=point, meeting=meeting)
    spec = ReportSpec(
        kind=kind,
        layout=layout,
        revision=1,
        organisation=organisation.current(connection, source.now_ms),
        basis=taken.basis,
        figures=taken.figures,
        point=point,
        unit=unit,
        person=person,
    )
    named = _with_names(connection, spec, taken)
    is_empty = not named.people or (kind == "certificate" and not person)
    if kind in LETTERS and is_empty:
        asked_for = person or unit or point or "–"
        raise NobodyToName(kind=say(f"report.kind.{kind}"), person=asked_for)
    return named


def make_period(
    connection: Connection,
    meetings: Sequence[str],
    name: str,
    layout: LayoutName,
    source: Source,
) -> PeriodSpec:
    """Return the data of a report on several conferences as of `source.now_ms`; store nothing.

    `meetings` are the ids of the conferences, which the report sorts by start time. `name` is the
    Vietnamese name of the period, such as a year.

    Raises: UnknownMeeting; ReleaseMalformed if `facts.json`, the data file of the portal (the
    public website), cannot be read.
    """
    snapshots = [snapshot.take(connection, meeting, source) for meeting in meetings]
    snapshots.sort(key=lambda taken: taken.basis.meeting.starts_ms)
    conferences = tuple(Conference(taken.basis, taken.figures) for taken in snapshots)
    return PeriodSpec(
        layout, organisation.current(connection, source.now_ms), name, source.now_ms, conferences
    )


def write(spec: AnySpec, file_format: Format) -> bytes:
    """Return the bytes of a report's file in a given format.

    The format `zip` contains only the tables, as CSV files. Raises: PdfFailed if a PDF is requested
    but cannot be made.
    """
    document = build_period(spec) if isinstance(spec, PeriodSpec) else build(spec)
    return _WRITERS[file_format](document)


def file_name(spec: AnySpec, file_format: Format) -> str:
    """Return the name of a report's file, such as `bao-cao-nhanh-2024-08-22-hoc-tap-lan-2.pdf`.

    The name consists of the kind, the meeting's id, the codes of the hall, unit and person (if
    set) and the revision. For an internal file (one with people's names), it also contains
    `-noi-bo`. A report on several conferences is named after the time of its figures.
    """
    if isinstance(spec, PeriodSpec):
        days = f"{vietnam_time(spec.at_ms):%Y%m%d-%H%M}"
        return f"{say('report.file.period')}-{days}.{file_format}"
    internal = "-noi-bo" if spec.is_internal else ""
    hall = "".join(f"-{code.lower()}" for code in (spec.point, spec.unit, spec.person) if code)
    kind = say(f"report.file.{spec.kind}")
    return f"{kind}-{spec.figures.meeting.id}{hall}-lan-{spec.revision}{internal}.{file_format}"


def _spec_of(
    connection: Connection,
    taken: Snapshot,
    kind: Kind,
    layout: LayoutName,
    before: StoredReport | None,
    now_ms: int,
) -> ReportSpec:
    meeting = taken.figures.meeting.id
    latest = remarks.latest(connection, meeting)
    sections: dict[Section, str] = {
        section: latest[section].text
        for section in SECTIONS
        if section in latest and latest[section].text.strip()
    }
    changes, points = changes_between(spec_of(before).figures if before else None, taken.figures)
    return ReportSpec(
        kind=kind,
        layout=layout,
        revision=reports.next_revision(connection, meeting, kind),
        organisation=organisation.current(connection, now_ms),
        basis=taken.basis,
        figures=taken.figures,
        sections=sections,
        changes=changes,
        changed_points=points,
        audit=audit.head(connection),
    )


def changes_between(
    before: Figures | None, after: Figures
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return sentences on the changes between two reports, and the codes of the changed halls.

    The first sentence describes the totals if they changed. Every other sentence describes one
    hall. After `MOST_CHANGES` halls, a last sentence states how many more halls changed. If
    `before` is None, both tuples are empty.
    """
    if before is None:
        return (), ()
    earlier = {hall.point: hall for hall in before.halls}
    lines: list[str] = []
    points: list[str] = []
    for hall in after.halls:
        differences = _differences(earlier.get(hall.point), hall)
        if differences:
            points.append(hall.point)
            lines.append(f"{hall.name}: {'; '.join(differences)}.")
    if len(lines) > MOST_CHANGES:
        rest = len(lines) - MOST_CHANGES
        lines = [*lines[:MOST_CHANGES], say("report.change.more", count=number(rest))]
    totals = [
        f"{say(f'report.column.{name}').lower()} {number(a)} → {number(b)}"
        for name in COMPARED
        if (a := getattr(before.totals, name)) != (b := getattr(after.totals, name))
    ]
    if totals:
        lines.insert(0, say("report.change.totals", changes="; ".join(totals)))
    return tuple(lines), tuple(points)


def _differences(before: HallLine | None, after: HallLine) -> Sequence[str]:
    if before is None:
        return [say("report.change.new")]
    differences = [
        f"{say(f'report.column.{name}').lower()} {number(a)} → {number(b)}"
        for name in COMPARED
        if (a := getattr(before.counts, name)) != (b := getattr(after.counts, name))
    ]
    if before.chair != after.chair:
        chair = say(f"report.chair.{after.chair or 'none'}")
        differences.append(say("report.change.chair", chair=chair))
    if before.is_reported != after.is_reported:
        differences.insert(0, say("report.change.reported"))
    return differences

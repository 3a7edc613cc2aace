"""Read the data that a report needs, and compute the report's figures from them.

All data are read in one transaction. The `Basis` of a report contains the number of the last record
read for every hall, measurements of the devices' clocks, and data from the portal (the public
website). From the same basis, the same figures can be computed again later, even if more records
have arrived.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from sync_server import sealing
from sync_server.acts import arrangements
from sync_server.domain.foreign_bytes import decode_foreign
from sync_server.domain.judging.clocks import Clocks, Sighting, devices_of
from sync_server.domain.judging.standing import PointStanding, standing_of
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.kinds import Record
from sync_server.errors import DetailUnreadable, UnknownDetail
from sync_server.reports.figures import (
    Attendee,
    Figures,
    Hall,
    MaterialLine,
    MeetingFacts,
    TaskLine,
    attendees_of,
    figures_of,
)
from sync_server.storage import directory
from sync_server.storage.blobs import details
from sync_server.storage.directory import PointSummary, PublishedDirectory, PublishedMeeting
from sync_server.storage.ledger import sightings, standings, streams
from sync_server.storage.ledger.streams import StreamKey
from sync_server.web import served_portal

NO_REASON = ""
"""Excused people are counted under this code if the reason for their absence can no longer be read,
for example because it was deleted."""
_reason_decoder = msgspec.json.Decoder(dict[str, object])


class Source(NamedTuple):
    """The inputs of a report that are not in the database.

    `site_dir` is the folder of the locally built portal (the public website). `seal_key` is the
    secret that decrypts texts and files about people. `now_ms` is the time of the report, in ms
    since 1970 UTC.
    """

    site_dir: Path
    seal_key: str
    now_ms: int


class HallFacts(Struct, frozen=True):
    """The facts about a hall that a report needs, in addition to the hall's records.

    `unit_type` is a code; "" if it is unknown. The records that concern a hall are numbered from 1,
    and `head` is the number of the last record that the report used.
    """

    name: str
    unit_type: str
    head: int


class Basis(Struct, frozen=True):
    """Everything, except the records, on which the figures of a report depend.

    `epoch` is a random code that identifies the database. `halls` is {hall code: name, unit
    type and last record used}. `sightings` are the clock measurements that are used to correct
    the devices' times. `reasons` is {reason code: number of excused people}; later computations
    use these counts and decrypt nothing. `materials` and `earlier_tasks` are as of the time of
    the report.
    """

    epoch: str
    meeting: MeetingFacts
    halls: dict[str, HallFacts]
    sightings: tuple[Sighting, ...]
    reasons: dict[str, int]
    materials: tuple[MaterialLine, ...]
    earlier_tasks: tuple[TaskLine, ...] = ()


class Snapshot(Struct, frozen=True):
    """The figures of a report, and the data (`basis`) with which they can be computed again.

    Files with people's names also need `attendees`, which are all summoned people, and
    `standings`, which is {hall code: attendance in the hall}.
    """

    basis: Basis
    figures: Figures
    attendees: tuple[Attendee, ...]
    standings: dict[str, PointStanding]


def take(connection: Connection, meeting: str, source: Source) -> Snapshot:
    """Read the data of a meeting as of `source.now_ms`, and compute the figures of its report.

    `meeting` is the meeting's id. Raises: UnknownMeeting; ReleaseMalformed if `facts.json`, the
    data file of the portal (the public website), cannot be read.
    """
    now_ms = source.now_ms
    summary = arrangements.require_meeting(connection, meeting, now_ms)
    published = served_portal.published_directory(connection, source.site_dir, now_ms)
    announced = _announced(published, meeting)
    facts = MeetingFacts(
        meeting,
        summary.title,
        to_ms(summary.starts_at),
        to_ms(summary.ends_at),
        now_ms,
        announced.host if announced else "",
        announced.mode if announced else "",
    )
    heads = streams.heads_of(connection, meeting)
    places = directory.all_points(connection)
    halls = {
        point: HallFacts(
            places[point].name if point in places else point,
            places[point].unit_type if point in places else "",
            head,
        )
        for point, head in heads.items()
    }
    keys = [StreamKey(meeting, point) for point in heads]
    records = streams.records_of(connection, keys)
    stored = standings.read_all(connection, keys)
    devices = devices_of(chain.from_iterable(records.values()))
    basis = Basis(
        epoch=streams.epoch(connection) or "",
        meeting=facts,
        halls=halls,
        sightings=tuple(sightings.of_devices(connection, devices)),
        reasons=_reasons_of(connection, stored.values(), source.seal_key),
        materials=_materials_of(published, announced, facts.starts_ms),
        earlier_tasks=_earlier_tasks(connection, facts, places),
    )
    return _snapshot(basis, records, stored)


def take_again(connection: Connection, basis: Basis) -> Snapshot:
    """Compute the figures of an earlier report again, from the stored records and `basis`.

    `basis` contains all other data of the earlier report on which the figures depend, such as
    clock measurements. Records that arrived after the report was made are not read.
    """
    keys = {StreamKey(basis.meeting.id, point): facts.head for point, facts in basis.halls.items()}
    records = streams.records_up_to(connection, keys)
    clocks = Clocks(basis.sightings)
    judged = {
        key: standing_of(key.point, hall_records, clocks) for key, hall_records in records.items()
    }
    return _snapshot(basis, records, judged)


def _snapshot(
    basis: Basis,
    records: Mapping[StreamKey, Sequence[Record]],
    judged: Mapping[StreamKey, PointStanding],
) -> Snapshot:
    halls = [
        Hall(
            key.point,
            basis.halls[key.point].name,
            basis.halls[key.point].unit_type,
            any(r.seq is not None and r.point == key.point for r in records[key]),
            judged[key],
        )
        for key in sorted(judged)
    ]
    figures = figures_of(basis.meeting, halls, basis.reasons, basis.materials, basis.earlier_tasks)
    standings_by_point = {key.point: standing for key, standing in judged.items()}
    return Snapshot(basis, figures, attendees_of(halls), standings_by_point)


def _reasons_of(
    connection: Connection, judged: Iterable[PointStanding], seal_key: str
) -> dict[str, int]:
    """Return {reason code: number of people who were excused for this reason}.

    `judged` is the attendance in all halls, with the requests for leave. The reasons are those
    in approved requests, which the secret `seal_key` decrypts. Only the counts leave this
    function, so that nobody sees the reason of a particular person. Unreadable reasons are
    counted under "".
    """
    counts: dict[str, int] = {}
    for standing in judged:
        if not standing.is_counted:
            continue
        excused = {p.person for p in standing.people if p.standing == "absent_excused"}
        reasons = {
            request.person: _reason_in(connection, request.detail, seal_key)
            for request in standing.requests
            if request.state == "approved" and request.person in excused and not request.instead_of
        }
        for reason in reasons.values():
            counts[reason] = counts.get(reason, 0) + 1
    return counts


def _reason_in(connection: Connection, sha256: str | None, seal_key: str) -> str:
    try:
        content, _ = sealing.decrypt_detail(seal_key, details.read(connection, sha256 or ""))
        reason = decode_foreign(content, _reason_decoder).get("reason", NO_REASON)
    except (UnknownDetail, DetailUnreadable, msgspec.DecodeError):
        return NO_REASON
    return str(reason)[:40]


def _announced(published: PublishedDirectory | None, meeting: str) -> PublishedMeeting | None:
    meetings = published.meetings if published else ()
    return next((announced for announced in meetings if announced.id == meeting), None)


def _materials_of(
    published: PublishedDirectory | None, announced: PublishedMeeting | None, starts_ms: int
) -> tuple[MaterialLine, ...]:
    if published is None or announced is None:
        return ()
    by_code = {material.code: material for material in published.materials}
    lines = []
    for code in announced.materials:
        if material := by_code.get(code):
            public_ms = to_ms(material.public_from) if material.public_from else None
            lines.append(
                MaterialLine(
                    code,
                    material.title,
                    material.kind,
                    material.number,
                    public_ms,
                    is_in_time=public_ms is None or public_ms <= starts_ms,
                    issuer=material.issuer,
                    issued_on=material.date,
                    is_basis=code in announced.basis,
                )
            )
    return tuple(lines)


def _earlier_tasks(
    connection: Connection, facts: MeetingFacts, places: Mapping[str, PointSummary]
) -> tuple[TaskLine, ...]:
    """Return the tasks that remain from meetings before the reported one, latest meeting first.

    `places` contains the names of the halls, by hall code. Open tasks are always listed, and
    dropped tasks never. Finished tasks are listed only for one meeting: the latest earlier
    meeting that has open or finished tasks.
    """
    lines: list[TaskLine] = []
    for earlier in directory.meetings(connection, facts.at_ms):
        starts_ms = to_ms(earlier.starts_at)
        if starts_ms >= facts.starts_ms:
            continue
        is_latest = not lines
        for key, task in standings.tasks_of(connection, earlier.id):
            if task.state == "open" or (task.state == "done" and is_latest):
                name = places[key.point].name if key.point in places else key.point
                lines.append(
                    TaskLine(key.point, name, task.item, task.due_ms, task.state, earlier.title)
                )
    return tuple(lines)

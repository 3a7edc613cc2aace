"""Return the attendance of halls, as computed: who attended a meeting in a hall, and how.

In the code, the attendance of a hall is called its standing. Stored attendance is only a
cache. New records do not change it; they raise the revision number of the hall's records at
the meeting, so that the stored attendance counts as out of date. The next reader then
brings it up to date. If this process still has the attendance in memory, only the new
records are added, if possible. Otherwise the attendance is computed from all records, and
stored after the reader's transaction. Readers therefore never get attendance that is older
than the records they can see.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace
from sqlalchemy import Connection, and_, bindparam, delete, func, literal_column, select

from sync_server.database import is_snapshot, read_once, store_later
from sync_server.domain.judging.clocks import devices_of
from sync_server.domain.judging.counts import Counts
from sync_server.domain.judging.hall import Task
from sync_server.domain.judging.judged_hall import JudgedHall
from sync_server.domain.judging.requests import Request
from sync_server.domain.judging.standing import PointStanding, may_decide
from sync_server.domain.records.codes import from_ms
from sync_server.domain.records.sequence import Ranges, count_missing
from sync_server.storage.ledger import judged_halls, quarantine, streams
from sync_server.storage.ledger.sightings import clocks_of
from sync_server.storage.ledger.streams import StreamKey, StreamVersion, records_of
from sync_server.storage.models import Device, Point, PointStandingRow, Stream, Unit
from sync_server.storage.prepared import CompiledStatement, in_points, insert_rows

_encoder = msgspec.json.Encoder(order="sorted")
_standing_decoder = msgspec.json.Decoder(PointStanding)
_ranges_decoder = msgspec.json.Decoder(Ranges)


class BoardFigures(Struct, frozen=True, kw_only=True):
    """One hall's figures for headquarters' overview of a meeting (the board).

    They are stored separately, so that the overview can be shown without reading every person's
    attendance. `chair`: the person who presides or presided last, or if nobody has, the person
    named to preside. `missing`: what the hall still lacks to be ready. `counted`: False for a
    rehearsal or a cancelled meeting, which is left out of all totals. `pending`: the number of
    requests for leave or a substitute that await a decision; `reserved`: the number of those on
    which only headquarters may decide. `late_after_ms`: people who arrive after this time are
    late. `arrivals_ms`: the times of the summoned people's first arrivals, sorted.
    `merged_into`: the hall that took over all people of this hall. `tasks`: the number of
    follow-up tasks.
    """

    counts: Counts
    chair: str | None
    missing: tuple[str, ...]
    reported: bool
    closed: bool
    amended: bool
    counted: bool
    flags: tuple[str, ...]
    pending: int
    reserved: int
    late_after_ms: int | None
    arrivals_ms: tuple[int, ...]
    merged_into: str | None = None
    tasks: int = 0


class BoardRow(BoardFigures, frozen=True, kw_only=True):
    """One point (a hall) in headquarters' overview of a meeting.

    `reported` is False until a device in the hall has reported; until then, the counts have no
    meaning. `missing_seq`: the number of records that the point's devices have made, but that have
    not arrived. `refused_records`: the number of refused (invalid) records from these devices on
    which headquarters must still decide. `last_contact_at`: when a device of the point last
    contacted the server, in ISO 8601 UTC.
    """

    point: str
    name: str
    unit_type: str
    last_contact_at: str | None
    missing_seq: int
    refused_records: int


class Board(Struct, frozen=True):
    """Headquarters' overview of a meeting: all halls, overall totals, and totals by type of unit.

    Halls whose `counted` is False (rehearsals, cancelled meetings) are left out of the totals.
    `points` contains the halls.
    """

    totals: Counts
    by_unit_type: dict[str, Counts]
    points: tuple[BoardRow, ...]


_DELETE_STANDINGS = CompiledStatement(delete(PointStandingRow).where(*in_points(PointStandingRow)))
_STANDING_OF_STREAM = and_(
    PointStandingRow.meeting == Stream.meeting,
    PointStandingRow.point == Stream.point,
    PointStandingRow.revision == Stream.revision,
)
_READ_STANDINGS = CompiledStatement(
    select(Stream.point, Stream.revision, Stream.head, PointStandingRow.standing)
    .outerjoin(PointStandingRow, _STANDING_OF_STREAM)
    .where(*in_points(Stream), Stream.revision > literal_column("0"))
)
_READ_BOARD = CompiledStatement(
    select(
        Stream.point,
        Stream.revision,
        Stream.head,
        PointStandingRow.board_row,
        Point.name,
        Unit.type,
    )
    .outerjoin(PointStandingRow, _STANDING_OF_STREAM)
    .outerjoin(Point, Point.code == Stream.point)
    .outerjoin(Unit, Unit.code == Point.unit)
    .where(Stream.meeting == bindparam("meeting"), Stream.revision > literal_column("0"))
    .order_by(Stream.point)
)
_DEVICE_IN_MEETING = and_(Stream.point == Device.point, Stream.meeting == bindparam("meeting"))
_READ_CONTACTS = CompiledStatement(
    select(Device.point, func.max(Device.last_contact_ms))
    .join(Stream, _DEVICE_IN_MEETING)
    .group_by(Device.point)
)
_READ_MISSING = CompiledStatement(
    select(Device.point, Device.missing)
    .join(Stream, _DEVICE_IN_MEETING)
    .where(Device.missing != literal_column("'[]'"))
)
_figures_decoder = msgspec.json.Decoder(BoardFigures)


def _judge(
    connection: Connection, versions: Mapping[StreamKey, StreamVersion]
) -> dict[StreamKey, PointStanding]:
    """Compute the attendance in halls from the records, and return {stream key: attendance}.

    `versions` is {stream key (meeting id, hall code): present version of the hall's records}.
    In a read transaction, the attendance in a hall is computed only once. If this process has
    an older version of it in memory, only the new records are added, if possible. Attendance
    that is computed from all records is stored after the transaction.
    """
    judged: dict[StreamKey, PointStanding] = read_once("judged standings", dict)
    wanted = {key: version for key, version in versions.items() if key not in judged}
    halls = judged_halls.recall(connection, wanted) if is_snapshot() else {}
    records = records_of(connection, wanted.keys() - halls.keys())
    clocks = clocks_of(connection, devices_of(chain.from_iterable(records.values())))
    rows = []
    for key, stream_records in records.items():
        hall = halls[key] = JudgedHall(key.point, stream_records, clocks)
        rows.append(
            {
                "meeting": key.meeting,
                "point": key.point,
                "revision": versions[key].revision,
                "standing": _encoder.encode(hall.standing),
                "board_row": _encoder.encode(_figures_of(hall.standing)),
            }
        )
    if rows:
        store_later(partial(_store, rows=rows))
    judged |= {key: hall.standing for key, hall in halls.items()}
    if is_snapshot():
        judged_halls.remember(connection, {key: (versions[key], halls[key]) for key in wanted})
    return {key: judged[key] for key in versions}


def _store(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    keys = [StreamKey(row["meeting"], row["point"]) for row in rows]
    for meeting, points in streams.by_meeting(keys).items():
        _DELETE_STANDINGS.rows(connection, meeting=meeting, points=points)
    insert_rows(connection, PointStandingRow, rows)


def _figures_of(standing: PointStanding) -> BoardFigures:
    pending = [request for request in standing.requests if request.state == "pending"]
    return BoardFigures(
        counts=standing.counts,
        chair=standing.chair.spans[-1].person if standing.chair.spans else standing.chair.named,
        missing=standing.missing,
        reported=standing.has_reported,
        closed=standing.closing is not None,
        amended=standing.is_amended,
        counted=standing.is_counted,
        flags=tuple(sorted(set().union(*standing.flags.values()))),
        pending=len(pending),
        reserved=sum(
            standing.terms.is_reserved(request.person, request.instead_of) for request in pending
        ),
        late_after_ms=standing.terms.late_after_ms,
        arrivals_ms=tuple(sorted(person.stays[0][0] for person in standing.people if person.stays)),
        merged_into=None if standing.counts.summoned else standing.terms.merged_into,
        tasks=len(standing.follow_ups.tasks),
    )


def requests_of(
    connection: Connection, keys: Iterable[StreamKey], *, by: str | None, at_ms: int
) -> list[tuple[StreamKey, Request]]:
    """Return all requests for leave or a substitute in the halls `keys`, as [(key, request)].

    A key is (meeting id, hall code). The field `is_decidable` of a request shows whether `by`
    may decide on the request at `at_ms`. `by` is a person's code, or None for headquarters.
    """
    return [
        (key, _with_decision_rights(standing, request, by, at_ms))
        for key, standing in read_all(connection, keys).items()
        for request in standing.requests
    ]


def _with_decision_rights(
    standing: PointStanding, request: Request, by: str | None, at_ms: int
) -> Request:
    return replace(
        request,
        is_reserved=standing.terms.is_reserved(request.person, request.instead_of, at_ms),
        is_decidable=may_decide(standing, request, by, at_ms),
    )


def read(connection: Connection, key: StreamKey) -> PointStanding | None:
    """Return the attendance in a hall at a meeting; None if the hall has no records there."""
    return read_all(connection, [key]).get(key)


def read_all(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, PointStanding]:
    """Return {key (meeting id, hall code): attendance in the hall at the meeting}.

    Halls without records are left out.
    """
    standings, versions = {}, {}
    for meeting, points in streams.by_meeting(keys).items():
        rows = _READ_STANDINGS.rows(connection, meeting=meeting, points=points)
        for point, revision, head, encoded in rows:
            key = StreamKey(meeting, point)
            if encoded is None:
                versions[key] = StreamVersion(revision, head)
            else:
                standings[key] = _standing_decoder.decode(encoded)
    return standings | _judge(connection, versions) if versions else standings


def tasks_of(connection: Connection, meeting: str) -> list[tuple[StreamKey, Task]]:
    """Return the follow-up tasks of a meeting, as [(key of the hall, task)].

    A key is (meeting id, hall code). The list is empty for a rehearsal or a cancelled meeting.
    """
    rows = board_of(connection, meeting).points
    keys = [StreamKey(meeting, row.point) for row in rows if row.counted and row.tasks]
    return [
        (key, task)
        for key, standing in read_all(connection, keys).items()
        for task in standing.follow_ups.tasks
    ]


def board_of(connection: Connection, meeting: str) -> Board:
    """Return headquarters' overview of a meeting, with the halls sorted by code.

    If the overview is needed again in the same read transaction, the first result is used.
    """
    return read_once(("board", meeting), lambda: _read_board(connection, meeting))


def _read_board(connection: Connection, meeting: str) -> Board:
    contacts = _last_contacts(connection, meeting)
    refused = quarantine.count_refused(connection)
    stored_rows = _READ_BOARD.rows(connection, meeting=meeting)
    judged = _judge(
        connection,
        {
            StreamKey(meeting, point): StreamVersion(revision, head)
            for point, revision, head, encoded, _, _ in stored_rows
            if encoded is None
        },
    )
    rows = []
    for point, _, _, encoded, name, unit_type in stored_rows:
        last_contact_ms, missing = contacts.get(point, (None, 0))
        standing = judged.get(StreamKey(meeting, point))
        figures = _figures_of(standing) if standing else _figures_decoder.decode(encoded)
        rows.append(
            BoardRow(
                **asdict(figures),
                point=point,
                name=name or point,
                unit_type=unit_type or "",
                last_contact_at=from_ms(last_contact_ms) if last_contact_ms else None,
                missing_seq=missing,
                refused_records=refused.get(point, 0),
            )
        )
    by_unit_type = defaultdict[str, list[Counts]](list)
    for row in rows:
        if row.counted:
            by_unit_type[row.unit_type].append(row.counts)
    totals = {unit_type: Counts.total(counts) for unit_type, counts in by_unit_type.items()}
    return Board(Counts.total(totals.values()), totals, tuple(rows))


def _last_contacts(connection: Connection, meeting: str) -> dict[str, tuple[int | None, int]]:
    """Return {hall code: (last contact of a device, number of missing records)} for a meeting.

    The time of the contact is in ms since 1970 UTC, or None if there was no contact yet. A
    record is missing if a device of the hall has made it, but it has not arrived. Halls without a
    device are left out.
    """
    missing: Counter[str] = Counter()
    for point, ranges in _READ_MISSING.rows(connection, meeting=meeting):
        missing[point] += count_missing(_ranges_decoder.decode(ranges))
    latest = _READ_CONTACTS.rows(connection, meeting=meeting)
    return {point: (last_contact_ms, missing[point]) for point, last_contact_ms in latest}

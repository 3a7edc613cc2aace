"""Stored standings: recomputed in full when a stream grows, never on reading."""

from collections.abc import Iterable, Mapping
from itertools import chain

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace
from sqlalchemy import Connection, delete, func, select

from sync_server.database import read_once
from sync_server.domain.judging.clocks import devices_of
from sync_server.domain.judging.counts import Counts
from sync_server.domain.judging.hall import Task
from sync_server.domain.judging.requests import Request
from sync_server.domain.judging.standing import PointStanding, may_decide, standing_of
from sync_server.domain.records.codes import from_ms
from sync_server.domain.records.sequence import Ranges, count_missing
from sync_server.storage.ledger import quarantine, streams
from sync_server.storage.ledger.sightings import clocks_of
from sync_server.storage.ledger.streams import StreamKey, records_of
from sync_server.storage.models import Device, Point, PointStandingRow, Unit
from sync_server.storage.prepared import Prepared, in_points, insert_rows

_encoder = msgspec.json.Encoder(order="sorted")
_standing_decoder = msgspec.json.Decoder(PointStanding)
_ranges_decoder = msgspec.json.Decoder(Ranges)


class BoardFigures(Struct, frozen=True, kw_only=True):
    """A point's figures for the board, stored apart so that it need not decode whole standings.

    `chair`: the person presiding now or last, else the person named to preside. `missing`: the
    items that keep the point from being ready. `counted`: False in a rehearsal or a cancelled
    meeting, which enter no figure. `pending`: the number of requests for leave and substitutes
    that wait for a decision; `reserved`: how many of them headquarters decides. `arrivals_ms`: the
    first arrival of every summoned person who came, in order. `merged_into`: the point that took
    over all the people of this one. `tasks`: the number of tasks that the point was left with.
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
    """One point on the board. Its counts mean nothing until the point has reported.

    `missing_seq`: record numbers that its devices still owe; `refused_records`: records of its
    devices that were refused and that headquarters has not ruled on.
    """

    point: str
    name: str
    unit_type: str
    last_contact_at: str | None
    missing_seq: int
    refused_records: int


class Board(Struct, frozen=True):
    """A meeting seen from headquarters: the totals sum the rows that count."""

    totals: Counts
    by_unit_type: dict[str, Counts]
    points: tuple[BoardRow, ...]


_DELETE_STANDINGS = Prepared(delete(PointStandingRow).where(*in_points(PointStandingRow)))
_READ_STANDINGS = Prepared(
    select(PointStandingRow.point, PointStandingRow.standing).where(*in_points(PointStandingRow))
)
_row_decoder = msgspec.json.Decoder(BoardFigures)


def recompute(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, PointStanding]:
    """Recompute and store the standings of streams. The caller holds the streams' locks."""
    records = records_of(connection, keys)
    clocks = clocks_of(connection, devices_of(chain.from_iterable(records.values())))
    judged = {
        key: standing_of(key.point, stream_records, clocks)
        for key, stream_records in records.items()
    }
    for meeting, points in streams.by_meeting(judged).items():
        _DELETE_STANDINGS.rows(connection, meeting=meeting, points=points)
    rows = [
        {
            "meeting": key.meeting,
            "point": key.point,
            "standing": _encoder.encode(standing),
            "board_row": _encoder.encode(_row_of(standing)),
        }
        for key, standing in judged.items()
    ]
    insert_rows(connection, PointStandingRow, rows)
    return judged


def _row_of(standing: PointStanding) -> BoardFigures:
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
    """Return these points' requests, and whether `by` may decide on them; None: headquarters."""
    return [
        (key, _as_read(standing, request, by, at_ms))
        for key, standing in read_all(connection, keys).items()
        for request in standing.requests
    ]


def _as_read(standing: PointStanding, request: Request, by: str | None, at_ms: int) -> Request:
    return replace(
        request,
        is_reserved=standing.terms.is_reserved(request.person, request.instead_of, at_ms),
        is_decidable=may_decide(standing, request, by, at_ms),
    )


def read(connection: Connection, key: StreamKey) -> PointStanding | None:
    """Return the stored standing of a point; None if it has no stream in this meeting."""
    return read_all(connection, [key]).get(key)


def read_all(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, PointStanding]:
    """Return the stored standings of these points; points without one are left out."""
    stored = {}
    for meeting, points in streams.by_meeting(keys).items():
        for point, encoded in _READ_STANDINGS.rows(connection, meeting=meeting, points=points):
            stored[StreamKey(meeting, point)] = _standing_decoder.decode(encoded)
    return stored


def tasks_of(connection: Connection, meeting: str) -> list[tuple[StreamKey, Task]]:
    """Return the tasks that a meeting left, point by point; none of a rehearsal."""
    rows = board_of(connection, meeting).points
    keys = [StreamKey(meeting, row.point) for row in rows if row.counted and row.tasks]
    return [
        (key, task)
        for key, standing in read_all(connection, keys).items()
        for task in standing.follow_ups.tasks
    ]


def board_of(connection: Connection, meeting: str) -> Board:
    """Return the board of a meeting, its points in the order of their codes.

    A page that needs it twice reads it once.
    """
    return read_once(("board", meeting), lambda: _read_board(connection, meeting))


def _read_board(connection: Connection, meeting: str) -> Board:
    contacts, refused = _last_contacts(connection), quarantine.count_refused(connection)
    rows = []
    for point, encoded, name, unit_type in connection.execute(
        select(PointStandingRow.point, PointStandingRow.board_row, Point.name, Unit.type)
        .outerjoin(Point, Point.code == PointStandingRow.point)
        .outerjoin(Unit, Unit.code == Point.unit)
        .where(PointStandingRow.meeting == meeting)
        .order_by(PointStandingRow.point)
    ):
        last_contact_ms, missing = contacts.get(point, (None, 0))
        rows.append(
            BoardRow(
                **asdict(_row_decoder.decode(encoded)),
                point=point,
                name=name or point,
                unit_type=unit_type or "",
                last_contact_at=from_ms(last_contact_ms) if last_contact_ms else None,
                missing_seq=missing,
                refused_records=refused.get(point, 0),
            )
        )
    by_unit_type: dict[str, Counts] = {}
    counted = [row for row in rows if row.counted]
    for row in counted:
        by_unit_type[row.unit_type] = by_unit_type.get(row.unit_type, Counts()) + row.counts
    return Board(sum((row.counts for row in counted), Counts()), by_unit_type, tuple(rows))


def _last_contacts(connection: Connection) -> Mapping[str, tuple[int | None, int]]:
    """Return, by point, the last contact of its devices and the number of their missing records."""
    rows = connection.execute(
        select(Device.point, func.max(Device.last_contact_ms)).group_by(Device.point)
    )
    latest = dict(rows.all())
    missing_by_point: dict[str, int] = {}
    for point, missing in connection.execute(
        select(Device.point, Device.missing).where(Device.missing != "[]")
    ):
        missing_by_point[point] = missing_by_point.get(point, 0) + count_missing(
            _ranges_decoder.decode(missing)
        )
    return {point: (latest[point], missing_by_point.get(point, 0)) for point in latest}

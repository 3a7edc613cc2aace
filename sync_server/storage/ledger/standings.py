"""Store the standings: the attendance of every person at every point of a meeting.

A point's standings are recomputed in full when its stream grows; reading never computes them.
"""

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
from sync_server.storage.prepared import CompiledStatement, in_points, insert_rows

_encoder = msgspec.json.Encoder(order="sorted")
_standing_decoder = msgspec.json.Decoder(PointStanding)
_ranges_decoder = msgspec.json.Decoder(Ranges)


class BoardFigures(Struct, frozen=True, kw_only=True):
    """One point's figures for headquarters' board, stored apart from its full standing.

    The board therefore decodes no whole standing. `chair`: the person presiding now or last, else
    the person named to preside. `missing`: items that the point still lacks to be ready. `counted`:
    False for a rehearsal or a cancelled meeting, which no total includes. `pending`: the number of
    requests for leave and substitutes that wait for a decision; `reserved`: how many of them
    headquarters decides. `late_after_ms`: arrivals after this time are late. `arrivals_ms`: the
    first arrival of every summoned person who came, sorted. `merged_into`: the point that took over
    all people of this point. `tasks`: the number of the point's follow-up tasks.
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
    """One point on headquarters' board. Ignore its counts until `reported` is True.

    `missing_seq`: the number of records that its devices have not sent yet. `refused_records`: the
    number of its devices' refused records on which headquarters has not ruled.
    """

    point: str
    name: str
    unit_type: str
    last_contact_at: str | None
    missing_seq: int
    refused_records: int


class Board(Struct, frozen=True):
    """Headquarters' board of a meeting: all its points, and totals in all and by unit type.

    The totals add up the points with `counted`.
    """

    totals: Counts
    by_unit_type: dict[str, Counts]
    points: tuple[BoardRow, ...]


_DELETE_STANDINGS = CompiledStatement(delete(PointStandingRow).where(*in_points(PointStandingRow)))
_READ_STANDINGS = CompiledStatement(
    select(PointStandingRow.point, PointStandingRow.standing).where(*in_points(PointStandingRow))
)
_row_decoder = msgspec.json.Decoder(BoardFigures)


def recompute(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, PointStanding]:
    """Recompute and store the standings of these streams; return the new standings by stream.

    The caller must hold the streams' locks.
    """
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
    """Return the requests for leave or a substitute at these points, every one with its stream.

    `is_decidable` of a request is True if `by` may decide on it at `at_ms`. `by` is a person's
    code, or None for headquarters.
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
    """Return a point's stored standing; None if the point has no stream in this meeting."""
    return read_all(connection, [key]).get(key)


def read_all(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, PointStanding]:
    """Return the stored standings of these streams; streams without a standing are left out."""
    stored = {}
    for meeting, points in streams.by_meeting(keys).items():
        for point, encoded in _READ_STANDINGS.rows(connection, meeting=meeting, points=points):
            stored[StreamKey(meeting, point)] = _standing_decoder.decode(encoded)
    return stored


def tasks_of(connection: Connection, meeting: str) -> list[tuple[StreamKey, Task]]:
    """Return the follow-up tasks of a meeting's points, every one with its point's stream.

    A rehearsal or a cancelled meeting has none.
    """
    rows = board_of(connection, meeting).points
    keys = [StreamKey(meeting, row.point) for row in rows if row.counted and row.tasks]
    return [
        (key, task)
        for key, standing in read_all(connection, keys).items()
        for task in standing.follow_ups.tasks
    ]


def board_of(connection: Connection, meeting: str) -> Board:
    """Return headquarters' board of a meeting, with the points sorted by code.

    A second call in one read transaction returns the first result again.
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
    """For every point, return its devices' last contact and the number of their missing records.

    The contact is in ms since 1970 UTC, None before the first.
    """
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

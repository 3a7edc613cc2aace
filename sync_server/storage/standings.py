"""Standings as they are kept: recomputed whole when a stream grows, never at reading."""

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, delete, func, select

from sync_server.domain import requests, standing
from sync_server.domain.codes import from_ms
from sync_server.domain.counts import Counts
from sync_server.domain.requests import Request
from sync_server.domain.sequence import Ranges, count_missing
from sync_server.domain.standing import PointStanding, standing_of
from sync_server.storage import streams
from sync_server.storage.models import Device, Point, PointStandingRow, Unit
from sync_server.storage.prepared import Prepared, in_points, insert_rows
from sync_server.storage.sightings import clocks_of
from sync_server.storage.streams import StreamKey, records_of

_encoder = msgspec.json.Encoder(order="sorted")
_standing_decoder = msgspec.json.Decoder(PointStanding)
_ranges_decoder = msgspec.json.Decoder(Ranges)


class BoardRow(Struct, frozen=True):
    """One point on the board. Its counts mean nothing until the point has reported.

    `chair`: who presides or did last, else who is to. `missing`: what keeps the point from being
    ready. `counted`: False in a rehearsal or a cancelled meeting, which enter no figure.
    `pending`: who waits for a decision on their leave, of these `reserved` for headquarters'.
    """

    point: str
    name: str
    unit_type: str
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
    last_contact_at: str | None
    missing_seq: int


class Board(Struct, frozen=True):
    """A meeting seen from headquarters: the totals are the sums of the rows that count."""

    totals: Counts
    by_unit_type: dict[str, Counts]
    points: tuple[BoardRow, ...]


class _KeptRow(Struct, frozen=True):
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


_FORGETTING = Prepared(delete(PointStandingRow).where(*in_points(PointStandingRow)))
_KEPT = Prepared(
    select(PointStandingRow.point, PointStandingRow.standing).where(*in_points(PointStandingRow))
)
_row_decoder = msgspec.json.Decoder(_KeptRow)


def recompute(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, PointStanding]:
    """Judge streams anew and keep what comes of it. The caller holds the streams' locks."""
    records = records_of(connection, keys)
    devices = {record.device for own in records.values() for record in own}
    clocks = clocks_of(connection, devices)
    judged = {key: standing_of(key.point, own, clocks) for key, own in records.items()}
    for meeting, points in streams.by_meeting(judged).items():
        _FORGETTING.rows(connection, meeting=meeting, points=points)
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


def _row_of(standing: PointStanding) -> _KeptRow:
    pending = [each.person for each in standing.people if each.request == "pending"]
    return _KeptRow(
        counts=standing.counts,
        chair=standing.chair.spans[-1].person if standing.chair.spans else standing.chair.named,
        missing=standing.missing,
        reported=standing.has_reported,
        closed=standing.closing is not None,
        amended=standing.is_amended,
        counted=standing.is_counted,
        flags=tuple(sorted(set().union(*standing.flags.values()))),
        pending=len(pending),
        reserved=sum(standing.terms.is_reserved(person) for person in pending),
    )


def may_decide(
    connection: Connection, key: StreamKey, person: str, record_id: str, *, at_ms: int
) -> bool:
    """Say whether a person decides at a point on a record at a moment."""
    records = records_of(connection, [key])[key]
    clocks = clocks_of(connection, {record.device for record in records})
    return standing.may_decide(
        key.point, records, clocks, person=person, record_id=record_id, at_ms=at_ms
    )


def requests_of(
    connection: Connection, keys: Iterable[StreamKey], *, by: str | None, at_ms: int
) -> list[tuple[StreamKey, Request]]:
    """Return what was asked at these points; `by` is as in `domain.requests`."""
    found = []
    for key, records in records_of(connection, keys).items():
        clocks = clocks_of(connection, {record.device for record in records})
        asked = requests.requests_of(key.point, records, clocks, by=by, at_ms=at_ms)
        found += [(key, each) for each in asked]
    return found


def read(connection: Connection, key: StreamKey) -> PointStanding | None:
    """Return the kept standing of a point; None if it has no stream in this meeting."""
    return read_all(connection, [key]).get(key)


def read_all(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, PointStanding]:
    """Return the kept standings of these points, as far as they have any."""
    found = {}
    for meeting, points in streams.by_meeting(keys).items():
        for point, kept in _KEPT.rows(connection, meeting=meeting, points=points):
            found[StreamKey(meeting, point)] = _standing_decoder.decode(kept)
    return found


def board_of(connection: Connection, meeting: str) -> Board:
    """Return the board of a meeting, its points in the order of their codes."""
    contacts = _contacts(connection)
    rows = []
    for found in connection.execute(
        select(PointStandingRow.point, PointStandingRow.board_row, Point.name, Unit.type)
        .outerjoin(Point, Point.code == PointStandingRow.point)
        .outerjoin(Unit, Unit.code == Point.unit)
        .where(PointStandingRow.meeting == meeting)
        .order_by(PointStandingRow.point)
    ):
        kept = _row_decoder.decode(found.board_row)
        last_contact_ms, missing = contacts.get(found.point, (None, 0))
        rows.append(
            BoardRow(
                point=found.point,
                name=found.name or found.point,
                unit_type=found.type or "",
                counts=kept.counts,
                chair=kept.chair,
                missing=kept.missing,
                reported=kept.reported,
                closed=kept.closed,
                amended=kept.amended,
                counted=kept.counted,
                flags=kept.flags,
                pending=kept.pending,
                reserved=kept.reserved,
                last_contact_at=from_ms(last_contact_ms) if last_contact_ms else None,
                missing_seq=missing,
            )
        )
    by_unit_type: dict[str, Counts] = {}
    counted = [row for row in rows if row.counted]
    for row in counted:
        by_unit_type[row.unit_type] = by_unit_type.get(row.unit_type, Counts()) + row.counts
    return Board(sum((row.counts for row in counted), Counts()), by_unit_type, tuple(rows))


def _contacts(connection: Connection) -> Mapping[str, tuple[int | None, int]]:
    """Return by point when a device of it was last heard, and how many records it owes us."""
    rows = connection.execute(
        select(Device.point, func.max(Device.last_contact_ms)).group_by(Device.point)
    )
    latest = dict(rows.all())
    owing: dict[str, int] = {}
    for point, missing in connection.execute(
        select(Device.point, Device.missing).where(Device.missing != "[]")
    ):
        owing[point] = owing.get(point, 0) + count_missing(_ranges_decoder.decode(missing))
    return {point: (latest[point], owing.get(point, 0)) for point in latest}

"""Imitate several servers (nodes) that receive records from devices and exchange them."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, select

from sync_server.domain.judging.clocks import Clocks, Sighting
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.forms import parse_record
from sync_server.storage import directory
from sync_server.storage.access import devices
from sync_server.storage.directory import PublishedPoint, PublishedUnit
from sync_server.storage.ledger import intake, record_store, sightings, standings, streams
from sync_server.storage.ledger.intake import Delivery, Receipt
from sync_server.storage.ledger.record_store import entry_of
from sync_server.storage.models import SightingRow
from sync_server.storage.prepared import columns_of
from tests.conferences import WRITERS
from tests.factories import MEETING, raw

NOW = to_ms("2024-08-22T01:00:00.000Z")


def enrol_everybody(connection: Connection) -> None:
    """Register the devices and the two halls of a random conference in a node's database.

    The units of the two halls are of different types.
    """
    units = [
        PublishedUnit("U01", "Một", "DOANH_NGHIEP"),
        PublishedUnit("U02", "Hai", "CO_QUAN_BAO_CHI"),
    ]
    points = [PublishedPoint("P001", "Một", "U01"), PublishedPoint("P002", "Hai", "U02")]
    directory.put_places(connection, units, points)
    for writer in WRITERS.values():
        if writer.point:
            devices.put(connection, writer, "test", now_ms=NOW)


def send(connection: Connection, *drafts: dict[str, Any]) -> Receipt:
    """Let a server (node) receive a batch of records from the device that the first record names.

    Return the receipt: a verdict on every record, the numbers of missing records, and the
    hashes of encrypted personal data that is missing.
    """
    writer = WRITERS[drafts[0]["device"]]
    offers = intake.judge_records([raw(fields) for fields in drafts], writer)
    return intake.receive(connection, Delivery(writer, offers, NOW))


def sight(connection: Connection, sighting: Sighting) -> None:
    """Store a measurement of a device's clock in a node, and update what depends on the clock."""
    sighted = sightings.add(connection, [sighting])
    record_store.append_records(connection, [], now_ms=NOW, sighted_devices=sighted.changed)


def exchange(source: Connection, target: Connection) -> None:
    """Copy all records and all measurements of clocks from one node to another, page by page."""
    for row in source.execute(select(*columns_of(Sighting, SightingRow))).all():
        sight(target, Sighting(*row))
    for key in streams.all_streams(source):
        cursor, more = "0", True
        while more:
            page = streams.read(source, key, cursor, 7)
            entries = [entry_of(parse_record(form)) for form, *_ in page.records]
            record_store.append_records(target, entries, now_ms=NOW)
            cursor, more = page.cursor, page.has_more


def clocks(connection: Connection) -> Clocks:
    """Return all measurements of devices' clocks that a node has stored."""
    return sightings.clocks_of(connection, WRITERS)


def judged_state(connection: Connection, points: Iterable[str]) -> Any:
    """Return (attendance of every hall by code, totals, totals by unit type, one row per hall).

    These are the results that a node has computed. In the rows, the time of the last contact and
    the count of missing records are blank, because nodes with equal records may differ in them.
    """
    point_standings = {
        point: standings.read(connection, streams.StreamKey(MEETING, point)) for point in points
    }
    board = standings.board_of(connection, MEETING)
    rows = [replace(row, last_contact_at=None, missing_seq=0) for row in board.points]
    return point_standings, board.totals, board.by_unit_type, rows

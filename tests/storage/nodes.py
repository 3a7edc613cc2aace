"""Nodes: ledgers that take records from devices, and exchange what they have."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, select

from sync_server.domain.judging.clocks import Clocks, Sighting
from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.forms import canonical_bytes, fingerprint, parse_record
from sync_server.storage import directory
from sync_server.storage.access import devices
from sync_server.storage.directory import PublishedPoint, PublishedUnit
from sync_server.storage.ledger import intake, record_store, sightings, standings, streams
from sync_server.storage.ledger.intake import Delivery, Receipt
from sync_server.storage.ledger.record_store import LedgerEntry
from sync_server.storage.models import SightingRow
from tests.conferences import WRITERS
from tests.factories import MEETING, raw

NOW = to_ms("2024-08-22T01:00:00.000Z")


def enrol_everybody(connection: Connection) -> None:
    """Make every writer of a random conference known, and two halls of two types of unit."""
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
    """Send a batch as the device that its first record names."""
    writer = WRITERS[drafts[0]["device"]]
    offers = intake.judge_records([raw(each) for each in drafts], writer)
    return intake.receive(connection, Delivery(writer, offers, NOW))


def sight(connection: Connection, sighting: Sighting) -> None:
    """Let a node see a device's clock."""
    sighted = sightings.add(connection, [sighting])
    record_store.append_records(connection, [], now_ms=NOW, sighted_devices=sighted)


def exchange(source: Connection, target: Connection) -> None:
    """Bring all that one node has to another: the sightings, and every stream page by page."""
    for row in source.execute(select(SightingRow)).all():
        sight(target, Sighting(row.device, row.boot, row.mono_ms, row.skew_ms, row.seq))
    for key in streams.all_streams(source):
        cursor, more = "0", True
        while more:
            page = streams.read(source, key, cursor, 7)
            records = [parse_record(form) for form, _ in page.records]
            forms = [(each, canonical_bytes(each)) for each in records]
            entries = [LedgerEntry(each, form, fingerprint(form)) for each, form in forms]
            record_store.append_records(target, entries, now_ms=NOW)
            cursor, more = page.cursor, page.has_more


def clocks(connection: Connection) -> Clocks:
    """Return all that a node has seen of clocks."""
    return sightings.clocks_of(connection, WRITERS)


def whole(connection: Connection, points: Iterable[str]) -> Any:
    """Return everything that is judged: standings, board rows, flags; not who was heard when."""
    kept = {
        point: standings.read(connection, streams.StreamKey(MEETING, point)) for point in points
    }
    board = standings.board_of(connection, MEETING)
    rows = [replace(row, last_contact_at=None, missing_seq=0) for row in board.points]
    return kept, board.totals, board.by_unit_type, rows

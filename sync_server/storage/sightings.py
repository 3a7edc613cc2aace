"""Sightings of device clocks, the governing one of each boot."""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select

from sync_server.domain.clock import Clocks, Sighting, governing
from sync_server.storage.models import SightingRow
from sync_server.storage.prepared import Prepared

_SEEN = Prepared(
    select(
        SightingRow.device,
        SightingRow.boot,
        SightingRow.mono_ms,
        SightingRow.skew_ms,
        SightingRow.seq,
    ).where(SightingRow.device.in_(bindparam("devices", expanding=True)))
)


def clocks_of(connection: Connection, devices: Iterable[str]) -> Clocks:
    """Return what corrects the times of these devices' records."""
    rows = _SEEN.rows(connection, devices=sorted(devices))
    return Clocks(Sighting(*row) for row in rows)


def add(connection: Connection, sightings: Sequence[Sighting]) -> set[str]:
    """Keep those sightings that govern their boot; return the devices that this changed."""
    if not sightings:
        return set()
    rows = _SEEN.rows(connection, devices=sorted({each.device for each in sightings}))
    before = {row[:2]: Sighting(*row) for row in rows}
    after = dict(before)
    for each in sightings:
        key = (each.device, each.boot)
        after[key] = governing(after[key], each) if key in after else each
    changed = {key: each for key, each in after.items() if before.get(key) != each}
    for device, boot in changed.keys() & before.keys():
        connection.execute(
            delete(SightingRow).where(SightingRow.device == device, SightingRow.boot == boot)
        )
    if changed:
        connection.execute(
            insert(SightingRow), [msgspec.structs.asdict(each) for each in changed.values()]
        )
    return {device for device, _ in changed}


def latest_skews(connection: Connection, devices: Sequence[str]) -> dict[str, int]:
    """Return by device what its clock lacked when it was last seen, in milliseconds."""
    rows = connection.execute(
        select(SightingRow.device, SightingRow.skew_ms)
        .where(SightingRow.device.in_(devices))
        .order_by(SightingRow.seq, SightingRow.mono_ms)
    )
    return {row.device: row.skew_ms for row in rows}

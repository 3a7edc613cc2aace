"""Store sightings: measurements of device clocks that correct the times of records.

One sighting is stored per device and boot. A boot is a span in which the device's wall clock and
monotonic clock agree.
"""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select

from sync_server.domain.judging.clocks import Clocks, Sighting, merge_sightings
from sync_server.storage.models import SightingRow
from sync_server.storage.prepared import CompiledStatement, columns_of

_SIGHTINGS = CompiledStatement(
    select(*columns_of(Sighting, SightingRow)).where(
        SightingRow.device.in_(bindparam("devices", expanding=True))
    )
)


def clocks_of(connection: Connection, devices: Iterable[str]) -> Clocks:
    """Return the clock corrections for records of these devices (device codes)."""
    return Clocks(of_devices(connection, devices))


def of_devices(connection: Connection, devices: Iterable[str]) -> list[Sighting]:
    """Return the stored clock measurements of these devices, sorted by device code and boot."""
    rows = _SIGHTINGS.rows(connection, devices=sorted(devices))
    return sorted((Sighting(*row) for row in rows), key=lambda one: (one.device, one.boot))


def add(connection: Connection, sightings: Sequence[Sighting]) -> set[str]:
    """Store clock measurements (sightings), and return the devices whose stored ones changed.

    For every boot (a span in which the device's two clocks agree), only the measurement nearest to
    the beginning is kept, together with the extreme clock errors of all.
    """
    if not sightings:
        return set()
    rows = _SIGHTINGS.rows(connection, devices=sorted({sighting.device for sighting in sightings}))
    before = {row[:2]: Sighting(*row) for row in rows}
    after = dict(before)
    for sighting in sightings:
        key = (sighting.device, sighting.boot)
        after[key] = merge_sightings(after.get(key, sighting), sighting)
    changed = {key: sighting for key, sighting in after.items() if before.get(key) != sighting}
    for device, boot in changed.keys() & before.keys():
        connection.execute(
            delete(SightingRow).where(SightingRow.device == device, SightingRow.boot == boot)
        )
    if changed:
        connection.execute(
            insert(SightingRow), [msgspec.structs.asdict(sighting) for sighting in changed.values()]
        )
    return {device for device, _ in changed}


def latest_skews(connection: Connection, devices: Sequence[str]) -> dict[str, int]:
    """Return the difference of the server's clock minus a device's clock, in ms, by device code.

    The latest measurement counts. Devices without a measurement are left out.
    """
    rows = connection.execute(
        select(SightingRow.device, SightingRow.skew_ms)
        .where(SightingRow.device.in_(devices))
        .order_by(SightingRow.seq, SightingRow.mono_ms)
    )
    return {row.device: row.skew_ms for row in rows}

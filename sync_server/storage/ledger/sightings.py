"""Store sightings: measurements of device clocks, with which the times of records are corrected.

One sighting is stored for every boot of a device. A boot is a period in which the device's wall
clock and monotonic clock run in step.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, delete, select

from sync_server.domain.judging.clocks import Clocks, Sighting, merge_sightings
from sync_server.storage.models import SightingRow
from sync_server.storage.prepared import CompiledStatement, columns_of, insert_rows

_SIGHTINGS = CompiledStatement(
    select(*columns_of(Sighting, SightingRow)).where(
        SightingRow.device.in_(bindparam("devices", expanding=True))
    )
)


def clocks_of(connection: Connection, devices: Iterable[str]) -> Clocks:
    """Return the stored measurements of these devices' clocks, by which record times are corrected.

    `devices` are device codes.
    """
    rows = _SIGHTINGS.rows(connection, devices=sorted(devices))
    return Clocks(Sighting(*row) for row in rows)


def of_devices(connection: Connection, devices: Iterable[str]) -> list[Sighting]:
    """Return the stored clock measurements of these devices, sorted by device code and boot.

    A boot is a period in which the device's wall clock and monotonic clock run in step.
    """
    rows = _SIGHTINGS.rows(connection, devices=sorted(devices))
    return sorted((Sighting(*row) for row in rows), key=lambda one: (one.device, one.boot))


class AddedSightings(NamedTuple):
    """The result of storing clock measurements.

    `changed`: the devices for which something new was stored. `clocks`: the corrections of the
    clocks of all measured devices, with the new measurements.
    """

    changed: set[str]
    clocks: Clocks


def add(connection: Connection, sightings: Sequence[Sighting]) -> AddedSightings:
    """Store clock measurements.

    For every boot (a period in which the device's two clocks run in step), one measurement is kept:
    the one nearest to the beginning of the boot. The smallest and the greatest clock error of the
    boot are stored with it.
    """
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
    insert_rows(connection, SightingRow, [msgspec.structs.asdict(one) for one in changed.values()])
    return AddedSightings({device for device, _ in changed}, Clocks(after.values()))


def latest_skews(connection: Connection, devices: Sequence[str]) -> dict[str, int]:
    """Return {device code: the server's clock minus the device's clock, in ms}.

    The latest measurement of every device is used. Devices without a measurement are left out.
    """
    rows = connection.execute(
        select(SightingRow.device, SightingRow.skew_ms)
        .where(SightingRow.device.in_(devices))
        .order_by(SightingRow.seq, SightingRow.mono_ms)
    )
    return {row.device: row.skew_ms for row in rows}

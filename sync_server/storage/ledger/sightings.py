"""Store sightings: measurements of device clocks, with which the times of records are corrected.

One sighting is stored for every boot of a device. A boot is a period in which the device's wall
clock and monotonic clock run in step.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, delete, select

from sync_server.domain.judging.clocks import Clocks, Sighting, merge_sightings
from sync_server.domain.records.codes import DAY_MS
from sync_server.storage.models import SightingRow
from sync_server.storage.prepared import CompiledStatement, columns_of, insert_rows

_SIGHTINGS = CompiledStatement(
    select(*columns_of(Sighting, SightingRow)).where(
        SightingRow.device.in_(bindparam("devices", expanding=True))
    )
)


LONGEST_OPEN_MS = 7 * DAY_MS
"""The longest time in ms, seven days, for which a device may credibly have been running before its
enrolment. A device that claims a longer time may be lying, for example to add records to a past
meeting. The measurement of its clock is then ignored, and its records are flagged with
`clock_suspect`.
"""


class DeviceReport(NamedTuple):
    """The state that a device reports with an upload.

    `wall_ms` is the time on the device's clock, and `now_ms` that on the server's clock at the same
    moment, both in ms since 1970 UTC. `mono_ms` is the time on the device's monotonic clock. `boot`
    is the id of the present period in which the device's two clocks run in step: a new one begins
    after a restart, or when somebody has set the clock or the device has slept. `app` is the
    version of the check-in app. `unsent` is the number of records that the device has not sent yet.
    """

    wall_ms: int
    mono_ms: int
    boot: str
    now_ms: int
    app: str | None = None
    unsent: int | None = None


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


def add_reported(
    connection: Connection,
    device: str,
    report: DeviceReport,
    *,
    highest_seq: int,
    enrolled_ms: int,
) -> AddedSightings | None:
    """Store the measurement of a device's clock that its report contains.

    `highest_seq` is the highest record number that the server knows from the device, and
    `enrolled_ms` the time of the device's enrolment in ms since 1970 UTC. Return None, and store
    nothing, if the device claims to have been running for longer than is credible (see
    `LONGEST_OPEN_MS`).
    """
    if report.now_ms - report.mono_ms < enrolled_ms - LONGEST_OPEN_MS:
        return None
    skew_ms, origin_ms = report.now_ms - report.wall_ms, report.wall_ms - report.mono_ms
    sighting = Sighting(device, report.boot, report.mono_ms, skew_ms, highest_seq, origin_ms)
    return add(connection, [sighting])


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

"""Sightings of device clocks, the governing one of each boot."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from sync_server.domain.clock import Clocks, Sighting, governing
from sync_server.storage.models import SightingRow


def clocks_of(connection: Connection, devices: Iterable[str]) -> Clocks:
    """Return what corrects the times of these devices' records."""
    rows = connection.execute(
        select(
            SightingRow.device,
            SightingRow.boot,
            SightingRow.mono_ms,
            SightingRow.skew_ms,
            SightingRow.seq,
        ).where(SightingRow.device.in_(sorted(devices)))
    )
    return Clocks(Sighting(*row) for row in rows)


def add(connection: Connection, sighting: Sighting) -> bool:
    """Keep the sighting if it governs its boot; return whether that changed anything."""
    own = (SightingRow.device == sighting.device, SightingRow.boot == sighting.boot)
    row = connection.execute(
        select(SightingRow.mono_ms, SightingRow.skew_ms, SightingRow.seq).where(*own)
    ).one_or_none()
    if row and governing(Sighting(sighting.device, sighting.boot, *row), sighting) != sighting:
        return False
    connection.execute(delete(SightingRow).where(*own))
    connection.execute(
        insert(SightingRow).values(
            device=sighting.device,
            boot=sighting.boot,
            mono_ms=sighting.mono_ms,
            skew_ms=sighting.skew_ms,
            seq=sighting.seq,
        )
    )
    return True

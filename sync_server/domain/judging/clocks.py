"""The time of a record: its device's time, corrected by measurements of the device's clock.

A *node* is a server. A *boot* is a span in which a device's wall and monotonic clocks agree; a
*sighting* is a node's measurement of one boot at a sync. Punctuality is never judged by the time
of receipt.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.kinds import Record, Ruling
from sync_server.domain.shared import SHARED

SUSPECT_SKEW_MS = SHARED.suspect_skew_ms
"""The clerk is warned of a clock more than two minutes off, and its records are flagged."""

FAR_FROM_MEETING_MS = SHARED.far_from_meeting_ms
"""A record made over twelve hours before or after its meeting points to a wrong clock."""


class Sighting(Struct, frozen=True):
    """A node's measurement of one boot of a device.

    `skew_ms` is the node's clock minus the device's; `seq` is the highest number among the
    device's records known at that moment, 0 before the first.
    """

    device: str
    boot: str
    mono_ms: int
    skew_ms: int
    seq: int


class CorrectedTime(NamedTuple):
    """A corrected time in ms since 1970 UTC, and whether the device's clock is doubtful."""

    at_ms: int
    is_doubtful: bool


def governing_sighting(a: Sighting, b: Sighting) -> Sighting:
    """Return which of two sightings corrects a boot's records: the one nearer to its beginning."""
    return min(a, b, key=lambda sighting: (sighting.mono_ms, sighting.skew_ms, sighting.seq))


def devices_of(records: Iterable[Record]) -> set[str]:
    """Return the devices that made these records and the records inside rulings."""
    devices = set()
    for record in records:
        devices.add(record.device)
        if isinstance(record, Ruling) and record.body.record:
            devices.add(record.body.record.device)
    return devices


class Clocks:
    """The corrections of all devices' clocks, built from sightings in any order."""

    def __init__(self, sightings: Iterable[Sighting]) -> None:
        self._of_boot: dict[tuple[str, str], Sighting] = {}
        for sighting in sightings:
            key = (sighting.device, sighting.boot)
            previous = self._of_boot.get(key)
            self._of_boot[key] = governing_sighting(previous, sighting) if previous else sighting
        self._of_device: dict[str, list[Sighting]] = {}
        for sighting in self._of_boot.values():
            self._of_device.setdefault(sighting.device, []).append(sighting)

    def corrected_time_of(self, record: Record) -> CorrectedTime:
        """Return a record's corrected time; the office (no `seq`) already uses the node's clock."""
        at_ms = to_ms(record.at)
        if record.seq is None:
            return CorrectedTime(at_ms, False)
        sighting = self._of_boot.get((record.device, record.boot))
        if sighting:
            return CorrectedTime(at_ms + sighting.skew_ms, abs(sighting.skew_ms) > SUSPECT_SKEW_MS)
        device_sightings = self._of_device.get(record.device)
        if not device_sightings:
            return CorrectedTime(at_ms, True)
        seq = record.seq
        nearest = min(
            device_sightings,
            key=lambda sighting_nearby: (
                abs(sighting_nearby.seq - seq),
                sighting_nearby.seq,
                sighting_nearby.boot,
            ),
        )
        return CorrectedTime(at_ms + nearest.skew_ms, True)

"""The time of a record: its device's time, corrected by measurements of the device's clock.

A *node* is a server. A *boot* is a span in which a device's wall and monotonic clocks agree; a
*sighting* is a node's measurement of one boot at a sync. Punctuality is never judged by the time
of receipt.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.kinds import Record, Ruling
from sync_server.domain.shared import SHARED

SUSPECT_SKEW_MS = SHARED.suspect_skew_ms
"""The clerk is warned of a clock more than two minutes off, and its records are flagged."""

FAR_FROM_MEETING_MS = SHARED.far_from_meeting_ms
"""A record made over twelve hours before or after its meeting points to a wrong clock."""


SKEW_STEP_MS = 5_000
"""Skews are compared in steps, so that a few milliseconds more or less write nothing."""


MOST_APART_MS = 2 * SHARED.clock_drift_ms
"""A kiosk begins a new boot when its clocks drift apart by more than half of this, either way."""


class Sighting(Struct, frozen=True):
    """A node's measurement of one boot of a device.

    `skew_ms` is the node's clock minus the device's; `seq` is the highest number among the
    device's records known at that moment, 0 before the first. `origin_ms`: what the device's clock
    showed when its monotonic clock began, None if no node has noted it. `least_step` and
    `most_step`: the least and the greatest skew that a node has measured of this boot, in steps of
    `SKEW_STEP_MS`, None for that of this measurement.
    """

    device: str
    boot: str
    mono_ms: int
    skew_ms: int
    seq: int
    origin_ms: int | None = None
    least_step: int | None = None
    most_step: int | None = None

    @property
    def steps(self) -> tuple[int, int]:
        """The least and the greatest skew of the boot, in steps."""
        step = self.skew_ms // SKEW_STEP_MS
        return (
            step if self.least_step is None else self.least_step,
            step if self.most_step is None else self.most_step,
        )

    @property
    def is_disputed(self) -> bool:
        """Whether measurements of one boot differ: a clock was set, the device's or a node's."""
        least, most = self.steps
        return most - least > 1

    def disagrees_with(self, record: Record) -> bool:
        """Return whether a record's two clocks stand apart otherwise than those of its boot do."""
        if self.origin_ms is None or record.mono_ms is None:
            return False
        return abs(to_ms(record.at) - record.mono_ms - self.origin_ms) > MOST_APART_MS


class CorrectedTime(NamedTuple):
    """A corrected time in ms since 1970 UTC, and whether the device's clock is doubtful."""

    at_ms: int
    is_doubtful: bool


def governing_sighting(a: Sighting, b: Sighting) -> Sighting:
    """Return which of two sightings corrects a boot's records: the one nearer to its beginning.

    It takes over how far the measurements of the boot differ.
    """
    first = min(a, b, key=lambda one: (one.mono_ms, one.skew_ms, one.seq, one.origin_ms or 0))
    least, most = zip(a.steps, b.steps, strict=True)
    return replace(first, least_step=min(least), most_step=max(most))


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
            is_doubtful = (
                abs(sighting.skew_ms) > SUSPECT_SKEW_MS
                or sighting.is_disputed
                or sighting.disagrees_with(record)
            )
            return CorrectedTime(at_ms + sighting.skew_ms, is_doubtful)
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

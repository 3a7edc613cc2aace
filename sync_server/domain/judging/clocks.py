"""Correct the times of records by measurements of their devices' clocks.

A *node* is a server. A *boot* is a period in which a device's wall clock and monotonic clock agree.
A *sighting* is a node's measurement of one boot during a sync. Punctuality is judged by corrected
times, never by the time of receipt.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.kinds import Record, Ruling
from sync_server.domain.shared import SHARED

SUSPECT_SKEW_MS = SHARED.suspect_skew_ms
"""The clerk is warned if the device's clock is more than two minutes wrong, and the records are
flagged."""

FAR_FROM_MEETING_MS = SHARED.far_from_meeting_ms
"""A record made more than twelve hours before or after its meeting suggests a wrong clock."""


SKEW_STEP_MS = 5_000
"""Skews are compared in steps of 5 s, so that a difference of a few milliseconds does not change
the database."""


MOST_APART_MS = 2 * SHARED.clock_drift_ms
"""The largest difference in ms between a record's clocks and the clocks of its boot. A kiosk begins
a new boot if its clocks drift apart by more than half of this."""


class Sighting(Struct, frozen=True):
    """A node's measurement of one boot of a device.

    `skew_ms`: the node's clock minus the device's clock. `seq`: the highest record number of the
    device known at that time, or 0. `origin_ms`: the time on the device's clock when its monotonic
    clock began, or None if not known. `least_step` and `most_step`: the least and the greatest skew
    that a node has measured in this boot, in steps of `SKEW_STEP_MS`, or None if only this
    measurement exists.
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
        """The least and the greatest skew measured in the boot, in steps of `SKEW_STEP_MS`."""
        step = self.skew_ms // SKEW_STEP_MS
        return (
            step if self.least_step is None else self.least_step,
            step if self.most_step is None else self.most_step,
        )

    @property
    def is_disputed(self) -> bool:
        """Whether measurements of the boot differ by more than one step.

        Then somebody has set the clock of the device or of a node.
        """
        least, most = self.steps
        return most - least > 1

    def disagrees_with(self, record: Record) -> bool:
        """Return whether a record's two clocks contradict the two clocks of its boot.

        The record's wall clock minus its monotonic clock then differs from that of the boot by more
        than `MOST_APART_MS`. Return False if one of the values is not known.
        """
        if self.origin_ms is None or record.mono_ms is None:
            return False
        return abs(to_ms(record.at) - record.mono_ms - self.origin_ms) > MOST_APART_MS


class CorrectedTime(NamedTuple):
    """A corrected time in ms since 1970 UTC, and whether the device's clock may be wrong."""

    at_ms: int
    is_doubtful: bool


def merge_sightings(a: Sighting, b: Sighting) -> Sighting:
    """Return the one of two sightings of a boot that corrects the records of the boot.

    The sighting nearer to the beginning of the boot governs. The result combines the least and the
    greatest skew of both sightings.
    """
    first = min(a, b, key=lambda one: (one.mono_ms, one.skew_ms, one.seq, one.origin_ms or 0))
    least, most = zip(a.steps, b.steps, strict=True)
    return replace(first, least_step=min(least), most_step=max(most))


def devices_of(records: Iterable[Record]) -> set[str]:
    """Return the codes of all devices that made these records.

    Records inside rulings are included.
    """
    devices = set()
    for record in records:
        devices.add(record.device)
        if isinstance(record, Ruling) and record.body.record:
            devices.add(record.body.record.device)
    return devices


class Clocks:
    """Corrects the times of records from all devices by sightings, which may come in any order."""

    def __init__(self, sightings: Iterable[Sighting]) -> None:
        self._of_boot: dict[tuple[str, str], Sighting] = {}
        for sighting in sightings:
            key = (sighting.device, sighting.boot)
            previous = self._of_boot.get(key)
            self._of_boot[key] = merge_sightings(previous, sighting) if previous else sighting
        self._of_device: dict[str, list[Sighting]] = {}
        for sighting in self._of_boot.values():
            self._of_device.setdefault(sighting.device, []).append(sighting)

    def corrected_time_of(self, record: Record) -> CorrectedTime:
        """Return a record's time, corrected by the skew of the device's clock.

        The sighting of the record's boot gives the skew, or else the device's sighting nearest by
        record number. Without a sighting the time is not corrected. The result is marked as
        doubtful unless the boot has a sighting that is consistent and shows a small skew. Office
        records (`seq` None) need no correction, because they use the node's clock.
        """
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

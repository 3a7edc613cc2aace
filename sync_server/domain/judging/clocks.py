"""Correct the times of records, using measurements of the devices' clocks.

A *node* is a server that receives records. A *boot* is a period in which a device's wall
clock and its monotonic clock run in step. It ends when the kiosk is reloaded or its wall
clock is changed. A *sighting* is a node's measurement of a device's clock during one boot.
Whether a person was late depends on the corrected time, never on the time when the record
reached the server.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.kinds import Record, Ruling
from sync_server.domain.shared import SHARED

SUSPECT_SKEW_MS = SHARED.suspect_skew_ms
"""The largest accepted difference in ms between a device's clock and the server's: 2 minutes.

If the difference is larger, the clerk is warned and the device's records are flagged with
`clock_suspect`.
"""

FAR_FROM_MEETING_MS = SHARED.far_from_meeting_ms
"""The longest plausible time in ms between a meeting and a record of its attendance: 12 hours.

Records of the meeting day, such as check-ins, are flagged with `clock_suspect` if they are made
more than 12 hours before the start or after the end of the meeting.
"""


SKEW_STEP_MS = 5_000
"""The step in ms to which differences between clocks are rounded before they are compared.

Two measurements of one clock usually differ by a few milliseconds. Without rounding, every
measurement would change the stored one.
"""


MOST_APART_MS = 2 * SHARED.clock_drift_ms
"""The largest accepted discrepancy in ms between a record's clocks and a measurement of them.

A device's wall clock and monotonic clock should run in step. If they drift apart by more
than half of this value, a check-in device marks its later records as made in a new period.
A discrepancy above the whole value within one period therefore means that a clock was
changed, and the record's time is doubtful.
"""


class Sighting(Struct, frozen=True):
    """A server's measurement of a device's clock in one boot.

    A boot is a period in which the device's wall clock and monotonic clock run in step.
    `mono_ms`: the monotonic clock when measured. `skew_ms`: the server's clock minus the
    device's wall clock. `seq`: the device's highest record number that the server then knew, or
    0. `origin_ms`: the wall clock when the monotonic clock began, or None if not known.
    `least_step`, `most_step`: the least and the greatest `skew_ms` of the boot, rounded down to
    steps of 5 s, or None after only one measurement.
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
        """The least and the greatest measured error of the device's clock, in whole steps of 5 s.

        The measurements come from one boot, a period in which the device's wall clock and monotonic
        clock run in step. Rounding to steps hides the few milliseconds by which two measurements
        usually differ.
        """
        step = self.skew_ms // SKEW_STEP_MS
        return (
            step if self.least_step is None else self.least_step,
            step if self.most_step is None else self.most_step,
        )

    @property
    def is_disputed(self) -> bool:
        """Whether a server's measurements of a device's clock contradict one another.

        They are compared within a boot, a period in which the device's two clocks run in step: the
        wall clock, which shows the time of day and can be set, and the monotonic clock, which only
        counts on and cannot. The wall clock's error is rounded down to steps of 5 s, so that small
        differences do not matter. If two rounded errors differ by more than one step, somebody has
        changed the clock of the device or of a server.
        """
        least, most = self.steps
        return most - least > 1

    def disagrees_with(self, record: Record) -> bool:
        """Return whether a record's clock readings contradict this measurement.

        The record must come from the measured boot, a period in which the device's wall clock and
        monotonic clock run in step. The record's wall clock minus its monotonic clock should equal
        `origin_ms`. Return True if the two values differ by more than `MOST_APART_MS`, and False if
        the record's monotonic clock or `origin_ms` is not known.
        """
        if self.origin_ms is None or record.mono_ms is None:
            return False
        return abs(to_ms(record.at) - record.mono_ms - self.origin_ms) > MOST_APART_MS


class CorrectedTime(NamedTuple):
    """The corrected time of a record in ms since 1970 UTC.

    `is_doubtful`: the clock of the device may be wrong, so the time may be wrong, too.
    """

    at_ms: int
    is_doubtful: bool


def merge_sightings(a: Sighting, b: Sighting) -> Sighting:
    """Merge two measurements of a device's clock; their order does not matter.

    Both must come from one boot, a period in which the device's wall clock and monotonic clock run
    in step. The result is the earlier measurement, with the least and the greatest clock error of
    both.
    """
    first = min(a, b, key=lambda one: (one.mono_ms, one.skew_ms, one.seq, one.origin_ms or 0))
    least, most = zip(a.steps, b.steps, strict=True)
    return replace(first, least_step=min(least), most_step=max(most))


def devices_of(records: Iterable[Record]) -> set[str]:
    """Return the codes of all devices that made the records in `records`.

    If a record is a decision of headquarters that contains another record, the device of that other
    record is included, too.
    """
    devices = set()
    for record in records:
        devices.add(record.device)
        if isinstance(record, Ruling) and record.body.record:
            devices.add(record.body.record.device)
    return devices


class Clocks:
    """The measurements of all devices' clocks, by which the times of records are corrected.

    The measurements may be given in any order. Those from one boot of a device, a period in which
    its wall clock and monotonic clock run in step, are merged into one.
    """

    def __init__(self, sightings: Iterable[Sighting]) -> None:
        self._of_boot: dict[tuple[str, str], Sighting] = {}
        for sighting in sightings:
            key = (sighting.device, sighting.boot)
            previous = self._of_boot.get(key)
            self._of_boot[key] = merge_sightings(previous, sighting) if previous else sighting
        self._of_device: dict[str, list[Sighting]] = {}
        for sighting in self._of_boot.values():
            self._of_device.setdefault(sighting.device, []).append(sighting)

    def differs_from(self, other: "Clocks", devices: Collection[str]) -> bool:
        """Return whether the measurements of these devices' clocks differ from those in `other`.

        `devices` are device codes.
        """
        return any(self._boots_of(device) != other._boots_of(device) for device in devices)

    def _boots_of(self, device: str) -> dict[str, Sighting]:
        return {sighting.boot: sighting for sighting in self._of_device.get(device, ())}

    def corrected_time_of(self, record: Record) -> CorrectedTime:
        """Return a record's time, corrected by the measured error of the device's clock.

        If the clock was not measured in the record's boot (a period without a restart or a change
        of the clock), the measurement with the nearest record number is used, if there is one, and
        the time is doubtful. It is also doubtful if the error exceeds 2 minutes or the clock
        readings are contradictory. Office records (`seq` None) use the server's clock and are not
        corrected.
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

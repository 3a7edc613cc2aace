"""Correct the times of records by measurements of their devices' clocks.

A *node* is a server that receives records. A *boot* is a period in which a device's wall clock and
its monotonic clock agree. A *sighting* is a node's measurement of a device's clock during one boot.
Whether a person was late is judged by the corrected time, never by the time when the record reached
the server.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from sync_server.domain.records.codes import to_ms
from sync_server.domain.records.kinds import Record, Ruling
from sync_server.domain.shared import SHARED

SUSPECT_SKEW_MS = SHARED.suspect_skew_ms
"""The largest skew in ms between a device and the server that is not suspect: 2 minutes.

Beyond it, the clerk is warned and the device's records are flagged with `clock_suspect`.
"""

FAR_FROM_MEETING_MS = SHARED.far_from_meeting_ms
"""The distance in ms from its meeting at which a record's time is suspect: 12 hours.

Records of the meeting day that are made earlier or later are flagged with `clock_suspect`.
"""


SKEW_STEP_MS = 5_000
"""The step in ms by which clock differences (skews) are compared.

Without it, the usual difference of a few milliseconds between two measurements would change the
stored measurement every time.
"""


MOST_APART_MS = 2 * SHARED.clock_drift_ms
"""The largest permitted difference in ms between a record's clocks and the clocks of its boot.

A kiosk begins a new boot if its clocks drift apart by more than half of this. A larger difference
therefore means that a clock was changed, and the record's time is doubtful.
"""


class Sighting(Struct, frozen=True):
    """A server's measurement of a device's clock in one boot.

    A boot is a period in which the device's wall clock and monotonic clock agree. `mono_ms`: the
    monotonic clock when measured. `skew_ms`: the server's clock minus the device's. `seq`: the
    device's highest record number known then, or 0. `origin_ms`: the device's wall clock when its
    monotonic clock began, or None if not known. `least_step` and `most_step`: the least and the
    greatest skew of the boot in steps of 5 s, or None if this is the only measurement.
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
        """The least and the greatest skew measured in the boot, in steps of 5 s.

        A boot is a period in which the clocks of a device were not changed.
        """
        step = self.skew_ms // SKEW_STEP_MS
        return (
            step if self.least_step is None else self.least_step,
            step if self.most_step is None else self.most_step,
        )

    @property
    def is_disputed(self) -> bool:
        """Whether two measurements of the device's clock disagree, although it was not restarted.

        They disagree if the clock's errors, in steps of 5 s, differ by more than one step. Somebody
        has then changed the clock of the device or of a server.
        """
        least, most = self.steps
        return most - least > 1

    def disagrees_with(self, record: Record) -> bool:
        """Return whether a record's clocks contradict the clocks in this measurement.

        The record must come from the measured boot. Its wall clock minus its monotonic clock should
        equal `origin_ms`. Return True if the two differ by more than `MOST_APART_MS`, and False if
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
    """Merge two clock measurements of the same boot of a device, in either order.

    The result is the measurement nearer to the beginning of the boot. Its steps are the least and
    the greatest skew of both measurements.
    """
    first = min(a, b, key=lambda one: (one.mono_ms, one.skew_ms, one.seq, one.origin_ms or 0))
    least, most = zip(a.steps, b.steps, strict=True)
    return replace(first, least_step=min(least), most_step=max(most))


def devices_of(records: Iterable[Record]) -> set[str]:
    """Return the codes of all devices that made these records.

    A ruling by headquarters may contain a record, and the device of that record is included.
    """
    devices = set()
    for record in records:
        devices.add(record.device)
        if isinstance(record, Ruling) and record.body.record:
            devices.add(record.body.record.device)
    return devices


class Clocks:
    """A corrector of the times of records, built from clock measurements of all devices.

    The measurements may come in any order. Several measurements of one boot are merged.
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

    def corrected_time_of(self, record: Record) -> CorrectedTime:
        """Return a record's time, corrected by the measured skew of the device's clock.

        The skew comes from the measurement of the record's boot, or else from the device's
        measurement nearest by record number. Without a measurement the time is not corrected. The
        time is doubtful unless the boot itself was measured, consistently and with a skew of at
        most 2 minutes. Office records (`seq` None) are returned unchanged: they use the server's
        clock.
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

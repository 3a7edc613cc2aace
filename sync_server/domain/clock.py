"""When a record really happened: device time corrected by what nodes saw of the device's clock.

A *boot* is a span in which a device's wall and monotonic clocks agree; a *sighting* is what a
node measured of one boot when the device synced. Punctuality is never judged by receipt.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from sync_server.domain.codes import to_ms
from sync_server.domain.records import Record

SUSPECT_SKEW_MS = 120_000
"""A clock more than two minutes off is told to the clerk and flagged."""

FAR_FROM_MEETING_MS = 12 * 3600 * 1000
"""A record over twelve hours outside its meeting was hardly made at it."""


class Sighting(Struct, frozen=True):
    """What a node saw of one boot of a device.

    `skew_ms` is the node's clock minus the device's; `seq` is the device's highest record known
    at that moment, 0 before its first.
    """

    device: str
    boot: str
    mono_ms: int
    skew_ms: int
    seq: int


class Moment(NamedTuple):
    """A corrected time in ms since 1970 UTC, and whether the device's clock is doubtful."""

    at_ms: int
    is_doubtful: bool


def governing(a: Sighting, b: Sighting) -> Sighting:
    """Return the sighting that counts of two of one boot: the one nearest to the boot's begin."""
    return min(a, b, key=lambda s: (s.mono_ms, s.skew_ms, s.seq))


class Clocks:
    """Corrects the times of any device's records by the sightings it was given, in any order."""

    def __init__(self, sightings: Iterable[Sighting]) -> None:
        self._of_boot: dict[tuple[str, str], Sighting] = {}
        for sighting in sightings:
            key = (sighting.device, sighting.boot)
            seen = self._of_boot.get(key)
            self._of_boot[key] = governing(seen, sighting) if seen else sighting
        self._of_device: dict[str, list[Sighting]] = {}
        for sighting in self._of_boot.values():
            self._of_device.setdefault(sighting.device, []).append(sighting)

    def moment_of(self, record: Record) -> Moment:
        """Return when the record was made; the office (no `seq`) runs on the node's own clock."""
        at_ms = to_ms(record.at)
        if record.seq is None:
            return Moment(at_ms, False)
        sighting = self._of_boot.get((record.device, record.boot))
        if sighting:
            return Moment(at_ms + sighting.skew_ms, abs(sighting.skew_ms) > SUSPECT_SKEW_MS)
        others = self._of_device.get(record.device)
        if not others:
            return Moment(at_ms, True)
        seq = record.seq
        nearest = min(others, key=lambda s: (abs(s.seq - seq), s.seq, s.boot))
        return Moment(at_ms + nearest.skew_ms, True)

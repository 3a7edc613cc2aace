"""What the charts of a meeting show, as numbers and as lengths; the templates draw them as SVG.

Drawn with our own tokens, which a charting library's inline styles would not let a strict content
security policy do.
"""

from msgspec import Struct
from sqlalchemy import Connection

from sync_server.domain.codes import MINUTE_MS, to_ms
from sync_server.domain.counts import Counts
from sync_server.storage import standings, streams
from sync_server.storage.directory import MeetingLine
from sync_server.storage.standings import Board

STEP_MS = 5 * MINUTE_MS
BEFORE_MS = 60 * MINUTE_MS
AFTER_MS = 60 * MINUTE_MS
"""Who came earlier or later is counted in the first or the last column."""
WIDTH, HEIGHT = 640, 160


class Column(Struct, frozen=True):
    """How many came within five minutes; `x`, `y`, `width` and `height` are in the drawing."""

    from_ms: int
    count: int
    is_late: bool
    x: float
    y: float
    width: float
    height: float


class Arrivals(Struct, frozen=True):
    """The arrivals of a meeting, those of all halls together."""

    columns: tuple[Column, ...]
    total: int
    start_x: float
    peak: Column | None


class Stretch(Struct, frozen=True):
    """A part of a bar."""

    state: str
    count: int
    x: float
    width: float


class TypeBar(Struct, frozen=True):
    """How the people of a type of unit stand."""

    unit_type: str
    counts: Counts
    stretches: tuple[Stretch, ...]


STATES = (
    ("present", "present"),
    ("excused", "absent_excused"),
    ("unexcused", "absent_unexcused"),
    ("unrecorded", "not_recorded"),
)
"""As the look names them, and as counts do."""


def arrivals_of(connection: Connection, meeting: str, line: MeetingLine) -> Arrivals:
    """Count first arrivals by five minutes, from an hour before the start to an hour after."""
    starts_ms = to_ms(line.starts_at)
    first_ms = starts_ms - BEFORE_MS
    steps = (BEFORE_MS + AFTER_MS) // STEP_MS
    counts = [0] * steps
    late_from_ms = starts_ms
    found = standings.read_all(connection, streams.of_meeting(connection, meeting))
    for standing in found.values():
        if standing.terms.late_after_ms is not None:
            late_from_ms = standing.terms.late_after_ms
        for person in standing.people:
            if person.stays:
                step = (person.stays[0][0] - first_ms) // STEP_MS
                counts[min(max(step, 0), steps - 1)] += 1
    highest = max(counts)
    width = WIDTH / steps
    columns = tuple(
        Column(
            from_ms=first_ms + place * STEP_MS,
            count=count,
            is_late=first_ms + place * STEP_MS >= late_from_ms,
            x=round(place * width, 1),
            y=round(HEIGHT - HEIGHT * count / highest, 1) if highest else HEIGHT,
            width=round(width - 2, 1),
            height=round(HEIGHT * count / highest, 1) if highest else 0,
        )
        for place, count in enumerate(counts)
    )
    peak = max(columns, key=lambda each: each.count) if highest else None
    return Arrivals(columns, sum(counts), round(BEFORE_MS / STEP_MS * width, 1), peak)


def types_of(board: Board) -> tuple[TypeBar, ...]:
    """Return a bar for each type of unit, as long as it has people summoned; zero-based."""
    largest = max((each.summoned for each in board.by_unit_type.values()), default=0) or 1
    bars = []
    for unit_type, counts in board.by_unit_type.items():
        x = 0.0
        stretches = []
        for state, field in STATES:
            count: int = getattr(counts, field)
            width = WIDTH * count / largest
            stretches.append(Stretch(state, count, round(x, 1), round(width, 1)))
            x += width
        bars.append(TypeBar(unit_type, counts, tuple(stretches)))
    return tuple(bars)

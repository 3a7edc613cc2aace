"""The figures and bar lengths of a meeting's charts, which templates draw as SVG.

No charting library is used: its inline styles would break the content security policy.
"""

from msgspec import Struct

from sync_server.domain.judging.counts import Counts
from sync_server.domain.records.codes import MINUTE_MS, to_ms
from sync_server.storage.directory import MeetingSummary
from sync_server.storage.ledger.standings import Board

STEP_MS = 5 * MINUTE_MS
BEFORE_MS = 60 * MINUTE_MS
AFTER_MS = 60 * MINUTE_MS
"""Earlier or later arrivals count in the first or the last column."""
WIDTH, HEIGHT = 640, 160


class Column(Struct, frozen=True):
    """The number of arrivals in five minutes, and its bar in the drawing.

    `x`, `y`, `width` and `height` are in units of the drawing.
    """

    from_ms: int
    count: int
    is_late: bool
    x: float
    y: float
    width: float
    height: float


class Arrivals(Struct, frozen=True):
    """The arrivals at all halls of a meeting, with the busiest column as `peak`."""

    columns: tuple[Column, ...]
    total: int
    start_x: float
    peak: Column | None


class BarSegment(Struct, frozen=True):
    """A segment of a bar: the people in one state."""

    state: str
    count: int
    x: float
    width: float


class TypeBar(Struct, frozen=True):
    """The standing of all people of one type of unit, as a bar."""

    unit_type: str
    counts: Counts
    segments: tuple[BarSegment, ...]


STATES = (
    ("present", "present"),
    ("excused", "absent_excused"),
    ("unexcused", "absent_unexcused"),
    ("unrecorded", "not_recorded"),
)
"""States as the style sheet and as `Counts` name them, in the order of a bar's segments."""


def arrivals_of(board: Board, summary: MeetingSummary) -> Arrivals:
    """Count first arrivals in five-minute steps, from an hour before the start to an hour after."""
    starts_ms = to_ms(summary.starts_at)
    first_ms = starts_ms - BEFORE_MS
    steps = (BEFORE_MS + AFTER_MS) // STEP_MS
    counts = [0] * steps
    late_from_ms = starts_ms
    for row in board.points:
        late_from_ms = row.late_after_ms or late_from_ms
        for arrival_ms in row.arrivals_ms:
            step = (arrival_ms - first_ms) // STEP_MS
            counts[min(max(step, 0), steps - 1)] += 1
    highest = max(counts)
    width = WIDTH / steps
    columns = tuple(
        Column(
            from_ms=first_ms + index * STEP_MS,
            count=count,
            is_late=first_ms + index * STEP_MS >= late_from_ms,
            x=round(index * width, 1),
            y=round(HEIGHT - HEIGHT * count / highest, 1) if highest else HEIGHT,
            width=round(width - 2, 1),
            height=round(HEIGHT * count / highest, 1) if highest else 0,
        )
        for index, count in enumerate(counts)
    )
    peak = max(columns, key=lambda column: column.count) if highest else None
    return Arrivals(columns, sum(counts), round(BEFORE_MS / STEP_MS * width, 1), peak)


def types_of(board: Board) -> tuple[TypeBar, ...]:
    """Return a bar for every type of unit, as long as its number of summoned people."""
    largest = (
        max((type_counts.summoned for type_counts in board.by_unit_type.values()), default=0) or 1
    )
    bars = []
    for unit_type, counts in board.by_unit_type.items():
        x = 0.0
        segments = []
        for state, field in STATES:
            count: int = getattr(counts, field)
            width = WIDTH * count / largest
            segments.append(BarSegment(state, count, round(x, 1), round(width, 1)))
            x += width
        bars.append(TypeBar(unit_type, counts, tuple(segments)))
    return tuple(bars)

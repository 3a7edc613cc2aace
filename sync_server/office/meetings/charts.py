"""Compute the numbers and bar lengths of a meeting's charts, which templates draw as SVG.

No charting library is used: such libraries write styles into the page, and browsers ignore these
styles because of the page's content security policy.
"""

from msgspec import Struct

from sync_server.domain.judging.counts import Counts
from sync_server.domain.records.codes import MINUTE_MS, to_ms
from sync_server.storage.directory import MeetingSummary
from sync_server.storage.ledger.standings import Board

STEP_MS = 5 * MINUTE_MS
BEFORE_MS = 60 * MINUTE_MS
AFTER_MS = 60 * MINUTE_MS
"""The time in ms, one hour, that the arrivals chart covers after the meeting's start. `BEFORE_MS`
is the time covered before the start. The first column also counts earlier arrivals, and the last
column later ones."""
WIDTH, HEIGHT = 640, 160
LABEL_STEPS = 6
"""The number of columns from one time label of the arrivals chart to the next. A column covers five
minutes, so every half hour is labelled."""


class Column(Struct, frozen=True):
    """A column of the arrivals chart, which shows how many people arrived within five minutes.

    `from_ms` is the start of the five minutes, in ms since 1970 UTC. `is_late` is True if arrivals
    in this column are late. `x`, `y`, `width` and `height` are in units of the SVG drawing.
    """

    from_ms: int
    count: int
    is_late: bool
    x: float
    y: float
    width: float
    height: float


class Arrivals(Struct, frozen=True):
    """The arrivals chart of a meeting, which counts the first arrival of every person in all halls.

    `labelled` are the columns with a time below them. `start_x` is the position of the meeting's
    start in units of the SVG drawing. `peak` is the column with the most arrivals, or None if
    nobody has arrived.
    """

    columns: tuple[Column, ...]
    labelled: tuple[Column, ...]
    total: int
    start_x: float
    peak: Column | None


class BarSegment(Struct, frozen=True):
    """A segment of a bar, which shows how many people are in one state, such as present.

    `x` and `width` are in units of the SVG drawing.
    """

    state: str
    count: int
    x: float
    width: float


class TypeBar(Struct, frozen=True):
    """A bar that shows how many people of one type of unit are present, excused, absent, and so on.

    `counts` contains these numbers, and `segments` the parts of the bar that represent them.
    """

    unit_type: str
    counts: Counts
    segments: tuple[BarSegment, ...]


STATES = (
    ("present", "present"),
    ("excused", "absent_excused"),
    ("unexcused", "absent_unexcused"),
    ("unrecorded", "not_recorded"),
)
"""The states of people that a bar shows, in the order of the bar's segments. Every pair contains
the state's name in the style sheet and the name of the state's field in `Counts`."""


def arrivals_of(board: Board, summary: MeetingSummary) -> Arrivals:
    """Return the chart of people's first arrivals in all halls, in steps of five minutes.

    The chart covers one hour before the meeting's start and one hour after it. The first column
    also counts earlier arrivals, and the last column later ones.
    """
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
    return Arrivals(
        columns, columns[::LABEL_STEPS], sum(counts), round(BEFORE_MS / STEP_MS * width, 1), peak
    )


def types_of(board: Board) -> tuple[TypeBar, ...]:
    """Return one bar for every type of unit (organisation), in the order of `board.by_unit_type`.

    `board` is headquarters' overview of a meeting. The length of a bar is proportional to the
    number of people summoned.
    """
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

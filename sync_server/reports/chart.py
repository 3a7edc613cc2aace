"""Draw a bar chart of attendance rates as an SVG image, for printed reports."""

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from sync_server.messages import percent
from sync_server.reports.parts import Bar

_LABEL, _SCALE, _FIGURE, _LINE = 250, 380, 70, 26
"""The chart's dimensions in pixels: the widths of the label, of the full bar and of the percentage,
and the height of the line in which a bar stands."""
_LONGEST_LABEL = 38


def bar_chart(bars: Sequence[Bar]) -> str:
    """Return a chart as a `data:` URL of an SVG image (see `bar_svg`)."""
    return f"data:image/svg+xml,{quote(bar_svg(bars))}"


def bar_svg(bars: Sequence[Bar]) -> str:
    """Return a chart as an SVG image, with one horizontal bar per line.

    A bar shows `part` as a share of `whole`, with its label before it and its percentage after it.
    Labels of more than 38 characters are shortened.
    """
    width, height = _LABEL + _SCALE + _FIGURE, _LINE * len(bars)
    lines = [_line(bar, place * _LINE) for place, bar in enumerate(bars)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="Times New Roman, Tinos, Liberation Serif, '
        f'serif" font-size="14">{"".join(lines)}</svg>'
    )


def _line(bar: Bar, top: int) -> str:
    is_long = len(bar.label) > _LONGEST_LABEL
    label = f"{bar.label[: _LONGEST_LABEL - 1]}…" if is_long else bar.label
    filled = _SCALE * bar.part / bar.whole if bar.whole else 0
    return (
        f'<text x="{_LABEL - 8}" y="{top + 17}" text-anchor="end">{escape(label)}</text>'
        f'<rect x="{_LABEL}" y="{top + 4}" width="{_SCALE}" height="16" fill="#e4e4e4"/>'
        f'<rect x="{_LABEL}" y="{top + 4}" width="{filled:.1f}" height="16" fill="#555"/>'
        f'<text x="{_LABEL + _SCALE + 8}" y="{top + 17}">{percent(bar.part, bar.whole)}</text>'
    )

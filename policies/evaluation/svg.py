"""Small plots as SVG, written by hand: no plotting library is needed to draw a line, and the same figures give the same bytes.

Each plot has a title and a description for readers who do not see it, and takes its colours from the page around it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 360, 300
LEFT, TOP, RIGHT, BOTTOM = 48, 14, 12, 42
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
INK, GRID, LINE, SECOND, MARK, GOAL = "#222", "#ddd", "#1f5fa8", "#b3541e", "#8c1c13", "#2e7d32"

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Line:
    """A line through `points` (both coordinates in [0, 1] of the axes' ranges), named in the legend."""

    name: str
    points: Points
    colour: str = LINE
    dashed: bool = False
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn. `x_end` is where the x axis ends (it starts at 0); y runs from 0 to 1.

    `marks` are single points with a name; `goal` is a box (x from, x to, y from, y to) in which one wants to be.
    """

    title: str
    description: str
    x_name: str
    y_name: str
    lines: Sequence[Line]
    x_end: float = 1.0
    marks: Sequence[tuple[str, float, float]] = ()
    goal: tuple[float, float, float, float] | None = None
    key: str = field(default="plot")


def draw(plot: Plot) -> str:
    """The plot as one `<svg>` element; `plot.key` must be unique in a page."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' role="img" aria-labelledby="{plot.key}-title {plot.key}-about" font-family="sans-serif" font-size="11">',
        f'<title id="{plot.key}-title">{escape(plot.title)}</title>',
        f'<desc id="{plot.key}-about">{escape(plot.description)}</desc>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        *_goal(plot),
        *_axes(plot),
        *(_line(plot, line) for line in plot.lines),
        *(_mark(plot, *mark) for mark in plot.marks),
        *_legend(plot),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _x(plot: Plot, value: float) -> str:
    return _number(LEFT + (WIDTH - LEFT - RIGHT) * min(value, plot.x_end) / plot.x_end)


def _y(value: float) -> str:
    return _number(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _goal(plot: Plot) -> Iterable[str]:
    if plot.goal is None:
        return
    x_from, x_to, y_from, y_to = plot.goal
    left, right, top, bottom = _x(plot, x_from), _x(plot, x_to), _y(y_to), _y(y_from)
    width, height = (_number(max(2.0, float(b) - float(a))) for a, b in ((left, right), (top, bottom)))
    yield (
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{GOAL}" fill-opacity="0.18"'
        f' stroke="{GOAL}" stroke-dasharray="3 2"/>'
    )


def _axes(plot: Plot) -> Iterable[str]:
    bottom, right = _y(0), _x(plot, plot.x_end)
    for tick in TICKS:
        y, x = _y(tick), _x(plot, tick * plot.x_end)
        yield f'<path d="M{LEFT} {y}H{right}M{x} {TOP}V{bottom}" stroke="{GRID}" fill="none"/>'
        yield f'<text x="{LEFT - 5}" y="{y}" dy="4" text-anchor="end" fill="{INK}">{tick:g}</text>'
        label = f"{tick * plot.x_end:.3g}"
        yield f'<text x="{x}" y="{bottom}" dy="14" text-anchor="middle" fill="{INK}">{label}</text>'
    middle = _number((LEFT + WIDTH - RIGHT) / 2)
    yield f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle" fill="{INK}">{escape(plot.x_name)}</text>'
    yield (
        f'<text transform="translate(13 {_number((HEIGHT - BOTTOM + TOP) / 2)}) rotate(-90)" text-anchor="middle"'
        f' fill="{INK}">{escape(plot.y_name)}</text>'
    )


def _line(plot: Plot, line: Line) -> str:
    places = " ".join(f"{_x(plot, x)},{_y(y)}" for x, y in line.points)
    dash = ' stroke-dasharray="4 3"' if line.dashed else ""
    drawn = f'<polyline points="{places}" fill="none" stroke="{line.colour}" stroke-width="1.6"{dash}/>'
    dots = (f'<circle cx="{_x(plot, x)}" cy="{_y(y)}" r="3" fill="{line.colour}"/>' for x, y in line.points)
    return "\n".join((drawn, *dots)) if line.dots else drawn


def _mark(plot: Plot, name: str, x: float, y: float) -> str:
    shown = f'<circle cx="{_x(plot, x)}" cy="{_y(y)}" r="4.5" fill="{MARK}" stroke="#fff"/>'
    return f"<g><title>{escape(name)}</title>{shown}</g>"


def _legend(plot: Plot) -> Iterable[str]:
    entries = [(line.name, line.colour) for line in plot.lines if line.name]
    entries += [(name, MARK) for name, _, _ in plot.marks]
    entries += [("the bar", GOAL)] if plot.goal else []
    for number, (name, colour) in enumerate(entries):
        y = HEIGHT - BOTTOM - 10 - 14 * (len(entries) - 1 - number)
        yield f'<rect x="{WIDTH - 150}" y="{y - 8}" width="9" height="9" fill="{colour}"/>'
        yield f'<text x="{WIDTH - 137}" y="{y}" fill="{INK}">{escape(name)}</text>'

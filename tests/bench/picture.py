"""Figures as an SVG: a row of panels for each homeserver, a line for each phase. It brings its own
colours, light and dark, and needs no font and no script."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from .figure import COLD, IN_SYNC, MEMORY_GOAL, PHASES, RESTARTED, STUB, Figure

# All in pixels. A panel's plot has its labels around it.
PLOT_WIDTH, PLOT_HEIGHT = 210, 150
LEFT, RIGHT, ABOVE, BELOW = 52, 48, 34, 46
TOP = 34  # for the legend
LINE = 13  # of text

TICKS = 5  # at most

STYLE = """
svg { --card: #ffffff; --line: #dfe2e7; --text: #1b1f24; --soft: #5a6370; --bad: #b3261e;
      --cold: #2f7fd6; --restarted: #a86a00; --in-sync: #14733f; }
@media (prefers-color-scheme: dark) {
  svg { --card: #1d2126; --line: #3b424b; --text: #e8eaed; --soft: #a3abb6; --bad: #ff8a80;
        --cold: #5aa2ee; --restarted: #f0b757; --in-sync: #6fd39b; }
}
text { font: 11px system-ui, sans-serif; fill: var(--soft); }
.title { font-size: 12px; font-weight: 600; fill: var(--text); }
.card { fill: var(--card); stroke: var(--line); }
.grid { stroke: var(--line); }
.goal { stroke: var(--bad); stroke-dasharray: 5 4; } text.goal { stroke: none; fill: var(--bad); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.cold { stroke: var(--cold); } .restarted { stroke: var(--restarted); } .in-sync { stroke: var(--in-sync); }
text.cold, circle.cold { stroke: none; fill: var(--cold); }
text.restarted, circle.restarted { stroke: none; fill: var(--restarted); }
text.in-sync, circle.in-sync { stroke: none; fill: var(--in-sync); }
"""

# For people, in this order.
PLACES = {STUB: "Beside a stub homeserver", "sqlite": "Synapse on SQLite", "postgres": "Synapse on PostgreSQL",
          "workers": "Synapse with workers"}

CLASSES = {COLD: "cold", RESTARTED: "restarted", IN_SYNC: "in-sync"}


@dataclass(frozen=True)
class Measure:
    """What a column of panels shows."""

    title: str
    value: Callable[[Figure], float]
    goal: float | None = None


MEASURES = (Measure("requests per message", lambda one: one.requests_each),
            Measure("seconds for all messages", lambda one: one.seconds),
            Measure("most resident memory, MB", lambda one: one.megabytes, MEMORY_GOAL))


def draw(figures: Sequence[Figure]) -> str:
    homeservers = list(dict.fromkeys(one.homeserver for one in figures))
    width, height = LEFT + PLOT_WIDTH + RIGHT, ABOVE + PLOT_HEIGHT + BELOW
    parts = list(_legend())
    for row, homeserver in enumerate(homeservers):
        for column, measure in enumerate(MEASURES):
            panel = Panel(measure, [one for one in figures if one.homeserver == homeserver])
            parts.append(f'<g transform="translate({column * width + LEFT} {TOP + row * height + ABOVE})">'
                         f'{"".join(panel.draw())}</g>')
    whole = (width * len(MEASURES), TOP + height * len(homeservers))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole[0]} {whole[1]}" width="{whole[0]}" '
            f'height="{whole[1]}" role="img" aria-label="What a school district costs by its size">\n'
            f'<style>{STYLE}</style>\n<rect class="card" x="0.5" y="0.5" width="{whole[0] - 1}" '
            f'height="{whole[1] - 1}" rx="8"/>\n' + "\n".join(parts) + "\n</svg>\n")


def _legend() -> Iterator[str]:
    for i, phase in enumerate(PHASES):
        x = LEFT + i * 130
        yield f'<path class="line {CLASSES[phase]}" d="M{x} 22h22"/>' + _text(x + 28, 26, phase)


class Panel:
    """One measure on one homeserver. The origin of its drawing is the upper left corner of the plot."""

    def __init__(self, measure: Measure, figures: list[Figure]) -> None:
        self._measure = measure
        self._figures = figures
        self._users = ticks(max(one.users for one in figures))
        self._values = ticks(max([*map(measure.value, figures), measure.goal or 0.0]))

    def draw(self) -> Iterator[str]:
        yield _text(0, -18, self._measure.title, "title")
        yield _text(0, -5, PLACES[self._figures[0].homeserver])
        for value in self._values:
            y = self._y(value)
            yield f'<path class="grid" d="M0 {y:.1f}H{PLOT_WIDTH}"/>' + _text(-6, y + 4, f"{value:,g}", anchor="end")
        for users in self._users:
            yield _text(self._x(users), PLOT_HEIGHT + 16, f"{users:,g}", anchor="middle")
        yield _text(PLOT_WIDTH / 2, PLOT_HEIGHT + 31, "users", anchor="middle")
        if self._measure.goal:
            y = self._y(self._measure.goal)
            yield f'<path class="goal" d="M0 {y:.1f}H{PLOT_WIDTH}"/>'
            yield _text(PLOT_WIDTH + 6, y + 4, f"≤ {self._measure.goal:g}", "goal")
        for phase in PHASES:
            yield from self._line(phase)
        yield from self._last_values()

    def _line(self, phase: str) -> Iterator[str]:
        points = [(self._x(one.users), self._y(self._measure.value(one))) for one in self._of(phase)]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        yield f'<path class="line {CLASSES[phase]}" d="M{path}"/>'
        yield from (f'<circle class="{CLASSES[phase]}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>' for x, y in points)

    def _last_values(self) -> Iterator[str]:
        """Beside the ends of the lines, from below, each above the one before; what reads the same, once."""
        last = {short(value): (value, phase) for phase in reversed(PHASES) for value in [self._last(phase)]}
        x, free = self._x(self._figures[-1].users) + 6, PLOT_HEIGHT + 4.0
        for text, (value, phase) in sorted(last.items(), key=lambda item: item[1]):
            y = min(self._y(value) + 4, free)
            free = y - LINE
            yield _text(x, y, text, CLASSES[phase])

    def _last(self, phase: str) -> float:
        return self._measure.value(self._of(phase)[-1])

    def _of(self, phase: str) -> list[Figure]:
        return sorted((one for one in self._figures if one.phase == phase), key=lambda one: one.users)

    def _x(self, users: float) -> float:
        return users / self._users[-1] * PLOT_WIDTH

    def _y(self, value: float) -> float:
        return PLOT_HEIGHT - value / self._values[-1] * PLOT_HEIGHT


def ticks(most: float) -> list[float]:
    """From 0, at round distances, to the first that is not less than `most`."""
    rough = most / TICKS
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough)
    return [i * step for i in range(math.ceil(most / step - 1e-9) + 1)]


def short(value: float) -> str:
    """With three digits or so."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'

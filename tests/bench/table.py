"""The tables, with the goals of issue 4 held against them; also between the marks in README.md."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path
from typing import Any

from .costs import Price
from .counts import Count
from .meter import Cost
from .rounds import NO_REQUESTS, Row

BEGIN = "<!-- bench: made by `tests/bench/run.sh --readme`, do not edit -->\n"
END = "<!-- end of bench -->\n"

HEADINGS = ("workload", "messages", "requests", "per message", "homeserver CPU", "× floor", "wall", "× floor",
            "own CPU", "memory", "goal")

# Where the machine was so busy with other things, times tell little.
DISTURBED = 0.10


def table(rows: list[Row]) -> str:
    return markdown([HEADINGS, *(_cells(row) for row in rows)])


def markdown(lines: list[tuple[str, ...]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    lines = [lines[0], tuple("-" * width for width in widths), *lines[1:]]
    return "".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |\n"
                   for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    quickest = min(row.daemon, key=lambda one: one.wall)
    cpu, floor_cpu = _least(row.daemon, "homeserver_cpu"), _least(_floors(row), "homeserver_cpu")
    floor_wall, concurrency = best_wall(row)
    floor_requests = f"{_least(_floors(row), 'request_count'):.0f}"
    return (row.name, str(row.messages), f"{quickest.request_count} ({floor_requests})",
            f"{quickest.request_count / row.messages:.2f}",
            f"{cpu:.2f} s ({floor_cpu:.2f} s)", _ratio(cpu, floor_cpu),
            f"{quickest.wall:.2f} s ({floor_wall:.2f} s{f' at {concurrency}' if concurrency else ''})",
            _ratio(quickest.wall, floor_wall), f"{_least(row.daemon, 'own_cpu'):.2f} s",
            f"{max(one.resident_most for one in row.daemon) / 1024:.1f} MB", verdict(row))


def best_wall(row: Row) -> tuple[float, int]:
    """The floor's seconds, and the concurrency at which it was quickest. Where nothing is to do it takes no time."""
    return min(((cost.wall, concurrency) for concurrency, costs in row.floor.items() for cost in costs),
               default=(0.0, 0))


def verdict(row: Row) -> str:
    """Whether the goal is reached."""
    if row.goal is None:
        return ""
    if row.goal == NO_REQUESTS:
        return "ok" if all(cost.told == 0 for cost in row.daemon) else "not yet"
    cpu, floor_cpu = _least(row.daemon, "homeserver_cpu"), _least(_floors(row), "homeserver_cpu")
    wall, floor_wall = _least(row.daemon, "wall"), _least(_floors(row), "wall")
    return "ok" if cpu <= row.goal * floor_cpu and wall <= row.goal * floor_wall else "not yet"


def _floors(row: Row) -> list[Cost]:
    return [cost for costs in row.floor.values() for cost in costs]


def _least(costs: list[Cost], name: str) -> float:
    """Of the floor of what is done already, and therefore was not measured: nothing."""
    return min((float(getattr(cost, name)) for cost in costs), default=0.0)


def _ratio(value: float, floor: float) -> str:
    return f"{value / floor:.2f}" if floor else "-"


def price_table(prices: list[Price]) -> str:
    """Of single calls."""
    lines = [(price.what, str(price.concurrency), f"{price.cpu_ms:.1f} ms", f"{price.wall_ms:.1f} ms")
             for price in prices]
    return markdown([("call", "at a time", "homeserver CPU", "wall"), *lines])


def notes(rows: list[Row]) -> str:
    """What one has to know to read the table."""
    worst = max((cost.others for row in rows for cost in [*row.daemon, *_floors(row)]), default=0.0)
    text = ("In parentheses the floor, and how many requests it had in flight when it was quickest. Requests: all "
            "that Synapse counted, whatever for. Homeserver CPU: until Synapse has come to rest again. Times: the best "
            "of all rounds. Memory: the most that was resident. Goal: at most 1.05 times the floor in both; no request "
            "of its own where nothing is to do.\n")
    if worst > DISTURBED:
        text += f"Other programs used up to {worst:.0%} of the machine meanwhile: trust the ratios less.\n"
    return text


def count_lines(counts: list[Count]) -> str:
    return "".join(f"- {count.name}: {count.text} ({'ok' if count.ok else 'not yet'})\n" for count in counts)


# --- elsewhere ------------------------------------------------------------------------------------------------------

def as_json(rows: list[Row], counts: list[Count]) -> str:
    return json.dumps({"date": _today(), "workloads": [_plain(row) for row in rows],
                       "counts": [dataclasses.asdict(count) for count in counts]}, indent=2)


def _plain(row: Row) -> dict[str, Any]:
    return {**dataclasses.asdict(row), "verdict": verdict(row)}


def into_readme(path: Path, text: str, command: str) -> None:
    old = path.read_text()
    if old.count(BEGIN) != 1 or old.count(END) != 1:
        raise SystemExit(f"{path.name}: expected these two lines around the table, once each:\n{BEGIN}{END}")
    before, rest = old.split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{text}\nMeasured on {_today()} with `{command}`.\n\n{END}{after}")


def _today() -> str:
    return datetime.date.today().isoformat()

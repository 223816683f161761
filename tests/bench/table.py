"""The tables, with the goals of issue 4 held against them; also between the marks in tests/bench/README.md."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path
from statistics import median
from typing import Any

from .costs import Price
from .counts import Count
from .meter import Cost
from .rounds import NO_REQUESTS, Row

BEGIN = "<!-- bench: made by `tests/bench/run.sh --readme`, do not edit -->\n"
END = "<!-- end of bench -->\n"

HEADINGS = ("workload", "messages", "requests", "per message", "transactions", "× floor", "homeserver CPU", "× floor",
            "wall", "× floor", "own CPU", "memory", "goal")

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
    best = row.at_its_best()
    count, floor_count = (_typical(costs, "request_count") for costs in (best.daemon, best.floor))
    at = f" at {best.floor[0].concurrency}" if best.floor else ""
    return (row.name, str(row.messages), f"{count:.0f} ({floor_count:.0f})", f"{count / row.messages:.2f}",
            f"{_typical(best.daemon, 'transactions'):.0f} ({_typical(best.floor, 'transactions'):.0f})",
            _ratio(best, "transactions"), _seconds(best, "homeserver_cpu"), _ratio(best, "homeserver_cpu"),
            _seconds(best, "wall", at), _ratio(best, "wall"), f"{_typical(best.daemon, 'own_cpu'):.2f} s",
            f"{max(one.resident_most for one in row.daemon) / 1024:.1f} MB", verdict(row))


def verdict(row: Row) -> str:
    """Whether the goal is reached."""
    if row.goal is None:
        return ""
    if row.goal == NO_REQUESTS:
        return "ok" if all(cost.told == 0 for cost in row.daemon) else "not yet"
    best = row.at_its_best()
    return "ok" if all(median(_ratios(best, name)) <= row.goal for name in ("homeserver_cpu", "wall")) else "not yet"


def _seconds(best: Row, name: str, at: str = "") -> str:
    return f"{_typical(best.daemon, name):.2f} s ({_typical(best.floor, name):.2f} s{at})"


def _typical(costs: list[Cost], name: str) -> float:
    """Of the floor of what is done already, and therefore was not measured: nothing."""
    return median(getattr(cost, name) for cost in costs) if costs else 0.0


def _ratios(best: Row, name: str) -> list[float]:
    """Of what ran one right after the other: a machine that is slower by the minute is so for both."""
    return sorted(getattr(daemon, name) / getattr(floor, name)
                  for daemon, floor in zip(best.daemon, best.floor))


def _ratio(best: Row, name: str) -> str:
    ratios = _ratios(best, name)
    if not ratios:
        return "-"
    return f"{median(ratios):.2f}" + (f" ({ratios[0]:.2f} to {ratios[-1]:.2f})" if len(ratios) > 1 else "")


def price_table(prices: list[Price]) -> str:
    """Of single calls."""
    lines = [(price.what, str(price.concurrency), f"{price.cpu_ms:.1f} ms", f"{price.wall_ms:.1f} ms")
             for price in prices]
    return markdown([("call", "at a time", "homeserver CPU", "wall"), *lines])


def notes(rows: list[Row]) -> str:
    """What one has to know to read the table."""
    worst = max((cost.others for row in rows if row.floor for cost in [*row.daemon, *row.floor]), default=0.0)
    text = ("In parentheses the floor, with as many requests in flight as made it quickest. Requests: all that Synapse "
            "counted, whatever for. Transactions: of its database. Homeserver CPU: until Synapse has come to rest "
            "again. All but the memory, which is the most that was resident: medians of the rounds. × floor: the "
            "median, least and greatest of what each round's two were to each other, which ran one right after the "
            "other. Goal: at most 1.05 times the floor in CPU and wall; no request of its own where nothing is to "
            "do.\n")
    if worst > DISTURBED:
        text += (f"Other programs, the broker among them, used up to {worst:.0%} of the machine meanwhile: trust the "
                 "ratios less.\n")
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
    put_between(path, (BEGIN, END), f"{text}\nMeasured on {_today()} with `{command}`.\n")


def put_between(path: Path, marks: tuple[str, str], text: str) -> None:
    """In place of what is between the two lines in the file."""
    old, (begin, end) = path.read_text(), marks
    if old.count(begin) != 1 or old.count(end) != 1:
        raise SystemExit(f"{path.name}: expected these two lines around the table, once each:\n{begin}{end}")
    before, rest = old.split(begin)
    path.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}")


def _today() -> str:
    return datetime.date.today().isoformat()

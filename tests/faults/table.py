"""The table: one row for each fault, as Markdown, so that README.md beside it can show what is printed."""

from __future__ import annotations

import datetime
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.install import find_or_make
from lab.rabbitmq import RabbitMQ

from .result import Result, median

HEADINGS = ("fault", "rounds", "messages", "lost", "duplicated writes", "out of order", "goes on after",
            "at the latest", "longest turn")
BEGIN = "<!-- faults: made by `FAULTS_ARGS=--readme tests/run.sh --faults`, do not edit -->\n"
END = "<!-- end of faults -->\n"


@dataclass(frozen=True)
class Circumstances:
    """Under which the table came to be."""

    command: str
    minutes: float
    servers: str

    def __str__(self) -> str:
        return (f"{datetime.date.today()}, `{self.command}`: {self.minutes:.0f} minutes on {os.cpu_count()} cores, "
                f"{self.servers}")


def servers() -> str:
    """The versions of what the daemon is tried with."""
    broker = RabbitMQ()
    try:
        rabbitmq = broker.ctl("version").split()[-1]
    finally:
        broker.destroy()
    synapse = subprocess.run([*find_or_make().python, "-c", "import synapse; print(synapse.__version__)"], check=True,
                             text=True, capture_output=True).stdout.strip()
    return f"RabbitMQ {rabbitmq}, Synapse {synapse}"


def table(results: list[Result], circumstances: Circumstances) -> str:
    rows = [HEADINGS, *(_row(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    rows.insert(1, tuple("-" * width for width in widths))
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    failed = sum(1 for result in results if result.problems)
    verdict = f"**{failed} row{'s'[failed == 1:]} failed.**" if failed else "All as it should be."
    return "\n".join(lines) + f"\n\n{circumstances}. {verdict}\n"


def remarks(results: list[Result]) -> str:
    """What the rows cannot tell."""
    notes = [f"{result.fault}: {note}" for result in results for note in result.notes]
    failures = [line for result in results if result.problems for line in _failure(result)]
    return "\n".join([*notes, *(failures or ["", "nothing lost, nothing twice, nothing out of order"])])


def put_into(readme: Path, text: str) -> None:
    """Between the two marks."""
    before, begin, rest = readme.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{readme.name}: the two marks around the table of faults are missing")
    readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def _row(result: Result) -> tuple[str, ...]:
    resumed, turn = result.resumed, result.longest_turn
    return (result.fault, str(result.rounds), str(result.messages), str(len(result.lost)),
            str(len(result.duplicated)), "-" if result.unordered is None else str(len(result.unordered)),
            f"{median(resumed):.1f} s" if resumed else "-", f"{max(resumed):.1f} s" if resumed else "-",
            "-" if turn is None else f"{turn} ms")


def _failure(result: Result) -> list[str]:
    problems = result.problems
    return ["", f"FAILED: {result.fault} (seed {result.seed}, {len(problems)} problems)",
            *(f"  {problem[:400]}" for problem in problems[:40])]

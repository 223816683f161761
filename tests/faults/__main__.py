"""Runs the fault tests and prints one table. See the package's own words, and `--help`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lab.daemon import executable
from lab.install import find_or_make
from lab.process import tied_to_us

from .bench import Result, median, say
from .scenarios import GROUPS, Run, new_seed, run_scenario

HEADINGS = ("fault", "rounds", "messages", "lost", "duplicated", "resumes after", "worst", "took")


def main() -> int:
    options = _options()
    names = options.names or [name for group in GROUPS for name in group]
    if not executable().exists():
        sys.exit(f"build the daemon first: there is no {executable()}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(options.folder or tempfile.mkdtemp(prefix="faults-"))
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(options.long, options.seed if options.seed is not None else new_seed(), folder)
    if options.one:
        print(json.dumps(dataclasses.asdict(run_scenario(names[0], run))))
        return 0
    begun = time.monotonic()
    find_or_make()  # once, not by several at a time
    results = _run_side_by_side(names, run)
    _print_table(results)
    say(f"{'long' if run.long else 'quick'} form, {time.monotonic() - begun:.0f} s, seed {run.seed}, logs in {folder}")
    return _print_problems(results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="SCENARIO", choices=[[], *(n for group in GROUPS for n in group)],
                        help=", ".join(name for group in GROUPS for name in group))
    parser.add_argument("--long", action="store_true", help="the long form: an hour and more")
    parser.add_argument("--seed", type=int, help="for the messages and the moments")
    parser.add_argument("--folder", help="where the daemons' logs go")
    parser.add_argument("--one", action="store_true", help="run one scenario and print its result as JSON")
    return parser.parse_args()


def _run_side_by_side(names: list[str], run: Run) -> list[Result]:
    """A process for each scenario; as many at a time as there are groups."""
    waiting = [[name for name in group if name in names] for group in GROUPS]
    running: dict[str, tuple[int, subprocess.Popen[str]]] = {}
    results: dict[str, Result] = {}
    while any(waiting) or running:
        for number, group in enumerate(waiting):
            if group and all(busy != number for busy, _ in running.values()):
                name = group.pop(0)
                running[name] = number, _start(name, run)
        for name, (_, child) in list(running.items()):
            if child.poll() is not None:
                results[name] = _result(name, run)
                del running[name]
        time.sleep(0.1)
    return [results[name] for group in GROUPS for name in group if name in results]


def _start(name: str, run: Run) -> subprocess.Popen[str]:
    command = [sys.executable, "-B", "-m", "faults", name, "--one", "--seed", str(run.seed), "--folder",
               str(run.folder), *(["--long"] if run.long else [])]
    with _result_file(name, run).open("w") as output:
        return subprocess.Popen(tied_to_us(command), stdout=output, cwd=Path(__file__).resolve().parents[1],
                                text=True)


def _result_file(name: str, run: Run) -> Path:
    return run.folder / f"{name}.json"


def _result(name: str, run: Run) -> Result:
    text = _result_file(name, run).read_text()
    return Result(**json.loads(text)) if text else Result(name, run.seed, 0, others=["ended without a result"])


def _print_table(results: list[Result]) -> None:
    rows = [HEADINGS, *(_row(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    rows.insert(1, tuple("-" * width for width in widths))
    print()
    for row in rows:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


def _row(result: Result) -> tuple[str, ...]:
    resumed = result.resumed
    return (result.fault, str(result.rounds), str(result.messages), str(len(result.lost)),
            str(len(result.duplicated)), f"{median(resumed):.2f} s" if resumed else "-",
            f"{max(resumed):.2f} s" if resumed else "-", f"{result.seconds:.0f} s")


def _print_problems(results: list[Result]) -> int:
    """Returns the exit status."""
    print()
    for result in results:
        for note in result.notes:
            print(f"{result.fault}: {note}")
    failed = [result for result in results if result.problems]
    for result in failed:
        print(f"\nFAILED: {result.fault} (seed {result.seed})")
        for title in ("lost", "duplicated", "unordered", "others"):
            for problem in getattr(result, title)[:20]:
                print(f"  {title}: {problem[:400]}")
    print("" if failed else "nothing lost, nothing twice, nothing out of order")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

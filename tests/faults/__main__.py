"""Runs the fault tests and prints one table. See the package's own words, and `--help`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lab.daemon import REPOSITORY, executable
from lab.install import find_or_make, find_or_make_rabbitmq
from lab.process import tied_to_us

from .result import Result, say
from .scenarios import SCENARIOS, run_scenario
from .table import Circumstances, put_into, remarks, servers, table
from .trial import Run


def main() -> int:
    options = _options()
    if not executable().exists():
        sys.exit(f"build the daemon first: there is no {executable()}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(options.folder or tempfile.mkdtemp(prefix="faults-"))
    folder.mkdir(parents=True, exist_ok=True)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1_000_000)
    run = Run(options.long, seed, folder)
    names = options.names or list(SCENARIOS)
    if options.alone:
        return _run_one_after_another(names, run)
    begun = time.monotonic()
    find_or_make()  # once, not by several at a time
    find_or_make_rabbitmq()
    say(f"seed {seed}, logs in {folder}")
    results = _run_side_by_side(names, run)
    text = table(results, Circumstances(_command(options, seed), (time.monotonic() - begun) / 60, servers()))
    print(f"\n{text}\n{remarks(results)}")
    (folder / "table.md").write_text(text)
    if options.readme:
        put_into(Path(__file__).with_name("README.md"), text)
    return 1 if any(result.problems for result in results) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="SCENARIO", choices=[[], *SCENARIOS], help=", ".join(SCENARIOS))
    parser.add_argument("--long", action="store_true", help="the long form: about half an hour")
    parser.add_argument("--seed", type=int, help="for the messages and the moments")
    parser.add_argument("--folder", help="where the daemons' logs and the table go")
    parser.add_argument("--readme", action="store_true", help="put the table into tests/faults/README.md")
    parser.add_argument("--alone", action="store_true", help="one after another, results as lines of JSON")
    return parser.parse_args()


def _command(options: argparse.Namespace, seed: int) -> str:
    """How to do the same again."""
    broker = os.environ.get("SYNAPSE_SYNC_RABBITMQ")
    return (f"SYNAPSE_SYNC_RABBITMQ={broker} " if broker else "") + shlex.join(
        ["python3", "-m", "faults", *options.names, *(["--long"] if options.long else []), "--seed", str(seed)])


# --- a process for each lane ----------------------------------------------------------------------------------------


def _run_one_after_another(names: list[str], run: Run) -> int:
    try:
        for name in names:
            result = run_scenario(name, run)
            print(json.dumps({"scenario": name, **dataclasses.asdict(result)}), flush=True)
    finally:
        run.drop_broker()
    return 0


def _run_side_by_side(names: list[str], run: Run) -> list[Result]:
    """In the order of the table."""
    lanes: dict[str, list[str]] = {}
    for name in names:
        lanes.setdefault(SCENARIOS[name].lane, []).append(name)
    children = {lane: _start(lane, scenarios, run) for lane, scenarios in lanes.items()}
    rows: dict[str, Result] = {}
    for lane, child in children.items():
        status = child.wait()
        for line in _output(lane, run).read_text().splitlines():
            row = json.loads(line)
            name = row.pop("scenario")
            rows[name] = Result(**row)
        if status != 0:
            rows[lanes[lane][-1]] = Result(f"lane {lane}", run.seed, 0, asked=0,
                                           others=[f"its process ended with status {status}"])
    return [rows[name] for name in SCENARIOS if name in rows]


def _start(lane: str, names: list[str], run: Run) -> subprocess.Popen[str]:
    command = [sys.executable, "-B", "-m", "faults", *names, "--alone", "--seed", str(run.seed), "--folder",
               str(run.folder), *(["--long"] if run.long else [])]
    with _output(lane, run).open("w") as output:
        return subprocess.Popen(tied_to_us(command), stdout=output, cwd=REPOSITORY / "tests", text=True)


def _output(lane: str, run: Run) -> Path:
    return run.folder / f"{lane.replace(' ', '-')}.jsonl"


if __name__ == "__main__":
    sys.exit(main())

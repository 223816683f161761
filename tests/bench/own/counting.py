"""What a message costs, counted rather than timed: instructions and allocations, which no neighbour on the machine
disturbs. Both come from two runs with different numbers of messages, of which the difference is what the further
messages took; start, warm-up and end fall out."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .rig import Rig, Workload

EXPECTED = Path(__file__).with_name("expected.json")

# By so much may a count differ from what is expected: how messages fall into batches is not the same each time.
TOLERANCE = 0.1

_FEWER, _MORE = 200, 1000

# The tool of valgrind, and where in its report the totals are.
_CALLGRIND = ("callgrind", re.compile(r"Collected : (\d+)"))
_DHAT = ("dhat", re.compile(r"Total:\s+([\d,]+) bytes in ([\d,]+) blocks"))


@dataclass(frozen=True)
class Cost:
    """Of one message."""

    instructions: int
    allocations: float
    bytes: int


def cost(rig: Rig, workload: Callable[[int], Workload]) -> Cost:
    size, blocks = _difference(rig, workload, *_DHAT)
    return Cost(round(instructions(rig, workload)), round(blocks, 1), round(size))


def instructions(rig: Rig, workload: Callable[[int], Workload], more: int = _MORE) -> float:
    """For one message."""
    return _difference(rig, workload, *_CALLGRIND, more)[0]


def _difference(rig: Rig, workload: Callable[[int], Workload], tool: str, pattern: re.Pattern[str],
                more: int = _MORE) -> list[float]:
    few = _totals(rig, workload(_FEWER), tool, pattern)
    many = _totals(rig, workload(more), tool, pattern)
    return [(b - a) / (more - _FEWER) for a, b in zip(few, many, strict=True)]


def _totals(rig: Rig, workload: Workload, tool: str, pattern: re.Pattern[str]) -> list[int]:
    with tempfile.NamedTemporaryFile("r") as log:
        rig.run(workload, ["valgrind", f"--tool={tool}", f"--{tool}-out-file=/dev/null", f"--log-file={log.name}"], 1)
        report = log.read()
    found = pattern.search(report)
    if not found:
        raise RuntimeError(f"valgrind's {tool} says nothing of totals: {report}")
    return [int(number.replace(",", "")) for number in found.groups()]


# --- against what is expected -----------------------------------------------------------------------------------


def expected() -> dict[str, Cost]:
    return {name: Cost(**row) for name, row in json.loads(EXPECTED.read_text()).items()}


def expect(costs: dict[str, Cost]) -> None:
    """From now on."""
    EXPECTED.write_text(json.dumps({name: vars(row) for name, row in costs.items()}, indent=2) + "\n")


def regressions(costs: dict[str, Cost]) -> list[str]:
    """One sentence for each count that is higher than it was."""
    known = expected()
    return [f"{name}: {key} a message: {count:,}, where {wanted:,} were expected"
            for name, row in costs.items() if name in known
            for (key, count), wanted in zip(vars(row).items(), vars(known[name]).values(), strict=True)
            if count > wanted * (1 + TOLERANCE)]

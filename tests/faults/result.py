"""What came of one fault: a row of the table, and what has to be said about it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

# Milliseconds. A turn of the daemon's loop that takes longer is a stall: nothing else happens meanwhile, no heartbeat
# is sent.
LONGEST_TURN = 1000


@dataclass
class Result:
    fault: str
    seed: int
    messages: int
    asked: int = 1  # rounds that there were to be
    limit: float | None = None  # seconds within which it must go on after each healing
    rounds: int = 0
    lost: list[str] = field(default_factory=list)  # differences from the model
    duplicated: list[str] = field(default_factory=list)
    unordered: list[str] | None = None  # None: the order of the writes tells nothing here, only their outcome does
    others: list[str] = field(default_factory=list)  # whatever else is not as it should be
    resumed: list[float] = field(default_factory=list)  # seconds from healing to the next message that ended
    longest_turn: int | None = None  # milliseconds; None: no daemon lived to tell
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        return [*(f"lost: {problem}" for problem in self.lost),
                *(f"duplicated: {problem}" for problem in self.duplicated),
                *(f"out of order: {problem}" for problem in self.unordered or []), *self.others, *self._slowness()]

    def _slowness(self) -> Iterator[str]:
        """Also of the test: faults that did not happen prove nothing."""
        if self.rounds < self.asked:
            yield f"{self.rounds} rounds instead of {self.asked}: the queue was empty before"
        if self.limit is not None and self.resumed and max(self.resumed) > self.limit:
            yield f"it went on only after {max(self.resumed):.1f} s, and {self.limit:.0f} s are allowed"
        if self.longest_turn is not None and self.longest_turn > LONGEST_TURN:
            yield f"a turn of the daemon's loop took {self.longest_turn} ms"


def median(numbers: list[float]) -> float:
    ordered = sorted(numbers)
    return ordered[len(ordered) // 2] if ordered else 0.0


def say(text: str) -> None:
    print(f"faults: {text}", file=sys.stderr, flush=True)

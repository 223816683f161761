"""What a school district cost: one figure for each size and phase."""

from __future__ import annotations

from dataclasses import dataclass

COLD, RESTARTED, IN_SYNC = "cold", "after a restart", "in sync"
PHASES = (COLD, RESTARTED, IN_SYNC)

STUB = "stub"

MEMORY_GOAL = 64  # MB


@dataclass(frozen=True)
class Figure:
    """Of a district of so many users in one phase, in which each of them had one message."""

    homeserver: str  # STUB, or as LAB has it
    users: int
    rooms: int
    memberships: int
    phase: str
    requests: int
    seconds: float
    own_cpu: float  # seconds
    memory: int  # kB: the most that was resident since the daemon began
    transactions: int | None = None  # of the homeserver's database; None: it has none
    homeserver_cpu: float | None = None  # seconds

    @property
    def requests_each(self) -> float:
        return self.requests / self.users

    @property
    def megabytes(self) -> float:
        return self.memory / 1024

    def __str__(self) -> str:
        more = "" if self.transactions is None else (f", {self.transactions:,} transactions and "
                                                     f"{self.homeserver_cpu:.0f} s of the homeserver's CPU")
        return (f"{self.homeserver}: {self.users:,} users, {self.phase}: {self.requests_each:.2f} requests each, "
                f"{self.seconds:.1f} s, {self.own_cpu:.2f} s own CPU, {self.megabytes:.1f} MB{more}")

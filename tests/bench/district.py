"""A school district on a real homeserver, part by part for as long as there is time. After each part everybody so far
is sent again, to a daemon that was started anew, and then once more to the same one.

New members cost the homeserver further minutes of work after its replies (its user directory). They are not waited
for: seconds are those until the last message ended.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from lab.synapse_workers import kind_of_lab

from . import school
from .figure import COLD, IN_SYNC, RESTARTED, Figure
from .meter import Meter
from .servers import Servers, Subject

Messages = list[dict[str, Any]]

# What adds up where a district is brought in part by part.
SUMS = ("requests", "seconds", "own_cpu", "transactions", "homeserver_cpu")


class OutOfTime(Exception):
    """What was under way counts for nothing."""


class District:
    def __init__(self, servers: Servers, settings: dict[str, str], minutes: float) -> None:
        self._servers = servers
        self._meter = Meter(servers.synapse)
        self._subject = Subject(servers, **settings)
        self._deadline = time.monotonic() + minutes * 60

    def grow(self, sizes: Sequence[int]) -> Iterator[Figure]:
        """A figure for each phase of each size that is reached."""
        everybody = school.messages(max(sizes), self._servers.server_name)
        cold: Figure | None = None
        try:
            with self._subject as subject:
                subject.start_and_wait()
                for size in sorted(sizes):
                    part = self._send(COLD, everybody[:size], size - (cold.users if cold else 0))
                    cold = _together(cold, part) if cold else part
                    yield cold
                    subject.renew()
                    yield self._send(RESTARTED, everybody[:size], size, subject.start)
                    yield self._send(IN_SYNC, everybody[:size], size)
        except OutOfTime:
            print("bench: no time for the next one", file=sys.stderr, flush=True)

    def _send(self, phase: str, known: Messages, new: int, start: Callable[[], Any] | None = None) -> Figure:
        """The last so many of them."""
        subject = self._subject
        before, ended = self._spent(), len(subject.tally.ends)
        begun = time.monotonic()
        subject.publish(known[-new:])
        if start:
            start()
        if not subject.tally.has_ended(ended + new, max(0.0, self._deadline - time.monotonic())):
            raise OutOfTime
        subject.wait_ends(ended + new)
        rooms, memberships = school.count(known)
        spent = {name: value - before[name] for name, value in self._spent().items()}
        return Figure(kind_of_lab(), len(known), rooms, memberships, phase, seconds=subject.tally.ended_at - begun,
                      memory=subject.memory()[1], **spent)

    def _spent(self) -> dict[str, Any]:
        return {"requests": self._meter.requests().total(), "transactions": round(self._meter.transactions()),
                "homeserver_cpu": self._servers.synapse.cpu(), "own_cpu": self._subject.cpu()}


def _together(before: Figure, part: Figure) -> Figure:
    return replace(part, **{name: getattr(before, name) + getattr(part, name) for name in SUMS})

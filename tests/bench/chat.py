"""What people notice while a school is synced: how long their messages and their `/sync` take.

One person is logged in all the time, sends a message, asks what is new, and pauses a moment, in a room that has
nothing to do with the school. Turns begin at the same pace however long they take: else whoever is served quickly
would ask for more, and take the processor from the school. Each round begins with the person alone (idle). Then the same school is synced again
and again, each time with users and rooms of new names: by the floor with a fixed number of calls at a time, by the
daemon, and by the daemon from messages of priority 0. What counts is what each is to the idle homeserver, and to the
quickest fixed number, of the same round.
"""

from __future__ import annotations

import random
import secrets
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from lab.matrix import Client as Person
from lab.matrix import segment

from .client import Client
from .floor import Floor
from .meter import Meter
from .names import Names
from .servers import SYNC_USER, Servers, Subject
from .table import markdown
from .workloads import Task, cold_add_user

IDLE_SECONDS = 15.0
TURN = (0.2, 0.4)  # seconds from one of the person's turns to the next
USUAL, BULK = 2, 0  # priorities of messages

IDLE, DAEMON, BULK_DAEMON = "nobody", "the daemon", "the daemon, bulk"

HEADINGS = ("who syncs", "wall", "× best fixed", "send: median", "× idle", "95 %", "× idle", "most",
            "/sync: median", "× idle", "95 %", "× idle", "most", "goal")

# Most of: wall to the quickest fixed number's, median and 95 % to idle.
GOALS = {DAEMON: (1.2, 2.5, 5.0), BULK_DAEMON: (None, 1.5, 3.0)}


def percentile(values: list[float], share: float) -> float:
    """The least value that so many of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass
class Noticed:
    """Seconds that each of the person's requests took."""

    send: list[float] = field(default_factory=list)
    sync: list[float] = field(default_factory=list)


@dataclass
class Measured:
    wall: float
    noticed: Noticed


class Chatter:
    """The person, who goes on until the end of the block."""

    def __init__(self, person: Person, room: str) -> None:
        self._person = person
        self._room = room
        self._since = person.get("/_matrix/client/v3/sync", timeout="0")["next_batch"]
        self._over = threading.Event()
        self._failures: list[BaseException] = []
        self.noticed = Noticed()
        self._thread = threading.Thread(target=self._chat)

    def __enter__(self) -> Chatter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._failures:
            raise self._failures[0]

    def _chat(self) -> None:
        try:
            begins = time.monotonic()
            while not self._over.is_set():
                self._turn()
                begins = max(begins + random.uniform(*TURN), time.monotonic())
                self._over.wait(begins - time.monotonic())
        except BaseException as failure:  # handed on to who waits for us
            self._failures.append(failure)

    def _turn(self) -> None:
        path = f"/_matrix/client/v3/rooms/{segment(self._room)}/send/m.room.message/{secrets.token_hex(8)}"
        self.noticed.send.append(_timed(lambda: self._person.put(path, {"msgtype": "m.text", "body": "Hello"})))
        self.noticed.sync.append(_timed(self._ask))

    def _ask(self) -> None:
        self._since = self._person.get("/_matrix/client/v3/sync", since=self._since, timeout="0")["next_batch"]


def _timed(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


class Chat:
    """All rounds; what was measured in each, by who synced."""

    def __init__(self, servers: Servers, fixed: list[int], settings: dict[str, str]) -> None:
        assert servers.homeserver is not None
        self._servers = servers
        self._fixed = fixed
        self._settings = settings
        self._names = Names(servers.server_name)
        self._meter = Meter(servers.synapse)
        self._client = Client(servers.synapse.port, servers.token)
        self._person = servers.synapse.register("person-" + secrets.token_hex(3))
        servers.homeserver.lift_rate_limit(self._person.user_id)
        self._room = self._person.create_room(name="Not of the school")
        self.rounds: list[dict[str, Measured]] = []

    def round(self) -> None:
        """In another order each time: what came before may leave its traces."""
        measured = {IDLE: self._measure(IDLE, lambda: time.sleep(IDLE_SECONDS))}
        for who in random.sample(self._all(), len(self._all())):
            measured[who] = self._sync(who)
        self.rounds.append(measured)

    def _all(self) -> list[str]:
        return [*map(fixed_name, self._fixed), DAEMON, BULK_DAEMON]

    def _sync(self, who: str) -> Measured:
        task = cold_add_user(self._names)
        for number in self._fixed:
            if who == fixed_name(number):
                return self._measure(who, lambda: self._by_floor(task, number))
        with Subject(self._servers, **self._settings).start_and_wait() as subject:
            return self._measure(who, lambda: _by_daemon(subject, task, BULK if who == BULK_DAEMON else USUAL))

    def _by_floor(self, task: Task, number: int) -> None:
        self._client.run(Floor(task.wanted, self._servers.synapse.user_id(SYNC_USER)), number)

    def _measure(self, who: str, work: Callable[[], object]) -> Measured:
        self._meter.rest()
        with Chatter(self._person, self._room) as chatter:
            wall = _timed(work)
        measured = Measured(wall, chatter.noticed)
        print(f"bench: {who:20} {wall:6.2f} s wall, send {_figures(measured.noticed.send)}, "
              f"/sync {_figures(measured.noticed.sync)}", file=sys.stderr, flush=True)
        return measured

    # --- what came of it ----------------------------------------------------------------------------------------

    def table(self) -> str:
        return markdown([HEADINGS, *(self._cells(who) for who in (IDLE, *self._all()))])

    def _cells(self, who: str) -> tuple[str, ...]:
        wall = "" if who == IDLE else f"{median(one[who].wall for one in self.rounds):.1f} s"
        to_best = "" if who == IDLE else f"{self._to_best(who):.2f}"
        return (who, wall, to_best, *self._noticed(who, "send"), *self._noticed(who, "sync"), self._verdict(who))

    def _to_best(self, who: str) -> float:
        return median(one[who].wall / min(one[fixed_name(number)].wall for number in self._fixed)
                      for one in self.rounds) if self._fixed else float("nan")

    def _noticed(self, who: str, what: str) -> tuple[str, ...]:
        values = [value for one in self.rounds for value in getattr(one[who].noticed, what)]
        return (f"{median(values) * 1000:.0f} ms", f"{self._to_idle(who, what, 0.5):.2f}",
                f"{percentile(values, 0.95) * 1000:.0f} ms", f"{self._to_idle(who, what, 0.95):.2f}",
                f"{max(values) * 1000:.0f} ms")

    def _to_idle(self, who: str, what: str, share: float) -> float:
        return median(percentile(getattr(one[who].noticed, what), share) /
                      percentile(getattr(one[IDLE].noticed, what), share) for one in self.rounds)

    def _verdict(self, who: str) -> str:
        if who not in GOALS:
            return ""
        wall, middle, high = GOALS[who]
        reached = (not (wall and self._fixed and self._to_best(who) > wall) and
                   self._to_idle(who, "send", 0.5) <= middle and self._to_idle(who, "send", 0.95) <= high)
        return "ok" if reached else "not yet"


def fixed_name(number: int) -> str:
    return f"{number} at a time"


def _by_daemon(subject: Subject, task: Task, priority: int) -> None:
    subject.publish(task.messages, priority)
    subject.wait_ends(len(task.messages))


def _figures(values: list[float]) -> str:
    return " ".join(f"{value * 1000:.0f}" for value in
                    (median(values), percentile(values, 0.95), max(values))) + f" ms of {len(values)}"

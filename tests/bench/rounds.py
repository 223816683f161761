"""Does a workload by daemon and by floor, in turns, and keeps what each of them cost."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import cycle
from statistics import median
from typing import Any

from .client import Client
from .floor import Floor, Wanted
from .meter import Cost, Meter
from .names import Names
from .servers import SYNC_USER, Servers, Subject
from .workloads import (COLD_ROOMS, COLD_USERS, JOINING_USERS, Task, alias, cold_add_room, cold_add_user,
                        join_a_room, moderators, remove)

AGAIN = 10  # how often messages for which nothing is to do are sent
LARGE = 500  # from so many members on, a round takes minutes
ENOUGH_USERS = 40  # workloads of fewer new users are over so soon that they are done oftener

Message = dict[str, Any]  # that makes a room

COLD_GOAL = 1.05
NO_REQUESTS = 0.0


@dataclass
class Row:
    """One workload."""

    name: str
    messages: int
    goal: float | None = None  # most times the floor; NO_REQUESTS where there is nothing to do
    daemon: list[Cost] = field(default_factory=list)
    floor: list[Cost] = field(default_factory=list)  # each right before the daemon's; none where nothing is to do

    def at_its_best(self) -> Row:
        """What was measured beside the floor at the concurrency at which that was quickest."""
        walls: dict[int, list[float]] = {}
        for cost in self.floor:
            walls.setdefault(cost.concurrency, []).append(cost.wall)
        if not walls:
            return self
        best = min(walls, key=lambda concurrency: median(walls[concurrency]))
        pairs = [pair for pair in zip(self.daemon, self.floor, strict=True) if pair[1].concurrency == best]
        return replace(self, daemon=[pair[0] for pair in pairs], floor=[pair[1] for pair in pairs])


class Rounds:
    def __init__(self, servers: Servers, concurrencies: Iterable[int], settings: dict[str, str],
                 invite_at_creation: bool = True) -> None:
        self.servers = servers
        self.concurrencies = tuple(concurrencies)
        self.names = Names(servers.server_name)
        self._meter = Meter(servers.synapse)
        self._client = Client(servers.synapse.port, servers.token)
        self._settings = settings
        self._invite_at_creation = invite_at_creation
        self._rooms: dict[int, list[tuple[Message, Message]]] = {}  # of so many members: the floor's, the daemon's
        self.rows: list[Row] = []

    # --- workloads ----------------------------------------------------------------------------------------------

    def add_users(self) -> None:
        """Cold, again, again after a restart; and then remove them."""
        cold = self._row(f"addUser, {COLD_USERS} new into {COLD_ROOMS} new rooms", COLD_USERS, COLD_GOAL)
        again = self._row("the same again", COLD_USERS * AGAIN, NO_REQUESTS)
        restarted = self._row("once more after a restart", COLD_USERS)
        removal = self._row("removeUser of all of them", COLD_USERS)
        for concurrency in self.concurrencies:
            by_floor, by_daemon = cold_add_user(self.names), cold_add_user(self.names)
            self._floor(cold, by_floor.wanted, concurrency)
            with self._subject() as subject:
                self._daemon(cold, subject, by_daemon.messages)
                self._daemon(again, subject, by_daemon.messages * AGAIN)
                self._restarted(restarted, subject, by_daemon.messages)
                self._floor(removal, remove(list(by_floor.wanted.users)).wanted, concurrency)
                self._daemon(removal, subject, remove(list(by_daemon.wanted.users)).messages)

    def add_room(self, size: int) -> None:
        """Cold and again. The rooms stay for join()."""
        cold = self._row(f"addRoom of {size}, all new", 1, COLD_GOAL)
        again = self._row("the same again", AGAIN, NO_REQUESTS)
        for concurrency in self.concurrencies[-1:] if size >= LARGE else self._turns(size):
            by_floor, by_daemon = cold_add_room(self.names, size), cold_add_room(self.names, size)
            self._floor(cold, by_floor.wanted, concurrency)
            with self._subject() as subject:
                self._daemon(cold, subject, by_daemon.messages)
                self._daemon(again, subject, by_daemon.messages * AGAIN)
            self._rooms.setdefault(size, []).append((by_floor.messages[0], by_daemon.messages[0]))

    def join(self, size: int) -> None:
        """A few new users into the rooms of add_room(). They are known to the daemon, and warm in Synapse."""
        row = self._row(f"addUser, new, into a room of {size}", JOINING_USERS, COLD_GOAL)
        turns = self.concurrencies if size >= LARGE else self._turns(JOINING_USERS)
        with self._subject() as subject:
            for concurrency, (of_floor, of_daemon) in zip(turns, cycle(self._rooms[size])):
                subject.publish_and_wait([of_floor, of_daemon])
                self._floor(row, self._join(of_floor).wanted, concurrency)
                self._daemon(row, subject, self._join(of_daemon).messages)

    def _join(self, made_by: Message) -> Task:
        one = made_by["room"]["id"]
        assert self.servers.homeserver is not None
        room_id = self.servers.homeserver.resolve(self.servers.homeserver.alias(alias(one)))
        assert room_id is not None
        return join_a_room(self.names, room_id, one)

    def moderators(self, count: int = 50) -> None:
        """All queued before the room is made, within one prefetch."""
        row = self._row(f"addUser, {count} new moderators of a new room", count, COLD_GOAL)
        for concurrency in self.concurrencies:
            self._floor(row, moderators(self.names, count).wanted, concurrency)
            with self._subject(RABBITMQ_PREFETCH=str(count)) as subject:
                self._daemon(row, subject, moderators(self.names, count).messages)

    def _turns(self, users: int) -> tuple[int, ...]:
        """The concurrencies of a workload's rounds: so many that what the machine does beside it evens out."""
        return self.concurrencies * max(1, ENOUGH_USERS // users)

    # --- one measurement ----------------------------------------------------------------------------------------

    def _floor(self, row: Row, wanted: Wanted, concurrency: int) -> None:
        source = Floor(wanted, self.servers.synapse.user_id(SYNC_USER), self._invite_at_creation)

        def work() -> float:
            self._client.run(source, concurrency)
            return time.monotonic()

        cost = self._meter.measure(work, time.process_time)
        cost.concurrency = concurrency
        row.floor.append(cost)
        _say(row, f"floor, {concurrency} at a time", cost)

    def _daemon(self, row: Row, subject: Subject, messages: list[dict[str, Any]]) -> None:
        """The daemon runs and has nothing to do; then all messages are there at once."""
        self._measure(row, subject, messages, lambda: subject.publish(messages))

    def _restarted(self, row: Row, subject: Subject, messages: list[dict[str, Any]]) -> None:
        """The daemon is started on a queue that is full, and knows nothing. Its start is part of it."""
        subject.renew()
        subject.publish(messages)
        self._measure(row, subject, messages, subject.start)

    def _measure(self, row: Row, subject: Subject, messages: list[dict[str, Any]], begin: Callable[[], Any]) -> None:
        before, told = len(subject.tally.ends), subject.requests_told()

        def work() -> float:
            begin()
            subject.wait_ends(before + len(messages))
            return subject.tally.ended_at

        cost = self._meter.measure(work, subject.cpu)
        cost.told = subject.requests_told() - told
        cost.resident, cost.resident_most = subject.memory()
        row.daemon.append(cost)
        _say(row, "daemon", cost)

    def _subject(self, **settings: str) -> Subject:
        return Subject(self.servers, **{**self._settings, **settings}).start_and_wait()

    def _row(self, name: str, messages: int, goal: float | None = None) -> Row:
        self.rows.append(Row(name, messages, goal))
        return self.rows[-1]


def _say(row: Row, who: str, cost: Cost) -> None:
    print(f"bench: {row.name:42} {who:20} {cost.request_count:5} requests ({cost.told} told) "
          f"{cost.homeserver_cpu:6.2f} s homeserver CPU {cost.wall:6.2f} s wall {cost.own_cpu:5.2f} s own CPU "
          f"others {cost.others:.0%}", file=sys.stderr, flush=True)

"""The client that knows everything: no read, no write that could be left out, none in vain.

What it sends is a creation for each new user, a createRoom with all levels for each new room, an admin join for
each new membership and a deactivation for each removed user. Who is known when a room is made is invited among its
first state, since that spares Synapse the dear half of the join (see costs.py). Users come first, then rooms, then
joins to all rooms in turn: in that order Synapse has the least to do. Joins to one room go one after the other,
since Synapse does them so anyway; apart from that all connections are kept busy.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from .client import Call, Json, create_room, create_user, deactivate, join

# So many members are invited as a room is made. Beyond, what one of them costs grows with their number: 15 ms of CPU
# at 100, 55 at 1000, where nothing is spared any more and Synapse works on one request for a minute.
INVITED_MOST = 100


@dataclass
class NewRoom:
    name: str
    moderators: list[str] = field(default_factory=list)


@dataclass
class Wanted:
    """What shall be, and is not yet."""

    users: dict[str, str | None] = field(default_factory=dict)  # id: name
    rooms: dict[str, NewRoom] = field(default_factory=dict)  # by the alias' local part
    members: dict[str, list[str]] = field(default_factory=dict)  # who is to be joined, by alias
    room_ids: dict[str, str] = field(default_factory=dict)  # of rooms that exist
    removed: list[str] = field(default_factory=list)


class Floor:
    """A source of calls; see client.Source."""

    def __init__(self, wanted: Wanted, sync_user: str, invite_at_creation: bool = True) -> None:
        self._wanted = wanted
        self._sync_user = sync_user
        self._invite_at_creation = invite_at_creation
        self._changed = threading.Condition()
        self._under_way = 0
        self._absent = set(wanted.users)  # users who are not there yet
        self._room_ids = dict(wanted.room_ids)
        self._busy: set[str] = set()  # rooms that somebody is just being joined to
        self._users = deque(wanted.users)
        self._others = deque([*map(self._creation, wanted.rooms), *map(deactivate, wanted.removed)])
        self._members = {alias: deque(members) for alias, members in wanted.members.items()}

    def take(self) -> Call | None:
        with self._changed:
            while True:
                call = self._next()
                if call is not None:
                    self._under_way += 1
                    return call
                if self._under_way == 0:
                    return None
                self._changed.wait()

    def answered(self, call: Call) -> None:
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def _next(self) -> Call | None:
        if self._users:
            return self._new_user(self._users.popleft())
        if self._absent:
            return None
        if self._others:
            return self._others.popleft()
        for alias, members in self._members.items():
            if members and alias not in self._busy and alias in self._room_ids:
                return self._join(alias, members.popleft())
        return None

    def _creation(self, alias: str) -> Call:
        def learn(reply: Json) -> None:
            self._room_ids[alias] = reply["room_id"]

        room = self._wanted.rooms[alias]
        return create_room(self._sync_user, alias, room.name, room.moderators, learn=learn,
                           invited=self._invited(alias))

    def _invited(self, alias: str) -> Iterable[tuple[str, str]]:
        """Without a name, Synapse shows the local part."""
        if not self._invite_at_creation:
            return []
        return [(user, self._wanted.users.get(user) or user[1:].partition(":")[0])
                for user in self._wanted.members[alias][:INVITED_MOST]]

    def _new_user(self, user: str) -> Call:
        return replace(create_user(user, self._wanted.users[user]), learn=lambda reply: self._absent.discard(user))

    def _join(self, alias: str, user: str) -> Call:
        self._busy.add(alias)
        self._members[alias] = self._members.pop(alias)  # last in the next turn
        return replace(join(self._room_ids[alias], user), learn=lambda reply: self._busy.discard(alias))

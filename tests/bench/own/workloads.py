"""The messages that are measured, and the school that they are about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from lab.message import add_user, room

from .rig import SERVER_NAME, School, Workload

ROOMS_EACH = 4


class Cycle(Sequence[bytes]):
    """A few bodies again and again: a million messages need no memory."""

    def __init__(self, bodies: list[bytes], count: int) -> None:
        self._bodies = bodies
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> bytes:  # type: ignore[override]
        if index >= self._count:
            raise IndexError(index)
        return self._bodies[index % len(self._bodies)]


def in_sync(count: int, school: School, users: int, used: int, **settings: str) -> Workload:
    """addUser of `users` who are in all their rooms already, `used` of the rooms; the warm-up names each room and
    each user once."""
    warm_up = [_add(i % users, range(i * ROOMS_EACH, (i + 1) * ROOMS_EACH), school.rooms)
               for i in range((school.rooms + ROOMS_EACH - 1) // ROOMS_EACH)]
    bodies = [_add(i % users, range(i * ROOMS_EACH, (i + 1) * ROOMS_EACH), used) for i in range(users)]
    return Workload("in-sync", school, warm_up + bodies, Cycle(bodies, count), settings)


def join(count: int, school: School, **settings: str) -> Workload:
    """Each message brings a user into one room: users and rooms change from message to message, and no pair of them
    comes twice."""
    newcomers = school.users - school.members
    if count > newcomers * school.rooms:
        raise ValueError(f"{newcomers} users and {school.rooms} rooms are too few for {count} messages")
    messages = [_add(school.members + i % newcomers, range(i + i // newcomers, i + i // newcomers + 1), school.rooms)
                for i in range(count)]
    warm_up = [_add(i % school.members, range(i, i + 1), school.rooms)
               for i in range(max(school.members, school.rooms))]
    return Workload("join", school, warm_up, messages, settings)


def _add(user: int, rooms: range, modulus: int) -> bytes:
    return json.dumps(add_user(f"@u{user}:{SERVER_NAME}", *_rooms(rooms, modulus), name=f"User {user}")).encode()


def _rooms(rooms: range, modulus: int) -> Iterator[dict[str, object]]:
    for number in rooms:
        yield room(f"r{number % modulus}", f"Room {number % modulus}")

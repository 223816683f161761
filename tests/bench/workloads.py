"""What there is to do: as messages for the daemon, and as the floor needs it. New names each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.message import add_room, add_user, member, remove_user, room

from .floor import NewRoom, Wanted
from .names import Names

Json = dict[str, Any]

# The shape in which the predecessor was measured: 210 writes if all is known beforehand.
COLD_USERS = 40
COLD_ROOMS = 10
ROOMS_OF_A_USER = (0, 1, 3, 6)  # the user's own number added, modulo COLD_ROOMS: every room gets as many

JOINING_USERS = 10


@dataclass
class Task:
    """The same work, said twice."""

    messages: list[Json]
    wanted: Wanted


def full_name(number: int) -> str:
    return f"Ada the {number}th"


def cold_add_user(names: Names) -> Task:
    """Users and rooms that are not there yet. Each room has a moderator, one of the first users."""
    wanted = Wanted()
    rooms = [names.room() for _ in range(COLD_ROOMS)]
    messages = []
    for number in range(COLD_USERS):
        user = names.user()
        wanted.users[user] = full_name(number)
        into = [rooms[(number + step) % COLD_ROOMS] for step in ROOMS_OF_A_USER]
        teaches = into[0] if number < COLD_ROOMS else None
        messages.append(add_user(user, *(room(one, "A room", is_moderator=one == teaches) for one in into),
                                 name=full_name(number)))
        for one in into:
            wanted.rooms.setdefault(alias(one), NewRoom("A room")).moderators += [user] if one == teaches else []
            wanted.members.setdefault(alias(one), []).append(user)
    return Task(messages, wanted)


def moderators(names: Names, count: int) -> Task:
    """So many new users, each a moderator of one and the same new room."""
    one, wanted = names.room(), Wanted()
    users = [names.user() for _ in range(count)]
    wanted.users = {user: full_name(number) for number, user in enumerate(users)}
    wanted.rooms = {alias(one): NewRoom("A room", users)}
    wanted.members = {alias(one): users}
    return Task([add_user(user, room(one, "A room", is_moderator=True), name=name)
                 for user, name in wanted.users.items()], wanted)


def cold_add_room(names: Names, size: int) -> Task:
    """A new room of new users without names, as producers send it; every tenth is a moderator."""
    one, wanted = names.room(), Wanted()
    users = [names.user() for _ in range(size)]
    wanted.users = dict.fromkeys(users)
    wanted.rooms = {alias(one): NewRoom("A room", users[::10])}
    wanted.members = {alias(one): users}
    members = [member(user, is_moderator=number % 10 == 0) for number, user in enumerate(users)]
    return Task([add_room(room(one, "A room"), *members)], wanted)


def join_a_room(names: Names, room_id: str, of: str) -> Task:
    """New users into a room that exists: `of` is its id in messages."""
    wanted = Wanted(room_ids={alias(of): room_id})
    wanted.users = {names.user(): full_name(number) for number in range(JOINING_USERS)}
    wanted.members = {alias(of): list(wanted.users)}
    return Task([add_user(user, room(of, "A room"), name=name) for user, name in wanted.users.items()], wanted)


def remove(users: list[str]) -> Task:
    return Task([remove_user(user) for user in users], Wanted(removed=users))


def alias(room_id: str) -> str:
    """The local part of the alias of a room that is given without a type."""
    return f"room_{room_id}"

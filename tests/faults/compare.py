"""What is there, held against the model; and how it came to be there, as far as the stub remembers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab.matrix import Homeserver, segment
from lab.process import Timeout, wait_until
from lab.school import School

from .model import Model

Json = dict[str, Any]

# In the model's rooms nobody else raises levels, so each user has exactly what was asked for.
DESCRIBED_LEVELS = {"invite": 70, "kick": 70, "ban": 70}

# How often these are written tells nothing: an opened record is opened again by who does not know of it, and a log-in
# belongs to each start.
NOT_COUNTED = {"write-records", "log-in"}


@dataclass
class SeenRoom:
    name: str | None
    topic: str | None
    levels: Json
    members: set[str]
    invited: set[str]
    messages: list[str]  # of rooms in which users are greeted


@dataclass
class Seen:
    """The homeserver at the end."""

    users: dict[str, tuple[str | None, bool]]  # display name, and whether active; without the lab's own
    rooms: dict[str, SeenRoom]  # by alias
    stray: int  # rooms without an alias


def of_stub(dump: Json) -> Seen:
    users = {user: (known["displayname"], not known["deactivated"])
             for user, known in dump["users"].items() if not known["admin"]}
    rooms = {alias: SeenRoom(room["name"], room["topic"], room["levels"], set(room["members"]),
                             set(room["invited"]), room["messages"]) for alias, room in dump["rooms"].items()}
    return Seen(users, rooms, dump["stray"])


def of_synapse(school: School, model: Model) -> Seen:
    """Waits for what Synapse does in the background: leaving the rooms of deactivated users."""
    homeserver, sync = school.homeserver, school.sync_user
    assert homeserver is not None and sync is not None
    gone = [user for user, known in model.users.items() if not known.active]
    try:
        wait_until(lambda: not any(homeserver.joined_rooms(user) for user in gone), "removed users to have left",
                   patience=120)
    except Timeout:
        pass  # is told as a difference
    ours = {sync.user_id, homeserver.admin.user_id}
    users = {user["name"]: (user["displayname"], not user["deactivated"])
             for user in homeserver.users() if user["name"] not in ours}
    rooms: dict[str, SeenRoom] = {}
    stray = 0
    for listed in homeserver.rooms():
        for alias in _aliases(homeserver, listed["room_id"]) or [None]:
            if alias is None:
                stray += 1
                continue
            room = homeserver.room(listed["room_id"])
            greets = alias.startswith("#sync_")
            messages = [event["content"]["body"] for event in sync.messages(room.room_id)] if greets else []
            rooms[alias] = SeenRoom(room.name, room.topic, room.levels, room.members, room.users_with("invite"),
                                    messages)
    return Seen(users, rooms, stray)


def _aliases(homeserver: Homeserver, room_id: str) -> list[str]:
    aliases: list[str] = homeserver.admin.get(f"/_matrix/client/v3/rooms/{segment(room_id)}/aliases")["aliases"]
    return aliases


# --- the end state ----------------------------------------------------------------------------------------------


def differences(model: Model, seen: Seen, sync_user: str) -> list[str]:
    return [*_users(model, seen), *_rooms(model, seen, sync_user), *_welcomes(model, seen)]


def doubles(seen: Seen) -> list[str]:
    """What is there twice."""
    greeted = [f"{alias}: greeted with {room.messages}" for alias, room in seen.rooms.items()
               if alias.startswith("#sync_") and len(room.messages) > 1]
    return greeted + ([f"{seen.stray} rooms have no alias"] if seen.stray else [])


def _users(model: Model, seen: Seen) -> Iterator[str]:
    for user, known in model.users.items():
        if user not in seen.users:
            yield f"{user} is missing"
            continue
        name, active = seen.users[user]
        if active != known.active:
            yield f"{user} is {'active' if active else 'deactivated'}"
        elif active and name not in ({known.name} if known.name else _unnamed(user) | known.offered):
            yield f"{user} is called {name!r}, not {known.name!r}"
    for user in seen.users.keys() - model.users.keys():
        yield f"{user} is there, and nobody asked for that"


def accounts(model: Model, kept: list[Json]) -> Iterator[str]:
    """Of the users that MAS keeps: whoever is in Synapse alone can never log in, or still can after the removal."""
    may_log_in = {account["username"]: account["deactivated_at"] is None for account in kept}
    for user, known in model.users.items():
        account = may_log_in.get(user[1:].partition(":")[0])
        if known.active and not account:
            yield f"{user} has {'no' if account is None else 'a deactivated'} account at MAS"
        elif account and not known.active:
            yield f"{user} is not deactivated at MAS"


def _unnamed(user: str) -> set[str | None]:
    """What Synapse calls somebody without a name."""
    return {None, "", user[1:].partition(":")[0]}


def _rooms(model: Model, seen: Seen, sync_user: str) -> Iterator[str]:
    there = {alias for alias in seen.rooms if not alias.startswith("#sync_")}
    for alias in model.rooms.keys() - there:
        yield f"{alias} is missing"
    for alias in there - model.rooms.keys():
        yield f"{alias} is there, and should not be"
    for alias in model.rooms.keys() & there:
        yield from _room(model, alias, seen.rooms[alias], sync_user)


def _room(model: Model, alias: str, room: SeenRoom, sync_user: str) -> Iterator[str]:
    wanted = model.rooms[alias]
    if room.name != wanted.name:
        yield f"{alias} is called {room.name!r}, not {wanted.name!r}"
    if (room.topic or "") != wanted.topic:
        yield f"{alias} has the topic {room.topic!r}, not {wanted.topic!r}"
    levels = {**DESCRIBED_LEVELS, "events_default": 0 if wanted.bidirectional else 50}
    for key, level in levels.items():
        if room.levels.get(key) != level:
            yield f"{alias}: {key} is {room.levels.get(key)}, not {level}"
    members = model.joined(alias) | {sync_user}
    for user in members - room.members:
        yield f"{alias}: {user} is not joined"
    for user in room.members - members:
        yield f"{alias}: {user} is joined, and should not be"
    for user in members - {sync_user}:
        level = room.levels.get("users", {}).get(user, 0)
        if level != model.level(alias, user):
            yield f"{alias}: {user} has level {level}, not {model.level(alias, user)}"


def _welcomes(model: Model, seen: Seen) -> Iterator[str]:
    greeting = {alias: room for alias, room in seen.rooms.items() if alias.startswith("#sync_")}
    for user, known in model.users.items():
        room = greeting.pop(f"#sync_{user[1:]}", None)
        messages = room.messages if room else []
        wanted = [re.sub("<[^>]*>", "", known.welcome)] if known.welcome else []
        if messages[:1] != wanted:
            yield f"{user} was greeted with {messages}, not {wanted}"
        if known.welcome and known.active and room and user not in room.members | room.invited:
            yield f"{user} was greeted in a room to which they are not invited"
    for alias in greeting:
        yield f"{alias} is there, and nobody was to be greeted in it"


# --- the way there (stub only) ----------------------------------------------------------------------------------


def repeated_writes(model: Model, writes: list[list[Any]]) -> list[str]:
    """Writes that changed nothing, and rooms that were made more often than they were removed."""
    repeats = [f"{kind} {whom} {what or ''}: changed nothing" for kind, whom, what, changed in writes
               if not changed and kind not in NOT_COUNTED]
    made = Counter(whom for kind, whom, _, _ in writes if kind == "create-room")
    removed = Counter(whom for kind, whom, _, _ in writes if kind == "delete-room")
    half_made = Counter(whom for kind, whom, _, _ in writes if kind == "crash")
    for alias, count in made.items():
        # A removal whose ack was lost is carried out again, but only of rooms that a message removes.
        removals = removed[alias] if alias in model.removals else 0
        if count > 1 + removals + half_made[alias]:
            repeats.append(f"{alias} was made {count} times")
    return repeats


_NUMBER = re.compile(r"#(\d+)$")


def order_violations(writes: list[list[Any]]) -> list[str]:
    """Names that a later message gave, followed by one of an earlier message, in one life of the daemon.

    Each name ends in the number of its message. A redelivered message may write its name again, so what was
    written before a start does not count, nor what was before a mark that the test made.
    """
    violations = []
    newest: dict[str, int] = {}
    for kind, whom, what, _ in writes:
        if kind in ("log-in", "mark"):
            newest.clear()
            continue
        if kind in ("create-room", "delete-room"):
            newest.pop(whom, None)
        number = _number_of(kind, what)
        if number is None:
            continue
        if number < newest.get(whom, -1):
            violations.append(f"{whom}: {kind} of message {number} after one of message {newest[whom]}")
        newest[whom] = number
    return violations


def _number_of(kind: str, what: Any) -> int | None:
    name = what
    if kind == "change-user":
        name = what.get("displayname")
    elif kind == "write-state":
        name = what[1].get("name") if what[0] == "m.room.name" else None
    elif kind not in ("create-room", "create-user"):
        return None
    found = _NUMBER.search(name) if isinstance(name, str) else None
    return int(found.group(1)) if found else None

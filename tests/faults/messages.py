"""Streams of messages as a school platform sends them in its worst week, made from a seed.

After a crash of the broker, messages may be handled again that were handled and acknowledged before: always the
last ones of each user and room, and in order. For most messages that changes nothing in the end. It would where a
user was deactivated meanwhile, for that is final. So users who are to be removed (leavers) are removed only once they
are there, and are asked for only in rooms that others brought about, as those describe them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lab import message as say

from .model import Model

Json = dict[str, Any]

KINDS = ("room", "course", "team")
PERSONS_PER_MESSAGE = 0.2
ROOMS_PER_MESSAGE = 0.05


@dataclass
class Stream:
    """Bodies in order; what they say; those among them that are bad, with the code that each must be given."""

    bodies: list[bytes]
    model: Model
    bad: dict[bytes, str]


def stream(seed: int, count: int, server_name: str, bad: float = 0.01) -> Stream:
    return _Maker(random.Random(seed), count, server_name).make(bad)


def bad_first(seed: int, good: int, bad: int, server_name: str) -> Stream:
    """All the bad messages, then the good ones."""
    made = stream(seed, good, server_name, bad=0)
    chance = random.Random(seed)
    wrong = dict(_bad(chance, number, server_name) for number in range(bad))
    return Stream([*wrong, *made.bodies], made.model, wrong)


def light(seed: int, count: int, server_name: str, users: int) -> Stream:
    """One of so many users each, most of them in one of a few rooms: many messages that cost little, and less when
    the users are there."""
    chance = random.Random(seed)
    model = Model(server_name)
    bodies = []
    for _ in range(count):
        number = chance.randrange(users)
        rooms = [say.room(f"light{number % 20}")] if number % 10 < 7 else []
        one = say.add_user(f"@light{number}:{server_name}", *rooms, name=f"Pupil {number}")
        model.apply(one)
        bodies.append(json.dumps(one).encode())
    return Stream(bodies, model, {})


class _Maker:
    def __init__(self, chance: random.Random, count: int, server_name: str) -> None:
        self.chance = chance
        self.count = count
        self.server_name = server_name
        self.model = Model(server_name)
        self.number = 0
        self.persons = [f"@p{n}:{server_name}" for n in range(max(4, int(count * PERSONS_PER_MESSAGE)))]
        self.leavers = {person for person in self.persons if chance.random() < 0.15}
        self.rooms = [{"type": chance.choice(KINDS), "id": f"r{n}"}
                      for n in range(max(3, int(count * ROOMS_PER_MESSAGE)))]
        self.described: dict[str, Json] = {}  # rooms that are there, by alias

    def make(self, bad: float) -> Stream:
        kinds: list[tuple[Callable[[], Json], float]] = [
            (self.add_user, 35), (self.add_newcomer, 25), (self.add_room, 28), (self.remove_room, 6),
            (self.remove_user, 6)]
        bodies: list[bytes] = []
        wrong: dict[bytes, str] = {}
        for self.number in range(self.count):
            if self.chance.random() < bad:
                body, code = _bad(self.chance, self.number, self.server_name)
                wrong[body] = code
                bodies.append(body)
                continue
            kind, = self.chance.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])
            message = kind()
            self.model.apply(message)
            bodies.append(json.dumps(message).encode())
        return Stream(bodies, self.model, wrong)

    # The number of the message is in each name, so that it can be told which message wrote it (compare.py).

    def add_user(self) -> Json:
        user = self.chance.choice(self.persons)
        rooms = [self.mention(room, user) for room in self.chance.sample(self.rooms, self.chance.choice((0, 1, 1, 2)))]
        return say.add_user(
            user, *(room for room in rooms if room), name=f"Person #{self.number}" if self.likely(0.8) else None,
            welcome=f"Welcome <b>#{self.number}</b>" if self.likely(0.8) else None)

    def add_newcomer(self) -> Json:
        """Somebody of whom no other message tells, so that none makes up for the loss of this one."""
        user = f"@n{self.number}:{self.server_name}"
        room = self.mention(self.chance.choice(self.rooms), user) if self.likely(0.3) else None
        return say.add_user(user, *([room] if room else []), name=f"Newcomer #{self.number}",
                            welcome=f"Welcome <b>#{self.number}</b>")

    def add_room(self) -> Json:
        room = self.describe(self.chance.choice(self.rooms))
        members = self.chance.choices(self.persons, k=self.chance.randrange(6))  # some are listed twice
        name = f"Member #{self.number}" if self.likely(0.2) else None
        return say.add_room(room, *(say.member(user, name=name, is_moderator=self.likely(0.3)) for user in members))

    def remove_user(self) -> Json:
        there = sorted(self.leavers & self.model.users.keys())
        return say.remove_user(self.chance.choice([*there, f"@nobody{self.number}:{self.server_name}"]))

    def remove_room(self) -> Json:
        room = self.chance.choice(self.rooms)
        self.described.pop(self.model.alias(room), None)
        return say.remove_room(room["id"], type=room["type"])

    def mention(self, room: Json, user: str) -> Json | None:
        """The room in an addUser; None: this user must not be the one for whom it is made."""
        alias = self.model.alias(room)
        if user not in self.leavers and (alias not in self.described or self.likely(0.2)):
            described = self.describe(room)
        elif alias in self.described:
            described = self.described[alias]
        else:
            return None
        return {**described, "is_moderator": self.likely(0.2)}

    def describe(self, room: Json) -> Json:
        alias = self.model.alias(room)
        before = self.described.get(alias)
        if before is None or self.likely(0.5):
            before = {**room, "name": f"Room #{self.number}", "bidirectional": self.likely(0.5),
                      **({"description": f"About #{self.number}"} if self.likely(0.7) else {})}
        self.described[alias] = before
        return before

    def likely(self, probability: float) -> bool:
        return self.chance.random() < probability


def _bad(chance: random.Random, number: int, server_name: str) -> tuple[bytes, str]:
    """A message that can never succeed, and the code that it must be given."""
    user = {"id": f"@bad{number}:{server_name}", "name": "Bad"}
    forms: list[tuple[Any, str]] = [
        (b'{"method": "addUser", "number": %d' % number, "invalid-json"),
        (b'{"method": "addUser", "method": "%d"}' % number, "invalid-json"),
        (b"\xff\xfe %d" % number, "invalid-json"),
        ({"method": "addUser", "number": number}, "invalid-message"),
        ({"method": "addUser", "user": user, "rooms": [{"id": 7, "name": "Bad"}]}, "invalid-message"),
        ({"method": "addRoom", "room": {"id": f"x y{number}", "name": "Bad"}, "members": []}, "invalid-message"),
        ({"method": "enrol", "number": number}, "unknown-method"),
        ({"method": "removeUser", "user": {"id": f"@bad{number}:elsewhere.example"}}, "foreign-server"),
        ({"method": "addUser", "user": {"id": f"@sync:{server_name}", "name": f"Bad {number}"}}, "protected-user"),
        ({"method": "addUser", "user": {**user, "id": f"@BAD{number}:{server_name}"}}, "homeserver-rejected"),
    ]
    form, code = chance.choice(forms)
    return form if isinstance(form, bytes) else json.dumps(form).encode(), code

"""What people and administrators do between messages ends in the same way with the mirror and without it."""

from __future__ import annotations

import os
import random
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab.matrix import Homeserver, Room, segment
from lab.message import add_room, add_user, member, room
from lab.process import wait_until
from lab.synapse import Synapse
from stage import Stage

PASSWORD = "a password"
ALIAS_LIFE = 1.1  # s: an alias that was looked up longer ago is looked up again before a write
PLENTY = {"per_second": 1000, "burst_count": 1000}
SETTINGS = {"rc_message": PLENTY, "rc_admin_redaction": PLENTY}

SEED = int(os.environ.get("SILENCE_SEED", "0")) or secrets.randbelow(10**6) + 1
ROUNDS = int(os.environ.get("SILENCE_ROUNDS", "5"))

USERS, ROOMS = ("ada", "bea", "cai", "dan"), ("quiet", "maths", "music")


class QuietSchool:
    """A homeserver that does not tell of all rooms."""

    def __init__(self) -> None:
        self.synapse = Synapse(settings=SETTINGS).start()
        self.sync = self.synapse.register("sync", PASSWORD, admin=True)
        self.homeserver: Homeserver = self.synapse.homeserver()
        self.homeserver.lift_rate_limit(self.sync.user_id)

    def exclude(self, *rooms: str) -> None:
        self.synapse.restart({**SETTINGS, "exclude_rooms_from_sync": list(rooms)})

    def start(self, stage: Stage, **settings: str) -> None:
        stage.start(MATRIX_MESSENGER__URI=self.synapse.url, MATRIX_MESSENGER__SYNC_USER_PASSWORD=PASSWORD, **settings)


@pytest.fixture(scope="module")
def school_in_silence() -> Iterator[QuietSchool]:
    quiet = QuietSchool()
    yield quiet
    quiet.synapse.destroy()


class Course:
    """Some users and rooms, which one daemon keeps in line. All chance comes from the generator it is given, so that
    the same happens in another course with an equal one."""

    def __init__(self, quiet: QuietSchool, stage: Stage) -> None:
        self.quiet = quiet
        self.stage = stage
        self.homeserver = quiet.homeserver
        self.mark = secrets.token_hex(4)
        self.newcomers = 0
        self.moved: dict[str, None] = {}
        self.told: list[str] = []

    # --- names --------------------------------------------------------------------------------------------------

    def user(self, name: str) -> str:
        return self.homeserver.user_id(f"{name}-{self.mark}")

    def room_id(self, name: str) -> str:
        return f"{name}-{self.mark}"

    def alias(self, name: str) -> str:
        return self.homeserver.alias(f"room_{self.room_id(name)}")

    def find(self, name: str) -> str | None:
        return self.homeserver.resolve(self.alias(name))

    def ours(self, name: str) -> Room | None:
        """Not one that somebody else has made."""
        found = self.find(name)
        one = self.homeserver.room(found) if found else None
        return one if one and one.creator == self.quiet.sync.user_id else None

    # --- messages -----------------------------------------------------------------------------------------------

    def first(self) -> list[Any]:
        return [self._room(name) for name in ROOMS] + [self._user(name) for name in USERS]

    def some(self, chance: random.Random) -> list[Any]:
        """First, somebody who is new comes into each room whose alias was moved: nobody hears of that, and it is seen
        right before something is written."""
        return ([self._newcomer(name) for name in self.moved]
                + [self._user(chance.choice(USERS)) if chance.random() < 0.7 else self._room(chance.choice(ROOMS))
                   for _ in range(4)])

    def _described(self, name: str, **fields: Any) -> dict[str, Any]:
        return room(self.room_id(name), name.title(), description=f"About {name}", **fields)

    def _user(self, name: str) -> Any:
        return add_user(self.user(name), *(self._described(one, is_moderator=name == "ada") for one in ROOMS),
                        name=name.title())

    def _room(self, name: str) -> Any:
        return add_room(self._described(name), member(self.user("ada"), is_moderator=True), self.user("bea"))

    def _newcomer(self, name: str) -> Any:
        self.newcomers += 1
        return add_user(self.user(f"new{self.newcomers}"), self._described(name), name="Newcomer")

    def handle(self, messages: list[Any]) -> list[str]:
        """One after the other; how they ended."""
        outcomes = []
        for message in messages:
            self.stage.publish(message)
            end, = self.stage.ends()
            outcomes.append(f"{end.outcome} {end.code if end.outcome == 'rejected' else ''}".strip())
        self.moved = {}
        return outcomes

    # --- deeds --------------------------------------------------------------------------------------------------

    def meddle(self, chance: random.Random) -> None:
        deeds: list[Callable[[random.Random, str, str], None]] = [
            self.rename, self.rename_but_for_a_room, self.kick, self.ban, self.leave, self.redact, self.change_levels,
            self.change_settings, self.delete_alias, self.move_alias, self.say]
        deed, user, where = chance.choice(deeds), chance.choice(USERS), chance.choice(ROOMS)
        self.told.append(f"{deed.__name__} {user} {where}")
        deed(chance, self.user(user), where)

    def _joined(self, user: str, where: str) -> str | None:
        """The id of the room, if it is ours and the user is in it."""
        one = self.ours(where)
        return one.room_id if one and one.membership(user) == "join" else None

    def rename(self, chance: random.Random, user: str, where: str) -> None:
        name = f"Wrong {chance.randrange(100)}"
        self.homeserver.put_user(user, displayname=name)
        for one in self.homeserver.joined_rooms(user):
            wait_until(lambda one=one: name in str(self.homeserver.room(one).state("m.room.member", user)),
                       "the room to show the name")

    def rename_but_for_a_room(self, chance: random.Random, user: str, where: str) -> None:
        account = self.homeserver.user(user)
        self.rename(chance, user, where)
        for one in self.homeserver.joined_rooms(user):
            self.homeserver.log_in_as(user).set_state(
                one, "m.room.member", {"membership": "join", "displayname": (account or {}).get("displayname")}, user)

    def kick(self, chance: random.Random, user: str, where: str) -> None:
        if found := self._joined(user, where):
            self.quiet.sync.kick(found, user)

    def ban(self, chance: random.Random, user: str, where: str) -> None:
        if (found := self._joined(user, where)) and chance.random() < 0.3:
            self.quiet.sync.ban(found, user)

    def leave(self, chance: random.Random, user: str, where: str) -> None:
        if found := self._joined(user, where):
            self.homeserver.log_in_as(user).leave(found)

    def redact(self, chance: random.Random, user: str, where: str) -> None:
        kind = chance.choice(["m.room.name", "m.room.topic", "m.room.join_rules"])
        if one := self.ours(where):
            path = f"/_matrix/client/v3/rooms/{segment(one.room_id)}/redact/{segment(one.event_id(kind))}/"
            self.quiet.sync.put(path + secrets.token_hex(4), {})

    def change_levels(self, chance: random.Random, user: str, where: str) -> None:
        level, key = chance.choice([0, 10, 60]), chance.choice(["invite", "kick", "ban", "events_default"])
        if one := self.ours(where):
            self.quiet.sync.set_state(one.room_id, "m.room.power_levels", {
                **one.levels, key: chance.randrange(50), "users": {**one.levels["users"], user: level}})

    def change_settings(self, chance: random.Random, user: str, where: str) -> None:
        kind, content = chance.choice([("m.room.name", {"name": "Wrong"}), ("m.room.topic", {"topic": "Wrong"}),
                                       ("m.room.join_rules", {"join_rule": "public"})])
        if one := self.ours(where):
            self.quiet.sync.set_state(one.room_id, kind, content)

    def delete_alias(self, chance: random.Random, user: str, where: str) -> None:
        """By an administrator, who is not in the room."""
        self.moved[where] = None
        if self.find(where):
            self.homeserver.admin.delete(f"/_matrix/client/v3/directory/room/{segment(self.alias(where))}")

    def move_alias(self, chance: random.Random, user: str, where: str) -> None:
        if where != "quiet" and chance.random() < 0.3:
            self.delete_alias(chance, user, where)
            self.homeserver.admin.put_alias(self.alias(where), self.homeserver.admin.create_room())

    def say(self, chance: random.Random, user: str, where: str) -> None:
        """More than /sync tells at once."""
        if one := self.ours(where):
            for number in range(chance.choice([1, 1, 60])):
                self.quiet.sync.say(one.room_id, f"Message {number}")

    # --- the end ------------------------------------------------------------------------------------------------

    def outcome(self) -> dict[str, Any]:
        """All that a message can bring about, without what tells this course from another."""
        return {**{name: (self.homeserver.user(self.user(name)) or {}).get("displayname") for name in self._users()},
                **{name: self._describe(self.ours(name)) for name in ROOMS}}

    def _users(self) -> list[str]:
        return [*USERS, *(f"new{number + 1}" for number in range(self.newcomers))]

    def _describe(self, one: Room | None) -> dict[str, Any] | None:
        if one is None:
            return None
        keys = ("invite", "kick", "ban", "events_default")
        return {"name": one.name, "topic": one.topic, "join rule": one.value("m.room.join_rules", "join_rule"),
                "members": {name: one.membership(self.user(name)) for name in self._users()},
                "levels": {name: one.level(self.user(name)) for name in self._users()},
                "keys": {key: one.levels.get(key) for key in keys}}


def test_the_same_end_with_the_mirror_and_without(stage: Stage, school_in_silence: QuietSchool) -> None:
    other = Stage(stage.school, stage.proxy)
    courses = [Course(school_in_silence, stage), Course(school_in_silence, other)]
    print(f"SILENCE_SEED={SEED} SILENCE_ROUNDS={ROUNDS}")
    try:
        school_in_silence.start(stage, SYNC__MIRROR="false")
        for course in courses:
            course.stage = stage
            assert set(course.handle(course.first())) == {"done"}
        courses[1].stage = other
        school_in_silence.exclude(*(one.room_id for course in courses if (one := course.ours("quiet"))))
        school_in_silence.start(other)
        for number in range(ROUNDS):
            for course in courses:
                chance = random.Random(f"{SEED}-{number}")
                for _ in range(chance.randrange(3, 7)):
                    course.meddle(chance)
            if any(course.moved for course in courses):
                time.sleep(ALIAS_LIFE)
            ends = [course.handle(course.some(random.Random(f"{SEED}+{number}"))) for course in courses]
            without, with_mirror = (course.outcome() for course in courses)
            said = f"SILENCE_SEED={SEED}, round {number}: " + ", ".join(courses[0].told)
            assert with_mirror == without, said
            assert ends[1] == ends[0], said
    finally:
        other.close()


def test_what_is_changed_in_a_room_that_is_not_told(stage: Stage, school_in_silence: QuietSchool) -> None:
    """The first message is in sync, the second finds out that nothing is told, and after that it is read each time."""
    school_in_silence.exclude()
    school_in_silence.start(stage)
    course = Course(school_in_silence, stage)
    message = add_user(course.user("ada"), room(course.room_id("quiet"), "Right"), name="Ada")
    stage.done(message)
    one = course.ours("quiet")
    assert one is not None
    assert stage.daemon.stop() == 0
    school_in_silence.exclude(one.room_id)
    school_in_silence.start(stage)
    stage.done(message, message)
    for number in range(3):
        school_in_silence.sync.set_state(one.room_id, "m.room.name", {"name": f"Wrong {number}"})
        stage.done(message)
        now = course.ours("quiet")
        assert now is not None and now.name == "Right"


def test_a_quiet_room_that_was_there_before_is_free(stage: Stage) -> None:
    """One mark is left in it, and then silence is believed."""
    message = add_user(stage.user(), room(stage.room_id()), name="Ada")
    stage.done(message)
    assert stage.daemon.stop() == 0
    stage.start()
    for _ in range(2):
        stage.done(message)
    stage.proxy.forget()
    for _ in range(3):
        stage.done(message)
    assert [str(one) for one in stage.proxy.writes()] == []
    assert stage.proxy.requests("GET", "/_synapse/admin") == []

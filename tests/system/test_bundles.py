"""What goes to the homeserver in one request is not judged as one: who is refused is refused alone, and at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab.daemon import Daemon
from lab.matrix import Homeserver, Refused, Room
from lab.message import add_room, add_user, member, room
from lab.synapse import Synapse
from stage import Stage

PASSWORD = "a password"

# Something else that fills the levels of rooms, so that a few dozen users are too many already.
FILLING = {"private_chat": {"org.example.filling": "-" * 58_000}}

# Refuses what the names of users and rooms say.
MODULE = """
from synapse.api.errors import Codes, SynapseError

class Doorman:
    def __init__(self, config, api):
        self.asked = set()
        api.register_third_party_rules_callbacks(check_event_allowed=self.check, on_create_room=self.on_create)

    async def on_create(self, requester, content, is_admin):
        if content.get("name") == "closed":
            raise SynapseError(403, "no such room", Codes.FORBIDDEN)

    async def check(self, event, state):
        return self.is_allowed(event), None

    def is_allowed(self, event):
        invited = event.type == "m.room.member" and event.membership == "invite"
        if event.type == "m.room.member" and "vetoed" in event.state_key:
            return False
        if invited and "shy" in event.state_key:
            return False
        if invited and "moody" in event.state_key and event.state_key not in self.asked:
            self.asked.add(event.state_key)
            return False
        if event.type == "m.room.power_levels" and any("grounded" in user for user in event.content.get("users", {})):
            return False
        return not (event.type == "m.room.name" and event.content.get("name") == "half closed")
"""


class StrictSchool:
    """A homeserver with a module that refuses much, and a sync user."""

    def __init__(self) -> None:
        self.synapse = Synapse()
        self.synapse.add_file("doorman.py", MODULE)
        self.synapse.start()
        self.sync = self.synapse.register("sync", PASSWORD, admin=True)
        self.synapse.restart({"modules": [{"module": "doorman.Doorman", "config": {}}],
                              "default_power_level_content_override": FILLING})
        self.homeserver: Homeserver = self.synapse.homeserver()

    def begin(self, stage: Stage) -> Daemon:
        return stage.start(MATRIX_MESSENGER__URI=self.synapse.url, MATRIX_MESSENGER__SYNC_USER_PASSWORD=PASSWORD)

    def alias(self, room_id: str) -> str:
        return self.homeserver.alias(f"room_{room_id}")

    def room(self, room_id: str) -> Room:
        return self.homeserver.room(self.alias(room_id))


@pytest.fixture(scope="module")
def strict() -> Iterator[StrictSchool]:
    school = StrictSchool()
    yield school
    school.synapse.destroy()


# --- members ----------------------------------------------------------------------------------------------------------


def test_a_vetoed_member_of_a_new_room_is_kept_out_alone(stage: Stage, strict: StrictSchool) -> None:
    strict.begin(stage)
    room_id, vetoed, others = stage.room_id(), stage.user("vetoed"), [stage.user(), stage.user()]
    letter = stage.rejected(add_room(room(room_id), others[0], member(vetoed, is_moderator=True),
                                     member(others[1], is_moderator=True)), "homeserver-rejected")
    assert vetoed in letter.detail and "; " not in letter.detail
    made = strict.room(room_id)
    assert made.members == {strict.homeserver.user_id("sync"), *others}
    assert made.level(others[1]) == 50


def test_of_many_who_wait_for_a_room_one_is_vetoed(stage: Stage, strict: StrictSchool) -> None:
    strict.begin(stage)
    room_id, vetoed, others = stage.room_id(), stage.user("vetoed"), [stage.user() for _ in range(9)]
    users = [*others[:5], vetoed, *others[5:]]
    before = len(strict.homeserver.rooms())
    stage.publish(*(add_user(user, room(room_id), name="Ada") for user in users))
    assert sorted(end.outcome for end in stage.ends(10)) == ["done"] * 9 + ["rejected"]
    letter, = stage.queue.wait_dead_letters(1)
    assert vetoed in letter.detail
    assert strict.room(room_id).members == {strict.homeserver.user_id("sync"), *others}
    assert len(strict.homeserver.rooms()) == before + 1


# --- levels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_new", [True, False])
def test_one_whose_level_is_refused_keeps_nobody_down(stage: Stage, strict: StrictSchool, is_new: bool) -> None:
    strict.begin(stage)
    room_id, grounded, others = stage.room_id(), stage.user("grounded"), [stage.user() for _ in range(4)]
    if not is_new:
        stage.done(add_room(room(room_id)))
    users = [*others[:2], grounded, *others[2:]]
    letter = stage.rejected(add_room(room(room_id), *(member(user, is_moderator=True) for user in users)),
                            "homeserver-rejected")
    assert grounded in letter.detail and "; " not in letter.detail
    made = strict.room(room_id)
    assert set(users) <= made.members
    assert [made.level(user) for user in users] == [50, 50, 0, 50, 50]


def long_id(stage: Stage) -> str:
    localpart, _, server = stage.user("long").partition(":")
    return f"{localpart.ljust(250 - len(server) - 1, '0')}:{server}"


@pytest.mark.parametrize("is_new", [True, False])
def test_as_many_levels_as_fit_into_an_event(stage: Stage, strict: StrictSchool, is_new: bool) -> None:
    strict.begin(stage)
    room_id, users, late, other = stage.room_id(), [long_id(stage) for _ in range(40)], long_id(stage), stage.user()
    if not is_new:
        stage.done(add_room(room(room_id)))
    letter = stage.rejected(add_room(room(room_id), *(member(user, is_moderator=True) for user in users)),
                            "homeserver-rejected")
    made = strict.room(room_id)
    raised = [user for user in users if made.level(user) == 50]
    assert set(users) <= made.members
    assert f"{40 - len(raised)} of 40 members" in letter.detail
    with pytest.raises(Refused, match="M_TOO_LARGE"):  # no other would have fitted
        strict.sync.set_state(made.room_id, "m.room.power_levels",
                              {**made.levels, "users": {**made.levels["users"], late: 50}})
    stage.done(add_user(other, room(room_id), name="Ada"))
    letter = stage.rejected(add_user(late, room(room_id, is_moderator=True), name="Ada"), "homeserver-rejected")
    assert "1 of 1 members" in letter.detail
    assert {other, late} <= strict.room(room_id).members


# --- rooms that are refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["closed", "half closed"])
def test_a_room_that_is_refused_leaves_nothing_behind(stage: Stage, strict: StrictSchool, name: str) -> None:
    strict.begin(stage)
    room_id, user = stage.room_id(), stage.user()
    before = len(strict.homeserver.rooms())
    for message in (add_room(room(room_id, name), user), add_user(user, room(room_id, name), name="Ada")):
        letter = stage.rejected(message, "homeserver-rejected")
        assert strict.alias(room_id) in letter.detail and "create-room" in letter.detail
        assert strict.homeserver.resolve(strict.alias(room_id)) is None
        assert len(strict.homeserver.rooms()) == before
    stage.done(add_user(user, room(room_id, "open"), name="Ada"))
    assert user in strict.room(room_id).members


# --- welcome rooms ----------------------------------------------------------------------------------------------------


def welcome_alias(strict: StrictSchool, user: str) -> str:
    return strict.homeserver.alias("sync_" + user[1:].partition(":")[0])


def test_whom_nobody_may_invite_is_rejected_and_leaves_nothing_behind(stage: Stage, strict: StrictSchool) -> None:
    strict.begin(stage)
    shy, other = stage.user("shy"), stage.user()
    before = len(strict.homeserver.rooms())
    stage.publish(add_user(shy, name="Shy", welcome="Hello"), add_user(other, name="Ada", welcome="Hello"))
    assert sorted(end.outcome for end in stage.ends(2)) == ["done", "rejected"]
    letter, = stage.queue.wait_dead_letters(1)
    assert shy in letter.detail and "invite-user" in letter.detail
    assert strict.homeserver.resolve(welcome_alias(strict, shy)) is None
    assert len(strict.homeserver.rooms()) == before + 1


def test_an_invitation_that_is_refused_once_is_made_up_for(stage: Stage, strict: StrictSchool) -> None:
    strict.begin(stage)
    moody = stage.user("moody")
    message = add_user(moody, name="Moody", welcome="Hello")
    stage.done(message, message)
    made = strict.homeserver.room(welcome_alias(strict, moody))
    invitation: dict[str, Any] = made.state("m.room.member", moody) or {}
    assert (invitation["membership"], invitation["is_direct"]) == ("invite", True)
    client = strict.homeserver.log_in_as(moody)
    strict.homeserver.lift_rate_limit(moody)
    client.join(made.room_id)
    assert [said["content"]["body"] for said in client.messages(made.room_id)] == ["Hello"]

"""Homeservers that are set up in unusual ways, and users with unusual ids: all of it has to end well."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab.daemon import Daemon
from lab.matrix import Homeserver, Refused, segment
from lab.message import add_room, add_user, member, room
from lab.synapse import Synapse
from stage import Stage

PASSWORD = "a password"

# Forbids whatever says "forbidden", and adds a word to each name of a room.
MODULE = """
from synapse.module_api import ModuleApi

class Teacher:
    def __init__(self, config, api: ModuleApi):
        api.register_third_party_rules_callbacks(check_event_allowed=self.check)

    async def check(self, event, state):
        if "forbidden" in str(event.content.get("body", "")):
            return False, None
        if event.type == "m.room.name" and not event.content.get("name", "").endswith("!"):
            return True, {**event.get_dict(), "content": {"name": event.content.get("name", "") + "!"}}
        return True, None
"""


class UnusualSchool:
    """A homeserver that can be set up anew, with a sync user."""

    def __init__(self) -> None:
        self.synapse = Synapse().start()
        self.synapse.register("sync", PASSWORD, admin=True)
        self.homeserver: Homeserver = self.synapse.homeserver()

    def begin(self, stage: Stage, **settings: Any) -> Daemon:
        self.synapse.restart(settings)
        return stage.start(MATRIX_MESSENGER__URI=self.synapse.url, MATRIX_MESSENGER__SYNC_USER_PASSWORD=PASSWORD)

    def alias(self, room_id: str) -> str:
        return self.homeserver.alias(f"room_{room_id}")

    def members(self, room_id: str) -> set[str]:
        return self.homeserver.room(self.alias(room_id)).members


@pytest.fixture(scope="module")
def unusual() -> Iterator[UnusualSchool]:
    school = UnusualSchool()
    yield school
    school.synapse.destroy()


def test_where_invitations_are_accepted_by_themselves(stage: Stage, unusual: UnusualSchool) -> None:
    unusual.begin(stage, auto_accept_invites={"enabled": True})
    room_id, users = stage.room_id(), [stage.user() for _ in range(4)]
    stage.done(add_room(room(room_id), *(member(user, is_moderator=True) for user in users)),
               *(add_user(user, room(room_id), name="Ada", welcome="Hello") for user in users))
    assert set(users) <= unusual.members(room_id)
    assert all(unusual.homeserver.room(unusual.alias(room_id)).level(user) == 50 for user in users)


def test_where_rooms_are_encrypted_by_default(stage: Stage, unusual: UnusualSchool) -> None:
    unusual.begin(stage, encryption_enabled_by_default_for_room_type="all")
    room_id, user = stage.room_id(), stage.user()
    message = add_user(user, room(room_id), name="Ada", welcome="Hello")
    stage.done(message, message)
    made = unusual.homeserver.room(unusual.alias(room_id))
    assert user in made.members and made.state("m.room.encryption") is not None


def test_who_blocks_invitations_comes_in_all_the_same(stage: Stage, unusual: UnusualSchool) -> None:
    """Synapse lets a server admin invite whoever blocks invitations."""
    unusual.begin(stage)
    room_id, shy, other = stage.room_id(), stage.user(), stage.user()
    stage.done(add_user(shy, name="Shy"))
    unusual.homeserver.lift_rate_limit(shy)
    client = unusual.homeserver.log_in_as(shy)
    client.put(f"/_matrix/client/v3/user/{segment(shy)}/account_data/m.invite_permission_config",
               {"default_action": "block"})
    stage.done(add_room(room(room_id), shy, other))
    assert {shy, other} <= unusual.members(room_id)


def test_where_sessions_live_for_seconds(stage: Stage, unusual: UnusualSchool) -> None:
    unusual.begin(stage, session_lifetime="4s", refreshable_access_token_lifetime="2s")
    room_id = stage.room_id()
    for _ in range(3):
        stage.done(add_user(stage.user(), room(room_id), name="Ada"))
        time.sleep(3)  # longer than a token lives
    assert len(unusual.members(room_id)) == 4


def test_a_module_that_changes_content_and_forbids_messages(stage: Stage, unusual: UnusualSchool) -> None:
    unusual.synapse.add_file("teacher.py", MODULE)
    unusual.begin(stage, modules=[{"module": "teacher.Teacher", "config": {}}])
    room_id, user = stage.room_id(), stage.user()
    stage.done(add_room(room(room_id, "Maths"), user))
    assert unusual.homeserver.room(unusual.alias(room_id)).name == "Maths!"
    stage.done(add_room(room(room_id, "Maths"), user))
    letter = stage.rejected(add_user(stage.user(), room(room_id, "Maths"), name="Ada", welcome="forbidden"),
                            "homeserver-rejected")
    assert "send-welcome" in letter.detail
    assert len(unusual.members(room_id)) == 3


def test_ids_of_digits_are_refused_and_the_others_come_in(stage: Stage) -> None:
    room_id, digits, other = stage.room_id(), stage.homeserver.user_id(str(time.time_ns())), stage.user()
    stage.rejected(add_room(room(room_id), digits, other), "homeserver-rejected")
    assert stage.homeserver.room(stage.alias(room_id)).members == {stage.sync.user_id, other}


def test_ids_of_an_application_service_are_refused_and_the_others_come_in(stage: Stage) -> None:
    """Who is not made by the service is nobody."""
    room_id, puppet, other = stage.room_id(), stage.user("puppet"), stage.user()
    try:
        stage.homeserver.put_user(puppet, displayname="Made by an administrator")
        refused = False
    except Refused:
        refused = True
    message = add_room(room(room_id), puppet, other)
    if refused:
        stage.rejected(message, "homeserver-rejected")
    else:
        stage.done(message)
    assert other in stage.homeserver.room(stage.alias(room_id)).members

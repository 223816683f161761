"""What is held because of the sync user or the homeserver's rules: it is said, nothing is lost, and it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab.daemon import Daemon
from lab.matrix import Homeserver, Refused, segment
from lab.message import add_room, add_user, room
from lab.process import wait_until
from lab.synapse import Synapse
from stage import Stage
from test_sync_user import Actor

PASSWORD = "a password"


def suspend(stage: Stage, user: str, suspended: bool) -> None:
    stage.homeserver.admin.put(f"/_synapse/admin/v1/suspend/{segment(user)}", {"suspend": suspended})


def shadow_ban(stage: Stage, user: str, banned: bool) -> None:
    path = f"/_synapse/admin/v1/users/{segment(user)}/shadow_ban"
    if banned:
        stage.homeserver.admin.post(path)
    else:
        stage.homeserver.admin.delete(path)


def lock(stage: Stage, user: str, locked: bool) -> None:
    stage.homeserver.put_user(user, locked=locked)


# --- the sync user ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("harm, reason", [(suspend, "suspended"), (shadow_ban, "shadow-banned"),
                                          (lock, "M_USER_LOCKED")])
def test_a_sync_user_that_may_not_work_loses_nothing(stage: Stage, harm: Any, reason: str) -> None:
    actor = Actor(stage)
    daemon = actor.start()
    room_id = stage.room_id()
    stage.done(add_room(room(room_id)))
    harm(stage, actor.id, True)
    users = [stage.user() for _ in range(20)]
    stage.publish(*(add_user(user, room(room_id), name="Ada") for user in users))
    held = daemon.wait_line(f"event=held messages=.*{reason}")  # some may not have come yet
    assert held.is_warning
    wait_until(lambda: stage.queue.depth().total == 20, "all to be there")
    assert len(daemon.ends()) == 1
    harm(stage, actor.id, False)
    assert [end.outcome for end in stage.ends(20)] == ["done"] * 20
    assert set(users) <= stage.homeserver.room(stage.alias(room_id)).members
    assert not stage.queue.exists(stage.queue.dlq) or stage.queue.waiting(stage.queue.dlq) == 0


# --- members ----------------------------------------------------------------------------------------------------------


def test_a_suspended_member_is_kept_out_alone(stage: Stage) -> None:
    room_id, suspended, other = stage.room_id(), stage.person(), stage.person()
    stage.done(add_room(room(room_id)))
    suspend(stage, suspended, True)
    letter = stage.rejected(add_user(suspended, room(room_id)), "homeserver-rejected")
    assert "M_USER_SUSPENDED" in letter.detail
    stage.done(add_user(other, room(room_id)))
    assert other in stage.homeserver.room(stage.alias(room_id)).members


def test_a_locked_member_is_joined(stage: Stage) -> None:
    room_id, locked = stage.room_id(), stage.person(locked=True)
    stage.done(add_room(room(room_id)))
    stage.done(add_user(locked, room(room_id)))
    assert locked in stage.homeserver.room(stage.alias(room_id)).members


# --- the homeserver's rules -------------------------------------------------------------------------------------------

MODULE = """
from synapse.api.errors import SynapseError

class Chaperon:
    def __init__(self, config, api):
        api.register_spam_checker_callbacks(user_may_join_room=self.may_join)

    async def may_join(self, user, room, is_invited):
        raise SynapseError(403, "ask your parents", errcode="ORG.SCHOOL.ASK_PARENTS")
"""


class OtherSchool:
    """A homeserver whose rules can be changed, with a sync user."""

    def __init__(self) -> None:
        self.synapse = Synapse().start()
        self.synapse.register("sync", PASSWORD, admin=True)
        self.homeserver: Homeserver = self.synapse.homeserver()

    def start(self, stage: Stage) -> Daemon:
        return stage.start(MATRIX_MESSENGER__URI=self.synapse.url, MATRIX_MESSENGER__SYNC_USER_PASSWORD=PASSWORD)

    def alias(self, room_id: str) -> str:
        return self.homeserver.alias(f"room_{room_id}")


@pytest.fixture(scope="module")
def other() -> Iterator[OtherSchool]:
    school = OtherSchool()
    yield school
    school.synapse.destroy()


def consent(synapse: Synapse) -> dict[str, Any]:
    synapse.add_file("templates/en/1.0.html", "terms")
    return {"user_consent": {"template_dir": synapse.add_file("templates/en/success.html", "ok").rpartition("/en/")[0],
                             "version": "1.0", "block_events_error": "agree first: %(consent_uri)s"},
            "public_baseurl": "http://matrix.example.school/"}


def disabled(_: Synapse) -> dict[str, Any]:
    return {"hs_disabled": True, "hs_disabled_message": "closed", "admin_contact": "mailto:office@example.school"}


def test_who_may_not_write_loses_nothing(stage: Stage, other: OtherSchool) -> None:
    daemon = other.start(stage)
    rooms = [stage.room_id() for _ in range(3)]
    stage.done(add_room(room(rooms[0])))
    other.synapse.restart(consent(other.synapse))
    user = stage.user()
    stage.publish(add_user(user, room(rooms[0]), name="Ada"), *(add_room(room(room_id)) for room_id in rooms[1:]))
    daemon.wait_line("event=held messages=[1-3] .*M_CONSENT_NOT_GIVEN")
    other.synapse.restart(disabled(other.synapse))
    daemon.wait_line("event=homeserver-refused .*M_RESOURCE_LIMIT_EXCEEDED: closed")
    assert len(daemon.ends()) == 1
    other.synapse.restart({})
    assert [end.outcome for end in stage.ends(3)] == ["done"] * 3
    assert user in other.homeserver.room(other.alias(rooms[0])).members


def test_what_is_refused_without_a_known_reason_is_held_and_said(stage: Stage, other: OtherSchool) -> None:
    """Alias rules that forbid the sync user every alias; a module that makes up an errcode."""
    daemon = other.start(stage)
    room_id, new_room, user = stage.room_id(), stage.room_id(), stage.user()
    stage.done(add_room(room(room_id)))
    other.synapse.add_file("chaperon.py", MODULE)
    other.synapse.restart({"alias_creation_rules": [{"user_id": "@nobody:*", "alias": "*", "action": "allow"}],
                           "modules": [{"module": "chaperon.Chaperon", "config": {}}]})
    stage.publish(add_room(room(new_room)), add_user(user, room(room_id), name="Ada"))
    daemon.wait_line('event=held messages=1 call=create-room reason=".*403 M_UNKNOWN')
    daemon.wait_line('event=held messages=1 call=join-user reason=".*ORG.SCHOOL.ASK_PARENTS: ask your parents')
    # Others are served meanwhile.
    stage.publish(add_user(stage.user(), name="Bo"))
    assert stage.ends()[0].outcome == "done"
    other.synapse.restart({})
    assert [end.outcome for end in stage.ends(2)] == ["done"] * 2
    assert user in other.homeserver.room(other.alias(room_id)).members
    daemon.wait_line("event=held-no-more call=create-room")


# --- the rules that config/README.md recommends ----------------------------------------------------------------------


def test_where_only_the_sync_user_may_take_its_aliases(stage: Stage, other: OtherSchool) -> None:
    rules = [{"user_id": "@sync:*", "action": "allow"}, {"alias": "#sync_*", "action": "deny"},
             {"alias": "#room_*", "action": "deny"}, {"action": "allow"}]
    other.synapse.restart({"alias_creation_rules": rules})
    other.start(stage)
    room_id, pupil, newcomer = stage.room_id(), stage.user(), stage.user()
    stage.done(add_room(room(room_id), pupil), add_user(newcomer, room(room_id), name="Ada", welcome="Hello"))
    other.homeserver.lift_rate_limit(pupil)
    client = other.homeserver.log_in_as(pupil)
    lesson = other.homeserver.resolve(other.alias(room_id)) or ""
    client.put_alias(other.homeserver.alias("our_place"), lesson)
    for name in ("room_squatted", "sync_somebody"):
        with pytest.raises(Refused):
            client.put_alias(other.homeserver.alias(name), lesson)
    other.synapse.restart({})

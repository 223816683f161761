"""removeUser and removeRoom."""

from __future__ import annotations

import pytest

from lab.message import add_room, add_user, remove_room, remove_user, room
from lab.process import wait_until
from stage import Stage

DEACTIVATE = "/_synapse/admin/v1/deactivate/"
DELETION = "/_synapse/admin/v2/rooms/[^/]+$"
# A young Synapse cannot delete a room while a background update of its database still has to do with it: the table
# sliding_sync_joined_rooms_to_recalculate refers to rooms, and is not among those that a purge empties.
FAILED_TASK = "synapse.util.task_scheduler scheduled task "


def test_a_removed_user_is_deactivated_and_erased(stage: Stage) -> None:
    user = stage.person(displayname="Ada")
    stage.done(remove_user(user))
    account = stage.homeserver.user(user)
    assert account is not None and account["deactivated"] and account["erased"]


def test_without_erase_the_data_are_kept(stage: Stage) -> None:
    stage.start(SYNC__ERASE="false")
    user = stage.person(displayname="Ada")
    stage.done(remove_user(user))
    account = stage.homeserver.user(user)
    assert account is not None and account["deactivated"] and not account["erased"]


def test_a_removed_user_leaves_the_rooms(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.done(add_user(user, room(room_id), name="Ada"))
    stage.done(remove_user(user))
    wait_until(lambda: user not in stage.homeserver.room(stage.alias(room_id)).members, "the user to leave")


def test_an_unknown_user_is_done_and_not_made(stage: Stage) -> None:
    user = stage.user()
    stage.done(remove_user(user))
    assert stage.homeserver.user(user) is None


def test_a_user_who_is_removed_already_is_done_and_nothing_is_written(stage: Stage) -> None:
    user = stage.person()
    stage.done(remove_user(user))
    assert stage.writes_of(remove_user(user), remove_user(user)) == []


def test_the_sync_user_is_protected(stage: Stage) -> None:
    stage.rejected(remove_user(stage.sync.user_id), "protected-user")
    assert stage.proxy.requests("POST", DEACTIVATE) == []


def test_a_server_admin_is_protected(stage: Stage) -> None:
    admin = stage.person(admin=True)
    stage.rejected(remove_user(admin), "protected-user")
    account = stage.homeserver.user(admin)
    assert account is not None and not account["deactivated"]


def test_who_became_an_admin_since_we_last_looked_is_protected(stage: Stage) -> None:
    user = stage.user()
    stage.done(add_user(user, name="Ada"))
    stage.homeserver.put_user(user, admin=True)
    stage.rejected(remove_user(user), "protected-user")


def test_a_user_whose_status_cannot_be_read_is_not_removed_blindly(stage: Stage) -> None:
    admin = stage.person(admin=True)
    fault = stage.proxy.fault(r"/_synapse/admin/v\d/users/@", "GET", status=500,
                              body={"errcode": "M_UNKNOWN", "error": "Internal server error"})
    stage.publish(remove_user(admin))
    assert stage.daemon.alive()
    fault.wait_hit(2)
    assert stage.proxy.requests("POST", DEACTIVATE) == []
    fault.release()
    assert stage.ends()[0].outcome == "rejected"


def test_a_removed_room_is_gone_and_its_alias_is_free_when_the_message_is_done(stage: Stage) -> None:
    room_id, users = stage.room_id(), [stage.user() for _ in range(4)]
    stage.done(add_room(room(room_id), *users))
    old = stage.homeserver.resolve(stage.alias(room_id))
    assert old is not None
    stage.done(remove_room(room_id))
    assert stage.homeserver.resolve(stage.alias(room_id)) is None
    assert not stage.homeserver.room_exists(old)
    assert all(old not in stage.homeserver.joined_rooms(user) for user in users)


def test_a_room_that_is_absent_is_done_and_nothing_is_written(stage: Stage) -> None:
    stage.done(remove_room(stage.room_id()))
    message = remove_room(stage.room_id(), type="course")
    assert stage.writes_of(message, message) == []


def test_the_type_decides_which_room_is_removed(stage: Stage) -> None:
    room_id = stage.room_id()
    stage.done(add_room(room(room_id, type="news")), add_room(room(room_id, type="course")))
    stage.done(remove_room(room_id, type="course"))
    assert stage.homeserver.resolve(stage.alias(room_id, "course")) is None
    assert stage.homeserver.resolve(stage.alias(room_id, "news")) is not None


def test_a_room_that_is_not_ours_is_rejected_and_stays(stage: Stage) -> None:
    room_id, owner = stage.room_id(), stage.person()
    stage.homeserver.lift_rate_limit(owner)
    theirs = stage.homeserver.log_in_as(owner).create_room(room_alias_name=f"room_{room_id}")
    stage.rejected(remove_room(room_id), "alias-conflict")
    assert stage.homeserver.resolve(stage.alias(room_id)) == theirs
    assert stage.homeserver.room(theirs).members == {owner}


def test_a_dead_room_is_removed(stage: Stage) -> None:
    room_id = stage.room_id()
    dead = stage.sync.create_room(room_alias_name=f"room_{room_id}", name="Dead", preset="private_chat")
    stage.sync.leave(dead)
    stage.done(remove_room(room_id))
    assert stage.homeserver.resolve(stage.alias(room_id)) is None
    assert not stage.homeserver.room_exists(dead)


def test_a_room_without_the_sync_user_in_it_is_removed(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.person()
    stage.done(add_room(room(room_id), user))
    old = stage.homeserver.resolve(stage.alias(room_id))
    assert old is not None
    stage.sync.leave(old)
    stage.done(remove_room(room_id))
    assert stage.homeserver.resolve(stage.alias(room_id)) is None
    assert not stage.homeserver.room_exists(old)


def test_rooms_are_deleted_once_though_their_members_are_still_leaving(stage: Stage) -> None:
    """Synapse takes deactivated users out of their rooms in the background. And it begins a deletion later where it is
    just beginning another one."""
    rooms, users = [stage.room_id() for _ in range(5)], [stage.user() for _ in range(6)]
    stage.done(*(add_room(room(one), *users) for one in rooms))
    stage.proxy.forget()
    failed_before = stage.school.synapse.log().count(FAILED_TASK)
    stage.done(*(remove_user(user) for user in users), *(remove_room(one) for one in rooms))
    assert all(stage.homeserver.resolve(stage.alias(one)) is None for one in rooms)
    failed = stage.school.synapse.log().count(FAILED_TASK) - failed_before
    assert len(stage.proxy.requests("DELETE", DELETION)) == 5 + failed


def test_a_removal_that_was_cut_is_completed_by_the_next_delivery(stage: Stage) -> None:
    room_id = stage.room_id()
    first = stage.start()
    stage.done(add_room(room(room_id), stage.person()))
    fault = stage.proxy.fault("/_synapse/admin/v2/rooms/", "DELETE", hold_reply=True, times=1)
    stage.publish(remove_room(room_id))
    fault.wait_hit()
    first.kill()
    fault.release()
    stage.start()
    stage.ends()
    assert stage.homeserver.resolve(stage.alias(room_id)) is None


@pytest.mark.parametrize("harm", [{"lose_reply": True}, {"cut": True}], ids=["answer lost", "never arrived"])
@pytest.mark.parametrize("path", [DEACTIVATE, DELETION], ids=["user", "room"])
def test_a_removal_whose_answer_was_lost_is_done_all_the_same(
        stage: Stage, path: str, harm: dict) -> None:  # type: ignore[type-arg]
    room_id, user = stage.room_id(), stage.user()
    stage.done(add_room(room(room_id), user))
    fault = stage.proxy.fault(path, times=1, **harm)
    stage.done(remove_room(room_id), remove_user(user))
    assert fault.hits == 1
    assert stage.homeserver.resolve(stage.alias(room_id)) is None
    account = stage.homeserver.user(user)
    assert account is not None and account["deactivated"]

"""An alias is not a room: anybody may bind a free one to a room they are in, and nothing comes of that."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lab.matrix import Client, Room, segment
from lab.message import add_room, add_user, member, remove_room, room
from stage import Stage

PURPOSE = "io.github.synapse_sync"


def welcome_alias(stage: Stage, user: str) -> str:
    return stage.homeserver.alias("sync_" + user[1:].split(":")[0])


class ClassRoom:
    """A room of ours, and a pupil in it who is free to act."""

    def __init__(self, stage: Stage, room_id: str | None = None) -> None:
        self.stage = stage
        self.pupil = stage.person()
        self.id = stage.room_id()
        self.alias = stage.alias(self.id, "course")
        if room_id is None:
            stage.done(add_room(room(self.id, "Class", type="course", bidirectional=True), self.pupil))
        else:
            bring_in(stage, room_id, self.pupil)
        self.room_id = room_id or stage.homeserver.resolve(self.alias) or ""
        stage.homeserver.lift_rate_limit(self.pupil)
        self.client: Client = stage.homeserver.log_in_as(self.pupil)
        self.client.say(self.room_id, "the history of the class")
        self.before = self.now()

    def now(self) -> Room:
        return self.stage.homeserver.room(self.room_id)

    def assert_untouched(self) -> None:
        assert self.stage.homeserver.room_exists(self.room_id)
        assert self.now().changes_since(self.before) == {}
        assert len(self.client.messages(self.room_id)) == 1


def predecessors_room(stage: Stage, alias: str | None, **content: Any) -> str:
    """As the predecessor made it: its create event does not say what for."""
    stage.warm_up()  # its start may give the sync user another name
    local = {} if alias is None else {"room_alias_name": alias[1:].split(":")[0]}
    return stage.sync.create_room(name="Old", preset="private_chat", creation_content={"m.federate": False},
                                  **local, **content)


def bring_in(stage: Stage, room_id: str, user: str) -> None:
    stage.sync.post(f"/_synapse/admin/v1/join/{segment(room_id)}", {"user_id": user})


def free(stage: Stage, alias: str) -> None:
    """As the dead letter says how."""
    stage.homeserver.admin.delete(f"/_matrix/client/v3/directory/room/{segment(alias)}")


def upgrade(client: Client, room_id: str, version: str) -> str:
    new: str = client.post(f"/_matrix/client/v3/rooms/{segment(room_id)}/upgrade",
                           {"new_version": version})["replacement_room"]
    return new


# --- what a room was made for -----------------------------------------------------------------------------------------


def test_a_room_says_in_its_create_event_what_it_was_made_for(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.done(add_user(user, room(room_id), name="Ada", welcome="Hello"))
    made, welcome = (stage.homeserver.room(alias) for alias in (stage.alias(room_id), welcome_alias(stage, user)))
    said, said_of_welcome = (one.value("m.room.create", PURPOSE) for one in (made, welcome))
    marks = {one.value("m.room.create", f"{PURPOSE}.attempt") for one in (made, welcome)}
    assert said == {"alias": stage.alias(room_id)}
    assert said_of_welcome == {"welcome": user}
    assert None not in marks and len(marks) == 2


# --- aliases of rooms -------------------------------------------------------------------------------------------------


def test_a_removal_of_a_squatted_alias_removes_nothing(stage: Stage) -> None:
    lesson, team = ClassRoom(stage), stage.room_id()
    lesson.client.put_alias(stage.alias(team, "team"), lesson.room_id)
    letter = stage.rejected(remove_room(team, type="team"), "alias-conflict")
    assert lesson.alias in letter.detail and lesson.room_id in letter.detail, letter.detail
    assert "/_matrix/client/v3/directory/room/" in letter.detail
    lesson.assert_untouched()


def test_an_addition_to_a_squatted_alias_touches_nothing_and_joins_nobody(stage: Stage) -> None:
    lesson, lounge, teacher = ClassRoom(stage), stage.room_id(), stage.person()
    lesson.client.put_alias(stage.alias(lounge, "teachers"), lesson.room_id)
    message = add_room(room(lounge, "Lounge", type="teachers"), member(teacher, is_moderator=True))
    for _ in range(2):
        stage.rejected(message, "alias-conflict")
        stage.rejected(add_user(teacher, room(lounge, "Lounge", type="teachers")), "alias-conflict")
    lesson.assert_untouched()
    stage.done(add_room(room(lesson.id, "Class", type="course", bidirectional=True), lesson.pupil))
    lesson.assert_untouched()


def test_once_the_alias_is_free_the_message_that_is_sent_again_is_done(stage: Stage) -> None:
    lesson, team, teacher = ClassRoom(stage), stage.room_id(), stage.person()
    alias = stage.alias(team, "team")
    lesson.client.put_alias(alias, lesson.room_id)
    message = add_room(room(team, "Team", type="team"), teacher)
    stage.rejected(message, "alias-conflict")
    free(stage, alias)
    stage.done(message)
    assert stage.homeserver.room(alias).members == {stage.sync.user_id, teacher}
    lesson.assert_untouched()


def test_an_alias_that_an_operator_moved_is_a_conflict_too(stage: Stage) -> None:
    lesson, other = ClassRoom(stage), ClassRoom(stage)
    free(stage, other.alias)
    stage.sync.put_alias(other.alias, lesson.room_id)
    stage.rejected(remove_room(other.id, type="course"), "alias-conflict")
    stage.rejected(add_room(room(other.id, "Class", type="course"), stage.person()), "alias-conflict")
    lesson.assert_untouched()
    other.assert_untouched()


def test_a_squatted_alias_of_a_room_of_the_predecessor_decides_nothing(stage: Stage) -> None:
    own, team = stage.room_id(), stage.room_id()
    lesson = ClassRoom(stage, predecessors_room(stage, stage.alias(own, "course")))
    lesson.client.put_alias(stage.alias(team, "team"), lesson.room_id)
    letter = stage.rejected(remove_room(team, type="team"), "alias-conflict")
    assert stage.alias(own, "course") in letter.detail, letter.detail
    stage.rejected(add_room(room(team, "Team", type="team"), stage.person()), "alias-conflict")
    lesson.assert_untouched()


def test_a_room_of_the_predecessor_without_a_canonical_alias_is_that_of_its_only_alias(stage: Stage) -> None:
    own, team, user = stage.room_id(), stage.room_id(), stage.person()
    old = predecessors_room(stage, stage.alias(own))
    stage.sync.set_state(old, "m.room.canonical_alias", {})
    stage.done(add_room(room(own, "Old"), user))
    assert stage.homeserver.room(old).value("m.room.canonical_alias", "alias") == stage.alias(own)
    stage.sync.set_state(old, "m.room.canonical_alias", {})
    stage.sync.put_alias(stage.alias(team, "team"), old)
    stage.rejected(remove_room(team, type="team"), "alias-conflict")
    stage.rejected(remove_room(own), "alias-conflict")
    assert user in stage.homeserver.room(old).members


def test_a_deleted_alias_is_noticed_before_somebody_is_joined(stage: Stage) -> None:
    """An administrator who is not in the room tells nobody; the room of before is not written to any more."""
    lesson, newcomer = ClassRoom(stage), stage.person(displayname="Ada")
    stage.warm_up()
    free(stage, lesson.alias)
    stage.proxy.forget()
    time.sleep(1.1)  # so old that what was believed of the alias does not count
    stage.done(add_user(newcomer, room(lesson.id, "Class", type="course", bidirectional=True), name="Ada"))
    new = stage.homeserver.room(lesson.alias)
    assert new.room_id != lesson.room_id and newcomer in new.members
    assert newcomer not in lesson.now().members
    stage.done(remove_room(lesson.id, type="course"))
    assert not stage.homeserver.room_exists(new.room_id)


# --- welcomes ---------------------------------------------------------------------------------------------------------


def assert_greeted_later(stage: Stage, user: str, body: str) -> None:
    alias = welcome_alias(stage, user)
    free(stage, alias)
    stage.done(add_user(user, name="Ada", welcome=body), add_user(user, name="Ada", welcome=body))
    greeted = stage.homeserver.room(alias)
    assert [message["content"]["body"] for message in stage.sync.messages(greeted.room_id)] == [body]
    assert greeted.membership(user) == "invite"


def test_a_squatted_welcome_deletes_no_class_room_and_is_given_once_the_alias_is_free(stage: Stage) -> None:
    lesson, newcomer = ClassRoom(stage), stage.user()
    lesson.client.put_alias(welcome_alias(stage, newcomer), lesson.room_id)
    letter = stage.rejected(add_user(newcomer, name="Ada", welcome="Hello"), "alias-conflict")
    assert lesson.alias in letter.detail, letter.detail
    lesson.assert_untouched()
    assert_greeted_later(stage, newcomer, "Hello")


def test_a_welcome_is_not_written_into_a_room_in_which_the_newcomer_is(stage: Stage) -> None:
    lesson, newcomer = ClassRoom(stage), stage.user()
    stage.done(add_room(room(lesson.id, "Class", type="course", bidirectional=True), newcomer))
    lesson.before = lesson.now()
    lesson.client.put_alias(welcome_alias(stage, newcomer), lesson.room_id)
    stage.rejected(add_user(newcomer, name="Ada", welcome="Secret"), "alias-conflict")
    assert "Secret" not in str(lesson.client.messages(lesson.room_id))
    assert_greeted_later(stage, newcomer, "Secret")


@pytest.mark.parametrize("inside", [False, True], ids=["stranger", "member"])
def test_not_even_a_moderator_of_a_room_of_the_predecessor_can_make_it_a_welcome_room(stage: Stage,
                                                                                       inside: bool) -> None:
    newcomer = stage.user()
    if inside:
        stage.done(add_room(room(stage.room_id()), member(newcomer, name="Ada")))
    lesson = ClassRoom(stage, predecessors_room(stage, stage.alias(stage.room_id(), "course")))
    if inside:
        bring_in(stage, lesson.room_id, newcomer)
    alias = welcome_alias(stage, newcomer)
    stage.sync.put_alias(alias, lesson.room_id)
    stage.sync.set_state(lesson.room_id, "m.room.canonical_alias", {"alias": alias})
    lesson.before = lesson.now()
    stage.rejected(add_user(newcomer, name="Ada", welcome="Hello"), "alias-conflict")
    lesson.assert_untouched()
    assert_greeted_later(stage, newcomer, "Hello")


def test_a_squatted_welcome_does_not_keep_the_user_out_of_the_rooms(stage: Stage) -> None:
    lesson, newcomer = ClassRoom(stage), stage.user()
    lesson.client.put_alias(welcome_alias(stage, newcomer), lesson.room_id)
    stage.rejected(add_user(newcomer, room(lesson.id, "Class", type="course", bidirectional=True), name="Ada",
                            welcome="Hello"), "alias-conflict")
    assert newcomer in lesson.now().members


def test_a_dead_room_of_the_predecessor_is_made_anew(stage: Stage) -> None:
    own, user = stage.room_id(), stage.person()
    old = predecessors_room(stage, stage.alias(own))
    stage.sync.leave(old)
    stage.done(add_room(room(own, "New"), user))
    assert stage.homeserver.room(stage.alias(own)).members == {stage.sync.user_id, user}
    assert not stage.homeserver.room_exists(old)


# --- upgraded rooms ---------------------------------------------------------------------------------------------------


def test_a_room_is_removed_with_those_that_were_upgraded_into_it(stage: Stage) -> None:
    own, user = stage.room_id(), stage.person()
    stage.done(add_room(room(own, "Class"), user))
    rooms = [stage.homeserver.resolve(stage.alias(own)) or ""]
    for version in ("11", "12"):
        rooms.append(upgrade(stage.sync, rooms[-1], version))
    assert stage.homeserver.resolve(stage.alias(own)) == rooms[-1]
    stage.done(add_room(room(own, "Upgraded"), user))
    assert stage.homeserver.room(rooms[-1]).name == "Upgraded" and user in stage.homeserver.room(rooms[-1]).members
    stage.done(remove_room(own))
    assert [stage.homeserver.room_exists(one) for one in rooms] == [False, False, False]
    assert stage.homeserver.resolve(stage.alias(own)) is None


def test_a_predecessor_that_is_not_ours_stays(stage: Stage) -> None:
    """Whoever made it let the sync user upgrade it; what was written in it is still theirs."""
    own, owner = stage.room_id(), stage.person()
    stage.homeserver.lift_rate_limit(owner)
    client = stage.homeserver.log_in_as(owner)
    theirs = client.create_room(room_alias_name=f"room_{own}", preset="private_chat", room_version="10",
                                invite=[stage.sync.user_id],
                                power_level_content_override={"users": {owner: 100, stage.sync.user_id: 100}})
    stage.sync.join(theirs)
    new = upgrade(stage.sync, theirs, "11")
    stage.done(remove_room(own))
    assert not stage.homeserver.room_exists(new) and stage.homeserver.room_exists(theirs)

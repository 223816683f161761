"""A room as described, and whose room it is."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lab.matrix import Client, Room
from lab.message import add_room, add_user, member, remove_room, room
from lab.process import wait_until
from stage import Stage, unique

MARKER = "m.room.sync"


def made(stage: Stage, room_id: str, kind: str = "room") -> Room:
    return stage.homeserver.room(stage.alias(room_id, kind))


def somebody(stage: Stage) -> Client:
    """A person who does things in the chat, without a rate limit in the way."""
    user = stage.person()
    stage.homeserver.lift_rate_limit(user)
    return stage.homeserver.log_in_as(user)


def foreign_room(stage: Stage, room_id: str, **content: Any) -> tuple[Client, str]:
    """Somebody else's room that has the alias ours would have."""
    owner = somebody(stage)
    return owner, owner.create_room(room_alias_name=f"room_{room_id}", name="Mine", preset="private_chat", **content)


# --- a new room -------------------------------------------------------------------------------------------------------


def test_a_new_room_is_as_described(stage: Stage) -> None:
    room_id = stage.room_id()
    stage.done(add_room(room(room_id, "Mathematics", type="course", description="Room 204", bidirectional=False)))
    new = made(stage, room_id, "course")
    assert new.name == "Mathematics"
    assert new.topic == "Room 204"
    assert new.value("m.room.canonical_alias", "alias") == stage.alias(room_id, "course")
    assert new.value("m.room.join_rules", "join_rule") == "invite"
    assert new.value("m.room.guest_access", "guest_access") == "forbidden"
    assert new.value("m.room.create", "m.federate") is False
    assert new.state(MARKER) == {"mode": "managed"}
    assert new.members == {stage.sync.user_id}
    assert {key: new.levels[key] for key in ("invite", "kick", "ban", "events_default")} == {
        "invite": 70, "kick": 70, "ban": 70, "events_default": 50}


def test_a_new_room_is_not_in_the_public_list(stage: Stage) -> None:
    room_id = stage.room_id()
    stage.done(add_room(room(room_id)))
    listed = stage.homeserver.admin.get(f"/_matrix/client/v3/directory/list/room/{made(stage, room_id).room_id}")
    assert listed["visibility"] == "private"


def test_everybody_may_talk_in_a_bidirectional_room(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.person()
    stage.done(add_room(room(room_id, bidirectional=True), user))
    new = made(stage, room_id)
    assert new.levels["events_default"] == 0
    stage.homeserver.lift_rate_limit(user)
    stage.homeserver.log_in_as(user).say(new.room_id, "Hello")


def test_the_levels_of_a_new_room_keep_what_could_open_it_for_100(stage: Stage) -> None:
    room_id = stage.room_id()
    stage.done(add_room(room(room_id)))
    events = made(stage, room_id).levels["events"]
    for kind in ("m.room.canonical_alias", "m.room.join_rules", "m.room.guest_access", MARKER):
        assert events[kind] == 100, kind


def test_the_sync_user_has_level_100_in_a_new_room(stage: Stage) -> None:
    room_id = stage.room_id()
    stage.done(add_room(room(room_id)))
    assert made(stage, room_id).level(stage.sync.user_id) >= 100


@pytest.mark.parametrize("description", [None, ""])
def test_without_description_the_topic_is_empty(stage: Stage, description: str | None) -> None:
    room_id = stage.room_id()
    stage.done(add_room(room(room_id, description=description)))
    assert not made(stage, room_id).topic


def test_a_room_without_type_is_of_type_room(stage: Stage) -> None:
    room_id = stage.room_id()
    message = add_room(room(room_id))
    message["room"]["type"] = None
    stage.done(message)
    assert made(stage, room_id, "room").name == "A room"


def test_two_types_that_share_an_id_are_two_rooms(stage: Stage) -> None:
    room_id = stage.room_id()
    stage.done(add_room(room(room_id, type="news")), add_room(room(room_id, type="teachers")))
    assert made(stage, room_id, "news").room_id != made(stage, room_id, "teachers").room_id


def test_the_alias_and_not_the_pair_is_the_identity(stage: Stage) -> None:
    room_id = stage.room_id()
    stage.done(add_room(room(f"b_{room_id}", "First", type="a")))
    first = made(stage, f"b_{room_id}", "a")
    stage.done(add_room(room(room_id, "Second", type="a_b")))
    second = made(stage, room_id, "a_b")
    assert second.room_id == first.room_id and second.name == "Second"


@pytest.mark.parametrize("version", ["9", "11", "12"])
def test_room_versions_work(stage: Stage, version: str) -> None:
    stage.start(SYNC__ROOM_VERSION=version)
    room_id, teacher, student = stage.room_id(), stage.person(), stage.person()
    message = add_room(room(room_id, bidirectional=True), member(teacher, is_moderator=True), student)
    stage.done(message)
    new = made(stage, room_id)
    assert new.version == version
    assert new.level(teacher) == 50 and new.level(student) == 0
    assert new.members == {stage.sync.user_id, teacher, student}
    assert new.level(stage.sync.user_id) >= 100
    assert stage.writes_of(message) == []
    stage.done(add_user(student, room(room_id, bidirectional=True, is_moderator=True)))
    assert made(stage, room_id).level(student) == 50


def test_the_creator_of_a_room_of_version_12_is_not_in_users(stage: Stage) -> None:
    stage.start(SYNC__ROOM_VERSION="12")
    room_id, user = stage.room_id(), stage.person()
    stage.done(add_room(room(room_id), member(user, is_moderator=True)))
    assert set(made(stage, room_id).levels["users"]) == {user}


def test_without_a_setting_the_room_version_is_the_default_of_the_server(stage: Stage) -> None:
    room_id = stage.room_id()
    stage.done(add_room(room(room_id)))
    offered = stage.homeserver.admin.get("/_matrix/client/v3/capabilities")["capabilities"]["m.room_versions"]
    assert made(stage, room_id).version == offered["default"]


# --- a room that exists -----------------------------------------------------------------------------------------------


def level_change(**changes: Any) -> tuple[str, Any]:
    return "m.room.power_levels", changes


@pytest.mark.parametrize(("kind", "content"), [
    ("m.room.name", {"name": "Renamed in the chat"}),
    ("m.room.topic", {"topic": "Chatting"}),
    ("m.room.join_rules", {"join_rule": "public"}),
    ("m.room.guest_access", {"guest_access": "can_join"}),
    ("m.room.canonical_alias", {}),
    (MARKER, {"mode": "other"}),
    level_change(events_default=0),
    level_change(invite=0),
    level_change(kick=50),
    level_change(ban=50),
], ids=str)
def test_what_differs_from_the_description_is_set_right(stage: Stage, kind: str, content: Any) -> None:
    room_id = stage.room_id()
    message = add_room(room(room_id, "Mathematics", description="Room 204"))
    stage.done(message)
    before = made(stage, room_id)
    whole = {**before.levels, **content} if kind == "m.room.power_levels" else content
    stage.sync.set_state(before.room_id, kind, whole)
    assert made(stage, room_id).state(kind) == whole
    # The daemon may have seen the room a moment ago, and nothing in the request is new to it.
    stage.daemon.stop()
    stage.start()
    stage.done(message)
    after = made(stage, room_id)
    assert after.room_id == before.room_id
    # Synapse adds to a topic what no request can ask for; so compare what was changed.
    was, now = before.state(kind) or {}, after.state(kind) or {}
    keys = set(content) or set(was)
    assert {key: now.get(key) for key in keys} == {key: was.get(key) for key in keys}


def test_a_new_name_and_description_are_taken_over(stage: Stage) -> None:
    room_id = stage.room_id()
    stage.done(add_room(room(room_id, "Old", description="Old")))
    stage.done(add_room(room(room_id, "New", description="New", bidirectional=True)))
    assert (made(stage, room_id).name, made(stage, room_id).topic) == ("New", "New")
    assert made(stage, room_id).levels["events_default"] == 0


def test_an_add_user_sets_the_description_right_too(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.person(displayname="Ada")
    stage.done(add_room(room(room_id, "Old", description="Old")))
    stage.done(add_user(user, room(room_id, "New", description="New"), name="Ada"))
    assert (made(stage, room_id).name, made(stage, room_id).topic) == ("New", "New")


def test_a_room_that_exists_needs_no_name_and_keeps_the_one_it_has(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.person(displayname="Ada")
    stage.done(add_room(room(room_id, "Mathematics")))
    stage.done(add_user(user, room(room_id, name=None), name="Ada"))
    assert made(stage, room_id).name == "Mathematics" and user in made(stage, room_id).members


def test_a_description_that_went_away_empties_the_topic(stage: Stage) -> None:
    room_id = stage.room_id()
    stage.done(add_room(room(room_id, description="Old")))
    stage.done(add_room(room(room_id)))
    assert not made(stage, room_id).topic


def test_everything_else_about_a_room_is_left_as_it_is(stage: Stage) -> None:
    room_id, promoted, user = stage.room_id(), stage.person(), stage.person()
    stage.done(add_room(room(room_id, "Old"), promoted))
    before = made(stage, room_id)
    levels = {**before.levels, "redact": 42, "notifications": {"room": 33}, "state_default": 66,
              "users": {**before.levels["users"], promoted: 80},
              "events": {**before.levels["events"], "m.room.avatar": 10}}
    stage.sync.set_state(before.room_id, "m.room.power_levels", levels)
    stage.sync.set_state(before.room_id, "m.room.avatar", {"url": "mxc://example.school/abc"})
    stage.sync.set_state(before.room_id, "school.extra", {"anything": [1, 2]}, key="some key")
    stage.done(add_room(room(room_id, "New", bidirectional=True), member(user, is_moderator=True)))
    after = made(stage, room_id)
    assert after.name == "New"
    assert after.levels == {**levels, "events_default": 0, "users": {**levels["users"], user: 50}}
    assert after.state("m.room.avatar") == {"url": "mxc://example.school/abc"}
    assert after.state("school.extra", "some key") == {"anything": [1, 2]}


def test_an_addition_of_levels_in_the_chat_is_not_lost_by_a_write_of_the_daemon(stage: Stage) -> None:
    room_id, first, second = stage.room_id(), stage.person(), stage.person()
    stage.done(add_room(room(room_id), first))
    before = made(stage, room_id)
    stage.sync.set_state(before.room_id, "m.room.power_levels",
                         {**before.levels, "users": {**before.levels["users"], first: 77}})
    stage.done(add_room(room(room_id), member(second, is_moderator=True)))
    assert made(stage, room_id).level(first) == 77 and made(stage, room_id).level(second) == 50


def test_a_room_in_sync_is_not_written(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.person()
    message = add_room(room(room_id, description="What it is"), member(user, is_moderator=True))
    stage.done(message)
    before = made(stage, room_id).event_ids()
    assert stage.writes_of(message, message) == []
    assert made(stage, room_id).event_ids() == before


def test_marker_and_levels_of_rooms_of_the_predecessor_are_set_right(stage: Stage) -> None:
    """Rooms it made carry neither the protected events nor, sometimes, the marker."""
    room_id, user = stage.room_id(), stage.person()
    old = stage.sync.create_room(room_alias_name=f"room_{room_id}", name="Old", preset="private_chat",
                                 creation_content={"m.federate": False})
    stage.done(add_room(room(room_id, "Old"), user))
    after = made(stage, room_id)
    assert after.room_id == old and after.state(MARKER) == {"mode": "managed"}
    assert (after.levels["invite"], after.levels["kick"], after.levels["events_default"]) == (70, 70, 50)
    assert user in after.members


# --- whose room it is -------------------------------------------------------------------------------------------------


def test_an_alias_of_somebody_elses_room_is_a_conflict_and_nobody_is_joined(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.person()
    _, theirs = foreign_room(stage, room_id)
    before = stage.homeserver.room(theirs).event_ids()
    stage.rejected(add_room(room(room_id, "Ours"), user), "alias-conflict")
    stage.rejected(add_user(user, room(room_id, "Ours")), "alias-conflict")
    assert stage.homeserver.room(theirs).event_ids() == before
    assert stage.homeserver.resolve(stage.alias(room_id)) == theirs


def test_a_conflict_in_one_room_does_not_stop_the_other_rooms(stage: Stage) -> None:
    room_id, good, user = stage.room_id(), stage.room_id(), stage.user()
    foreign_room(stage, room_id)
    stage.rejected(add_user(user, room(room_id), room(good), name="Ada"), "alias-conflict")
    assert user in made(stage, good).members


def test_the_creator_decides_whatever_marker_levels_and_invitations_others_set_up(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.person()
    sync = stage.sync.user_id
    owner, theirs = foreign_room(stage, room_id, invite=[sync],
                                 initial_state=[{"type": MARKER, "content": {"mode": "managed"}}])
    owner.set_state(theirs, "m.room.power_levels", {"users": {owner.user_id: 100, sync: 100}})
    stage.sync.join(theirs)
    stage.rejected(add_room(room(room_id, "Ours"), user), "alias-conflict")
    stage.rejected(remove_room(room_id), "alias-conflict")
    assert stage.homeserver.room(theirs).name == "Mine"
    assert stage.homeserver.room(theirs).members == {owner.user_id, sync}


def test_a_room_of_a_former_sync_user_is_ours(stage: Stage) -> None:
    former = stage.school.synapse.register(unique("formersync"), admin=True)
    stage.homeserver.lift_rate_limit(former.user_id)
    room_id, user = stage.room_id(), stage.person()
    old = former.create_room(room_alias_name=f"room_{room_id}", name="Old", preset="private_chat")
    stage.start(SYNC__FORMER_SYNC_USERS=former.user_id)
    stage.done(add_room(room(room_id, "New"), member(user, is_moderator=True)))
    after = made(stage, room_id)
    assert after.room_id == old and after.name == "New"
    assert {user, stage.sync.user_id} <= after.members and after.level(user) == 50


def test_a_room_of_a_former_sync_user_that_is_not_named_is_somebody_elses(stage: Stage) -> None:
    former = stage.school.synapse.register(unique("formersync"), admin=True)
    stage.homeserver.lift_rate_limit(former.user_id)
    room_id = stage.room_id()
    former.create_room(room_alias_name=f"room_{room_id}", name="Old", preset="private_chat")
    stage.rejected(add_room(room(room_id, "New")), "alias-conflict")


def test_a_welcome_room_is_not_ours_under_any_alias(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.done(add_user(user, name="Ada", welcome="Hello"))
    welcome = stage.homeserver.resolve(stage.homeserver.alias("sync_" + user[1:].split(":")[0]))
    assert welcome is not None
    stage.sync.put_alias(stage.alias(room_id), welcome)
    stage.rejected(add_room(room(room_id), stage.person()), "alias-conflict")
    stage.rejected(remove_room(room_id), "alias-conflict")
    assert stage.homeserver.room_exists(welcome)


@pytest.mark.parametrize("message", [
    add_room(room("somebody", type="sync")), remove_room("somebody", type="sync"),
    add_room(room("x_somebody", type="sync"))], ids=str)
def test_aliases_that_begin_with_sync_are_reserved(stage: Stage, message: dict) -> None:  # type: ignore[type-arg]
    stage.rejected(message, "invalid-message")


# --- rooms that are broken --------------------------------------------------------------------------------------------


def test_a_dead_room_is_removed_and_made_anew(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.person()
    dead = stage.sync.create_room(room_alias_name=f"room_{room_id}", name="Dead", preset="private_chat")
    stage.sync.leave(dead)
    assert stage.homeserver.resolve(stage.alias(room_id)) == dead
    stage.done(add_room(room(room_id, "Alive"), user))
    new = made(stage, room_id)
    assert new.room_id != dead and new.name == "Alive"
    assert new.members == {stage.sync.user_id, user}
    wait_until(lambda: not stage.homeserver.room_exists(dead), "the dead room to be gone")


def test_somebody_elses_dead_room_is_still_a_conflict(stage: Stage) -> None:
    room_id = stage.room_id()
    owner, theirs = foreign_room(stage, room_id)
    owner.leave(theirs)
    stage.rejected(add_room(room(room_id)), "alias-conflict")
    assert stage.homeserver.resolve(stage.alias(room_id)) == theirs


def half_made_room(stage: Stage, room_id: str) -> str:
    """What a createRoom leaves that fails after Synapse has bound the alias."""
    # Version 12 forbids the creator among `users`, which Synapse notices late.
    with pytest.raises(AssertionError):
        stage.sync.create_room(room_alias_name=f"room_{room_id}", name="Half", room_version="12",
                               power_level_content_override={"users": {stage.sync.user_id: 100}})
    half = stage.homeserver.resolve(stage.alias(room_id))
    assert half is not None, "this Synapse leaves no half-made rooms this way"
    return half


def test_a_half_made_room_is_removed_and_made_anew_but_not_while_it_may_be_being_made(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.person()
    born = time.monotonic()
    half = half_made_room(stage, room_id)
    stage.done(add_room(room(room_id, "Whole"), user))
    new = made(stage, room_id)
    assert new.room_id != half and new.name == "Whole" and new.members == {stage.sync.user_id, user}
    deletion, = stage.proxy.requests("DELETE")
    assert deletion.arrived - born >= 29, "the room was removed before it was 30 s unchanged"


def test_a_sync_user_that_left_its_room_gets_itself_back_in(stage: Stage) -> None:
    room_id, owner, user = stage.room_id(), stage.person(), stage.person()
    stage.done(add_room(room(room_id), owner))
    before = made(stage, room_id)
    stage.sync.set_state(before.room_id, "m.room.power_levels",
                         {**before.levels, "users": {**before.levels["users"], owner: 100}})
    stage.sync.leave(before.room_id)
    stage.done(add_room(room(room_id, "Still ours"), member(user, is_moderator=True)))
    after = made(stage, room_id)
    assert after.room_id == before.room_id and after.name == "Still ours"
    assert after.members == {stage.sync.user_id, owner, user} and after.level(user) == 50


def test_a_sync_user_that_was_kicked_out_gets_itself_back_in(stage: Stage) -> None:
    room_id, owner, user = stage.room_id(), stage.person(), stage.person()
    stage.done(add_room(room(room_id), owner))
    before = made(stage, room_id)
    # Nobody can kick an equal, so it steps down first.
    stage.sync.set_state(before.room_id, "m.room.power_levels",
                         {**before.levels, "users": {owner: 100, stage.sync.user_id: 50}})
    stage.homeserver.log_in_as(owner).kick(before.room_id, stage.sync.user_id)
    stage.done(add_room(room(room_id, "Still ours"), member(user, is_moderator=True)))
    after = made(stage, room_id)
    assert after.room_id == before.room_id and after.name == "Still ours"
    assert after.members == {stage.sync.user_id, owner, user} and after.level(user) == 50


def test_a_room_into_which_nobody_can_let_the_sync_user_is_rejected_saying_how(stage: Stage) -> None:
    room_id, student = stage.room_id(), stage.person()
    stage.done(add_room(room(room_id), student))
    before = made(stage, room_id)
    stage.sync.leave(before.room_id)
    stage.publish(add_room(room(room_id, "Lost"), stage.person()))
    end, = stage.ends()
    assert end.outcome == "rejected", stage.daemon.log
    letter, = stage.queue.wait_dead_letters()
    assert len(letter.detail) > 20, letter.detail
    assert student in stage.homeserver.room(before.room_id).members

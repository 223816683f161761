"""addRoom: the room's members."""

from __future__ import annotations

import pytest

from lab.matrix import Room
from lab.message import Json, add_room, add_user, member, room
from stage import Stage


def made(stage: Stage, room_id: str) -> Room:
    return stage.homeserver.room(stage.alias(room_id))


def displayname(stage: Stage, user: str) -> str | None:
    account = stage.homeserver.user(user)
    assert account is not None
    name: str | None = account["displayname"]
    return name


def test_every_member_exists_is_joined_and_has_the_level_asked_for(stage: Stage) -> None:
    room_id, teacher, student, known = stage.room_id(), stage.user(), stage.user(), stage.person()
    stage.done(add_room(room(room_id), member(teacher, is_moderator=True), member(student, is_moderator=False), known))
    new = made(stage, room_id)
    assert new.members == {stage.sync.user_id, teacher, student, known}
    assert (new.level(teacher), new.level(student), new.level(known)) == (50, 0, 0)


def test_a_member_who_is_absent_is_created_with_the_name_if_there_is_one(stage: Stage) -> None:
    room_id, named, nameless = stage.room_id(), stage.user(), stage.user()
    stage.done(add_room(room(room_id), member(named, name="Ada"), nameless))
    assert displayname(stage, named) == "Ada"
    assert displayname(stage, nameless) in (None, "", nameless[1:].split(":")[0])


def test_an_add_user_that_comes_later_sets_the_name_and_brings_the_welcome(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.user()
    stage.done(add_room(room(room_id), user))
    stage.done(add_user(user, room(room_id), name="Ada", welcome="Hello"))
    assert displayname(stage, user) == "Ada"
    localpart = user[1:].split(":")[0]
    assert stage.homeserver.resolve(stage.homeserver.alias(f"sync_{localpart}")) is not None


def test_the_name_of_a_member_who_exists_already_is_left_alone(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.person(displayname="Chosen")
    stage.done(add_room(room(room_id), member(user, name="Other")))
    assert displayname(stage, user) == "Chosen"
    assert user in made(stage, room_id).members


@pytest.mark.parametrize("order", [(True, False), (False, True)], ids=["high first", "low first"])
def test_of_duplicates_the_highest_level_wins(stage: Stage, order: tuple[bool, bool]) -> None:
    room_id, user = stage.room_id(), stage.user()
    stage.done(add_room(room(room_id), *(member(user, is_moderator=level) for level in order)))
    assert made(stage, room_id).level(user) == 50
    assert len(stage.proxy.requests("POST", "/_synapse/admin/v1/join/")) <= 1


def test_the_sync_user_as_a_member_is_passed_over(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.person()
    stage.done(add_room(room(room_id), member(stage.sync.user_id, name="Renamed", is_moderator=True), user))
    new = made(stage, room_id)
    assert new.members == {stage.sync.user_id, user} and new.level(stage.sync.user_id) >= 100
    assert displayname(stage, stage.sync.user_id) != "Renamed"


@pytest.mark.parametrize("members", [[], None, "missing"])
def test_a_room_without_members_is_made(stage: Stage, members: object) -> None:
    room_id = stage.room_id()
    message: Json = add_room(room(room_id))
    if members == "missing":
        del message["members"]
    else:
        message["members"] = members
    stage.done(message)
    assert made(stage, room_id).members == {stage.sync.user_id}


def test_a_member_who_is_not_listed_any_more_stays(stage: Stage) -> None:
    room_id, first, second = stage.room_id(), stage.person(), stage.person()
    stage.done(add_room(room(room_id), first))
    stage.done(add_room(room(room_id), second))
    assert made(stage, room_id).members == {stage.sync.user_id, first, second}


def test_a_moderator_who_is_listed_as_a_plain_member_stays_moderator(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.person()
    stage.done(add_room(room(room_id), member(user, is_moderator=True)))
    stage.done(add_room(room(room_id), member(user, is_moderator=False)))
    assert made(stage, room_id).level(user) == 50


def test_a_member_who_had_left_is_joined_again(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.person()
    stage.done(add_room(room(room_id), user))
    stage.homeserver.log_in_as(user).leave(made(stage, room_id).room_id)
    stage.done(add_room(room(room_id), user))
    assert user in made(stage, room_id).members


def test_a_member_who_was_banned_stays_banned_with_a_warning(stage: Stage) -> None:
    room_id, user, other = stage.room_id(), stage.person(), stage.person()
    stage.done(add_room(room(room_id), user))
    stage.sync.ban(made(stage, room_id).room_id, user)
    stage.done_with_warning(add_room(room(room_id), user, other))
    assert made(stage, room_id).membership(user) == "ban"
    assert other in made(stage, room_id).members


def test_a_deactivated_member_is_not_joined_and_warned_about(stage: Stage) -> None:
    room_id, user, other = stage.room_id(), stage.person(), stage.person()
    stage.homeserver.deactivate(user)
    stage.done_with_warning(add_room(room(room_id), member(user, is_moderator=True), other))
    assert made(stage, room_id).members == {stage.sync.user_id, other}
    account = stage.homeserver.user(user)
    assert account is not None and account["deactivated"]


def test_what_is_refused_for_one_member_does_not_stop_the_others_and_is_in_the_detail(stage: Stage) -> None:
    room_id, good = stage.room_id(), stage.user()
    # A new user may not have upper-case letters in the id; that is for Synapse to say.
    bad, worse = stage.user("UPPER"), stage.user("WORSE")
    letter = stage.rejected(add_room(room(room_id), bad, good, worse), "homeserver-rejected")
    assert made(stage, room_id).members == {stage.sync.user_id, good}
    assert letter.detail.count("M_INVALID_USERNAME") == 2 or (bad in letter.detail and worse in letter.detail)


def test_messages_that_share_a_refused_member_all_end(stage: Stage) -> None:
    bad, good = stage.user("UPPER"), [stage.user() for _ in range(4)]
    rooms = [stage.room_id() for _ in range(4)]
    stage.publish(*(add_room(room(room_id), bad, *good[:count])
                    for count, room_id in enumerate(rooms, start=1)))
    assert {end.outcome for end in stage.ends(4)} == {"rejected"}
    for count, room_id in enumerate(rooms, start=1):
        assert made(stage, room_id).members == {stage.sync.user_id, *good[:count]}


def test_an_existing_room_with_many_members_is_completed(stage: Stage) -> None:
    room_id, users = stage.room_id(), [stage.user() for _ in range(30)]
    stage.done(add_room(room(room_id), *users[:10]))
    stage.done(add_room(room(room_id), *users))
    assert made(stage, room_id).members == {stage.sync.user_id, *users}


def test_a_run_that_was_cut_is_completed_by_the_next_delivery(stage: Stage) -> None:
    room_id, users = stage.room_id(), [stage.user() for _ in range(6)]
    first = stage.start()
    fault = stage.proxy.fault("/_synapse/admin/v1/join/", "POST", hold=True, cut=True)
    stage.publish(add_room(room(room_id), *(member(user, is_moderator=True) for user in users)))
    fault.wait_hit()
    first.kill()
    fault.release()
    stage.start()
    stage.ends()
    new = made(stage, room_id)
    assert new.members == {stage.sync.user_id, *users}
    assert {new.level(user) for user in users} == {50}


@pytest.mark.parametrize("path", ["/createRoom", "/_synapse/admin/v1/join/", "/state/m.room.power_levels"])
def test_an_answer_that_was_lost_is_no_harm(stage: Stage, path: str) -> None:
    room_id, teacher, student = stage.room_id(), stage.user(), stage.user()
    stage.warm_up()
    fault = stage.proxy.fault(path, lose_reply=True, times=1)
    stage.done(add_room(room(room_id), student))
    stage.done(add_room(room(room_id), member(teacher, is_moderator=True), student))
    assert fault.hits == 1
    new = made(stage, room_id)
    assert new.members == {stage.sync.user_id, teacher, student} and new.level(teacher) == 50

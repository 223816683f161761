"""The outcome is as if messages were handled one after the other, in the order delivered."""

from __future__ import annotations

import pytest

from lab.message import Json, add_room, add_user, member, remove_room, remove_user, room
from lab.process import wait_until
from stage import Stage


def deactivated(stage: Stage, user: str) -> bool:
    account = stage.homeserver.user(user)
    assert account is not None
    return bool(account["deactivated"])


def deliver(stage: Stage, *messages: Json) -> None:
    """All wait in the queue before the daemon comes, so that it has them all in hand at once."""
    stage.queue.declare()
    stage.publish(*messages)
    stage.start()
    assert [end.outcome for end in stage.ends(len(messages))] == ["done"] * len(messages), stage.daemon.log


def test_a_remove_user_after_an_add_user_removes(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    deliver(stage, add_user(user, room(room_id), name="Ada", welcome="Hello"), remove_user(user))
    assert deactivated(stage, user)
    wait_until(lambda: user not in stage.homeserver.room(stage.alias(room_id)).members, "the user to leave")


def test_a_remove_user_between_an_add_room_and_an_add_user_holds(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    deliver(stage, add_room(room(room_id), user), remove_user(user), add_user(user, room(room_id), name="Ada"))
    assert deactivated(stage, user)
    wait_until(lambda: user not in stage.homeserver.room(stage.alias(room_id)).members, "the user to leave")


def test_a_remove_user_that_overtakes_the_add_user_does_not_hold_it_up(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    deliver(stage, remove_user(user), add_user(user, room(room_id), name="Ada"))
    assert not deactivated(stage, user)
    assert user in stage.homeserver.room(stage.alias(room_id)).members


def test_an_add_room_right_behind_a_remove_room_makes_a_new_room(stage: Stage) -> None:
    room_id, first, second = stage.room_id(), stage.person(), stage.person()
    stage.done(add_room(room(room_id), first))
    old = stage.homeserver.resolve(stage.alias(room_id))
    stage.daemon.stop()
    deliver(stage, remove_room(room_id), add_room(room(room_id, "New"), second))
    new = stage.homeserver.room(stage.alias(room_id))
    assert new.room_id != old and new.name == "New" and new.members == {stage.sync.user_id, second}


def test_a_remove_room_behind_an_add_room_removes(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.user()
    deliver(stage, add_room(room(room_id), user), add_user(user, room(room_id), name="Ada"), remove_room(room_id))
    assert stage.homeserver.resolve(stage.alias(room_id)) is None
    assert stage.homeserver.joined_rooms(user) == set()


def test_turns_of_making_and_removing_end_as_the_last_one_says(stage: Stage) -> None:
    kept, gone, user = stage.room_id(), stage.room_id(), stage.person()
    messages: list[Json] = []
    for number in range(3):
        messages += [add_room(room(gone, f"Gone {number}"), user), remove_room(gone),
                     remove_room(kept), add_room(room(kept, f"Kept {number}"), user)]
    deliver(stage, *messages)
    assert stage.homeserver.resolve(stage.alias(gone)) is None
    assert stage.homeserver.room(stage.alias(kept)).name == "Kept 2"
    assert user in stage.homeserver.room(stage.alias(kept)).members


def test_the_last_name_of_a_user_holds(stage: Stage) -> None:
    user = stage.user()
    deliver(stage, *(add_user(user, name=f"Name {number}") for number in range(8)))
    account = stage.homeserver.user(user)
    assert account is not None and account["displayname"] == "Name 7"


def test_the_last_description_of_a_room_holds(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.person()
    messages = [add_room(room(room_id, f"Name {number}", description=f"Topic {number}", bidirectional=number % 2 == 0))
                for number in range(7)]
    messages[3] = add_user(user, room(room_id, "Name 3", description="Topic 3"))
    deliver(stage, *messages)
    made = stage.homeserver.room(stage.alias(room_id))
    assert (made.name, made.topic, made.levels["events_default"]) == ("Name 6", "Topic 6", 0)
    assert user in made.members


def test_a_raise_holds_whichever_message_asked_for_it(stage: Stage) -> None:
    room_id, users = stage.room_id(), [stage.user() for _ in range(3)]
    deliver(stage,
            add_room(room(room_id), *users),
            add_user(users[0], room(room_id, is_moderator=True)),
            add_room(room(room_id), member(users[1], is_moderator=True), users[2]),
            add_user(users[0], room(room_id)), add_user(users[1], room(room_id)))
    made = stage.homeserver.room(stage.alias(room_id))
    assert [made.level(user) for user in users] == [50, 50, 0]
    assert set(users) <= made.members


def test_an_add_room_with_names_before_an_add_user_keeps_the_name_of_the_add_user(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.user()
    deliver(stage, add_room(room(room_id), member(user, name="From the room")),
            add_user(user, room(room_id), name="From the user", welcome="Hello"),
            add_room(room(room_id), member(user, name="From the room")))
    account = stage.homeserver.user(user)
    assert account is not None and account["displayname"] == "From the user"


def test_a_rejected_message_keeps_its_place_too(stage: Stage) -> None:
    user, room_id, theirs = stage.user(), stage.room_id(), stage.room_id()
    owner = stage.person()
    stage.homeserver.lift_rate_limit(owner)
    stage.homeserver.log_in_as(owner).create_room(room_alias_name=f"room_{theirs}")
    stage.queue.declare()
    stage.publish(add_user(user, room(theirs), room(room_id), name="Ada"), remove_user(user))
    stage.start()
    assert [end.outcome for end in stage.ends(2)] == ["rejected", "done"]
    assert deactivated(stage, user)


def test_messages_for_a_user_wait_for_one_another_when_the_homeserver_is_slow(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.proxy.fault(r"/_synapse/admin/v2/users/@", "PUT", delay=0.7, times=1)
    deliver(stage, add_user(user, room(room_id), name="Ada"), remove_user(user))
    assert deactivated(stage, user)


@pytest.mark.parametrize("concurrency", ["1", "8"])
def test_a_school_day(stage: Stage, concurrency: str) -> None:
    rooms = [stage.room_id() for _ in range(4)]
    users = [stage.user() for _ in range(12)]
    messages: list[Json] = []
    for number, room_id in enumerate(rooms):
        messages.append(add_room(room(room_id, f"Room {number}"), *users[number:number + 5]))
    for number, user in enumerate(users):
        messages.append(add_user(user, room(rooms[number % 4], f"Room {number % 4}", is_moderator=number % 3 == 0),
                                 room(rooms[(number + 1) % 4], f"Room {(number + 1) % 4}"), name=f"User {number}",
                                 welcome="Hello"))
    messages += [remove_user(users[0]), remove_room(rooms[3])]
    stage.queue.declare()
    stage.publish(*messages)
    stage.start(SYNC__CONCURRENCY=concurrency)
    assert [end.outcome for end in stage.ends(len(messages))] == ["done"] * len(messages)
    assert deactivated(stage, users[0]) and stage.homeserver.resolve(stage.alias(rooms[3])) is None
    for number, user in enumerate(users[1:], 1):
        for index in {number % 4, (number + 1) % 4} - {3}:
            made = stage.homeserver.room(stage.alias(rooms[index]))
            assert user in made.members
            assert made.level(user) == (50 if index == number % 4 and number % 3 == 0 else 0)
    stage.assert_all_acked()


def test_of_fifty_messages_for_one_room_one_makes_it(stage: Stage) -> None:
    room_id, users = stage.room_id(), [stage.user() for _ in range(30)]
    deliver(stage, *(add_user(user, room(room_id, is_moderator=number < 10), name="Ada")
                     for number, user in enumerate(users)))
    assert len(stage.proxy.requests("POST", "/createRoom")) == 1
    made = stage.homeserver.room(stage.alias(room_id))
    assert set(users) <= made.members
    assert [made.level(user) for user in users] == [50] * 10 + [0] * 20

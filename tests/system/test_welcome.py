"""The welcome: exactly once, to those whom the sync created."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.matrix import Json
from lab.message import add_room, add_user, remove_room, room
from stage import Stage, unique

HTML = '<b>Welcome!</b>\\nSee <a href="https://example.school/help">the help</a> &amp; ask.'


def welcome_alias(stage: Stage, user: str) -> str:
    return stage.homeserver.alias("sync_" + user[1:].split(":")[0])


def welcome_rooms(stage: Stage, user: str) -> list[str]:
    """Rooms to which the user was invited as to a direct chat, found without trusting the alias."""
    client = stage.homeserver.log_in_as(user)
    # Synapse answers the same question from a cache for two minutes; so let each be another one.
    unheard_of = json.dumps({"presence": {"types": [unique("unheard-of")]}})
    answer = client.get("/_matrix/client/v3/sync", timeout="0", set_presence="offline", filter=unheard_of)
    return [room_id for room_id, invited in answer.get("rooms", {}).get("invite", {}).items()
            if any(event["type"] == "m.room.member" and event["state_key"] == user
                   and event["content"].get("is_direct") for event in invited["invite_state"]["events"])]


def greetings(stage: Stage, user: str) -> list[Json]:
    """All messages in all rooms with the user in which the sync user might greet."""
    return [message["content"] for room_id in welcome_rooms(stage, user) for message in stage.sync.messages(room_id)]


def assert_greeted_once(stage: Stage, user: str, body: str) -> None:
    rooms = welcome_rooms(stage, user)
    assert rooms == [stage.homeserver.resolve(welcome_alias(stage, user))]
    assert [greeting["body"] for greeting in greetings(stage, user)] == [body]


def test_a_created_user_gets_one_private_direct_room_with_the_message(stage: Stage) -> None:
    user = stage.user()
    stage.done(add_user(user, name="Ada", welcome="Hello Ada"))
    assert_greeted_once(stage, user, "Hello Ada")
    greeted = stage.homeserver.room(welcome_alias(stage, user))
    assert greeted.creator == stage.sync.user_id
    assert greeted.membership(user) == "invite" and (greeted.state("m.room.member", user) or {})["is_direct"] is True
    assert greeted.value("m.room.join_rules", "join_rule") == "invite"
    message, = stage.sync.messages(greeted.room_id)
    assert message["sender"] == stage.sync.user_id


def test_the_body_is_the_text_without_tags_and_the_formatted_body_is_the_html(stage: Stage) -> None:
    user = stage.user()
    stage.done(add_user(user, name="Ada", welcome=HTML))
    greeting, = greetings(stage, user)
    assert greeting["body"] == "Welcome!\nSee the help & ask."
    assert greeting["formatted_body"] == HTML.replace("\\n", "\n")
    assert greeting["format"] == "org.matrix.custom.html"


def test_it_comes_once_however_often_the_message_comes(stage: Stage) -> None:
    user = stage.user()
    message = add_user(user, name="Ada", welcome="Hello")
    stage.done(message, message)
    stage.done(message)
    stage.daemon.stop()
    stage.start()
    stage.done(message, add_user(user, name="Ada", welcome="Another text"))
    assert_greeted_once(stage, user, "Hello")


def test_users_who_were_there_before_are_not_greeted(stage: Stage) -> None:
    user, room_id = stage.person(), stage.room_id()
    stage.done(add_user(user, room(room_id), name="Ada", welcome="Hello"))
    assert stage.homeserver.resolve(welcome_alias(stage, user)) is None
    assert welcome_rooms(stage, user) == []


def test_a_user_whom_an_add_room_created_is_greeted_with_the_first_add_user(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.done(add_room(room(room_id), user))
    assert welcome_rooms(stage, user) == []
    stage.daemon.stop()  # the record is a durable one
    stage.start()
    stage.done(add_user(user, room(room_id), name="Ada", welcome="Hello"))
    stage.done(add_user(user, room(room_id), name="Ada", welcome="Hello"))
    assert_greeted_once(stage, user, "Hello")


def test_only_the_first_add_user_brings_it(stage: Stage) -> None:
    user = stage.user()
    stage.done(add_user(user, name="Ada"))
    stage.done(add_user(user, name="Ada", welcome="Too late"))
    assert welcome_rooms(stage, user) == []


def test_a_user_who_left_the_welcome_room_is_not_greeted_again(stage: Stage) -> None:
    user = stage.user()
    message = add_user(user, name="Ada", welcome="Hello")
    stage.done(message)
    stage.homeserver.log_in_as(user).leave(stage.homeserver.resolve(welcome_alias(stage, user)) or "")
    assert stage.writes_of(message) == []


def test_the_welcome_room_cannot_be_removed_by_a_request(stage: Stage) -> None:
    user = stage.user()
    stage.done(add_user(user, name="Ada", welcome="Hello"))
    stage.rejected(remove_room(user[1:].split(":")[0], type="sync"), "invalid-message")
    assert_greeted_once(stage, user, "Hello")


@pytest.mark.parametrize("welcome", [None, {}, {"text": None}, {"text": ""}], ids=str)
def test_without_a_text_there_is_no_welcome(stage: Stage, welcome: Any) -> None:
    user = stage.user()
    stage.done({**add_user(user, name="Ada"), "welcome": welcome})
    assert stage.homeserver.resolve(welcome_alias(stage, user)) is None


# The requests on the way to a greeted user. Whichever of them is the last that the daemon lived to send, and whether
# or not it arrived: the user is greeted, and once.
STEPS = {
    "creation": ("PUT", "/_synapse/admin/v2/users/@user"),
    "record": ("PUT", "/account_data/"),
    "room": ("POST", "/createRoom"),
    "message": ("PUT", "/send/m.room.message/"),
}


@pytest.mark.parametrize("arrived", [False, True], ids=["never arrived", "arrived"])
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_during(stage: Stage, step: str, arrived: bool) -> None:
    user = stage.user()
    first = stage.start()
    stage.warm_up()
    method, path = STEPS[step]
    harm = {"hold_reply": True} if arrived else {"hold": True, "cut": True}
    fault = stage.proxy.fault(path, method, times=1, **harm)
    message = add_user(user, name="Ada", welcome="Hello")
    stage.publish(message)
    fault.wait_hit()
    first.kill()
    fault.release()
    stage.start()
    stage.ends()
    stage.done(message)
    assert_greeted_once(stage, user, "Hello")


@pytest.mark.parametrize("arrived", [False, True], ids=["never arrived", "arrived"])
@pytest.mark.parametrize("step", STEPS)
def test_a_lost_answer_of(stage: Stage, step: str, arrived: bool) -> None:
    user = stage.user()
    stage.warm_up()
    method, path = STEPS[step]
    fault = stage.proxy.fault(path, method, times=1, **({"lose_reply": True} if arrived else {"cut": True}))
    message = add_user(user, name="Ada", welcome="Hello")
    stage.done(message, message)
    assert fault.hits == 1
    assert_greeted_once(stage, user, "Hello")


def test_a_kill_after_each_step_of_a_crowd_greets_everybody_once(stage: Stage) -> None:
    users = [stage.user() for _ in range(6)]
    room_id = stage.room_id()
    stage.publish(*(add_user(user, room(room_id), name="Ada", welcome="Hello") for user in users))
    for method, path in STEPS.values():
        fault = stage.proxy.fault(path, method, hold_reply=True, times=1)
        daemon = stage.start()
        fault.wait_hit()
        daemon.kill()
        fault.release()
    stage.start()
    stage.queue.wait_empty()
    for user in users:
        assert_greeted_once(stage, user, "Hello")

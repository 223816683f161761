"""What is in sync costs nothing, and what others change on Matrix is seen all the same."""

from __future__ import annotations

import secrets

import pytest
import requests

from lab.message import add_room, add_user, member, remove_user, room
from lab.matrix import Client, Refused, segment
from lab.process import wait_until
from lab.proxy import Request
from stage import Stage

SYNC = "/_matrix/client/v3/sync"
MIRROR = (SYNC, "/_matrix/client/v3/joined_rooms")


def own_requests(stage: Stage) -> list[Request]:
    """All but those of the mirror, which serve all messages that wait by then."""
    return [request for request in stage.proxy.requests() if request.path not in MIRROR]


def told(stage: Stage) -> str:
    return "\n".join(str(request) for request in stage.proxy.requests())


def reactivate(stage: Stage, user: str) -> None:
    """Synapse may answer this with 500 for some seconds after a deactivation."""
    def works() -> bool:
        try:
            stage.homeserver.put_user(user, deactivated=False, password="a new password")
        except Refused:
            return False
        return True

    wait_until(works, f"{user} to be reactivated", 60)


# --- nothing to do ----------------------------------------------------------------------------------------------


def test_a_message_in_sync_takes_no_request(stage: Stage) -> None:
    rooms = [stage.room_id() for _ in range(4)]
    message = add_user(stage.user(), *(room(one, is_moderator=number == 0) for number, one in enumerate(rooms)),
                       name="Ada")
    stage.done(message)
    stage.proxy.forget()
    stage.done(message)
    assert own_requests(stage) == [], told(stage)
    assert len(stage.proxy.requests()) == len(MIRROR), told(stage)


def test_a_message_in_sync_with_a_welcome_takes_no_request(stage: Stage) -> None:
    message = add_user(stage.user(), room(stage.room_id()), name="Ada", welcome="Hello")
    stage.done(message)
    stage.proxy.forget()
    stage.done(message)
    assert own_requests(stage) == [], told(stage)


def test_an_add_room_in_sync_takes_no_request(stage: Stage) -> None:
    users = [stage.user() for _ in range(10)]
    message = add_room(room(stage.room_id()), member(users[0], is_moderator=True), *users[1:])
    stage.done(message)
    stage.proxy.forget()
    stage.done(message)
    assert own_requests(stage) == [], told(stage)


def test_messages_that_come_together_share_a_catch_up(stage: Stage) -> None:
    rooms = [stage.room_id() for _ in range(3)]
    messages = [add_user(stage.user(), *(room(one) for one in rooms), name="Ada") for _ in range(20)]
    stage.done(*messages)
    stage.proxy.forget()
    stage.done(*messages)
    assert own_requests(stage) == [], told(stage)
    assert len(stage.proxy.requests()) < len(messages), told(stage)


# --- what others do ---------------------------------------------------------------------------------------------


def test_what_others_change_is_set_right_by_the_next_message(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.user()
    message = add_user(user, room(room_id, "Right", description="Right", is_moderator=True), name="Ada")
    stage.done(message)
    alias = stage.alias(room_id)
    matrix = stage.homeserver.resolve(alias)
    assert matrix is not None
    levels = stage.homeserver.room(matrix).levels
    stage.sync.set_state(matrix, "m.room.name", {"name": "Wrong"})
    stage.sync.set_state(matrix, "m.room.topic", {"topic": "Wrong"})
    stage.sync.set_state(matrix, "m.room.join_rules", {"join_rule": "public"})
    stage.sync.set_state(matrix, "m.room.power_levels",
                         {**levels, "kick": 0, "users": {**levels["users"], user: 0}})
    stage.sync.kick(matrix, user)
    stage.done(message)
    now = stage.homeserver.room(matrix)
    assert (now.name, now.topic, now.value("m.room.join_rules", "join_rule")) == ("Right", "Right", "invite")
    assert now.membership(user) == "join"
    assert now.level(user) == 50
    assert now.levels["kick"] == 70


def test_a_change_behind_200_messages_is_seen(stage: Stage) -> None:
    room_id = stage.room_id()
    message = add_user(stage.user(), room(room_id, description="Right"), name="Ada")
    stage.done(message)
    matrix = stage.homeserver.resolve(stage.alias(room_id))
    assert matrix is not None
    stage.sync.set_state(matrix, "m.room.topic", {"topic": "Wrong"})
    for number in range(200):
        stage.sync.say(matrix, f"Message {number}")
    stage.done(message)
    assert stage.homeserver.room(matrix).topic == "Right"


def test_a_promotion_by_hand_is_kept_when_levels_are_written(stage: Stage) -> None:
    room_id, first, second = stage.room_id(), stage.user(), stage.user()
    stage.done(add_user(first, room(room_id), name="Ada"))
    matrix = stage.homeserver.resolve(stage.alias(room_id))
    assert matrix is not None
    levels = stage.homeserver.room(matrix).levels
    stage.sync.set_state(matrix, "m.room.power_levels", {**levels, "users": {**levels["users"], first: 60}})
    stage.done(add_user(second, room(room_id, is_moderator=True), name="Grace"))
    now = stage.homeserver.room(matrix)
    assert (now.level(first), now.level(second)) == (60, 50)


def test_a_name_that_an_admin_changes_is_set_right(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.user()
    message = add_user(user, room(room_id), name="Right")
    stage.done(message)
    stage.homeserver.put_user(user, displayname="Wrong")
    # Synapse has answered, and goes on to tell the rooms in the background.
    wait_until(lambda: "Wrong" in str(stage.homeserver.room(stage.alias(room_id)).state("m.room.member", user)),
               "the room to show the name")
    stage.done(message)
    account = stage.homeserver.user(user)
    assert account is not None and account["displayname"] == "Right"


def test_a_name_that_is_right_in_the_room_only_is_set_right(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.user()
    message = add_user(user, room(room_id), name="Right")
    stage.done(message)
    matrix = stage.homeserver.resolve(stage.alias(room_id))
    assert matrix is not None
    person = stage.homeserver.log_in_as(user)
    stage.homeserver.put_user(user, displayname="Wrong")
    wait_until(lambda: "Wrong" in str(stage.homeserver.room(matrix).state("m.room.member", user)),
               "the room to show the name")
    person.set_state(matrix, "m.room.member", {"membership": "join", "displayname": "Right"}, user)
    stage.done(message)
    account = stage.homeserver.user(user)
    assert account is not None and account["displayname"] == "Right"


@pytest.mark.parametrize("chatter", [0, 60], ids=["at-the-end", "behind-60-messages"])
def test_a_setting_that_is_redacted_is_set_right(stage: Stage, chatter: int) -> None:
    room_id = stage.room_id()
    message = add_user(stage.user(), room(room_id, description="Right"), name="Ada")
    stage.done(message, message)
    matrix = stage.homeserver.resolve(stage.alias(room_id))
    assert matrix is not None
    event = stage.homeserver.room(matrix).event_id("m.room.topic")
    stage.sync.put(f"/_matrix/client/v3/rooms/{segment(matrix)}/redact/{segment(event)}/once", {})
    for number in range(chatter):
        stage.sync.say(matrix, f"Message {number}")
    assert stage.homeserver.room(matrix).topic is None
    stage.done(message)
    assert stage.homeserver.room(matrix).topic == "Right"


def test_a_name_is_set_right_for_a_user_without_rooms_too(stage: Stage) -> None:
    user = stage.user()
    message = add_user(user, name="Right")
    stage.done(message)
    stage.homeserver.put_user(user, displayname="Wrong")
    stage.done(message)
    account = stage.homeserver.user(user)
    assert account is not None and account["displayname"] == "Right"


def test_a_user_who_leaves_is_joined_again(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.user()
    message = add_user(user, room(room_id), name="Ada")
    stage.done(message)
    matrix = stage.homeserver.resolve(stage.alias(room_id))
    assert matrix is not None
    stage.homeserver.log_in_as(user).leave(matrix)
    stage.done(message)
    assert stage.homeserver.room(matrix).membership(user) == "join"


def test_who_was_deactivated_by_hand_stays_so(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.user()
    stage.done(add_user(user, room(room_id), name="Ada"))
    stage.homeserver.deactivate(user)
    stage.done_with_warning(add_user(user, room(room_id), room(stage.room_id()), name="Ada"))
    account = stage.homeserver.user(user)
    assert account is not None and account["deactivated"]


def test_who_was_removed_and_made_again_by_hand_is_brought_back(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.user()
    message = add_user(user, room(room_id), name="Ada")
    stage.done(message, remove_user(user))
    stage.done_with_warning(message)
    wait_until(lambda: not stage.homeserver.joined_rooms(user), f"{user} to have left all rooms")
    reactivate(stage, user)
    stage.done(message)
    assert stage.homeserver.room(stage.alias(room_id)).membership(user) == "join"


def test_a_room_that_an_admin_deletes_is_made_anew(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.user()
    message = add_user(user, room(room_id), name="Ada")
    stage.done(message)
    before = stage.homeserver.resolve(stage.alias(room_id))
    assert before is not None
    stage.homeserver.delete_room(before)
    stage.done(message)
    now = stage.homeserver.room(stage.alias(room_id))
    assert now.room_id != before
    assert now.membership(user) == "join"


def test_who_puts_the_sync_user_out_is_undone(stage: Stage) -> None:
    room_id, user = stage.room_id(), stage.user()
    stage.start(SYNC__ROOM_VERSION="11")
    message = add_user(user, room(room_id, is_moderator=True), name="Ada")
    stage.done(message)
    matrix = stage.homeserver.resolve(stage.alias(room_id))
    assert matrix is not None
    levels = stage.homeserver.room(matrix).levels
    stage.sync.set_state(matrix, "m.room.power_levels", {**levels, "users": {**levels["users"], user: 100}})
    stage.sync.leave(matrix)
    stage.done(add_user(stage.user(), room(room_id), name="Grace"))
    assert stage.homeserver.room(matrix).membership(stage.sync.user_id) == "join"


# --- without it -------------------------------------------------------------------------------------------------


def test_without_the_mirror_all_works(stage: Stage) -> None:
    stage.proxy.fault(SYNC, "GET", status=404, body={"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"})
    room_id = stage.room_id()
    message = add_user(stage.user(), room(room_id, "Right"), name="Ada")
    stage.done(message)
    matrix = stage.homeserver.resolve(stage.alias(room_id))
    assert matrix is not None
    stage.sync.set_state(matrix, "m.room.name", {"name": "Wrong"})
    stage.done(message)
    assert stage.homeserver.room(matrix).name == "Right"
    assert "event=mirror-lost" in stage.daemon.log


@pytest.mark.parametrize("status", [400, 500])
def test_a_mirror_that_fails_later_is_done_without(stage: Stage, status: int) -> None:
    room_id = stage.room_id()
    message = add_user(stage.user(), room(room_id, "Right"), name="Ada")
    stage.done(message)
    matrix = stage.homeserver.resolve(stage.alias(room_id))
    assert matrix is not None
    stage.proxy.fault(SYNC, "GET", status=status, body={"errcode": "M_UNKNOWN", "error": "No"})
    stage.sync.set_state(matrix, "m.room.name", {"name": "Wrong"})
    stage.done(message)
    assert stage.homeserver.room(matrix).name == "Right"


def test_it_can_be_switched_off(stage: Stage) -> None:
    stage.start(SYNC__MIRROR="false")
    message = add_user(stage.user(), room(stage.room_id()), name="Ada")
    stage.done(message, message)
    assert stage.proxy.requests("GET", SYNC) == []


def test_a_lost_answer_is_asked_for_anew(stage: Stage) -> None:
    """Synapse would give the answer of before once more, which does not tell of what happened since."""
    room_id = stage.room_id()
    message = add_user(stage.user(), room(room_id, "Right"), name="Ada")
    stage.done(message)
    matrix = stage.homeserver.resolve(stage.alias(room_id))
    assert matrix is not None
    stage.sync.set_state(matrix, "m.room.topic", {"topic": "Wrong"})
    stage.proxy.fault(SYNC, "GET", lose_reply=True, times=2)
    stage.done(message)
    stage.proxy.forget()
    stage.sync.set_state(matrix, "m.room.name", {"name": "Wrong"})
    stage.done(message)
    now = stage.homeserver.room(matrix)
    assert (now.name, now.topic) == ("Right", "")


# --- what is sent to the sync user ------------------------------------------------------------------------------


def send_to_devices(sender: Client, user: str, content: str) -> None:
    """The content is JSON as it goes over the wire."""
    path = f"/_matrix/client/v3/sendToDevice/org.example.anything/{secrets.token_hex(8)}"
    reply = requests.put(sender.url + path, data=f'{{"messages": {{"{user}": {{"*": {content}}}}}}}', timeout=60,
                         headers={"Authorization": f"Bearer {sender.token}"}, proxies={"http": ""})
    assert reply.ok, reply.text


def test_what_nobody_can_read_on_the_sync_users_device_does_not_end_the_mirror(stage: Stage) -> None:
    """/sync tells of it, and again and again until an answer was taken in."""
    user = stage.user()
    message = add_user(user, room(stage.room_id()), name="Ada")
    stage.done(message)
    depth = 3000
    send_to_devices(stage.homeserver.log_in_as(user), stage.sync.user_id, '{"a":' * depth + "1" + "}" * depth)
    stage.done(message)
    stage.proxy.forget()
    stage.done(message)
    assert own_requests(stage) == [], told(stage)

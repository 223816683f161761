"""Answers that are some seconds old, as processes of a homeserver give them that have not heard of each other's deeds
yet. Here the proxy gives them; with LAB=workers real workers do, of which news come late."""

from __future__ import annotations

import time

import pytest

from lab.matrix import Client
from lab.message import add_room, add_user, member, remove_user, room
from lab.process import wait_until
from lab.synapse_workers import WithWorkers
from stage import Stage
from test_welcome import assert_greeted_once

USER = r"/_synapse/admin/v2/users/@"
STATE = r"/_synapse/admin/v1/rooms/[^/]+/state$"
AGE = 4  # seconds; less than for what it may be held against the daemon


def assert_removed(stage: Stage, user: str) -> None:
    account = stage.homeserver.user(user)
    assert account is not None and account["deactivated"], stage.daemon.log


# --- users ------------------------------------------------------------------------------------------------------------


def test_a_user_who_was_just_made_can_be_removed_though_not_seen_everywhere_yet(stage: Stage) -> None:
    user = stage.user()
    old = stage.proxy.fault(USER, "GET", remembers=AGE)
    stage.done(add_user(user, name="Ada"))
    stage.done(remove_user(user))
    assert old.hits > 1
    assert_removed(stage, user)


def test_a_user_who_was_just_made_is_not_made_again_by_the_next_message(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.warm_up()
    stage.proxy.forget()
    stage.proxy.fault(USER, "GET", remembers=AGE)
    stage.done(add_room(room(room_id), member(user, name="Ada")))
    stage.done(add_user(user, room(room_id), name="Ada", welcome="Hello"))
    assert_greeted_once(stage, user, "Hello")
    assert len(stage.proxy.requests("PUT", USER)) == 1


def test_records_that_are_listed_late_cost_nobody_the_greeting(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.proxy.fault(r"/accountdata$", "GET", remembers=2 * AGE)
    stage.done(add_room(room(room_id), user))
    stage.done(add_user(user, room(room_id), name="Ada", welcome="Hello"))
    assert_greeted_once(stage, user, "Hello")


def test_a_member_who_is_not_found_yet_is_joined_and_made_but_once(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.done(add_room(room(room_id)))
    stage.proxy.forget()
    stage.proxy.fault("/_synapse/admin/v1/join/", "POST", times=2, status=404,
                      body={"errcode": "M_NOT_FOUND", "error": "User not found"})
    stage.done(add_user(user, room(room_id), name="Ada"))
    assert user in stage.homeserver.room(stage.alias(room_id)).members
    assert len(stage.proxy.requests("PUT", USER)) == 1


# --- rooms ------------------------------------------------------------------------------------------------------------


def test_a_promotion_that_the_whole_state_does_not_show_yet_is_kept(stage: Stage) -> None:
    room_id, ada, bob = stage.room_id(), stage.person(), stage.person()
    stage.done(add_room(room(room_id), ada, bob))
    alias = stage.alias(room_id)
    made = stage.homeserver.room(alias)
    assert stage.daemon.stop() == 0
    stage.proxy.fault(STATE, "GET", remembers=60)
    admin = stage.homeserver.admin
    Client(stage.proxy.url, admin.user_id, admin.token).get(f"/_synapse/admin/v1/rooms/{made.room_id}/state")
    levels = made.levels
    levels["users"][bob] = 70
    stage.sync.set_state(made.room_id, "m.room.power_levels", levels)
    stage.start()
    stage.done(add_room(room(room_id), member(ada, is_moderator=True)))
    now = stage.homeserver.room(alias)
    assert (now.level(ada), now.level(bob)) == (50, 70)


@pytest.fixture
def unmirrored(stage: Stage) -> Stage:
    """Rooms are read for each message."""
    stage.proxy.fault("/_matrix/client/v3/sync$", "GET", status=500)
    return stage


def test_a_name_that_the_whole_state_does_not_show_yet_can_be_set_back(unmirrored: Stage) -> None:
    stage, room_id = unmirrored, stage_room(unmirrored)
    stage.proxy.fault(STATE, "GET", remembers=AGE)
    stage.done(add_room(room(room_id, "Changed")))
    stage.done(add_room(room(room_id, "Before")))
    made = stage.homeserver.room(stage.alias(room_id))
    assert made.value("m.room.name", "name") == "Before"


def test_who_was_removed_right_after_the_join_holds_nothing_up(unmirrored: Stage) -> None:
    stage, room_id, ada = unmirrored, stage_room(unmirrored), unmirrored.user()
    stage.done(add_user(ada, room(room_id, "Before"), name="Ada"))
    stage.done(remove_user(ada))
    stage.proxy.forget()
    stage.done(add_room(room(room_id, "Before")))
    assert len(stage.proxy.requests("GET", STATE)) == 1


def stage_room(stage: Stage) -> str:
    room_id = stage.room_id()
    stage.done(add_room(room(room_id, "Before")))
    return room_id


@pytest.mark.parametrize("statistics", [{"joined_local_members": 0, "state_events": 9},
                                        {"joined_local_members": None, "state_events": None}], ids=["dead", "unmade"])
def test_a_room_that_seems_dead_for_a_while_is_left_alone(stage: Stage, statistics: dict[str, object]) -> None:
    room_id, ada = stage.room_id(), stage.person()
    stage.done(add_room(room(room_id)))
    made = stage.homeserver.room(stage.alias(room_id))
    assert stage.daemon.stop() == 0
    seems = [stage.proxy.fault(STATE, "GET", status=200, body={"state": []}),
             stage.proxy.fault(r"/_synapse/admin/v1/rooms/[^/]+$", "GET", status=200,
                               body={"room_id": made.room_id, "creator": stage.sync.user_id, **statistics})]
    stage.start()
    stage.publish(add_room(room(room_id), ada))
    for fault in seems:
        fault.wait_hit()
    time.sleep(AGE)
    for fault in seems:
        fault.release()
    stage.ends()
    assert stage.homeserver.resolve(stage.alias(room_id)) == made.room_id
    assert ada in stage.homeserver.room(made.room_id).members
    assert stage.proxy.requests("DELETE") == []


# --- outages ----------------------------------------------------------------------------------------------------------


def test_a_proxy_without_a_homeserver_is_an_outage_and_not_a_wish_to_wait(stage: Stage) -> None:
    """Element's server suite answers so. As in any outage, what was asked for may have been done."""
    stage.warm_up()
    room_id = stage.room_id()
    stage.proxy.fault("/createRoom", "POST", times=1, status=429,
                      body={"errcode": "M_UNKNOWN", "error": "Server is unavailable"})
    stage.done(add_room(room(room_id)))
    assert stage.homeserver.resolve(stage.alias(room_id)) is not None
    asked = [request.method for request in stage.proxy.requests("*", "/createRoom|/directory/room/")]
    assert asked[:2] == ["POST", "GET"]


# --- real workers -----------------------------------------------------------------------------------------------------


def test_with_news_between_real_workers_half_a_second_late(stage: Stage) -> None:
    synapse = stage.school.synapse
    if not isinstance(synapse, WithWorkers):
        pytest.skip("needs LAB=workers")
    room_id, user, third = stage.room_id(), stage.user(), stage.user()
    stage.warm_up()
    synapse.replicate_late()
    try:
        stage.done(add_room(room(room_id), user), add_user(user, room(room_id, is_moderator=True), welcome="Hello"))
        for _ in range(2):  # so that each worker remembers it
            assert stage.homeserver.user(third) is None
        stage.done(add_user(third, name="Carl"))
        stage.done(remove_user(third))
    finally:
        synapse.replicate_on_time()
    wait_until(lambda: (stage.homeserver.user(third) or {}).get("deactivated"), "the user to be removed", 10)
    assert stage.homeserver.room(stage.alias(room_id)).level(user) == 50
    assert_greeted_once(stage, user, "Hello")

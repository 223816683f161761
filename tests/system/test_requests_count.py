"""How few requests it takes, with rooms that the daemon has seen before; a catch-up of the mirror aside, which takes
two for all messages that come together. Before a room is written to it is looked up where its alias leads."""

from __future__ import annotations

import math
import statistics

from lab.daemon import Line
from lab.message import add_room, add_user, member, remove_room, room
from lab.proxy import Request
from stage import Stage

JOIN = "/_synapse/admin/v1/join/"
LEVELS = r"/state/m\.room\.power_levels/?$"
MIRROR = r"^/_matrix/client/v3/(sync|joined_rooms)$"


def own_requests(stage: Stage) -> list[Request]:
    catch_ups = stage.proxy.requests("GET", MIRROR)
    assert len(catch_ups) <= 2, told(stage)
    return [request for request in stage.proxy.requests() if request not in catch_ups]


def seen_rooms(stage: Stage, count: int) -> list[str]:
    """Rooms that exist and that the daemon knows."""
    rooms = [stage.room_id() for _ in range(count)]
    stage.done(*(add_room(room(one)) for one in rooms))
    stage.done(add_user(stage.person(displayname="Scout"), *(room(one) for one in rooms), name="Scout"))
    stage.proxy.forget()
    return rooms


def joins(stage: Stage) -> list[Request]:
    return stage.proxy.requests("POST", JOIN)


def level_writes(stage: Stage) -> list[Request]:
    return stage.proxy.requests("PUT", LEVELS)


def reads_of_rooms(stage: Stage) -> list[Request]:
    return [request for request in stage.proxy.requests("GET") if "/rooms/" in request.path]


def told(stage: Stage) -> str:
    return "\n".join(str(request) for request in stage.proxy.requests())


def test_a_new_user_into_existing_rooms_takes_3_requests_a_look_up_for_each_room_and_the_joins(stage: Stage) -> None:
    rooms = seen_rooms(stage, 4)
    stage.done(add_user(stage.user(), *(room(one) for one in rooms), name="Ada"))
    assert len(joins(stage)) == 4
    assert reads_of_rooms(stage) == [], told(stage)
    assert len(own_requests(stage)) <= 3 + 4 + 4, told(stage)
    assert level_writes(stage) == []


def test_levels_take_one_read_and_one_write_for_each_room_that_needs_it(stage: Stage) -> None:
    rooms = seen_rooms(stage, 3)
    stage.done(add_user(stage.user(), *(room(one, is_moderator=number == 0) for number, one in enumerate(rooms)),
                        name="Ada"))
    assert len(level_writes(stage)) == 1, told(stage)
    assert len(joins(stage)) == 3
    assert len(reads_of_rooms(stage)) == 1, told(stage)  # of the levels, right before they are written
    assert len(own_requests(stage)) <= 3 + 3 + 3 + 1 + 1, told(stage)


def test_a_welcome_takes_4_requests_more(stage: Stage) -> None:
    rooms = seen_rooms(stage, 2)
    stage.done(add_user(stage.user(), *(room(one) for one in rooms), name="Ada", welcome="Hello"))
    assert len(own_requests(stage)) <= 3 + 2 + 2 + 4, told(stage)
    assert reads_of_rooms(stage) == [], told(stage)


def test_a_new_room_takes_one_create_room(stage: Stage) -> None:
    stage.warm_up()
    room_id, users = stage.room_id(), [stage.person() for _ in range(3)]
    stage.done(add_room(room(room_id, description="What it is"), member(users[0], is_moderator=True), *users[1:]))
    assert len(stage.proxy.requests("POST", "/createRoom")) == 1
    writes = [str(request) for request in stage.proxy.writes()]
    assert len(writes) <= 1 + len(users), writes
    assert level_writes(stage) == [], writes
    assert stage.proxy.requests("PUT") == [], writes


def test_a_new_room_without_members_takes_one_write(stage: Stage) -> None:
    stage.warm_up()
    stage.done(add_room(room(stage.room_id(), description="What it is")))
    assert len(stage.proxy.writes()) == 1, told(stage)


def test_a_changed_name_takes_one_write(stage: Stage) -> None:
    stage.warm_up()
    user = stage.person(displayname="Old")
    stage.done(add_user(user, name="New"))
    assert len(stage.proxy.writes()) == 1, told(stage)
    assert len(stage.proxy.requests()) <= 3, told(stage)


def test_a_changed_description_takes_a_write_of_what_differs(stage: Stage) -> None:
    room_id = stage.room_id()
    stage.done(add_room(room(room_id, "Same", description="Old")))
    stage.proxy.forget()
    stage.done(add_room(room(room_id, "Same", description="New")))
    write, = stage.proxy.writes()
    assert write.path.rstrip("/").endswith("/state/m.room.topic"), told(stage)


def requests_of_removals(ends: list[Line]) -> list[int]:
    """Without those that a busy Synapse brings about: one more look every five seconds that it takes longer."""
    def late(end: Line) -> int:
        return max(0, math.ceil((int(end.fields["duration_ms"]) - 6500) / 5000))

    return [int(end.fields["requests"]) - late(end) for end in ends]


def test_a_removed_room_of_60_takes_6_requests_in_the_median(stage: Stage) -> None:
    users, rooms = [stage.user() for _ in range(59)], [stage.room_id() for _ in range(3)]
    for one in rooms:
        stage.done(add_room(room(one), *users))
    stage.proxy.forget()
    ends = [stage.done(remove_room(one))[0] for one in rooms]
    assert statistics.median(requests_of_removals(ends)) <= 6, told(stage)
    assert len(stage.proxy.requests("DELETE")) == len(rooms), told(stage)


def test_a_removed_room_that_the_daemon_has_not_seen_takes_as_few(stage: Stage) -> None:
    rooms = [stage.room_id() for _ in range(3)]
    stage.done(*(add_room(room(one), stage.user()) for one in rooms))
    stage.daemon.stop()
    stage.start()
    stage.warm_up()
    ends = [stage.done(remove_room(one))[0] for one in rooms]
    assert statistics.median(requests_of_removals(ends)) <= 6, told(stage)


def test_levels_of_many_new_moderators_take_one_write(stage: Stage) -> None:
    room_id, users = stage.room_id(), [stage.person() for _ in range(6)]
    stage.done(add_room(room(room_id)))
    stage.proxy.forget()
    stage.done(add_room(room(room_id), *(member(user, is_moderator=True) for user in users)))
    assert len(level_writes(stage)) == 1, told(stage)
    assert len(joins(stage)) == 6

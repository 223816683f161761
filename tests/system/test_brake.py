"""No more than so many removals within an hour."""

from __future__ import annotations

from lab.message import add_room, remove_room, remove_user, room
from stage import Stage

DEACTIVATE = "/_synapse/admin/v1/deactivate/"


def shouts(stage: Stage) -> int:
    return sum(line.level == "error" and line.fields.get("event") == "removal-brake" for line in stage.daemon.lines)


def test_what_is_beyond_is_rejected_and_said_once(stage: Stage) -> None:
    stage.start(SYNC__REMOVALS_PER_HOUR="5")
    people = [stage.person() for _ in range(12)]
    stage.publish(*map(remove_user, people))
    ends = stage.ends(len(people))
    assert sum(end.outcome == "done" for end in ends) == 5
    assert sum(end.code == "removal-brake" for end in ends) == 7
    accounts = [stage.homeserver.user(user) for user in people]
    assert sum(account is not None and account["deactivated"] for account in accounts) == 5
    assert len(stage.proxy.requests("POST", DEACTIVATE)) == 5
    letters = stage.queue.wait_dead_letters(7)
    assert {letter.code for letter in letters} == {"removal-brake"}
    assert all("SYNC__REMOVALS_PER_HOUR" in letter.detail for letter in letters)
    assert shouts(stage) == 1


def test_they_are_done_once_the_number_is_raised(stage: Stage) -> None:
    stage.start(SYNC__REMOVALS_PER_HOUR="1")
    first, second = stage.person(), stage.person()
    stage.done(remove_user(first))
    letter = stage.rejected(remove_user(second), "removal-brake")
    assert second in letter.detail
    assert stage.daemon.stop() == 0
    stage.start(SYNC__REMOVALS_PER_HOUR="0")
    stage.done(remove_user(second), *(remove_user(stage.person()) for _ in range(3)))
    assert shouts(stage) == 0


def test_rooms_count_too(stage: Stage) -> None:
    stage.start(SYNC__REMOVALS_PER_HOUR="2")
    rooms = [stage.room_id() for _ in range(2)]
    stage.done(*(add_room(room(room_id)) for room_id in rooms))
    stage.done(remove_room(rooms[0]), remove_user(stage.person()))
    letter = stage.rejected(remove_room(rooms[1]), "removal-brake")
    assert stage.alias(rooms[1]) in letter.detail
    assert stage.homeserver.resolve(stage.alias(rooms[1])) is not None
    assert len(stage.proxy.requests("DELETE", "/_synapse/admin/v2/rooms/")) == 1


def test_what_is_gone_does_not_count(stage: Stage) -> None:
    stage.start(SYNC__REMOVALS_PER_HOUR="1")
    gone = stage.person()
    stage.homeserver.deactivate(gone)
    for _ in range(2):
        stage.done(remove_user(gone), remove_user(stage.user()), remove_room(stage.room_id()))
    stage.done(remove_user(stage.person()))
    stage.done(remove_user(gone), remove_user(stage.user()), remove_room(stage.room_id()))
    assert shouts(stage) == 0


def test_what_is_tried_again_counts_once(stage: Stage) -> None:
    stage.start(SYNC__REMOVALS_PER_HOUR="2")
    people = [stage.person() for _ in range(2)]
    fault = stage.proxy.fault(DEACTIVATE, "POST", times=4, status=500,
                              body={"errcode": "M_UNKNOWN", "error": "Internal server error"})
    stage.done(*map(remove_user, people))
    assert fault.hits == 4
    assert shouts(stage) == 0

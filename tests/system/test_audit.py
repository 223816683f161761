"""audit tells what somebody should know of the sync's rooms and users, and changes nothing."""

from __future__ import annotations

import itertools
import json
import os
import pty
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab.daemon import executable, run_to_end
from lab.matrix import segment
from lab.message import add_room, add_user, room
from lab.proxy import Proxy
from lab.school import School
from stage import Stage

HALF_MADE_AFTER = 31  # seconds without a change
LISTS = ["managed", "welcome", "other", "conflicting", "in_the_way", "without_alias", "unseen", "dead", "half_made",
         "left", "powerless", "predecessors", "unnamed"]


@pytest.fixture(scope="module")
def school() -> Iterator[School]:
    """A homeserver of its own, for the audit looks at all of it."""
    with School() as everything:
        yield everything


@pytest.fixture(scope="module")
def proxy(school: School) -> Iterator[Proxy]:
    between = Proxy(school.synapse.port).start()
    yield between
    between.destroy()


def audit(stage: Stage, *args: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return run_to_end(["audit", *args], {**stage.environment, **settings}, patience=120)


def found(stage: Stage) -> dict[str, Any]:
    shown = audit(stage, "--json")
    assert shown.returncode in (0, 1) and not [line for line in shown.stderr.splitlines() if "synapse-sync:" in line]
    told: dict[str, Any] = json.loads(shown.stdout)
    assert list(told) == [*LISTS, "requests"]
    return told


def rooms_in(told: dict[str, Any], name: str) -> set[str]:
    return {row["room"] for row in told[name]}


def made(stage: Stage, *users: str) -> tuple[str, str]:
    """A sound room of ours: the id that messages have, and the room's."""
    own = stage.room_id()
    stage.done(add_room(room(own, f"Class {own}"), *(users or (stage.person(),))))
    return own, stage.homeserver.resolve(stage.alias(own)) or ""


def test_where_all_is_well_nothing_needs_a_person_and_nothing_is_written(stage: Stage) -> None:
    before = audit(stage)  # whoever never had a daemon has no name, no picture and a rate limit
    assert before.returncode == 0 and "nothing needs a person" in before.stdout
    assert stage.homeserver.rate_limit(stage.sync.user_id) == {}
    assert (stage.homeserver.user(stage.sync.user_id) or {})["avatar_url"] is None
    user = stage.user()
    _, first = made(stage)
    stage.done(add_user(user, name="Ada", welcome="Hello"))
    stage.proxy.forget()
    shown = audit(stage)
    assert shown.returncode == 0 and "managed: 1 (rooms that are kept in line)" in shown.stdout
    assert not shown.stderr, "that somebody logged in is no news for who reads the result"
    assert "welcome: 1 (" in shown.stdout and "nothing needs a person" in shown.stdout
    assert [str(write) for write in stage.proxy.writes()] == ["POST /_matrix/client/v3/login -> 200"]
    assert f"({len(stage.proxy.requests())} requests" in shown.stdout
    assert rooms_in(found(stage), "managed") == {first}
    assert "event=homeserver-ready" in audit(stage, LOG__LEVEL="info").stderr


def test_requests_grow_with_the_rooms_of_ours_only(stage: Stage) -> None:
    base = found(stage)["requests"]
    for number in range(3):
        stage.homeserver.admin.create_room(name=f"Somebody's {number}")
        stage.person()
    assert found(stage)["requests"] == base
    made(stage)
    assert found(stage)["requests"] == base + 2  # its state, and where its alias leads


def test_what_was_broken_by_hand_is_found(stage: Stage) -> None:
    owner = stage.person()
    _, sound = made(stage)
    dead, left, powerless, upgraded, stolen, lost = (made(stage, owner) for _ in range(6))
    half = _half_made(stage)
    for one in stage.homeserver.room(dead[1]).members:
        stage.homeserver.log_in_as(one).leave(dead[1])
    for one in (left, powerless):
        levels = stage.homeserver.room(one[1]).levels
        stage.sync.set_state(one[1], "m.room.power_levels", {**levels, "users": {owner: 100, stage.sync.user_id: 50}})
    stage.sync.leave(left[1])
    new = stage.sync.post(f"/_matrix/client/v3/rooms/{segment(upgraded[1])}/upgrade",
                          {"new_version": "11"})["replacement_room"]
    for own, _ in (stolen, lost):
        stage.homeserver.admin.delete(f"/_matrix/client/v3/directory/room/{segment(stage.alias(own))}")
    thief = stage.homeserver.log_in_as(owner)
    stage.homeserver.lift_rate_limit(owner)
    taken = thief.create_room(room_alias_name=stage.alias(stolen[0])[1:].split(":")[0])
    squatted = thief.create_room(room_alias_name=f"sync_{stage.room_id()}")
    elsewhere = thief.create_room(room_alias_name=f"chat_{stage.room_id()}")
    time.sleep(HALF_MADE_AFTER)
    told = found(stage)
    assert rooms_in(told, "dead") == {dead[1]} and rooms_in(told, "half_made") == {half}
    assert rooms_in(told, "other") == set()
    assert rooms_in(told, "left") == {left[1]} and rooms_in(told, "powerless") == {powerless[1]}
    assert rooms_in(told, "conflicting") == {stolen[1]} and rooms_in(told, "without_alias") == {lost[1]}
    assert told["conflicting"][0]["alias_leads_to"] == taken
    assert rooms_in(told, "in_the_way") == {taken, squatted} and elsewhere not in str(told)
    assert rooms_in(told, "predecessors") == {upgraded[1]} and told["predecessors"][0]["successor"] == new
    assert {sound, new} <= rooms_in(told, "managed") and upgraded[1] not in rooms_in(told, "managed")
    by_room = {row["room"]: row for name in ("dead", "half_made") for row in told[name]}
    assert by_room[dead[1]]["alias"] == stage.alias(dead[0])
    shown = audit(stage)
    assert shown.returncode == 1 and "nothing needs a person" not in shown.stdout
    assert f"  {stolen[1]}  {stage.alias(stolen[0])}" in shown.stdout and f"its alias leads to {taken}" in shown.stdout


def _half_made(stage: Stage) -> str:
    """What a createRoom leaves that fails after Synapse has bound the alias."""
    own = stage.room_id()
    with pytest.raises(AssertionError):
        stage.sync.create_room(room_alias_name=f"room_{own}", name="Half", room_version="12",
                               power_level_content_override={"users": {stage.sync.user_id: 100}})
    half = stage.homeserver.resolve(stage.alias(own))
    assert half is not None
    return half


def test_users_whom_nobody_has_named_since_are_told(stage: Stage) -> None:
    named, unnamed = stage.user(), stage.user()
    made(stage, named, unnamed)
    stage.done(add_user(named, name="Ada"))
    told = found(stage)["unnamed"]
    assert unnamed in [row["user"] for row in told] and named not in [row["user"] for row in told]
    assert told[0]["created_at"] > 0


def test_names_of_others_are_made_visible(stage: Stage) -> None:
    stage.homeserver.lift_rate_limit(owner := stage.person())
    stage.homeserver.log_in_as(owner).create_room(room_alias_name=f"sync_{stage.room_id()}", name="a\u202eb\x1b[31m")
    shown = audit(stage)
    assert "a\\u202eb\\u001b[31m" in shown.stdout and "\x1b" not in shown.stdout


def test_many_rooms_come_in_pages(stage: Stage) -> None:
    """The second page is asked for where the first one says."""
    page = {"rooms": [{"room_id": "!one:x", "creator": "@other:x"}], "next_batch": 500, "total_rooms": 501}
    fault = stage.proxy.fault(r"/_synapse/admin/v1/rooms$", "GET", status=200, body=page)
    stage.proxy.forget()
    child = subprocess.Popen([str(executable()), "audit"], env={"PATH": "/usr/bin:/bin", **stage.environment}, cwd="/",
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    fault.wait_hit(2)
    queries = [request.query for request in stage.proxy.requests("GET", r"/_synapse/admin/v1/rooms$")]
    stage.proxy.clear()
    child.wait(60)
    assert queries[:2] == ["from=0&limit=500", "from=500&limit=500"]


ROOM = {"room_id": "!one:x", "creator": "@other:x"}


def _ever_new() -> Callable[[], Any]:
    numbers = itertools.count(1)
    return lambda: {"rooms": [ROOM], "next_batch": next(numbers), "total_rooms": 2}


@pytest.mark.parametrize("body, problem", [
    ({"rooms": [ROOM], "next_batch": 7}, "its next page is itself"),
    ({"rooms": [], "next_batch": 500}, "an empty page is not its last"),
    (_ever_new(), "it has more than 4000 pages")])
def test_a_list_without_an_end_is_not_followed(stage: Stage, body: Any, problem: str) -> None:
    stage.proxy.fault(r"/_synapse/admin/v1/rooms$", "GET", status=200, body=body)
    shown = audit(stage)
    stage.proxy.clear()
    assert shown.returncode == 1 and not shown.stdout
    assert f"the homeserver's list of all rooms does not end: {problem}" in shown.stderr


def test_an_alias_that_cannot_be_looked_up_is_not_taken_for_gone(stage: Stage) -> None:
    own, there = made(stage)
    stage.proxy.fault(f"/directory/room/{re.escape(stage.alias(own))}", "GET", status=403,
                      body={"errcode": "M_FORBIDDEN", "error": "no"})
    told = found(stage)
    shown = audit(stage)
    stage.proxy.clear()
    assert rooms_in(told, "unseen") == {there} and there not in rooms_in(told, "without_alias")
    assert shown.returncode == 1 and f"  {there}  {stage.alias(own)}" in shown.stdout


def test_of_an_alias_elsewhere_no_other_server_is_asked(stage: Stage) -> None:
    """Whoever has power in a room chooses its main alias, and the homeserver would ask that server, and wait."""
    _, there = made(stage)
    state = stage.homeserver.admin.get(f"/_synapse/admin/v1/rooms/{segment(there)}/state")["state"]
    for event in state:
        if event["type"] == "m.room.create":
            event["content"].pop("io.github.synapse_sync", None)
        if event["type"] == "m.room.canonical_alias":
            event["content"]["alias"] = "#course_1:elsewhere.test"
    stage.proxy.fault(f"/_synapse/admin/v1/rooms/{re.escape(there)}/state", "GET", status=200, body={"state": state})
    stage.proxy.forget()
    told = found(stage)
    asked = [str(request) for request in stage.proxy.requests("GET", "elsewhere.test")]
    stage.proxy.clear()
    assert not asked and there in rooms_in(told, "without_alias")


def test_progress_is_for_terminals(stage: Stage) -> None:
    ours, theirs = pty.openpty()
    child = subprocess.Popen([str(executable()), "audit", "--json"], cwd="/", stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=theirs, env={"PATH": "/usr/bin:/bin", **stage.environment})
    out, _ = child.communicate(timeout=120)
    os.close(theirs)
    assert b"rooms looked at" in os.read(ours, 65536) and json.loads(out)
    os.close(ours)
    assert "looked at" not in audit(stage).stderr


def test_a_homeserver_that_fails_for_a_while_is_asked_again_and_one_that_refuses_is_not(stage: Stage) -> None:
    fault = stage.proxy.fault(r"/_synapse/admin/v2/users$", "GET", status=503, body={})
    child = subprocess.Popen([str(executable()), "audit"], env={"PATH": "/usr/bin:/bin", **stage.environment}, cwd="/",
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    fault.wait_hit(2)
    stage.proxy.clear()
    out, _ = child.communicate(timeout=120)
    assert "requests, none of which changed anything" in out
    wrong = audit(stage, MATRIX_MESSENGER__SYNC_USER_PASSWORD="not-this-one")
    assert wrong.returncode == 1 and "cannot log in" in wrong.stderr and "not-this-one" not in wrong.stderr
    assert not wrong.stdout


@pytest.mark.parametrize("path", ["/admin/v1/rooms$", "/admin/v1/rooms/.*/state$", "/accountdata$", "/admin/v2/users$"])
def test_what_is_refused_in_the_middle_is_told_and_nothing_else(stage: Stage, path: str) -> None:
    """What was found by then would be taken for all."""
    made(stage)
    stage.proxy.fault(path, "GET", status=403, body={"errcode": "M_FORBIDDEN", "error": "not for you"})
    told = audit(stage)
    stage.proxy.clear()
    assert told.returncode == 1 and not told.stdout
    line, = [line for line in told.stderr.splitlines() if line.startswith("synapse-sync: ")]
    assert "403" in line and "not for you" in line


@pytest.mark.parametrize("args", [["audit"], ["audit", "--json"]], ids=" ".join)
def test_output_that_cannot_be_written_is_told(stage: Stage, args: list[str]) -> None:
    with open("/dev/full", "w", encoding="ascii") as full:
        ended = subprocess.run([str(executable()), *args], cwd="/", env={"PATH": "/usr/bin:/bin", **stage.environment},
                               stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, timeout=120, check=False)
    assert ended.returncode == 1
    assert ended.stderr.endswith(b"synapse-sync: standard output: No space left on device\n")

"""`plan`: what a file of requests would change, and that it changes nothing."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from batch import Running, apply, as_lines, command, plan, school, write
from lab.message import add_room, add_user, member, remove_room, remove_user, room
from lab.process import free_port
from stage import Stage
from test_sync_user import LOGIN, NAME, PASSWORD, Actor

DIRECTORY = "/_matrix/client/v3/directory/room/"


def assert_only_read(stage: Stage) -> None:
    """The one thing that may be posted is the log-in."""
    others = [request for request in stage.proxy.requests() if request.method != "GET"]
    assert [(request.method, request.path) for request in others] in ([], [("POST", LOGIN)])


def mixed_requests(stage: Stage) -> list[dict]:  # type: ignore[type-arg]
    """Something of everything, on a homeserver on which some of it is there already."""
    old, gone, new = stage.room_id(), stage.room_id(), stage.room_id()
    teacher, pupil, leaver = stage.person("teacher", displayname="Old name"), stage.user("pupil"), stage.user("leaver")
    status, _, _ = apply(stage, add_room(room(old, name="Before"), teacher), add_room(room(gone)), add_user(leaver))
    assert status == 0
    return [
        add_room(room(new, name="New room"), member(teacher, is_moderator=True), pupil),
        add_room(room(old, name="After"), member(teacher, is_moderator=True)),
        add_user(teacher, room(old, name="After"), name="New name"),
        add_user(pupil, room(new, name="New room"), room(old, name="After"), name="Pupil", welcome="Hello"),
        remove_user(leaver),
        remove_room(gone),
        add_user(stage.user("late"), room(new, name="New room"), name="Late"),
    ]


def test_what_is_foreseen_is_what_then_happens(stage: Stage) -> None:
    requests = mixed_requests(stage)
    stage.proxy.forget()
    status, foreseen = plan(stage, *requests)
    assert status == 0
    assert_only_read(stage)
    expected = {"created_users": 2, "created_rooms": 1, "joined": 4, "raised": 2, "renamed": 1, "welcomed": 1,
                "reactivated": 0, "set": 1, "removed_users": 1, "removed_rooms": 1}
    assert foreseen["totals"] == {"done": 7, "rejected": 0, "unchanged": 0, "left": 0, "changes": expected}
    assert foreseen["requests"][2]["changes"]["renamed"] == [
        {"user": requests[2]["user"]["id"], "before": "Old name", "name": "New name"}]
    status, ends, totals = apply(stage, *requests)
    assert (status, totals) == (0, foreseen["totals"])
    assert sorted(end["place"] for end in ends) == [f"line {number}" for number in range(1, 8)]
    stage.proxy.forget()
    status, foreseen = plan(stage, *requests[:4], *requests[6:])
    assert status == 0 and foreseen["totals"]["unchanged"] == 5


def test_it_can_be_read_by_a_teacher(stage: Stage, tmp_path: Path) -> None:
    teacher, pupils, room_id = stage.person("teacher"), [stage.user("pupil") for _ in range(15)], stage.room_id()
    file = write(tmp_path, "school.json", json.dumps([
        add_room(room(room_id, name="Maths"), member(teacher, is_moderator=True), *pupils),
        add_user(pupils[0], name="Ada Lovelace", welcome="Hello"),
        add_user(teacher)]))
    shown = command(stage, "plan", file)
    assert shown.returncode == 0 and not shown.stderr
    alias = stage.alias(room_id)
    for line in (f"[0], line 1: addRoom {alias}", f'    create room {alias} "Maths"', f"    create user {pupils[1]}",
                 f"    raise {teacher} in {alias} to level 50", f"    welcome {pupils[0]}"):
        assert line in shown.stdout.splitlines(), shown.stdout
    assert "and 4 more to " in shown.stdout
    assert f"addUser {teacher}" not in shown.stdout
    assert shown.stdout.splitlines()[-1] == (
        "Plan: 15 users to create, 1 room to create, 16 memberships to add, 1 power level to raise, 1 welcome to "
        "send. 3 requests, 1 of them without a change.")


def test_what_would_be_rejected_is_told_with_its_code(stage: Stage) -> None:
    room_id = stage.room_id()
    stranger = stage.homeserver.log_in_as(stage.person("stranger"))
    stranger.put_alias(stage.alias(room_id), stranger.create_room())
    admin = stage.person("admin", admin=True)
    stage.proxy.forget()
    status, foreseen = plan(stage, add_room(room(room_id)), remove_user(admin), remove_user(stage.person()),
                            remove_user(stage.person()), SYNC__REMOVALS_PER_HOUR="1")
    assert_only_read(stage)
    codes = [request.get("code") for request in foreseen["requests"]]
    assert status == 1 and codes[:2] == ["alias-conflict", "protected-user"]
    assert sorted(codes[2:], key=str) == [None, "removal-brake"]
    assert all(request["detail"] for request in foreseen["requests"] if "code" in request)


def test_the_sync_user_is_left_as_it_is(stage: Stage) -> None:
    actor = Actor(stage)
    before, limit = actor.account(), stage.homeserver.rate_limit(actor.id)
    stage.proxy.forget()
    status, _ = plan(stage, add_user(stage.user()), **{NAME: actor.localpart, PASSWORD: actor.password},
                     MATRIX_MESSENGER__SYNC_USER_DISPLAYNAME="Somebody else")
    assert status == 0
    assert_only_read(stage)
    after = actor.account()
    assert (after["displayname"], after["avatar_url"]) == (before["displayname"], before["avatar_url"])
    assert stage.homeserver.rate_limit(actor.id) == limit


# --- what is no request, or no homeserver -----------------------------------------------------------------------------


@pytest.mark.parametrize("text, told", [
    ('{"method": "removeUser", "user": {"id": "@a:SERVER"}}\n{"method": "dance"}\n', "line 2: unknown-method: method: "),
    ('[{"method": "removeUser", "user": {"id": "@a:SERVER"}},\n {"method": "removeUser", "user": {"id": 7}}]',
     "[1], line 2: invalid-message: user.id: expected string"),
    ('{"method": "addUser",\n "user": {"id" "@a:SERVER"}}', "line 1: invalid-json: line 2, column "),
    ('[{"method": "removeUser", "user": {"id": "@a:elsewhere"}}]', "[0], line 1: foreign-server: "),
    ("", "line 1: invalid-json: line 1, column 1 (byte 1): expected a request"),
])
@pytest.mark.parametrize("name", ["plan", "apply"])
def test_a_broken_file_is_named_and_nothing_is_asked(stage: Stage, tmp_path: Path, name: str, text: str,
                                                     told: str) -> None:
    stage.proxy.forget()
    file = write(tmp_path, "school.json", text.replace("SERVER", stage.school.synapse.server_name))
    refused = command(stage, name, file)
    assert refused.returncode == 1 and not refused.stdout
    assert refused.stderr.startswith(f"synapse-sync: {file}: {told}"), refused.stderr
    assert not stage.proxy.requests()


def test_a_file_that_cannot_be_read_is_named(stage: Stage, tmp_path: Path) -> None:
    for file, reason in ((str(tmp_path / "none"), "No such file"), (str(tmp_path), "Is a directory")):
        refused = command(stage, "plan", file)
        assert refused.returncode == 1 and refused.stderr.startswith(f"synapse-sync: {file}: {reason}")


class Elsewhere(BaseHTTPRequestHandler):
    """Somebody, but no Synapse."""

    def do_GET(self) -> None:
        self.send_error(404)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Nobody wants to know."""


def test_a_homeserver_that_is_none_ends_it(stage: Stage, tmp_path: Path) -> None:
    file = write(tmp_path, "one", as_lines([add_user(stage.user())]))
    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    Thread(target=server.serve_forever, daemon=True).start()
    nobody = Running(stage, "plan", file, MATRIX_MESSENGER__URI=f"http://127.0.0.1:{free_port()}")
    other = Running(stage, "plan", file, MATRIX_MESSENGER__URI=f"http://127.0.0.1:{server.server_port}")
    assert (nobody.wait(), other.wait()) == (1, 1)
    server.shutdown()
    assert "there is no plan: the homeserver is not there: " in nobody.shown
    assert "there is no plan: the homeserver " in other.shown and "404" in other.shown


@pytest.mark.parametrize("name", ["plan", "apply"])
def test_who_cannot_log_in_is_told_so(stage: Stage, name: str) -> None:
    refused = command(stage, name, stdin=as_lines([add_user(stage.user())]), **{PASSWORD: "wrong password"})
    assert refused.returncode == 1 and "cannot log in" in refused.stderr
    assert "wrong password" not in refused.stderr


# --- a whole school ---------------------------------------------------------------------------------------------------


def test_a_school_takes_few_requests(stage: Stage) -> None:
    """Per new user the account and the alias of the welcome room, per new room the alias."""
    users, rooms = 2000, 300
    requests = school(stage, users, rooms)
    stage.proxy.forget()
    status, foreseen = plan(stage, *requests, patience=300)
    assert status == 0
    changes = foreseen["totals"]["changes"]
    assert (changes["created_users"], changes["created_rooms"], changes["welcomed"]) == (users, rooms, users)
    assert_only_read(stage)
    assert len(stage.proxy.requests()) <= 2 * users + rooms + 10

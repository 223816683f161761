"""`apply`: does what a file of requests asks for, without a broker."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest

from batch import Running, apply, as_lines, command, school, settings, write
from lab.daemon import executable
from lab.message import add_room, add_user, remove_user, room
from lab.process import wait_until
from stage import Stage
from test_sync_user import Actor

TOKEN = "MATRIX_MESSENGER__SYNC_USER_TOKEN"


def greetings(stage: Stage, user: str) -> int:
    room_id = stage.homeserver.resolve(stage.homeserver.alias(f"sync_{user[1:].split(':')[0]}"))
    assert room_id is not None
    return len(stage.sync.messages(room_id))


def test_one_line_for_each_request_and_a_sum(stage: Stage) -> None:
    user, admin, room_id = stage.user(), stage.person("admin", admin=True), stage.room_id()
    ended = command(stage, "apply", "-", stdin=as_lines([
        add_room(room(room_id, name="Maths"), user), remove_user(admin),
        add_user(user, password="a password of mine", name="Ada")]))
    assert ended.returncode == 1
    lines = ended.stdout.splitlines()
    assert f"line 1: addRoom {stage.alias(room_id)}: done: 1 user created, 1 room created, 1 membership added" in lines
    rejected, = [line for line in lines if line.startswith(f"line 2: removeUser {admin}: rejected: protected-user: ")]
    assert lines[-1].startswith("Done: 1 user created, 1 room created, ")
    assert lines[-1].endswith(" 3 requests, 1 rejected.")
    assert "a password of mine" not in ended.stdout + ended.stderr
    assert user in stage.homeserver.room(stage.alias(room_id)).members


def test_killed_and_run_again_it_is_complete_and_greets_once(stage: Stage, tmp_path: Path) -> None:
    requests = school(stage, users=8, rooms=2, rooms_of_each=1)
    file = write(tmp_path, "school", as_lines(requests))
    first = Running(stage, "apply", file, SYNC__CONCURRENCY="1")
    wait_until(lambda: stage.proxy.requests("PUT", "/send/m.room.message/"), "the first welcome")
    first.signal(signal.SIGKILL)
    first.wait()
    status, _, totals = apply(stage, *requests)
    assert status == 0 and totals["done"] == len(requests)
    people = [request["user"]["id"] for request in requests if request["method"] == "addUser"]
    assert [greetings(stage, person) for person in people] == [1] * len(people)
    for request in requests[:2]:
        described = stage.homeserver.room(stage.alias(request["room"]["id"], "course"))
        assert len(described.members & set(people)) >= 4
    stage.proxy.forget()
    status, _, totals = apply(stage, *requests)
    assert status == 0 and totals["unchanged"] == len(requests)
    assert not [request for request in stage.proxy.writes() if "/createRoom" in request.path or "/join/" in request.path]


def test_a_signal_ends_it_with_what_is_left(stage: Stage, tmp_path: Path) -> None:
    requests = [add_room(room(stage.room_id())) for _ in range(6)]
    slow = stage.proxy.fault("/createRoom", method="POST", hold=True)
    running = Running(stage, "apply", write(tmp_path, "rooms", as_lines(requests)), RABBITMQ_PREFETCH="2")
    slow.wait_hit(2)
    for number in (signal.SIGWINCH, signal.SIGCONT, signal.SIGUSR1, signal.SIGTERM):
        running.signal(number)
    slow.release()
    assert running.wait() == 1
    assert "Stopped: 2 rooms created. 2 requests, 4 left to do." in running.shown
    assert "stopped: signal 15 (Terminated)" in running.shown
    status, _, totals = apply(stage, *requests)
    assert status == 0 and totals["unchanged"] == 2 and totals["changes"]["created_rooms"] == 4


def test_a_homeserver_that_goes_away_is_waited_for(stage: Stage, tmp_path: Path) -> None:
    requests = [add_room(room(stage.room_id())) for _ in range(4)]
    slow = stage.proxy.fault("/createRoom", method="POST", hold=True, cut=True)
    running = Running(stage, "apply", write(tmp_path, "rooms", as_lines(requests)))
    slow.wait_hit()
    stage.proxy.pause()
    slow.release()
    running.wait_shown("event=held ")
    stage.proxy.resume()
    assert running.wait() == 0
    assert "4 requests" in running.shown.splitlines()[-1]


def test_in_a_terminal_there_is_a_bar_and_what_matters(stage: Stage, tmp_path: Path) -> None:
    admin = stage.person("admin", admin=True)
    requests = [add_room(room(stage.room_id())), remove_user(admin), add_user(stage.user())]
    running = Running(stage, "apply", write(tmp_path, "some", as_lines(requests)), terminal=True)
    assert running.wait() == 1
    assert re.search(r"\r\[.*\] [0-3] of 3 ended, [01] rejected, 0 held", running.shown)
    # What is left on the screen: behind a return to the beginning the line was cleared.
    left = [line.split("\033[K")[-1].strip("\r") for line in running.shown.split("\n")]
    assert left[0].startswith(f"line 2: removeUser {admin}: rejected: protected-user: ")
    assert left[1].startswith("Done: ") and left[2:] == [""]


def test_a_token_that_is_refused_ends_it(stage: Stage) -> None:
    actor = Actor(stage)
    stage.homeserver.log_out(actor.id)
    refused = command(stage, "apply", stdin=as_lines([add_user(stage.user())]),
                      MATRIX_MESSENGER__SYNC_USER_NAME=actor.localpart, **{TOKEN: actor.client.token})
    assert refused.returncode == 1 and "the token that was given is refused" in refused.stderr
    assert refused.stdout.startswith("Stopped: nothing changed. 0 requests, 1 left to do.")


@pytest.mark.parametrize("args", [["apply"], ["apply", "--json"], ["plan"], ["plan", "--json"]], ids=" ".join)
def test_output_that_cannot_be_written_is_told(stage: Stage, tmp_path: Path, args: list[str]) -> None:
    """What was asked for is done all the same."""
    user = stage.user()
    file = write(tmp_path, "requests", as_lines([add_user(user, name="Ada")]))
    with open("/dev/full", "w", encoding="ascii") as full:
        ended = subprocess.run([str(executable()), *args, file], cwd="/", stdin=subprocess.DEVNULL, stdout=full,
                               env={"PATH": "/usr/bin:/bin", **settings(stage)}, stderr=subprocess.PIPE, timeout=60,
                               check=False)
    assert ended.returncode == 1
    assert ended.stderr.endswith(b": standard output: No space left on device\n")
    assert (stage.homeserver.user(user) is not None) == (args[0] == "apply")

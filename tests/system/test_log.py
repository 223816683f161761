"""The line that ends a message: what was changed for it, and the digest by which its dead letter is found."""

from __future__ import annotations

import hashlib
import json

import pytest

from lab.message import Json, add_room, add_user, member, remove_room, remove_user, room
from stage import Stage

CHANGES = {"created_users", "created_rooms", "joined", "raised", "renamed", "welcomed", "reactivated", "set",
           "removed_users", "removed_rooms"}


def changes_of(stage: Stage, request: Json) -> dict[str, int]:
    end, = stage.done(request)
    return {name: int(value) for name, value in end.fields.items() if name in CHANGES}


def test_what_was_changed(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    request = add_user(user, room(room_id), name="Ada", welcome="Hello")
    assert changes_of(stage, request) == {"created_users": 1, "created_rooms": 1, "joined": 1, "welcomed": 1}
    assert changes_of(stage, request) == {}
    assert changes_of(stage, add_user(user, name="Ada L.")) == {"renamed": 1}
    assert changes_of(stage, add_user(user, room(room_id, is_moderator=True))) == {"raised": 1}
    assert changes_of(stage, add_room(room(room_id, name="Other"), user)) == {"set": 1}
    others = [member(stage.user(), is_moderator=True), member(stage.user())]
    assert changes_of(stage, add_room(room(room_id, name="Other"), *others)) == \
        {"created_users": 2, "joined": 2, "raised": 1}
    assert changes_of(stage, remove_room(room_id)) == {"removed_rooms": 1}
    assert changes_of(stage, remove_user(user)) == {"removed_users": 1}
    assert changes_of(stage, remove_user(user)) == {}


def test_changes_are_told_of_the_message_that_asked_for_them(stage: Stage) -> None:
    room_id, users = stage.room_id(), [stage.user() for _ in range(4)]
    ends = stage.done(*(add_user(user, room(room_id), name="Ada") for user in users))
    told = {end.fields["user"]: end.fields for end in ends}
    assert {told[user]["joined"] for user in users} == {"1"}
    assert {told[user]["created_users"] for user in users} == {"1"}
    assert sum(int(told[user].get("created_rooms", 0)) for user in users) == 1


def test_the_digest_leads_from_the_line_to_the_dead_letter(stage: Stage) -> None:
    request = add_user("@ada:elsewhere.example", name="Ada")
    letter = stage.rejected(request, "foreign-server")
    digest = hashlib.sha256(letter.body).hexdigest()[:12]
    assert json.loads(letter.body) == request
    assert letter.headers["x-error-digest"] == digest
    end = [line for line in stage.daemon.ends() if line.outcome == "rejected"][-1]
    assert end.fields["digest"] == digest


def refusals(stage: Stage) -> list[str]:
    """What the broker's log says of what we asked; that it closes connections is the test's doing."""
    log = (stage.school.broker.folder / "server.log").read_text()
    return [line for line in log.splitlines() if "channel exception" in line]


@pytest.mark.parametrize("declare", ["durable", "quorum", "legacy"])
def test_a_normal_connect_is_no_error_in_the_log_of_the_broker(stage: Stage, declare: str) -> None:
    stage.start(RABBITMQ_QUEUE_DECLARE=declare).wait_line("event=connected")
    stage.daemon.stop()
    before = refusals(stage)
    daemon = stage.start(RABBITMQ_QUEUE_DECLARE=declare)
    daemon.wait_line("event=queue-found")
    daemon.wait_line("event=connected")
    stage.school.broker.close_connections()
    daemon.wait_line("event=connected", count=2)
    assert refusals(stage) == before


@pytest.mark.parametrize(("argument", "value"), [("x-max-priority", 7), ("x-single-active-consumer", True)])
def test_a_queue_that_we_would_not_make_is_asked_about_once(stage: Stage, argument: str, value: object) -> None:
    stage.queue.declare(durable=True, arguments={argument: value})
    daemon = stage.start()
    daemon.wait_line("event=connected")
    assert f"{argument}={str(value).lower()}" in daemon.wait_line("event=queue-found").fields["kind"]
    before = refusals(stage)
    stage.school.broker.close_connections()
    daemon.wait_line("event=connected", count=2)
    assert refusals(stage) == before


@pytest.mark.parametrize("declare", ["durable", "passive"])
def test_who_may_not_ask_about_the_queue_asks_once(stage: Stage, declare: str) -> None:
    broker = stage.school.broker
    if broker.version() >= (4, 3):
        pytest.skip("a look at a queue takes the right to configure it")
    stage.queue.declare()
    with broker.connect() as connection:
        connection.channel().queue_declare(stage.queue.dlq, durable=True)
    broker.add_user(stage.queue.name, "password")
    broker.permit(stage.queue.name, "^$", ".*", ".*")
    before = len(refusals(stage))
    uri = broker.uri.replace("guest:guest", f"{stage.queue.name}:password")
    daemon = stage.start(RABBITMQ_QUEUE_DECLARE=declare, RABBITMQ_URI=uri)
    daemon.wait_line("event=connected")
    broker.close_connections()
    daemon.wait_line("event=connected", count=2)
    assert len(refusals(stage)) == before + 1


def test_a_refused_password_is_called_so(stage: Stage) -> None:
    uri = stage.school.broker.uri.replace("amqp://", "amqp://nobody:wr0ng@").replace("guest:guest@", "")
    daemon = stage.start(RABBITMQ_URI=uri)
    line = daemon.wait_line("event=login-refused")
    assert line.level == "error" and line.fields["user"] == "nobody"
    assert "wr0ng" not in daemon.log

"""Done, rejected, held, and never lost."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pika
import pytest

from lab.message import add_room, add_user, member, remove_room, remove_user, room
from lab.process import wait_until
from lab.queue import Depth
from lab.rabbitmq import RabbitMQ
from stage import Stage, unique

SERVER = "matrix.example.school"
USER = f"@valid:{SERVER}"


def wait_done(stage: Stage, count: int) -> None:
    assert [end.outcome for end in stage.ends(count)] == ["done"] * count, stage.daemon.log


def assert_nothing_dead_lettered(stage: Stage) -> None:
    assert stage.queue.waiting(stage.queue.dlq) == 0, [letter.headers for letter in stage.queue.dead_letters()]


# --- done -------------------------------------------------------------------------------------------------------------


def test_what_is_done_is_acked(stage: Stage) -> None:
    stage.done(*(add_user(stage.user(), name="Ada") for _ in range(10)))
    stage.assert_all_acked()
    assert_nothing_dead_lettered(stage)


# --- rejected ---------------------------------------------------------------------------------------------------------

INVALID_JSON = {
    "syntax": b'{"method": "addUser", }',
    "empty": b"",
    "not UTF-8": b'{"method": "addUser", "user": {"id": "\xff\xfe"}}',
    "NUL": b'{"method": "addUser", "user": {"id": "@a\\u0000b:' + SERVER.encode() + b'"}}',
    "duplicate key": b'{"method": "removeUser", "method": "addUser"}',
    "trailing bytes": json.dumps(add_user(USER)).encode() + b" x",
    "nesting": b'{"method":"addUser","x":' + b"[" * 3000 + b"]" * 3000 + b"}",
    "some nesting": b'{"method":"addUser","x":' + b"[" * 200 + b"]" * 200 + b"}",
}


@pytest.mark.parametrize("body", INVALID_JSON.values(), ids=INVALID_JSON)
def test_invalid_json(stage: Stage, body: bytes) -> None:
    letter = stage.rejected(body, "invalid-json")
    assert letter.body == body


INVALID_MESSAGES = [
    ([], ""),
    ("text", ""),
    ({}, "method"),
    ({"method": 7}, "method"),
    ({"method": None}, "method"),
    ({"method": "addUser"}, "user"),
    ({"method": "addUser", "user": []}, "user"),
    ({"method": "addUser", "user": {}}, "user.id"),
    ({"method": "addUser", "user": {"id": 7}}, "user.id"),
    ({"method": "removeUser"}, "user"),
    ({"method": "removeRoom", "room": {}}, "room.id"),
    (add_user(USER, room("x"), name=7), "user.name"),
    (add_user(USER, room("a"), room("b"), room("c"), room("d", is_moderator="yes")), "rooms[3].is_moderator"),
    (add_user(USER, room("a", bidirectional=1)), "rooms[0].bidirectional"),
    ({**add_user(USER), "rooms": {}}, "rooms"),
    ({**add_user(USER), "rooms": [7]}, "rooms[0]"),
    ({**add_user(USER), "welcome": "Hello"}, "welcome"),
    ({**add_user(USER), "welcome": {"text": 7}}, "welcome.text"),
    ({**add_room(room("x")), "members": [{"id": USER}, {}]}, "members[1].id"),
    ({**add_room(room("x")), "members": USER}, "members"),
    (add_room(room("x", description=[])), "room.description"),
    (add_room(room(7)), "room.id"),  # type: ignore[arg-type]
    (add_room(room("")), "room.id"),
    (add_user("valid"), "user.id"),
    (add_user(f"valid:{SERVER}"), "user.id"),
    (add_user(f"@:{SERVER}"), "user.id"),
    (add_user("@valid"), "user.id"),
    (add_user(f"@{'x' * 250}:{SERVER}"), "user.id"),
    (add_user(f"@with space:{SERVER}"), "user.id"),
    (add_user(f"@tab\t:{SERVER}"), "user.id"),
    (add_user(f"@../../x:{SERVER}"), "user.id"),
    (add_room(room("a b")), "room.id"),
    (add_room(room("a:b")), "room.id"),
    (add_room(room("a\nb")), "room.id"),
    (add_room(room("a\u2003b")), "room.id"),
    (add_room(room("../../x")), "room.id"),
    (add_room(room("x" * 300)), "room"),
    (add_room(room("x", type="a:b")), "room.type"),
    (add_room(room("x", type="sync")), "room"),
    (remove_room("a b"), "room.id"),
]


@pytest.mark.parametrize(("message", "place"), INVALID_MESSAGES, ids=lambda value: str(value)[:60])
def test_invalid_messages_name_the_place(stage: Stage, message: Any, place: str) -> None:
    letter = stage.rejected(message, "invalid-message")
    assert place in letter.detail


def test_the_detail_names_place_and_types(stage: Stage) -> None:
    rooms = [room("a"), room("b"), room("c"), room("d", is_moderator="yes")]
    letter = stage.rejected(add_user(USER, *rooms), "invalid-message")
    assert letter.detail == "rooms[3].is_moderator: expected boolean, got string"


def test_the_detail_never_quotes_a_value(stage: Stage) -> None:
    for message in (add_user("@hidden value:example"), add_room(room("hidden value")),
                    add_user(USER, room("x", is_moderator="hidden value")), {"method": ["hidden value"]}):
        stage.publish(message)
        stage.ends()
    for letter in stage.queue.wait_dead_letters(4):
        assert "hidden" not in letter.detail
    assert "hidden" not in stage.daemon.log


def test_an_invalid_message_is_rejected_as_a_whole_before_any_request_is_made(stage: Stage) -> None:
    stage.done(add_user(stage.user(), name="Ada"))
    user, good = stage.user(), stage.room_id()
    stage.proxy.forget()
    stage.rejected(add_user(user, room(good), room("bad room"), name="Ada"), "invalid-message")
    stage.rejected(add_room(room(good), user, member("nobody")), "invalid-message")
    assert stage.homeserver.user(user) is None
    assert stage.homeserver.resolve(stage.alias(good)) is None
    assert [request for request in stage.proxy.requests() if good in request.path or user[1:] in request.path] == []
    assert stage.proxy.writes() == []


def test_a_room_that_is_to_be_made_needs_a_name(stage: Stage) -> None:
    room_id = stage.room_id()
    letter = stage.rejected(add_room(room(room_id, name=None), stage.person()), "invalid-message")
    assert "name" in letter.detail
    assert stage.homeserver.resolve(stage.alias(room_id)) is None


def test_unknown_method(stage: Stage) -> None:
    stage.rejected({"method": "renameUser", "user": {"id": USER}}, "unknown-method")


@pytest.mark.parametrize("message", [
    add_user("@a:matrix.other.school"), remove_user("@a:matrix.other.school"),
    add_room(room("foreign"), "@a:matrix.other.school"), add_user(f"@a:{SERVER}:8448")],
    ids=["addUser", "removeUser", "member", "port"])
def test_foreign_server(stage: Stage, message: Any) -> None:
    stage.rejected(message, "foreign-server")
    assert stage.homeserver.resolve(stage.alias("foreign")) is None


def test_too_large(stage: Stage) -> None:
    message = {**add_user(stage.user(), name="Ada"), "padding": "x" * (1024 * 1024)}
    letter = stage.rejected(message, "too-large")
    assert letter.body == json.dumps(message).encode()


def test_a_message_of_nearly_1_mib_is_fine(stage: Stage) -> None:
    stage.done({**add_user(stage.user(), name="Ada"), "padding": "x" * (1024 * 1024 - 400)})


def test_a_dead_letter_is_as_it_came_with_headers_that_say_why(stage: Stage) -> None:
    body = b'{"method":  "renameUser"}'
    before = time.time()
    letter = stage.rejected(body, "unknown-method", message_id="m-1", correlation_id="c-1", reply_to="r", type="t",
                            content_type="application/json", app_id="app",
                            headers={"x-mine": "kept", "n": 7, "flag": True})
    assert letter.body == body
    properties = letter.properties
    assert (properties.message_id, properties.correlation_id, properties.reply_to, properties.type,
            properties.content_type, properties.app_id, properties.priority) == (
        "m-1", "c-1", "r", "t", "application/json", "app", 2)
    assert properties.delivery_mode == 2
    assert letter.headers["x-mine"] == "kept" and letter.headers["n"] == 7 and letter.headers["flag"] is True
    assert letter.headers["x-original-queue"] == stage.queue.name
    assert letter.detail
    assert failed_at(letter.headers["x-failed-at"]) == pytest.approx(before, abs=120)
    stage.assert_all_acked()


def failed_at(value: Any) -> float:
    """As seconds, whether it is a time stamp of AMQP, a number or ISO 8601."""
    if isinstance(value, str):
        return time.mktime(time.strptime(value[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone
    return float(value.timestamp() - time.timezone if hasattr(value, "timestamp") else value)


def test_a_persistent_dead_letter_comes_of_a_transient_message_too(stage: Stage) -> None:
    stage.queue.declare()
    with stage.school.broker.connect() as connection:
        connection.channel().basic_publish("", stage.queue.name, b"{}", pika.BasicProperties())
    stage.start()
    stage.ends()
    letter, = stage.queue.wait_dead_letters()
    assert letter.body == b"{}" and letter.properties.delivery_mode == 2


@pytest.mark.parametrize("headers", [{"": "empty key"}, {"deep": {"a": {"b": {"c": [{"d": 1}]}}}},
                                     {"big": "x" * 60000}], ids=["empty key", "nested", "big"])
def test_strange_headers_do_no_harm(stage: Stage, headers: dict[str, Any]) -> None:
    user = stage.user()
    stage.publish(add_user(user, name="Ada"), headers=headers)
    wait_done(stage, 1)
    stage.rejected({"method": "x"}, "unknown-method", headers=headers)


def test_bad_messages_do_not_stop_good_ones(stage: Stage) -> None:
    users = [stage.user() for _ in range(5)]
    stage.start(RABBITMQ_PREFETCH="4")
    stage.publish(*(message for user in users for message in (b"{", {"method": "x"}, add_user(user, name="Ada"))))
    stage.ends(15)
    assert len(stage.queue.wait_dead_letters(10)) == 10
    assert all(stage.homeserver.user(user) for user in users)


def test_what_the_homeserver_refuses_for_good_is_rejected(stage: Stage) -> None:
    stage.rejected(add_user(stage.user("UPPER"), name="Ada"), "homeserver-rejected")


def test_all_refusals_of_a_message_are_in_the_detail(stage: Stage) -> None:
    user, rooms = stage.user(), [stage.room_id() for _ in range(3)]
    stage.done(*(add_room(room(one)) for one in rooms))
    for one in rooms[:2]:
        room_id = stage.homeserver.resolve(stage.alias(one)) or ""
        stage.proxy.fault(re.escape(f"/_synapse/admin/v1/join/{room_id}"), "POST", status=403,
                          body={"errcode": "M_FORBIDDEN", "error": "You may not do that"})
    letter = stage.rejected(add_user(user, *(room(one) for one in rooms), name="Ada"), "homeserver-rejected")
    assert letter.detail.count("M_FORBIDDEN") == 2
    assert user in stage.homeserver.room(stage.alias(rooms[2])).members


# --- held -------------------------------------------------------------------------------------------------------------


def test_messages_wait_while_synapse_is_down_at_the_start(stage: Stage) -> None:
    users = [stage.user() for _ in range(5)]
    stage.proxy.pause()
    try:
        daemon = stage.start()
        stage.publish(*(add_user(user, name="Ada") for user in users), remove_user(stage.user()))
        wait_until(lambda: stage.queue.exists(stage.queue.dlq), "the dead-letter queue")
        wait_until(lambda: stage.queue.depth().total == 6, "all to be there")
        assert daemon.ends() == [] and daemon.alive()
    finally:
        stage.proxy.resume()
    wait_done(stage, 6)
    assert_nothing_dead_lettered(stage)
    assert all(stage.homeserver.user(user) for user in users)


def test_messages_wait_while_synapse_is_down_in_mid_run(stage: Stage) -> None:
    daemon = stage.start()
    stage.done(add_user(stage.user(), name="Ada"))
    users, room_id = [stage.user() for _ in range(5)], stage.room_id()
    stage.proxy.pause()
    try:
        stage.publish(*(add_user(user, room(room_id), name="Ada") for user in users))
        daemon.wait_line("held|retry|unreachable|refused|connect")
        assert len(daemon.ends()) == 1 and stage.queue.depth().total == 5
    finally:
        stage.proxy.resume()
    wait_done(stage, 5)
    assert_nothing_dead_lettered(stage)
    assert set(users) <= stage.homeserver.room(stage.alias(room_id)).members


def test_a_real_homeserver_that_is_killed_and_comes_back(stage: Stage) -> None:
    stage.done(add_user(stage.user(), name="Ada"))
    users, room_id = [stage.user() for _ in range(8)], stage.room_id()
    fault = stage.proxy.fault("/createRoom", hold=True, times=1)
    stage.publish(*(add_user(user, room(room_id), name="Ada") for user in users))
    fault.wait_hit()
    stage.school.synapse.kill()
    fault.release()
    stage.school.synapse.start()
    wait_done(stage, 8)
    assert_nothing_dead_lettered(stage)
    assert set(users) <= stage.homeserver.room(stage.alias(room_id)).members


def test_a_request_that_alone_is_never_answered_holds_up_no_other(stage: Stage) -> None:
    slow, users = stage.room_id(), [stage.user() for _ in range(20)]
    stage.done(add_room(room(slow)))
    stage.proxy.forget()
    room_id = stage.homeserver.resolve(stage.alias(slow))
    assert room_id is not None
    fault = stage.proxy.fault(f"/_synapse/admin/v1/join/{quote(room_id, safe='')}", status=504)
    stage.publish(add_user(stage.user(), room(slow), name="Ada"), *(add_user(user, name="Ada") for user in users))
    assert len(stage.ends(20)) == 20
    assert fault.hits <= 10
    fault.release()
    assert stage.ends(1)[0].outcome == "done"


def test_a_dead_letter_does_not_follow_a_cc_header(stage: Stage) -> None:
    stage.publish(b"{", headers={"CC": [stage.queue.name], "mine": "kept"})
    stage.ends(1)
    letter, = stage.queue.wait_dead_letters(1)
    assert letter.headers["mine"] == "kept"
    assert stage.queue.depth().total == 0


def test_what_is_held_too_long_is_given_back_and_taken_again_when_the_homeserver_answers(stage: Stage) -> None:
    stage.proxy.pause()
    try:
        daemon = stage.start(RABBITMQ_HOLD_SECONDS="1")
        stage.publish(*(add_user(stage.user(), name="Ada") for _ in range(5)))
        daemon.wait_line("event=consumption-paused")
        wait_until(lambda: stage.queue.depth() == Depth(5, 0), "all messages to be with the broker")
        time.sleep(1.5)  # they are not taken again meanwhile
        assert stage.queue.depth() == Depth(5, 0)
    finally:
        stage.proxy.resume()
    wait_done(stage, 5)
    assert_nothing_dead_lettered(stage)


def test_consumption_pauses_instead_of_draining_the_queue(stage: Stage) -> None:
    stage.proxy.pause()
    try:
        stage.start(RABBITMQ_PREFETCH="10")
        stage.publish(*(add_user(stage.user(), name="Ada") for _ in range(50)))
        wait_until(lambda: stage.queue.depth().total == 50, "all to be there")
        assert stage.queue.depth().unacked <= 10
    finally:
        stage.proxy.resume()
    wait_done(stage, 50)


HARM = {
    "500": {"status": 500, "body": {"errcode": "M_UNKNOWN", "error": "Internal server error"}},
    "502 of a reverse proxy": {"status": 502, "body": b"<html>Bad Gateway</html>"},
    "503": {"status": 503, "body": b""},
    "403 without errcode": {"status": 403, "body": b"<html>Forbidden</html>"},
    "404 without errcode": {"status": 404, "body": b"Not found"},
    "429": {"status": 429, "body": {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 100}},
    "200 that is no JSON": {"status": 200, "body": b"<html>Maintenance</html>"},
    "cut": {"cut": True},
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_what_a_working_homeserver_would_not_answer_is_tried_again(stage: Stage, harm: dict[str, Any]) -> None:
    leaver, old, user, new = stage.person(), stage.room_id(), stage.user(), stage.room_id()
    stage.done(add_room(room(old)))
    faults = [stage.proxy.fault(path, method, times=1, **harm) for method, path in (
        ("POST", "/createRoom"), ("POST", "/_synapse/admin/v1/join/"), ("PUT", "/_synapse/admin/v2/users/@"),
        ("DELETE", "/_synapse/admin/v2/rooms/"), ("POST", "/_synapse/admin/v1/deactivate/"))]
    stage.done(add_user(user, room(new), name="Ada"), remove_room(old), remove_user(leaver))
    assert [fault.hits for fault in faults] == [1] * 5
    assert_nothing_dead_lettered(stage)
    assert user in stage.homeserver.room(stage.alias(new)).members
    assert stage.homeserver.resolve(stage.alias(old)) is None
    account = stage.homeserver.user(leaver)
    assert account is not None and account["deactivated"]


@pytest.mark.parametrize("harm", [
    {"body": {"errcode": "M_LIMIT_EXCEEDED", "error": "Too many requests", "retry_after_ms": 3000}},
    {"body": b"", "headers": {"Retry-After": "3"}},
], ids=["retry_after_ms", "Retry-After"])
def test_the_homeservers_wish_to_wait_is_honoured(stage: Stage, harm: dict[str, Any]) -> None:
    room_id = stage.room_id()
    stage.warm_up()
    stage.proxy.fault("/createRoom", "POST", status=429, times=1, **harm)
    stage.done(add_room(room(room_id)))
    first, second = stage.proxy.requests("POST", "/createRoom")
    assert second.arrived - first.arrived >= 2.9


def test_a_homeserver_that_hangs_is_waited_for(stage: Stage) -> None:
    stage.done(add_user(stage.user(), name="Ada"))
    user = stage.user()
    stage.school.synapse.freeze()
    try:
        stage.publish(add_user(user, room(stage.room_id()), name="Ada"))
        wait_until(lambda: stage.queue.depth() == Depth(0, 1), "the message to be handed out")
    finally:
        stage.school.synapse.thaw()
    wait_done(stage, 1)


def test_one_message_that_fails_does_not_stop_the_others(stage: Stage) -> None:
    bad, users = stage.user(), [stage.user() for _ in range(5)]
    stage.warm_up()
    fault = stage.proxy.fault(f"/users/{bad}", status=500, body={"errcode": "M_UNKNOWN", "error": "Oops"})
    stage.publish(add_user(bad, name="Ada"), *(add_user(user, name="Ada") for user in users))
    wait_done(stage, 5)
    assert all(stage.homeserver.user(user) for user in users)
    fault.release()
    wait_done(stage, 1)


# --- queues -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("how", "durable", "kind", "arguments"), [
    (None, True, "classic", {"x-max-priority": 2}),
    ("durable", True, "classic", {"x-max-priority": 2}),
    ("legacy", False, "classic", {"x-max-priority": 2}),
    ("quorum", True, "quorum", {"x-single-active-consumer": True}),
])
def test_a_missing_queue_is_declared(stage: Stage, how: str | None, durable: bool, kind: str,
                                     arguments: dict[str, Any]) -> None:
    stage.start(**({"RABBITMQ_QUEUE_DECLARE": how} if how else {}))
    wait_until(lambda: stage.queue.exists() and stage.queue.consumers() == 1, "the consumer")
    found = stage.queue.properties()
    assert (found["durable"], found["type"].removeprefix("rabbit_").removesuffix("_queue")) == (durable, kind)
    assert arguments.items() <= found["arguments"].items()
    stage.done(add_user(stage.user(), name="Ada"))
    stage.rejected({"method": "x"}, "unknown-method")


def test_a_legacy_queue_is_what_producers_declare(stage: Stage) -> None:
    stage.start(RABBITMQ_QUEUE_DECLARE="legacy")
    wait_until(stage.queue.exists, "the queue")
    stage.queue.declare(durable=False)
    stage.done(add_user(stage.user(), name="Ada"))


def test_a_passive_daemon_never_declares_and_waits_for_the_queue(stage: Stage) -> None:
    daemon = stage.start(RABBITMQ_QUEUE_DECLARE="passive")
    daemon.wait_line("queue")
    assert not stage.queue.exists()
    stage.publish(add_user(stage.user(), name="Ada"))
    wait_done(stage, 1)


@pytest.mark.parametrize(("durable", "arguments"), [
    (False, {"x-max-priority": 2}), (True, {}), (True, {"x-max-priority": 10}), (True, {"x-message-ttl": 86400000}),
    (True, {"x-queue-type": "quorum"}), (True, {"x-queue-mode": "lazy"}),
    (True, {"x-queue-type": "quorum", "x-single-active-consumer": True}),
    (True, {"x-single-active-consumer": True}),
], ids=str)
def test_an_existing_queue_is_consumed_as_it_is(stage: Stage, durable: bool, arguments: dict[str, Any]) -> None:
    stage.queue.declare(durable, arguments)
    user = stage.user()
    stage.done(add_user(user, name="Ada"), remove_user(stage.user()))
    assert stage.homeserver.user(user) is not None
    stage.assert_all_acked()


def test_the_dead_letter_queue_is_declared_durable(stage: Stage) -> None:
    stage.start()
    wait_until(lambda: stage.queue.exists(stage.queue.dlq), "the dead-letter queue")
    assert stage.queue.properties(stage.queue.dlq)["durable"] is True


@pytest.mark.parametrize(("durable", "arguments"), [
    (False, {}), (True, {"x-max-length": 1000}), (True, {"x-queue-type": "quorum"})], ids=str)
def test_an_existing_dead_letter_queue_is_used_as_found(
        stage: Stage, durable: bool, arguments: dict[str, Any]) -> None:
    with stage.school.broker.connect() as connection:
        connection.channel().queue_declare(stage.queue.dlq, durable=durable, arguments=arguments)
    stage.rejected({"method": "x"}, "unknown-method")


def test_queues_and_consumer_are_there_while_synapse_is_not(stage: Stage) -> None:
    stage.proxy.pause()
    try:
        stage.start()
        wait_until(lambda: stage.queue.exists() and stage.queue.exists(stage.queue.dlq)
                   and stage.queue.consumers() == 1, "queues and consumer")
    finally:
        stage.proxy.resume()


def test_a_dead_letter_waits_for_a_dead_letter_queue_that_takes_it(stage: Stage) -> None:
    with stage.school.broker.connect() as connection:
        connection.channel().queue_declare(stage.queue.dlq, durable=True, arguments={
            "x-max-length": 0, "x-overflow": "reject-publish"})
    stage.publish({"method": "x"})
    daemon = stage.start()
    daemon.wait_line("dlq|dead")
    stage.daemon.stop()
    assert stage.queue.messages() == [b'{"method": "x"}']


# Quorum queues know no exclusive consumers; there it is the queue that chooses one.
@pytest.mark.parametrize("arguments", [{"x-max-priority": 2},
                                       {"x-queue-type": "quorum", "x-single-active-consumer": True}], ids=str)
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_second_instance_stands_by_says_so_and_takes_over(
        stage: Stage, arguments: dict[str, Any], how: str) -> None:
    stage.queue.declare(arguments=arguments)
    first = stage.start()
    wait_until(lambda: stage.queue.consumers() >= 1, "the first instance to consume")
    second = stage.new_daemon().start()
    if "x-single-active-consumer" not in arguments:
        second.wait_line("stand|exclusive|another")
    stage.queue.publish(add_user(stage.user(), name="Ada"))
    first.wait_ends(1)
    assert second.ends() == []
    if how == "stop":
        first.stop()
    else:
        first.kill()
    stage.queue.publish(add_user(stage.user(), name="Ada"))
    second.wait_ends(1)
    assert second.alive()


@pytest.mark.parametrize("arguments", [{"x-max-priority": 2}, {"x-queue-type": "quorum"},
                                       {"x-queue-type": "quorum", "x-single-active-consumer": True}], ids=str)
def test_who_stands_by_does_not_begin_before_the_other_has_finished(
        stage: Stage, arguments: dict[str, Any]) -> None:
    stage.queue.declare(arguments=arguments)
    room_id = stage.room_id()
    stage.warm_up()
    first = stage.daemon
    fault = stage.proxy.fault("/createRoom", "POST", hold=True, times=1)
    stage.publish(add_room(room(room_id)))
    fault.wait_hit()
    second = stage.new_daemon().start()
    second.wait_line("event=standing-by")
    first.signal(signal.SIGTERM)
    first.wait_line("event=stopping")
    stage.publish(remove_room(room_id))
    time.sleep(2.5)  # the second one looks every second
    assert not [line for line in second.lines if "taking-over" in line.text]
    fault.release()
    assert first.wait() == 0
    second.wait_ends(1)
    assert stage.homeserver.resolve(stage.alias(room_id)) is None


# --- ends and restarts ------------------------------------------------------------------------------------------------


def test_sigterm_finishes_what_is_under_way_and_leaves_the_rest(stage: Stage) -> None:
    stage.warm_up()
    slow = stage.user()
    daemon = stage.daemon
    fault = stage.proxy.fault(f"/users/{slow}", "PUT", hold=True, times=1)
    stage.publish(add_user(slow, name="Slow"))
    fault.wait_hit()
    daemon.signal(signal.SIGTERM)
    daemon.wait_line("event=stopping")
    stage.publish(add_user(stage.user(), name="Late"))
    fault.release()
    assert daemon.wait() == 0
    assert stage.homeserver.user(slow) is not None
    assert len(daemon.ends()) == 2
    assert stage.queue.waiting() == 1


def test_sigterm_while_synapse_is_down_leaves_everything_to_the_broker(stage: Stage) -> None:
    stage.proxy.pause()
    try:
        daemon = stage.start()
        daemon.wait_line("event=connected")
        messages = [add_user(stage.user(), name=f"Ada {number}") for number in range(5)]
        stage.publish(*messages)
        wait_until(lambda: stage.queue.depth().total == 5, "all to be there")
        assert daemon.stop() == 0
        assert [json.loads(body) for body in stage.queue.messages()] == messages
    finally:
        stage.proxy.resume()
    stage.start()
    wait_done(stage, 5)


def test_sigint_ends_with_status_0(stage: Stage) -> None:
    stage.done(add_user(stage.user(), name="Ada"))
    stage.daemon.signal(signal.SIGINT)
    assert stage.daemon.wait() == 0


def test_nothing_is_lost_by_kills_again_and_again(stage: Stage) -> None:
    users, room_id = [stage.user() for _ in range(40)], stage.room_id()
    daemon = stage.start()
    stage.publish(*(add_user(user, room(room_id), name="Ada") for user in users))
    for _ in range(4):
        before = len(stage.proxy.requests("PUT", "/users/@"))
        wait_until(lambda: len(stage.proxy.requests("PUT", "/users/@")) > before + 3 or stage.queue.waiting() == 0,
                   "some work")
        daemon.kill()
        daemon = stage.start()
    stage.queue.wait_empty()
    assert_nothing_dead_lettered(stage)
    assert set(users) <= stage.homeserver.room(stage.alias(room_id)).members


def test_cut_connections_to_the_broker_lose_nothing(stage: Stage) -> None:
    users = [stage.user() for _ in range(20)]
    stage.start()
    stage.publish(*(add_user(user, room(stage.room_id()), name="Ada", welcome="Hello") for user in users), b"{")
    for _ in range(3):
        stage.school.broker.close_connections()
    stage.queue.wait_empty()
    assert all(stage.homeserver.user(user) for user in users)
    assert {letter.code for letter in stage.queue.dead_letters()} == {"invalid-json"}


def test_a_queue_that_is_deleted_under_the_consumer_comes_back(stage: Stage) -> None:
    stage.done(add_user(stage.user(), name="Ada"))
    with stage.school.broker.connect() as connection:
        connection.channel().queue_delete(stage.queue.name)
    wait_until(lambda: stage.queue.exists() and stage.queue.consumers() == 1, "queue and consumer")
    stage.done(add_user(stage.user(), name="Ada"))


@pytest.fixture
def own_broker(stage: Stage) -> Iterator[RabbitMQ]:
    """A broker to be harmed, not started yet; the stage's queue is there."""
    broker = RabbitMQ()
    stage.queue.broker = broker
    try:
        yield broker
    finally:
        for daemon in stage.daemons:
            daemon.stop()
        stage.queue.broker = stage.school.broker
        broker.destroy()


def test_a_broker_that_restarts_loses_nothing(stage: Stage, own_broker: RabbitMQ) -> None:
    own_broker.start()
    daemon = stage.start(RABBITMQ_URI=own_broker.uri)
    stage.done(add_user(stage.user(), name="Ada"))
    users = [stage.user() for _ in range(5)]
    fault = stage.proxy.fault("/_synapse/admin/v2/users/@", "PUT", hold_reply=True)
    stage.publish(*(add_user(user, name="Ada", welcome="Hello") for user in users))
    fault.wait_hit()
    own_broker.kill()
    fault.release()
    own_broker.start()
    wait_until(lambda: stage.queue.exists() and stage.queue.consumers() == 1, "the daemon to come back")
    stage.queue.wait_empty()
    assert daemon.alive()
    assert all(stage.homeserver.user(user) for user in users)


def test_the_broker_may_come_last(stage: Stage, own_broker: RabbitMQ) -> None:
    daemon = stage.start(RABBITMQ_URI=own_broker.uri)
    daemon.wait_line("broker|rabbit|amqp|connect")
    own_broker.start()
    wait_until(lambda: stage.queue.exists() and stage.queue.consumers() == 1, "the consumer")
    stage.done(add_user(stage.user(), name="Ada"))


def test_the_daemon_does_not_open_a_password_of_the_broker(stage: Stage) -> None:
    user, password = unique("operator"), unique("broker-password")
    stage.school.broker.add_user(user, password)
    uri = stage.school.broker.uri.replace("guest:guest", f"{user}:{password}")
    daemon = stage.start(RABBITMQ_URI=uri)  # it has no permission for anything yet
    daemon.wait_line("refused|permission|denied|403|530|not allowed|access")
    stage.school.broker.permit(user, ".*", ".*", ".*")
    stage.done(add_user(stage.user(), name="Ada"))
    assert password not in daemon.log

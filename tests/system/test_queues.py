"""What the broker's queues are, and what they do with messages."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pika
import pytest

from lab.daemon import REPOSITORY, Daemon, run_to_end
from lab.faultproxy import FaultProxy, Harm
from lab.message import add_user
from lab.process import wait_until
from lab.rabbitmq import RabbitMQ
from stage import Stage, unique

QUORUM = {"x-queue-type": "quorum", "x-single-active-consumer": True}
COUNTED: list[dict[str, Any]] = [QUORUM, {"x-max-priority": 2}]
MEMORY_ALARM = "{resource_limit, memory, node()}"
DELIVERIES = 5  # without an end, after which a message is suspected
TRIES = {"x-queue-type": "classic", "x-max-length": 1, "x-expires": 24 * 60 * 60 * 1000}
DELIVERY_LIMIT = 20  # of quorum queues that are given none, from RabbitMQ 4.0 on


def deliver_without_end(stage: Stage, times: int) -> None:
    """A consumer takes the one message that is there, and dies."""
    for _ in range(times):
        wait_until(lambda: stage.queue.waiting() == 1, "the message to be with the broker")
        with stage.queue.broker.connect() as connection:
            take_one(stage, connection)


def take_one(stage: Stage, connection: pika.BlockingConnection) -> tuple[Any, pika.BasicProperties, bytes]:
    method, properties, body = next(connection.channel().consume(stage.queue.name, inactivity_timeout=10))
    assert method is not None
    return method, properties, body


# --- what kind of queue it is -----------------------------------------------------------------------------------------

KINDS = [
    (True, {"x-max-priority": 2}, "durable classic, x-max-priority=2", None),
    (False, {"x-max-priority": 2}, "not durable classic, x-max-priority=2", "lost when the broker restarts"),
    (True, {}, "durable classic", "priority do not come first"),
    (True, {"x-single-active-consumer": True}, "durable classic, x-single-active-consumer=true", None),
    (True, {"x-max-priority": 10, "x-message-ttl": 86400000}, "x-message-ttl=86400000", "wait too long are dropped"),
    (True, {"x-max-length": 1000}, "x-max-length=1000", "too many wait"),
    (True, QUORUM, "durable quorum, x-single-active-consumer=true", None),
    (True, {"x-queue-type": "quorum"}, "durable quorum", "two instances"),
]


@pytest.mark.parametrize(("durable", "arguments", "kind", "shortcoming"), KINDS, ids=str)
def test_the_kind_of_queue_is_said_with_what_it_does_not_promise(
        stage: Stage, durable: bool, arguments: dict[str, Any], kind: str, shortcoming: str | None) -> None:
    stage.queue.declare(durable, arguments)
    before = stage.queue.properties()
    line = stage.start().wait_line("event=queue-found")
    assert kind in line.fields["kind"]
    assert shortcoming is None or shortcoming in line.fields["not_promised"]
    wait_until(lambda: stage.queue.consumers() == 1, "the consumer")
    assert stage.queue.properties() == before


def test_a_queue_that_is_made_anew_is_looked_at_anew(stage: Stage) -> None:
    """Mostly so quickly that the daemon only learns that its consumer is gone."""
    stage.queue.declare()
    daemon = stage.start(RABBITMQ_QUEUE_DECLARE="passive")
    daemon.wait_line("event=queue-found .*durable classic")
    wait_until(lambda: stage.queue.consumers() == 1, "the consumer")
    with stage.school.broker.connect() as connection:
        channel = connection.channel()
        channel.queue_delete(stage.queue.name)
        channel.queue_declare(stage.queue.name, durable=True, arguments=QUORUM)
    daemon.wait_line("event=queue-found .*durable quorum")


def test_a_queue_that_is_made_anew_while_nobody_looks_is_looked_at_anew(stage: Stage) -> None:
    stage.queue.declare()
    link = FaultProxy(stage.school.broker.port).start()
    try:
        uri = f"amqp://guest:guest@127.0.0.1:{link.port}"
        daemon = stage.start(RABBITMQ_QUEUE_DECLARE="passive", RABBITMQ_URI=uri)
        daemon.wait_line("event=queue-found .*durable classic")
        wait_until(lambda: stage.queue.consumers() == 1, "the consumer")
        link.strike(Harm.REFUSE)
        wait_until(lambda: stage.queue.consumers() == 0, "the consumer to be gone")
        with stage.school.broker.connect() as connection:
            channel = connection.channel()
            channel.queue_delete(stage.queue.name)
            channel.queue_declare(stage.queue.name, durable=True, arguments=QUORUM)
        link.heal()
        daemon.wait_line("event=queue-found .*durable quorum")
    finally:
        link.destroy()


def test_a_queue_that_is_made_anew_during_the_stand_by_is_looked_at_before_it_is_taken_over(stage: Stage) -> None:
    stage.queue.declare()
    with stage.school.broker.connect() as connection:
        channel = connection.channel()
        channel.basic_consume(stage.queue.name, lambda *_: None, exclusive=True)
        daemon = stage.start(RABBITMQ_QUEUE_DECLARE="passive")
        daemon.wait_line("event=queue-found .*durable classic")
        daemon.wait_line("event=standing-by")
        channel.queue_delete(stage.queue.name)  # between two of the daemon's looks, mostly
        channel.queue_declare(stage.queue.name, durable=True, arguments=QUORUM)
        channel.basic_consume(stage.queue.name, lambda *_: None)
    daemon.wait_line("event=queue-found .*durable quorum")
    daemon.wait_line("event=connected")


def test_who_may_not_configure_the_queue_is_told_that_its_kind_is_unknown(stage: Stage) -> None:
    stage.queue.declare()
    with stage.school.broker.connect() as connection:
        connection.channel().queue_declare(stage.queue.dlq, durable=True)
    stage.school.broker.add_user(stage.queue.name, "password")
    # From 4.3 on a look at a queue takes that permission, too; the one for the look at the kind is the same then.
    configure = ".*" if stage.school.broker.version() >= (4, 3) else "^$"
    stage.school.broker.permit(stage.queue.name, configure, ".*", ".*")
    uri = stage.school.broker.uri.replace("guest:guest", f"{stage.queue.name}:password")
    line = stage.start(RABBITMQ_URI=uri).wait_line("event=queue-found")
    assert configure != "^$" or (line.fields["kind"] == "unknown" and "403" in line.text)
    stage.done(add_user(stage.user(), name="Ada"))


def new_broker_user(stage: Stage, configure: str, write: str, read: str) -> str:
    """The URI of somebody with these permissions."""
    name = unique("somebody")
    stage.school.broker.add_user(name, "password")
    stage.school.broker.permit(name, configure, write, read)
    return stage.school.broker.uri.replace("guest:guest", f"{name}:password")


def documented_permissions(user: str, queue: str) -> list[str]:
    """As config/README.md grants them, but for this queue."""
    text = (REPOSITORY / "config/README.md").read_text()
    granted, = re.findall(rf"set_permissions {user} '(.*)' '(.*)' '(.*)'", text)
    return [pattern.replace("matrix_sync_populated", queue) for pattern in granted]


def test_the_permissions_of_the_readme_are_enough(stage: Stage) -> None:
    """The queues are made, messages are carried out and set aside, and dead letters are sent again."""
    uri = new_broker_user(stage, *documented_permissions("synapse-sync", stage.queue.name))
    stage.start(RABBITMQ_URI=uri).wait_line("event=connected")
    stage.done(add_user(stage.user(), name="Ada"))
    stage.rejected({"method": "dance"}, "unknown-method")
    retried = run_to_end(["dlq", "retry"], {**stage.environment, "RABBITMQ_URI": uri})
    assert retried.returncode == 0, retried.stderr
    assert stage.ends()[0].outcome == "rejected"
    checked = run_to_end(["check"], {**stage.environment, "RABBITMQ_URI": uri}).stdout
    assert "permission" not in "".join(line for line in checked.splitlines() if not line.startswith("ok"))


def test_a_message_by_hand_as_in_the_readme(stage: Stage) -> None:
    """By somebody who may do nothing but write."""
    uri = new_broker_user(stage, *documented_permissions("producer", stage.queue.name))
    command, = re.findall(r"^echo .*\n  amqp-publish .*$", (REPOSITORY / "data/README.md").read_text(), re.MULTILINE)
    user = stage.user()
    for there, here in [("amqp://guest:guest@localhost", uri), ("matrix_sync_populated", stage.queue.name),
                        ("@ada:example.org", user)]:
        assert there in command
        command = command.replace(there, here)
    stage.start().wait_line("event=connected")
    subprocess.run(["sh", "-c", command], check=True)
    assert stage.ends()[0].outcome == "done"
    assert stage.homeserver.user(user)["displayname"] == "Ada Lovelace"


# --- poison -----------------------------------------------------------------------------------------------------------


def test_after_a_start_the_window_opens_without_a_connection_being_lost(stage: Stage) -> None:
    """While the first message is still there."""
    stage.queue.declare(arguments=QUORUM)
    stage.proxy.pause()
    try:
        stage.publish(*(add_user(stage.user(), name="Ada") for _ in range(12)))
        daemon = stage.start()
        wait_until(lambda: stage.queue.depth().unacked == 12, "all to be delivered")
        assert "event=connection-lost" not in daemon.log
    finally:
        stage.proxy.resume()


@pytest.mark.parametrize("arguments", COUNTED, ids=["by the broker", "by the daemon"])
def test_a_message_that_ends_the_process_again_and_again_is_set_aside_alone(
        stage: Stage, arguments: dict[str, Any]) -> None:
    stage.queue.declare(arguments=arguments)
    killer, others = stage.user("killer"), [stage.user() for _ in range(4)]
    fault = stage.proxy.fault(f"/users/{killer}", hold=True)
    stage.publish(add_user(killer, name="Killer"), *(add_user(other, name="Ada") for other in others))
    for life in range(DELIVERIES):
        daemon = stage.start()
        fault.wait_hit(life + 1)
        daemon.kill()
    stage.start()
    letter, = stage.queue.wait_dead_letters(1)
    assert letter.code == "invalid-message" and letter.detail == "delivered 5 times without an end: set aside"
    assert json.loads(letter.body)["user"]["id"] == killer
    stage.queue.wait_empty()
    assert all(stage.homeserver.user(other) for other in others)


def test_after_a_start_messages_that_were_delivered_before_are_taken_one_at_a_time(stage: Stage) -> None:
    """Longer, the more often they were: what is looked at here would be over in two seconds otherwise."""
    stage.queue.declare(arguments=QUORUM)
    stage.publish(*(add_user(stage.user(), name="Ada") for _ in range(5)))
    for _ in range(2):
        wait_until(lambda: stage.queue.waiting() == 5, "all messages to be with the broker")
        with stage.queue.broker.connect() as connection:
            taken = connection.channel().consume(stage.queue.name, inactivity_timeout=10)
            assert all(next(taken)[0] for _ in range(5))
    stage.proxy.pause()
    try:
        wait_until(lambda: stage.queue.waiting() == 5, "all messages to be with the broker")
        stage.start()
        seen = wait_until(lambda: stage.queue.depth().unacked, "a message to be delivered again")
        assert seen == 1
        wait_until(lambda: stage.queue.depth().unacked == 5, "the others, since the first did no harm")
    finally:
        stage.proxy.resume()
    stage.queue.wait_empty()
    assert stage.queue.waiting(stage.queue.dlq) == 0


def test_what_an_outage_gave_back_again_and_again_is_done_when_it_is_over(stage: Stage) -> None:
    """One message only: quorum queues put what comes back behind what came back before."""
    stage.queue.declare(arguments=QUORUM)
    stage.proxy.pause()
    try:
        stage.publish(add_user(stage.user(), name="Ada"))
        for _ in range(DELIVERIES + 1):
            daemon = stage.start()
            wait_until(lambda: stage.queue.depth().unacked == 1, "the message to be delivered")
            daemon.kill()
            wait_until(lambda: stage.queue.depth().ready == 1, "the message to be with the broker")
        daemon = stage.start()
        daemon.wait_line("event=suspect-tried")
    finally:
        stage.proxy.resume()
    assert [end.outcome for end in stage.ends(1)] == ["done"]
    assert stage.queue.waiting(stage.queue.dlq) == 0


@pytest.mark.parametrize("arguments", COUNTED, ids=["by the broker", "by the daemon"])
def test_what_lost_connections_gave_back_again_and_again_is_done_by_the_process_that_lives_on(
        stage: Stage, arguments: dict[str, Any]) -> None:
    stage.queue.declare(arguments=arguments)
    stage.warm_up()
    user = stage.user()
    fault = stage.proxy.fault(f"/users/{user}", hold=True)
    stage.publish(add_user(user, name="Ada"))
    fault.wait_hit()
    for _ in range(DELIVERIES + 1):
        stage.school.broker.close_connections()
        wait_until(lambda: stage.queue.depth().unacked == 1, "the message to be delivered again")
    fault.release()
    stage.ends(1)
    stage.queue.wait_empty()
    assert stage.queue.waiting(stage.queue.dlq) == 0


def test_messages_given_back_in_order_count_only_where_the_broker_cannot_tell(stage: Stage) -> None:
    stage.queue.declare(arguments=QUORUM)
    messages = [add_user(stage.user(), name="Ada") for _ in range(5)]
    stage.proxy.pause()
    try:
        daemon = stage.start(RABBITMQ_HOLD_SECONDS="1")
        stage.publish(*messages)
        daemon.wait_line("event=consumption-paused")
        wait_until(lambda: stage.queue.depth().ready == 5, "all messages to be with the broker")
        daemon.stop()
        with stage.school.broker.connect() as connection:
            _, properties, body = take_one(stage, connection)
    finally:
        stage.proxy.resume()
    assert json.loads(body) == messages[0]
    counted = (properties.headers or {}).get("x-delivery-count", 0)
    assert counted == (0 if stage.school.broker.version() >= (4, 3) else 1)


def test_a_message_that_the_broker_would_drop_soon_is_moved_before(stage: Stage) -> None:
    """Even in an outage, which else explains everything. Before 4.0 there is no limit."""
    stage.queue.declare(arguments=QUORUM)
    stage.publish(add_user(stage.user(), name="Ada"))
    deliver_without_end(stage, DELIVERY_LIMIT - DELIVERY_LIMIT // 4)
    stage.proxy.pause()
    try:
        stage.start()
        if stage.school.broker.version() >= (4, 0):
            letter, = stage.queue.wait_dead_letters(1)
            assert letter.detail == "delivered 15 times without an end: set aside"
        else:
            wait_until(lambda: stage.queue.depth().unacked == 1, "the message to be taken")
            assert stage.queue.waiting(stage.queue.dlq) == 0
    finally:
        stage.proxy.resume()
    stage.queue.wait_empty()


def test_a_count_that_the_producer_wrote_counts_nothing(stage: Stage) -> None:
    stage.queue.declare()
    stage.publish(add_user(stage.user(), name="Ada"), headers={"x-delivery-count": 99})
    deliver_without_end(stage, 1)
    assert stage.start().wait_ends(1)[0].outcome == "done"


def delivered_before(stage: Stage) -> str:
    """One message of a classic queue; returns the digest of its body."""
    stage.queue.declare()
    body = json.dumps(add_user(stage.user(), name="Ada")).encode()
    stage.queue.publish(body, priority=1)
    deliver_without_end(stage, 1)
    return hashlib.sha256(body).hexdigest()


def leave_in_tries(stage: Stage, body: str) -> None:
    with stage.queue.broker.connect() as connection:
        channel = connection.channel()
        channel.queue_declare(stage.queue.tries, durable=True, arguments=TRIES)
        channel.basic_publish("", stage.queue.tries, body.encode())


def test_each_message_is_counted_by_itself_and_only_until_its_end(stage: Stage) -> None:
    other = f"{'0' * 64} 99\n"
    digest = delivered_before(stage)
    leave_in_tries(stage, other)
    stage.proxy.pause()
    try:
        daemon = stage.start()
        wait_until(lambda: stage.queue.tried() == [f"{digest} 1\n{other}".encode()], "the message to be counted")
        daemon.kill()
    finally:
        stage.proxy.resume()
    assert stage.start().wait_ends(1)[0].outcome == "done"
    wait_until(lambda: stage.queue.tried() == [other.encode()], "the count to be withdrawn")


def test_nothing_counts_that_an_orderly_stop_gave_back(stage: Stage) -> None:
    digest = delivered_before(stage)
    stage.proxy.pause()
    try:
        daemon = stage.start()
        wait_until(lambda: stage.queue.tried() == [f"{digest} 1\n".encode()], "the message to be counted")
        assert daemon.stop() == 0
    finally:
        stage.proxy.resume()
    assert stage.queue.tried() == [] and stage.queue.waiting() == 1


@pytest.mark.parametrize("body", ["99", "", "x" * 5000, f"{'0' * 64} 99\n{{}}"], ids=["bare", "empty", "long", "more"])
def test_what_somebody_else_left_among_the_counts_stays_there(stage: Stage, body: str) -> None:
    delivered_before(stage)
    leave_in_tries(stage, body)
    daemon = stage.start()
    assert "no note of ours" in daemon.wait_line("event=tries-not-counted").fields["reason"]
    assert daemon.wait_ends(1)[0].outcome == "done"
    wait_until(lambda: stage.queue.tried() == [body.encode()], "it to be there again")


def test_what_is_not_first_or_not_delivered_again_is_not_counted(stage: Stage) -> None:
    delivered_before(stage)
    stage.queue.publish(add_user(stage.user(), name="Eve"), priority=2)
    assert {end.outcome for end in stage.start().wait_ends(2)} == {"done"}
    assert not stage.queue.exists(stage.queue.tries)


def test_what_may_not_be_counted_is_said_and_done(stage: Stage) -> None:
    delivered_before(stage)
    uri = new_broker_user(stage, f"^{stage.queue.name}(_dlq)?$", ".*", ".*")
    daemon = stage.start(RABBITMQ_URI=uri)
    assert "403" in daemon.wait_line("event=tries-not-counted").fields["reason"]
    assert daemon.wait_ends(1)[0].outcome == "done"


def start_beside_alarm(stage: Stage, broker: RabbitMQ) -> Daemon:
    delivered_before(stage)
    broker.evaluate(f"rabbit_alarm:set_alarm({{{MEMORY_ALARM}, []}})")
    return stage.start(RABBITMQ_URI=broker.uri)


def test_a_message_waits_for_its_count_no_longer_than_a_moment(stage: Stage, blocked_broker: RabbitMQ) -> None:
    """The broker takes nothing, and so confirms nothing."""
    daemon = start_beside_alarm(stage, blocked_broker)
    daemon.wait_line("event=tries-not-counted")
    assert daemon.wait_ends(1)[0].outcome == "done"


def test_a_message_that_waits_for_its_count_is_left_by_who_stops(stage: Stage, blocked_broker: RabbitMQ) -> None:
    daemon = start_beside_alarm(stage, blocked_broker)
    daemon.wait_line("event=broker-blocks-publishers")
    assert daemon.stop() == 0
    assert "event=message" not in daemon.log and "event=tries-not-counted" not in daemon.log
    wait_until(lambda: stage.queue.waiting() == 1, "the message to be with the broker")


# --- large messages ---------------------------------------------------------------------------------------------------


def large(size: int) -> bytes:
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


def assert_stub(stage: Stage, body: bytes) -> None:
    letter, = stage.queue.wait_dead_letters(1)
    assert json.loads(letter.body) == {
        "error": "too-large", "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    assert letter.code == "too-large" and letter.headers["x-error-stub"] is True
    assert letter.headers["mine"] == "kept" and letter.headers["x-original-queue"] == stage.queue.name
    assert letter.properties.content_type == "application/json" and letter.properties.content_encoding is None
    assert letter.properties.message_id == "m-1" and letter.properties.delivery_mode == 2
    stage.queue.wait_empty()


def set_largest_message(broker: RabbitMQ, size: int) -> int:
    """In a broker that is running; returns what it was."""
    known = broker.evaluate("element(2, application:get_env(rabbit, max_message_size))")
    broker.evaluate(f"application:set_env(rabbit, max_message_size, {size}),"
                    f"persistent_term:put(max_message_size, {size})")
    return int(known)


PROPERTIES: dict[str, Any] = {"content_type": "text/plain", "content_encoding": "gzip", "message_id": "m-1",
                              "headers": {"mine": "kept"}}


def test_of_a_body_that_cannot_be_moved_whole_a_stub_is_kept(stage: Stage) -> None:
    body = large(3 << 20)
    daemon = stage.start(RABBITMQ_MAX_DEAD_LETTER_SIZE=str(2 << 20))
    stage.publish(body, **PROPERTIES)
    assert_stub(stage, body)
    stage.publish(add_user(stage.user(), name="Ada"))
    assert [end.outcome for end in daemon.wait_ends(2)] == ["rejected", "done"]


def test_a_body_that_cannot_be_moved_whole_takes_no_memory(stage: Stage) -> None:
    body = large(64 << 20)
    before = set_largest_message(stage.school.broker, len(body))
    try:
        stage.publish(body, **PROPERTIES)
    finally:
        set_largest_message(stage.school.broker, before)
    daemon = stage.start(RABBITMQ_MAX_DEAD_LETTER_SIZE=str(2 << 20))
    assert_stub(stage, body)
    status = Path(f"/proc/{daemon.pid}/status").read_text(encoding="ascii")
    assert int(status.split("VmHWM:")[1].split()[0]) < 32 * 1024  # kB


def test_a_body_that_can_just_be_moved_is_moved_whole(stage: Stage) -> None:
    body = large(2 << 20)
    stage.start(RABBITMQ_MAX_DEAD_LETTER_SIZE=str(2 << 20))
    letter = stage.rejected(body, "too-large")
    assert letter.body == body and "x-error-stub" not in letter.headers


def test_of_a_body_that_the_broker_does_not_take_any_more_a_stub_is_kept(stage: Stage) -> None:
    body = large(3 << 20)
    stage.publish(body, **PROPERTIES)
    before = set_largest_message(stage.school.broker, 1 << 20)
    try:
        stage.start()
        assert_stub(stage, body)
    finally:
        set_largest_message(stage.school.broker, before)


# --- a broker that takes nothing --------------------------------------------------------------------------------------


@pytest.fixture
def blocked_broker(stage: Stage) -> Iterator[RabbitMQ]:
    """A broker of our own whose memory alarm can be set off."""
    broker = RabbitMQ()
    stage.queue.broker = broker
    try:
        broker.start()
        yield broker
    finally:
        for daemon in stage.daemons:
            daemon.stop()
        stage.queue.broker = stage.school.broker
        broker.destroy()


def test_bad_messages_that_fill_the_window_wait_while_the_broker_takes_none_and_go_on_after(
        stage: Stage, blocked_broker: RabbitMQ) -> None:
    users = [stage.user() for _ in range(3)]
    stage.publish(*[b"{"] * 6, *(add_user(user, name="Ada") for user in users))
    blocked_broker.evaluate(f"rabbit_alarm:set_alarm({{{MEMORY_ALARM}, []}})")
    daemon = stage.start(RABBITMQ_URI=blocked_broker.uri, RABBITMQ_PREFETCH="4")
    daemon.wait_line("event=broker-blocks-publishers")
    wait_until(lambda: stage.queue.depth().unacked == 4, "the window to be full")
    time.sleep(1)
    assert stage.queue.depth().total == 9
    blocked_broker.evaluate(f"rabbit_alarm:clear_alarm({MEMORY_ALARM})")
    assert len(stage.queue.wait_dead_letters(6)) == 6
    stage.queue.wait_empty()
    assert all(stage.homeserver.user(user) for user in users)

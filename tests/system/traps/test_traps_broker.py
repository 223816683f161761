"""What a real broker does to those who consume and publish, when it is made to."""

from __future__ import annotations

import json
import re
import secrets
import struct
from collections.abc import Iterator
from typing import Any

import pika
import pytest

from conftest import Trap
from lab.daemon import Daemon
from lab.process import wait_until
from lab.queue import Depth, Queue
from lab.rabbitmq import RabbitMQ


def start(trap: Trap, queue: Queue, uri: str | None = None, **settings: str) -> Daemon:
    daemon = trap.start(uri or queue.broker.uri, queue.name, **settings)
    wait_until(lambda: queue.consumers() == 1, "the consumer")
    return daemon


@pytest.fixture
def operator(broker: RabbitMQ) -> Iterator[str]:
    """A user of the broker who may be forbidden things, named operator as well as in the URI."""
    name = f"operator-{secrets.token_hex(4)}"
    broker.add_user(name, "a password")
    broker.permit(name, ".*", ".*", ".*")
    yield name
    broker.remove_user(name)


def uri_of(broker: RabbitMQ, operator: str) -> str:
    return broker.uri.replace("guest:guest", f"{operator}:a%20password")


# --- messages that are not ended in time ------------------------------------------------------------------------------


@pytest.fixture
def impatient(broker: RabbitMQ) -> Iterator[None]:
    """The broker closes the channel of who has held a message for two seconds; it looks every second."""
    broker.evaluate("application:set_env(rabbit, channel_tick_interval, 1000), "
                    "application:set_env(rabbit, consumer_timeout, 2000)")
    yield
    broker.evaluate("application:set_env(rabbit, channel_tick_interval, 60000), "
                    "application:set_env(rabbit, consumer_timeout, 1800000)")


def version(broker: RabbitMQ) -> tuple[int, ...]:
    text = broker.evaluate("rabbit_misc:version()")
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("arguments", [{"x-max-priority": 2},
                                       {"x-queue-type": "quorum", "x-single-active-consumer": True}],
                         ids=["classic", "quorum"])
def test_a_forced_consumer_timeout_loses_nothing(
        trap: Trap, queue: Queue, broker: RabbitMQ, arguments: dict[str, Any]) -> None:
    """It comes as channel error 406, from RabbitMQ 4.3 on as basic.cancel."""
    if version(broker) >= (4, 3) and "x-queue-type" not in arguments:
        pytest.skip("classic queues have no consumer timeout any more")
    queue.delete()
    queue.declare(arguments=arguments)
    daemon = start(trap, queue)
    daemon.wait_line("event=homeserver-ready")
    requests = [trap.request() for _ in range(5)]
    trap.stub.freeze()
    try:
        queue.publish(*requests)
        daemon.wait_line("event=connection-lost .*(timeout|cancelled)")
    finally:
        trap.stub.thaw()
    daemon.wait_ends(len(requests))  # what a quorum queue says of its depth may be older than the messages
    queue.wait_empty()
    users = trap.stub.dump()["users"]
    assert all(request["user"]["id"] in users for request in requests)
    assert queue.waiting(queue.dlq) == 0


def test_bad_messages_that_fill_the_prefetch_are_ended(trap: Trap, queue: Queue) -> None:
    daemon = start(trap, queue, RABBITMQ_PREFETCH="3")
    queue.publish(*[b"{"] * 30, trap.request())
    daemon.wait_ends(31)
    queue.wait_empty()
    assert len(queue.wait_dead_letters(30)) == 30


# --- queues that change -----------------------------------------------------------------------------------------------


def test_a_queue_that_is_deleted_and_declared_anew_with_other_arguments(trap: Trap, queue: Queue) -> None:
    """basic.cancel, and then whatever is there is consumed as it is."""
    daemon = start(trap, queue, RABBITMQ_QUEUE_DECLARE="passive")
    with queue.broker.connect() as connection:
        connection.channel().queue_delete(queue.name)
    daemon.wait_line("event=connection-lost .*cancelled")
    daemon.wait_line("event=queue-missing")
    queue.declare(arguments={"x-max-priority": 10, "x-message-ttl": 86400000})
    queue.publish(trap.request())
    daemon.wait_ends(1)
    queue.wait_empty()


def test_a_dead_letter_queue_that_is_deleted_under_the_publisher_is_declared_anew(trap: Trap, queue: Queue) -> None:
    """The next letter comes back as unroutable, and with a confirm."""
    daemon = start(trap, queue)
    queue.publish(b"first")
    queue.wait_empty()
    with queue.broker.connect() as connection:
        connection.channel().queue_delete(queue.dlq)
    queue.publish(b"second")
    letter, = queue.wait_dead_letters(1)
    queue.wait_empty()
    assert letter.body == b"second"
    daemon.wait_line("event=dead-letter-waits .*missing")


# --- permissions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["configure", "write", "read"])
def test_a_missing_permission_is_told_and_tried_again(
        trap: Trap, queue: Queue, broker: RabbitMQ, operator: str, missing: str) -> None:
    """403. `configure` is for declaring the dead-letter queue, which is not there yet, `write` for publishing to it,
    `read` for consuming."""
    granted = ("^$" if one == missing else ".*" for one in ("configure", "write", "read"))
    broker.permit(operator, *granted)
    daemon = trap.start(uri_of(broker, operator), queue.name)
    queue.publish(b"{")
    daemon.wait_line("event=(connection-lost|dead-letter-waits) .*403 ACCESS_REFUSED", count=2)
    assert "standing-by" not in daemon.log
    assert queue.depth().total == 1
    broker.permit(operator, ".*", ".*", ".*")
    queue.wait_empty()
    assert len(queue.wait_dead_letters(1)) == 1


def test_user_id_and_expiration_do_not_keep_a_dead_letter_from_its_queue(
        trap: Trap, queue: Queue, broker: RabbitMQ, operator: str) -> None:
    """The broker refuses a user id that is not the publisher's, and drops what has expired."""
    start(trap, queue, uri_of(broker, operator))
    queue.publish(b"{", user_id="guest", expiration="60000")
    letter, = queue.wait_dead_letters(1)
    queue.wait_empty()
    assert (letter.properties.user_id, letter.properties.expiration) == (None, None)


# --- alarms -----------------------------------------------------------------------------------------------------------


def test_acks_are_not_stuck_with_dead_letters_under_an_alarm(trap: Trap, queue: Queue, broker: RabbitMQ) -> None:
    """Low on memory, the broker reads no more from connections that publish. The producers' is one of them, so what is
    to be in the queue must be there before."""
    queue.publish(b"{", *(trap.request() for _ in range(50)), b"{")
    alarm = "{resource_limit, memory, node()}"
    broker.evaluate(f"rabbit_alarm:set_alarm({{{alarm}, []}})")
    try:
        daemon = trap.start(broker.uri, queue.name)
        daemon.wait_line("event=broker-blocks-publishers")
        daemon.wait_ends(52)
        wait_until(lambda: queue.depth() == Depth(0, 2), "the others to be acked")
        assert queue.waiting(queue.dlq) == 0
    finally:
        broker.evaluate(f"rabbit_alarm:clear_alarm({alarm})")
    queue.wait_empty()
    daemon.wait_line("event=broker-accepts-publishers")
    assert len(queue.wait_dead_letters(2)) == 2


# --- properties that no encoder writes --------------------------------------------------------------------------------


class RawProperties(pika.BasicProperties):
    """Headers as bytes."""

    def __init__(self, table: bytes) -> None:
        super().__init__()
        self._table = table

    def encode(self) -> list[bytes]:
        return [struct.pack(">HL", self.FLAG_HEADERS, len(self._table)), self._table]


def nested(opening: bytes, size: int) -> bytes:
    """A value in a value, each the only one in the one around it; of the type, tables with an empty key."""
    inner = b""
    while len(inner) + 6 <= size:
        inner = opening + struct.pack(">L", len(inner)) + inner
    return inner if opening.startswith(b"\0") else b"\1x" + inner


@pytest.mark.parametrize("opening", [b"\0F", b"A"], ids=["tables", "arrays"])
def test_absurdly_nested_headers_pass_through(trap: Trap, queue: Queue, opening: bytes) -> None:
    daemon = start(trap, queue)
    table = nested(opening, 130000 - 1000)
    with queue.broker.connect() as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for body in (json.dumps(trap.request()).encode(), b"{"):
            channel.basic_publish("", queue.name, body, RawProperties(table), mandatory=True)
    assert {line.outcome for line in daemon.wait_ends(2)} == {"done", "rejected"}
    queue.wait_empty()
    assert queue.waiting(queue.dlq) == 1
    assert "dead-letter-headers-dropped" not in daemon.log

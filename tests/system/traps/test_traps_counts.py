"""Messages that came often: a broker that leaves the daemon waiting while it counts how often the first was delivered,
and what is done with those of which it says so itself."""

from __future__ import annotations

import json

import pika
import pytest
from pika import spec
from pika.compat import long  # else a number is of 32 bits

from conftest import Trap
from lab.amqp_peer import Peer, Session, as_a_quorum_queue, delivery, spec_numbers
from lab.process import wait_until

COUNTS = "synapse-sync tries"  # what the daemon calls the connection


def first_again(trap: Trap, tag: int = 1) -> bytes:
    """What is counted: it comes first after a start, and came before."""
    return delivery(json.dumps(trap.request()).encode(), tag, redelivered=True)


def begun(peer: Peer, trap: Trap, kind: type) -> Session:
    """The consumer, when the daemon has asked that of the peer on the connection for the counts."""
    consumer = peer.wait_consumer()
    consumer.send_raw(first_again(trap))
    wait_until(lambda: peer.of_role(COUNTS, kind), f"the daemon to ask for {kind.__name__}")
    return consumer


@pytest.mark.parametrize("unanswered", [spec.Channel.Open, spec.Basic.Get])
def test_a_message_waits_for_its_count_ten_seconds_at_most(trap: Trap, peer: Peer, unanswered: type) -> None:
    usual = peer.answers.get(unanswered, lambda *_: [])
    peer.answers[unanswered] = lambda session, method: [] if session.role == COUNTS else usual(session, method)
    daemon = trap.start(peer.uri)
    consumer = begun(peer, trap, unanswered)
    assert "event=message" not in daemon.log
    daemon.wait_line("event=tries-not-counted .*too long")
    consumer.wait_acked(1)


def test_what_comes_while_one_waits_was_not_asked_for(trap: Trap, peer: Peer) -> None:
    """Only one is asked for until the first has ended."""
    peer.answers[spec.Basic.Get] = lambda *_: []
    daemon = trap.start(peer.uri)
    consumer = begun(peer, trap, spec.Basic.Get)
    assert consumer.got(spec.Basic.Qos)[-1].prefetch_count == 1
    consumer.send_raw(first_again(trap, 2))
    daemon.wait_line("event=connection-lost .*more messages than were asked for")
    peer.answers[spec.Basic.Get] = lambda *_: [spec.Basic.GetEmpty()]
    fresh = peer.wait_consumer(2)
    fresh.send_raw(first_again(trap))
    fresh.wait_acked(1)
    assert consumer.acked == [] and fresh.acked == [1]


def test_the_queue_of_the_counts_has_a_place_for_one_whatever_the_broker_makes_by_default(trap: Trap,
                                                                                        peer: Peer) -> None:
    """A stream, which some make by default, has no most, and gives nothing to basic.get."""
    usual = peer.answers[spec.Queue.Declare]
    missing = spec.Channel.Close(404, "NOT_FOUND", *spec_numbers(spec.Queue.Declare))
    peer.answers[spec.Queue.Declare] = lambda session, method: (
        [missing] if session.role == COUNTS and method.passive else usual(session, method))
    peer.answers[spec.Basic.Get] = lambda *_: [spec.Basic.GetEmpty()]
    trap.start(peer.uri)
    begun(peer, trap, spec.Basic.Get).wait_acked(1)
    declared = peer.of_role(COUNTS, spec.Basic.Get)[0].got(spec.Queue.Declare)[-1]
    assert declared.durable and declared.arguments["x-queue-type"] == "classic"
    assert declared.arguments["x-max-length"] == 1


def test_a_count_is_taken_back_when_its_message_has_ended_on_another_connection(trap: Trap, peer: Peer) -> None:
    """It is the same process, which lives: nothing is counted a second time."""
    peer.answers[spec.Basic.Get] = lambda *_: [spec.Basic.GetEmpty()]
    daemon = trap.start(peer.uri)
    daemon.wait_line("event=homeserver-ready")
    message = first_again(trap)
    trap.stub.freeze()
    try:
        consumer = peer.wait_consumer()
        consumer.send_raw(message)
        consumer.wait_got(spec.Basic.Qos, 2)  # more are asked for when the first has done no harm
        consumer.cut()
        fresh = peer.wait_consumer(2)
        fresh.send_raw(message)
    finally:
        trap.stub.thaw()
    fresh.wait_acked(1)
    wait_until(lambda: len(peer.of_role(COUNTS, spec.Basic.Get)) == 2, "the count to be taken back")
    assert len(peer.letters) == 1, "a note for the count, and none after it"


# --- what a quorum queue counts by itself -----------------------------------------------------------------------------


def counted(trap: Trap, tag: int, count: int) -> bytes:
    return delivery(json.dumps(trap.request()).encode(), tag, redelivered=True,
                    properties=pika.BasicProperties(headers={"x-delivery-count": long(count)}))


def test_what_the_broker_would_drop_soon_is_set_aside(trap: Trap, peer: Peer) -> None:
    """Since RabbitMQ 4.0 after 20 deliveries, if nothing else is said. Here it is not the first message, which may have
    ended the process, but one that was given back often."""
    peer.version = "4.0.1"
    peer.answers[spec.Queue.Declare] = as_a_quorum_queue
    daemon = trap.start(peer.uri)
    daemon.wait_line("event=homeserver-ready")
    session = peer.wait_consumer()
    session.send_raw(delivery(json.dumps(trap.request()).encode(), 1))
    session.wait_acked(1)
    session.send_raw(counted(trap, 2, 14))
    session.wait_acked(2)
    assert peer.letters == []
    session.send_raw(counted(trap, 3, 15))
    letter, = peer.wait_letters(1)
    session.wait_acked(3)
    assert letter.properties.headers["x-error-detail"] == "delivered 15 times without an end: set aside"
    assert [line.outcome for line in daemon.ends()] == ["done", "done", "rejected"]


def test_a_suspect_whose_connection_is_gone_is_not_set_aside(trap: Trap, peer: Peer) -> None:
    """It waited for the homeserver, and is the broker's again when that comes back."""
    peer.answers[spec.Queue.Declare] = as_a_quorum_queue
    trap.stub.down()
    try:
        daemon = trap.start(peer.uri)
        first = peer.wait_consumer()
        first.send_raw(counted(trap, 1, 5))
        first.wait_got(spec.Basic.Qos, 1)
        daemon.wait_line("event=homeserver-(unavailable|waiting|paused)")
        first.cut()
        fresh = peer.wait_consumer(2)
    finally:
        trap.stub.up()
    daemon.wait_line("event=homeserver-ready")
    fresh.send_raw(delivery(json.dumps(trap.request()).encode(), 1))
    fresh.wait_acked(1)
    assert [line.outcome for line in daemon.ends()] == ["done"] and peer.letters == []
    assert "event=suspect-tried" not in daemon.log

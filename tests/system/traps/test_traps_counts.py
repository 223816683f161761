"""A broker that leaves the daemon waiting while it counts how often the first message was delivered."""

from __future__ import annotations

import json

import pytest
from pika import spec

from conftest import Trap
from lab.amqp_peer import Peer, Session, delivery, spec_numbers
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

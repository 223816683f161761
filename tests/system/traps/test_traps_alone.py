"""Whether the daemon has the queue to itself: a second consumer that comes at the same moment, and a setup that ends at
each of its steps. And what it says while it does not know."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterable
from typing import Any

import pytest
from pika import spec

from conftest import Trap
from lab.amqp_peer import DEAD_LETTERS, Peer, Session, as_a_quorum_queue, delivery

FORCED = spec.Connection.Close(320, "CONNECTION_FORCED", 0, 0)


def encoded(trap: Trap) -> bytes:
    return json.dumps(trap.request()).encode()


def assert_works(trap: Trap, session: Session) -> None:
    session.send_raw(delivery(encoded(trap), 1))
    session.wait_acked(1)


@pytest.mark.parametrize(("answer", "because"), [
    (spec.Queue.DeclareOk("queue", 0, 2), "another consumer of queue queue came at the same moment"),
    (FORCED, "320 CONNECTION_FORCED")], ids=["another", "closed"])
def test_a_queue_that_is_not_ours_alone_is_left_again(trap: Trap, peer: Peer, answer: Any, because: str) -> None:
    """A quorum queue lets in a second consumer: who consumes looks whether it is the only one. What came by then is not
    touched."""
    answers = [answer]
    message = delivery(encoded(trap), 1)

    def declared(session: Session, method: spec.Queue.Declare) -> Iterable[Any]:
        if method.queue == "queue" and method.passive and session.got(spec.Basic.Consume) and answers:
            return [message, answers.pop()]
        return as_a_quorum_queue(session, method)

    peer.answers[spec.Queue.Declare] = declared
    daemon = trap.start(peer.uri)
    daemon.wait_line(f"event=connection-lost .*{because}")
    assert_works(trap, peer.wait_consumer(2))
    assert peer.sessions[0].acked == [] and len(daemon.ends()) == 1


@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_a_setup_that_breaks_off_at_any_look_is_begun_again(trap: Trap, peer: Peer, kind: str) -> None:
    """One attempt gets one look further than the one before it."""
    usual = as_a_quorum_queue if kind == "quorum" else peer.answers[spec.Queue.Declare]

    def declared(session: Session, method: spec.Queue.Declare) -> Iterable[Any]:
        number = peer.sessions.index(session) + 1
        return [FORCED] if len(session.got(spec.Queue.Declare)) == number else usual(session, method)

    peer.answers[spec.Queue.Declare] = declared
    daemon = trap.start(peer.uri)
    daemon.wait_line("event=connected")
    broken = len(peer.sessions) - 1
    assert broken >= (3 if kind == "classic" else 4)
    daemon.wait_line("event=connection-lost .*closed the connection: 320 CONNECTION_FORCED", count=broken)
    assert_works(trap, peer.sessions[-1])


def test_what_waits_for_another_to_let_go_says_so(trap: Trap, peer: Peer) -> None:
    """A moment after the other consumer is gone; until then what it has under way may come to its end. Whoever asks
    too late asks when it happens the next time."""
    another = [1]

    def declared(session: Session, method: spec.Queue.Declare) -> Iterable[Any]:
        if method.queue == "queue" and method.passive and not session.got(spec.Basic.Consume) and another:
            another.pop()
            return [spec.Queue.DeclareOk("queue", 0, 1)]
        return as_a_quorum_queue(session, method)

    peer.answers[spec.Queue.Declare] = declared
    daemon = trap.start(peer.uri)
    daemon.wait_line("event=homeserver-ready")
    for number in range(1, 6):
        session = peer.wait_consumer(number)
        session.send_raw(delivery(encoded(trap), 1))
        while "for=lease" not in daemon.log and session.acked == []:
            daemon.signal(signal.SIGUSR1)
            time.sleep(0.1)
        if "for=lease" in daemon.log:
            break
        session.wait_acked(1)
        another.append(1)
        session.cut()
    daemon.wait_line('event=waiting .*for=lease .*reason="another had the messages until a moment ago"')
    session.wait_acked(1)


def test_what_the_broker_says_while_another_consumes_ends_no_waiting(trap: Trap, peer: Peer) -> None:
    others = [1]

    def declared(session: Session, method: spec.Queue.Declare) -> Iterable[Any]:
        if method.queue == "queue" and method.passive and not session.got(spec.Basic.Consume):
            return [spec.Queue.DeclareOk("queue", 0, sum(others))]
        return as_a_quorum_queue(session, method)

    peer.answers[spec.Queue.Declare] = declared
    daemon = trap.start(peer.uri)
    daemon.wait_line("event=standing-by")
    peer.sessions[0].send(spec.Connection.Blocked("low on memory"))
    daemon.wait_line("event=broker-blocks-publishers")
    others.clear()
    assert_works(trap, peer.wait_consumer())
    assert len(peer.sessions) == 1


# --- dead letters whose connection is gone ----------------------------------------------------------------------------


def test_a_letter_that_waits_for_another_is_not_published_twice(trap: Trap, peer: Peer) -> None:
    """The publisher is not connected yet when the messages are the broker's again, and come again."""
    peer.answers[spec.Confirm.Select] = lambda *_: []
    daemon = trap.start(peer.uri)
    session = peer.wait_consumer()
    session.send_raw(delivery(b"{", 1) + delivery(b"[", 2) + delivery(encoded(trap), 3))
    publisher = peer.wait_publisher()
    session.wait_acked(3)
    session.cut()
    fresh = peer.wait_consumer(2)
    fresh.send_raw(delivery(b"[", 1, redelivered=True))
    daemon.wait_ends(4)
    peer.answers[spec.Confirm.Select] = lambda *_: [spec.Confirm.SelectOk()]
    publisher.send(spec.Confirm.SelectOk())
    fresh.wait_acked(1)
    assert [letter.body for letter in peer.letters] == [b"{", b"["]
    assert len(peer.of_role(DEAD_LETTERS, spec.Confirm.Select)) == 1


def test_a_parameter_of_the_uri_that_is_not_known_is_told_without_its_name(trap: Trap, peer: Peer) -> None:
    """The question mark may have been a part of the password."""
    daemon = trap.start(peer.uri + "/%2F?sesame=open")
    assert daemon.wait_line("event=broker-uri-parameters-ignored").fields["count"] == "1"
    assert_works(trap, peer.wait_consumer())
    assert "sesame" not in daemon.log

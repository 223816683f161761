"""What the broker closes, cancels, blocks and refuses, and what must not be sent afterwards."""

from __future__ import annotations

import json

import pytest
from pika import spec

from conftest import Trap
from lab.amqp_peer import DEAD_LETTERS, Peer, Session, delivery, is_probe
from lab.process import free_port, wait_until


def encoded(trap: Trap) -> bytes:
    return json.dumps(trap.request()).encode()


def assert_works(trap: Trap, session: Session) -> None:
    """A fresh connection, on which nothing but its own message is acked."""
    session.send_raw(delivery(encoded(trap), 1))
    session.wait_acked(1)
    assert session.acked == [1]


CODES = {403: "ACCESS_REFUSED", 404: "NOT_FOUND", 406: "PRECONDITION_FAILED", 541: "INTERNAL_ERROR"}


# --- while consuming --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", CODES)
def test_a_closed_channel_is_confirmed_and_made_anew(trap: Trap, peer: Peer, code: int) -> None:
    daemon = trap.start(peer.uri)
    session = peer.wait_consumer()
    confirmed = len(session.got(spec.Channel.CloseOk))  # refusals during the setup
    session.send(spec.Channel.Close(code, CODES[code], 0, 0))
    session.wait_got(spec.Channel.CloseOk, confirmed + 1)
    daemon.wait_line(f"event=connection-lost .*closed the channel: {code} {CODES[code]}")
    assert_works(trap, peer.wait_consumer(2))


@pytest.mark.parametrize("code", [320, 501, 504, 541])
def test_a_closed_connection_is_confirmed_and_made_anew(trap: Trap, peer: Peer, code: int) -> None:
    daemon = trap.start(peer.uri)
    session = peer.wait_consumer()
    session.send(spec.Connection.Close(code, "because", 0, 0))
    session.wait_got(spec.Connection.CloseOk)
    daemon.wait_line(f"event=connection-lost .*closed the connection: {code} because")
    assert_works(trap, peer.wait_consumer(2))


def test_a_cancelled_consumer_is_asked_for_again(trap: Trap, peer: Peer) -> None:
    """The queue was deleted, or, from RabbitMQ 4.3 on, the consumer timeout has struck."""
    daemon = trap.start(peer.uri)
    peer.wait_consumer().send(spec.Basic.Cancel("synapse-sync", nowait=True))
    daemon.wait_line("event=connection-lost .*cancelled the consumer")
    assert_works(trap, peer.wait_consumer(2))


def test_cancel_and_blocked_are_announced_on_both_connections(trap: Trap, peer: Peer) -> None:
    """Or the broker says neither. The library by itself announces none of them."""
    trap.start(peer.uri)
    consumer = peer.wait_consumer()
    consumer.send_raw(delivery(b"{", 1))
    for session in (consumer, peer.wait_publisher()):
        for capability in ("consumer_cancel_notify", "connection.blocked", "authentication_failure_close",
                           "basic.nack", "publisher_confirms"):
            assert session.client_properties["capabilities"][capability] is True


@pytest.mark.parametrize("end", ["cut", "channel", "connection", "cancel"])
def test_an_old_message_is_never_acked_on_a_new_connection(trap: Trap, peer: Peer, end: str) -> None:
    """There its tag is that of another message, which would be lost, or of none, which closes the channel."""
    trap.start(peer.uri)
    session = peer.wait_consumer()
    assert_works(trap, session)
    trap.stub.slow(2)
    try:
        session.send_raw(b"".join(delivery(encoded(trap), tag) for tag in range(2, 8)) + delivery(b"{", 8))
        wait_until(lambda: trap.daemons[0].ends()[-1].outcome == "rejected", "the last of them to be looked at")
        {"cut": session.cut, "channel": lambda: session.send(spec.Channel.Close(406, "PRECONDITION_FAILED", 0, 0)),
         "connection": lambda: session.send(spec.Connection.Close(320, "CONNECTION_FORCED", 0, 0)),
         "cancel": lambda: session.send(spec.Basic.Cancel("synapse-sync", nowait=True))}[end]()
        fresh = peer.wait_consumer(2)
        fresh.send_raw(delivery(encoded(trap), 1))
        fresh.wait_acked(1)  # behind it: what of the others was under way has been answered by then
    finally:
        trap.stub.slow(0)
    fresh.send_raw(delivery(encoded(trap), 2))
    fresh.wait_acked(2)
    assert fresh.acked == [1, 2]


# --- while setting up -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [403, 406])
def test_a_refused_look_up_is_told_and_tried_again(trap: Trap, peer: Peer, code: int) -> None:
    """403: from RabbitMQ 4.3 on also a passive declaration takes the permission `configure`."""
    peer.refuse(spec.Queue.Declare, *[spec.Channel.Close(code, CODES[code], 50, 10)] * 2)
    daemon = trap.start(peer.uri)
    daemon.wait_line(f"event=connection-lost .*refused: {code} {CODES[code]}", count=2)
    assert_works(trap, peer.wait_consumer())
    assert all(session.got(spec.Channel.CloseOk) for session in peer.sessions[:2])


def test_a_missing_queue_is_declared_on_a_channel_that_was_opened_again(trap: Trap, peer: Peer) -> None:
    """A refusal has closed it; the dead letters' queue first, then the queue itself."""
    missing = ["queue_dlq", "queue"]
    usual = peer.answers[spec.Queue.Declare]

    def answer(session: Session, method: spec.Queue.Declare) -> list[object]:
        if not method.passive and not is_probe(method) and method.queue in missing:
            missing.remove(method.queue)
        if method.queue in missing:
            return [spec.Channel.Close(404, "NOT_FOUND", 50, 10)]
        return list(usual(session, method))

    peer.answers[spec.Queue.Declare] = answer
    trap.start(peer.uri)
    session = peer.wait_consumer()
    assert "Declare CloseOk Open Declare" in session.names
    assert len(session.got(spec.Channel.Open)) == len(session.got(spec.Channel.CloseOk)) + 1
    assert [(one.queue, one.durable) for one in session.got(spec.Queue.Declare)
            if not one.passive and not is_probe(one)] == \
        [("queue_dlq", True), ("queue", True), ("queue", True)]  # the last asks whether it is as we would have it
    assert_works(trap, session)


def test_a_queue_that_may_not_be_declared_so_is_told_and_tried_again(trap: Trap, peer: Peer) -> None:
    """541: from RabbitMQ 4.3 on, for new queues that are not durable. It closes the connection."""
    usual, refusals = peer.answers[spec.Queue.Declare], [541, 541]

    def answer(session: Session, method: spec.Queue.Declare) -> list[object]:
        if method.queue == "queue" and refusals:
            return [spec.Channel.Close(404, "NOT_FOUND", 50, 10) if method.passive else
                    spec.Connection.Close(refusals.pop(), "INTERNAL_ERROR", 50, 10)]
        return list(usual(session, method))

    peer.answers[spec.Queue.Declare] = answer
    daemon = trap.start(peer.uri, RABBITMQ_QUEUE_DECLARE="legacy")
    daemon.wait_line("event=connection-lost .*closed the connection: 541 INTERNAL_ERROR", count=2)
    assert_works(trap, peer.wait_consumer())
    assert all(session.got(spec.Connection.CloseOk) for session in peer.sessions[:2])


@pytest.mark.parametrize("kind", [spec.Basic.Qos, spec.Basic.Consume, spec.Channel.Open])
def test_a_setup_that_breaks_off_is_begun_again(trap: Trap, peer: Peer, kind: type) -> None:
    peer.refuse(kind, spec.Connection.Close(541, "INTERNAL_ERROR", 0, 0))
    daemon = trap.start(peer.uri)
    daemon.wait_line("event=connection-lost .*541 INTERNAL_ERROR")
    wait_until(lambda: len(peer.sessions) > 1 and peer.sessions[1].got(spec.Basic.Consume), "the second attempt")
    assert_works(trap, peer.sessions[1])


@pytest.mark.parametrize("answer", [
    spec.Connection.Close(403, "ACCESS_REFUSED", 0, 0), spec.Connection.Close(530, "NOT_ALLOWED", 10, 40)], ids=str)
def test_a_refused_login_is_told_and_tried_again(trap: Trap, peer: Peer, answer: spec.Connection.Close) -> None:
    kind = spec.Connection.StartOk if answer.reply_code == 403 else spec.Connection.Open
    peer.refuse(kind, answer)
    daemon = trap.start(peer.uri)
    daemon.wait_line(f"event=connection-lost .*{answer.reply_code} {answer.reply_text}")
    assert_works(trap, peer.wait_consumer())


# --- dead letters -----------------------------------------------------------------------------------------------------


def no_answer(*_: object) -> list[object]:
    return []


def test_the_original_is_acked_only_when_the_dead_letter_is_confirmed(trap: Trap, peer: Peer) -> None:
    """Published over another connection: under an alarm the broker stops reading from one that publishes."""
    peer.answers[spec.Basic.Publish] = no_answer
    trap.start(peer.uri)
    session = peer.wait_consumer()
    session.send_raw(delivery(b"{", 1) + delivery(encoded(trap), 2))
    session.wait_acked(2)
    letter, = peer.wait_letters(1)
    publisher = peer.wait_publisher()
    assert session.acked == [2] and publisher is not session and session.letters == []
    assert (letter.method.mandatory, letter.properties.delivery_mode) == (True, 2)
    publisher.send(spec.Basic.Ack(1))
    session.wait_acked(1)


def test_a_confirm_may_be_for_many(trap: Trap, peer: Peer) -> None:
    """However many are under way: `multiple` ends all of them up to its tag."""
    peer.answers[spec.Basic.Publish] = no_answer
    trap.start(peer.uri)
    session = peer.wait_consumer()
    session.send_raw(b"".join(delivery(b"{", tag) for tag in range(1, 21)))
    publisher = peer.wait_publisher()

    def all_acked() -> bool:
        publisher.send(spec.Basic.Ack(len(publisher.letters), multiple=True)) if publisher.letters else None
        return len(session.acked) >= 20

    wait_until(all_acked, "all originals to be acked")
    assert sorted(session.acked) == list(range(1, 21))
    assert len(peer.letters) == 20


def test_a_letter_that_the_broker_does_not_take_is_sent_again(trap: Trap, peer: Peer) -> None:
    peer.refuse(spec.Basic.Publish, spec.Basic.Nack(1), spec.Basic.Nack(1, multiple=True))
    daemon = trap.start(peer.uri)
    session = peer.wait_consumer()
    session.send_raw(delivery(b"{", 1))
    session.wait_acked(1)
    daemon.wait_line("event=dead-letter-waits", count=2)
    assert [letter.body for letter in peer.letters] == [b"{"] * 3
    assert session.acked == [1]


def test_a_letter_that_comes_back_is_not_delivered_although_it_is_confirmed(trap: Trap, peer: Peer) -> None:
    """The queue is gone. basic.return with the whole message, and then the ack: in one segment."""
    usual, returns = peer.answers[spec.Basic.Publish], [1]

    def answer(publisher: Session, method: spec.Basic.Publish) -> list[object]:
        if returns:
            letter = publisher.letters[-returns.pop()]
            content = delivery(letter.body, 1)
            content = content[content.index(bytes([spec.FRAME_END])) + 1:]  # without basic.deliver
            publisher.send(spec.Basic.Return(312, "NO_ROUTE", "", method.routing_key), content,
                                  spec.Basic.Ack(1))
            return []
        return list(usual(publisher, method))

    peer.answers[spec.Basic.Publish] = answer
    daemon = trap.start(peer.uri)
    session = peer.wait_consumer()
    session.send_raw(delivery(b"{", 1))
    session.wait_acked(1)
    daemon.wait_line("event=dead-letter-waits .*missing")
    assert [letter.body for letter in peer.letters] == [b"{"] * 2
    publisher = peer.of_role(DEAD_LETTERS, spec.Confirm.Select)[-1]
    assert publisher.got(spec.Queue.Declare), "the queue was not looked for again"
    assert session.acked == [1]


@pytest.mark.parametrize("harm", ["cut", "channel", "connection"])
def test_a_letter_whose_confirm_never_came_is_sent_again(trap: Trap, peer: Peer, harm: str) -> None:
    usual, left = peer.answers[spec.Basic.Publish], [1]

    def answer(publisher: Session, method: spec.Basic.Publish) -> list[object]:
        if not left:
            return list(usual(publisher, method))
        left.pop()
        if harm == "cut":
            publisher.cut()
        return {"cut": [], "channel": [spec.Channel.Close(404, "NOT_FOUND", 60, 40)],
                "connection": [spec.Connection.Close(320, "CONNECTION_FORCED", 0, 0)]}[harm]

    peer.answers[spec.Basic.Publish] = answer
    daemon = trap.start(peer.uri)
    session = peer.wait_consumer()
    session.send_raw(delivery(b"{", 1))
    session.wait_acked(1)
    daemon.wait_line("event=dead-letter-waits")
    assert [letter.body for letter in peer.letters] == [b"{"] * 2
    assert session.acked == [1]


def test_blocked_publishing_blocks_nothing_else(trap: Trap, peer: Peer) -> None:
    """connection.blocked, and nothing is confirmed; messages are handled all the while, and it is told."""
    peer.answers[spec.Basic.Publish] = lambda *_: [spec.Connection.Blocked("low on memory")]
    daemon = trap.start(peer.uri)
    session = peer.wait_consumer()
    session.send_raw(delivery(b"{", 1))
    daemon.wait_line('event=broker-blocks-publishers reason="low on memory"')
    for tag in range(2, 50):
        session.send_raw(delivery(encoded(trap), tag))
    session.wait_acked(*range(2, 50))
    assert 1 not in session.acked
    peer.wait_publisher().send(spec.Connection.Unblocked(), spec.Basic.Ack(1))
    daemon.wait_line("event=broker-accepts-publishers")
    session.wait_acked(1)
    assert len(peer.letters) == 1


# --- queues that go without a consumer --------------------------------------------------------------------------------


def make_auto_delete(peer: Peer) -> None:
    """Of a queue that the daemon looks at."""
    usual = peer.answers[spec.Queue.Declare]

    def answer(session: Session, method: spec.Queue.Declare) -> list[object]:
        if method.queue == "queue" and not method.passive and not method.auto_delete:
            return [spec.Channel.Close(406, "PRECONDITION_FAILED - inequivalent arg 'auto_delete' for queue 'queue' in "
                                            "vhost '/': received 'false' but current is 'true'", 50, 10)]
        return list(usual(session, method))

    peer.answers[spec.Queue.Declare] = answer


def test_what_is_on_its_way_while_others_are_given_back_does_not_come_before_them(trap: Trap, peer: Peer) -> None:
    make_auto_delete(peer)
    away = f"http://127.0.0.1:{free_port()}"
    daemon = trap.start(peer.uri, RABBITMQ_HOLD_SECONDS="1", MATRIX_MESSENGER__URI=away)
    session = peer.wait_consumer()
    session.send_raw(b"".join(delivery(encoded(trap), tag) for tag in (1, 2)))
    back, = session.wait_got(spec.Basic.Nack)
    assert (back.delivery_tag, back.multiple, back.requeue) == (2, True, True)
    session.send_raw(delivery(encoded(trap), 3))
    back = session.wait_got(spec.Basic.Nack, 2)[-1]
    assert (back.delivery_tag, back.multiple, back.requeue) == (3, False, True)
    session.send_raw(b"".join(delivery(encoded(trap), tag, redelivered=tag < 7) for tag in (4, 5, 6, 7)))
    back = session.wait_got(spec.Basic.Nack, 3)[-1]
    assert (back.delivery_tag, back.multiple) == (7, True)
    assert len(session.got(spec.Basic.Consume)) == 1 and session.got(spec.Basic.Cancel) == []
    assert "event=connection-lost" not in daemon.log


def test_what_has_ended_is_not_given_back(trap: Trap, peer: Peer) -> None:
    """A nack of a tag that is acknowledged already closes the channel."""
    make_auto_delete(peer)
    peer.answers[spec.Basic.Publish] = no_answer
    trap.start(peer.uri, RABBITMQ_HOLD_SECONDS="2")
    session = peer.wait_consumer()
    session.send_raw(delivery(b"{", 1) + delivery(encoded(trap), 2))
    session.wait_acked(2)
    back, = session.wait_got(spec.Basic.Nack)
    assert (back.delivery_tag, back.multiple) == (1, True)

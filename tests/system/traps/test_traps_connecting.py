"""Addresses, logins and heartbeats; peers that say nothing, and peers that do not listen."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest
from pika import spec

from conftest import Trap
from lab.amqp_peer import Peer, Session, delivery
from lab.process import wait_until

# Stands before the C library's own: what it answers is told by the environment.
RESOLVER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int resolve(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints, struct addrinfo **found)
{
    resolve *usual = (resolve *)dlsym(RTLD_NEXT, "getaddrinfo");
    struct addrinfo **end = found;

    if (name && strcmp(name, "hangs.example") == 0)
        for (;;)
            pause();
    if (!name || strcmp(name, "two.example") != 0)
        return usual(name, port, hints, found);
    if (usual("127.0.0.2", port, hints, found) != 0)
        return EAI_FAIL;
    while (*end)
        end = &(*end)->ai_next;
    return usual("127.0.0.1", port, hints, end);
}
"""


@pytest.fixture(scope="session")
def resolver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Settings with which hangs.example is looked up for ever, and two.example has two addresses, of which only
    the second one answers."""
    folder = tmp_path_factory.mktemp("resolver")
    (folder / "resolver.c").write_text(RESOLVER)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "resolver.so", folder / "resolver.c", "-ldl"], check=True)
    yield {"LD_PRELOAD": str(folder / "resolver.so")}


def encoded(trap: Trap) -> bytes:
    return json.dumps(trap.request()).encode()


def assert_works(trap: Trap, session: Session) -> None:
    session.send_raw(delivery(encoded(trap), 1))
    session.wait_acked(1)


# --- names and addresses ----------------------------------------------------------------------------------------------


def test_the_second_address_is_tried_when_the_first_refuses(
        trap: Trap, peer: Peer, resolver: dict[str, str]) -> None:
    trap.start(peer.uri.replace("127.0.0.1", "two.example"), **resolver)
    assert_works(trap, peer.wait_consumer())


def test_the_second_address_is_tried_when_the_first_is_silent(
        trap: Trap, peer: Peer, resolver: dict[str, str]) -> None:
    """A line of length one, and full: the kernel drops all further SYNs."""
    with socket.socket() as silent, socket.socket() as one, socket.socket() as two:
        silent.bind(("127.0.0.2", peer.port))
        silent.listen(0)
        for filler in (one, two):
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.2", peer.port))
        trap.start(peer.uri.replace("127.0.0.1", "two.example") + "/%2F?connection_timeout=500", **resolver)
        assert_works(trap, peer.wait_consumer())


def test_a_look_up_that_never_ends_stops_nothing_else(trap: Trap, resolver: dict[str, str]) -> None:
    """The daemon is up with its homeserver, and can be ended."""
    daemon = trap.start("amqp://hangs.example", **resolver)
    daemon.wait_line("event=homeserver-ready")
    assert daemon.stop() == 0
    trap.forget(daemon)


def test_a_look_up_of_the_homeserver_that_never_ends_stops_nothing_else(
        trap: Trap, peer: Peer, resolver: dict[str, str]) -> None:
    """Dead letters go their way meanwhile; the library would wait for its look-up at the end."""
    daemon = trap.start(peer.uri, MATRIX_MESSENGER__URI="http://hangs.example", **resolver)
    session = peer.wait_consumer()
    session.send_raw(delivery(b"{", 1) + delivery(encoded(trap), 2))
    session.wait_acked(1)
    assert daemon.stop() == 0
    assert session.acked == [1]
    trap.forget(daemon)


# --- silence ----------------------------------------------------------------------------------------------------------


def test_a_login_that_is_never_answered_is_given_up(trap: Trap, peer: Peer) -> None:
    """After ten seconds; and the daemon can be ended in the middle of it."""
    peer.greets = False
    daemon = trap.start(peer.uri)
    daemon.wait_line("event=connection-lost .*did not finish the login")
    wait_until(lambda: len(peer.sessions) > 1, "the second attempt")
    assert daemon.stop() == 0
    trap.forget(daemon)


def test_a_call_that_is_never_answered_is_given_up(trap: Trap, peer: Peer) -> None:
    """After half a minute, although the connection lives: heartbeats come all the while."""
    peer.heartbeat = 2
    usual, silent = peer.answers[spec.Queue.Declare], [1]
    peer.answers[spec.Queue.Declare] = lambda *what: [] if silent and silent.pop() else usual(*what)
    daemon = trap.start(peer.uri)
    daemon.wait_line("event=connection-lost .*did not answer", patience=90)
    assert_works(trap, peer.wait_consumer())


def test_heartbeats_are_sent_on_both_connections(trap: Trap, peer: Peer) -> None:
    """Also when nothing else happens. The broker cuts who sends none."""
    peer.heartbeat = 1
    trap.start(peer.uri)
    consumer = peer.wait_consumer()
    consumer.send_raw(delivery(b"{", 1))
    consumer.wait_acked(1)
    publisher = peer.wait_publisher()
    wait_until(lambda: consumer.heartbeats >= 5 and publisher.heartbeats >= 5, "heartbeats")
    assert len(peer.sessions) == 2


def test_heartbeats_are_sent_while_a_queue_is_waited_for(trap: Trap, peer: Peer) -> None:
    """It is looked for every three seconds. A heartbeat with each look would come too late."""
    peer.heartbeat = 1
    usual = peer.answers[spec.Queue.Declare]
    peer.answers[spec.Queue.Declare] = lambda session, method: (
        [spec.Channel.Close(404, "NOT_FOUND", 50, 10)] if method.queue == "queue" else usual(session, method))
    trap.start(peer.uri, RABBITMQ_QUEUE_DECLARE="passive")
    wait_until(lambda: peer.sessions and "Heartbeat Heartbeat" in peer.sessions[0].names,
               "heartbeats between two looks")
    assert len(peer.sessions) == 1


def test_heartbeats_are_sent_while_a_confirm_is_waited_for(trap: Trap, peer: Peer) -> None:
    peer.heartbeat = 1
    peer.answers[spec.Basic.Publish] = lambda *_: []
    trap.start(peer.uri)
    consumer = peer.wait_consumer()
    consumer.send_raw(delivery(b"{", 1))
    peer.wait_letters(1)
    publisher = peer.wait_publisher()
    wait_until(lambda: publisher.heartbeats >= 4, "heartbeats")
    publisher.send(spec.Basic.Ack(1))
    consumer.wait_acked(1)
    assert len(peer.sessions) == 2


def test_a_consumer_that_hears_no_heartbeats_is_made_anew(trap: Trap, peer: Peer) -> None:
    peer.heartbeat = 1
    daemon = trap.start(peer.uri)
    peer.wait_consumer().mute = True
    daemon.wait_line("event=connection-lost .*heartbeat")
    assert_works(trap, peer.wait_consumer(2))


def test_a_letter_whose_connection_falls_silent_is_sent_again(trap: Trap, peer: Peer) -> None:
    peer.heartbeat = 1
    usual, lost = peer.answers[spec.Basic.Publish], [1]

    def answer(publisher: Session, method: spec.Basic.Publish) -> list[object]:
        if not lost:
            return list(usual(publisher, method))
        lost.pop()
        publisher.mute = True
        return []

    peer.answers[spec.Basic.Publish] = answer
    daemon = trap.start(peer.uri)
    consumer = peer.wait_consumer()
    consumer.send_raw(delivery(b"{", 1))
    consumer.wait_acked(1)
    daemon.wait_line("event=dead-letter-waits .*heartbeat")
    assert [letter.body for letter in peer.letters] == [b"{"] * 2


@pytest.mark.parametrize("farewell", [b"", spec.Connection.Close(320, "CONNECTION_FORCED", 0, 0)],
                         ids=["heartbeats", "closed"])
@pytest.mark.parametrize("heartbeat", [1, 2])
def test_publishing_after_a_stall(trap: Trap, peer: Peer, heartbeat: int, farewell: object) -> None:
    """The daemon stood still, and frames have piled up: they are read before anything is written. Two heartbeats are
    what it bears to hear nothing, and it stands still for longer or not as long."""
    peer.heartbeat = heartbeat
    daemon = trap.start(peer.uri)
    consumer = peer.wait_consumer()
    consumer.send_raw(delivery(b"{", 1))
    consumer.wait_acked(1)
    publisher = peer.wait_publisher()
    daemon.signal(signal.SIGSTOP)
    time.sleep(3)
    publisher.send(farewell)
    consumer.send_raw(delivery(b"[", 2))
    daemon.signal(signal.SIGCONT)
    consumer.wait_acked(2)
    assert [letter.body for letter in peer.letters] == [b"{", b"["]
    assert len(peer.sessions) == (3 if farewell else 2)


# --- who does not listen ----------------------------------------------------------------------------------------------


def test_a_letter_that_the_socket_does_not_take_blocks_nothing_else(trap: Trap, peer: Peer) -> None:
    """The broker does not read: more than any buffer holds is to be written. Good messages go on, and the daemon can be
    ended."""
    usual = peer.answers[spec.Confirm.Select]

    def answer(publisher: Session, method: spec.Confirm.Select) -> list[object]:
        publisher.be_deaf()
        return list(usual(publisher, method))

    peer.answers[spec.Confirm.Select] = answer
    daemon = trap.start(peer.uri, SYNC__DRAIN_SECONDS="1")
    session = peer.wait_consumer()
    session.send_raw(delivery(b"x" * (16 << 20), 1))
    peer.wait_publisher()
    for tag in range(2, 50):
        session.send_raw(delivery(encoded(trap), tag))
    session.wait_acked(*range(2, 50))
    assert daemon.stop() == 0
    assert 1 not in session.acked
    trap.forget(daemon)


@pytest.mark.parametrize("heartbeat", [2, 0])
def test_a_letter_that_the_socket_does_not_take_is_sent_again_over_another(
        trap: Trap, peer: Peer, heartbeat: int) -> None:
    """With heartbeats it shows by these, or by TCP_USER_TIMEOUT; without them by the latter, after half a minute."""
    usual, deaf = peer.answers[spec.Confirm.Select], [1]

    def answer(publisher: Session, method: spec.Confirm.Select) -> list[object]:
        if deaf:
            deaf.pop()
            publisher.be_deaf()
        return list(usual(publisher, method))

    peer.answers[spec.Confirm.Select] = answer
    trap.start(f"{peer.uri}/%2F?heartbeat={heartbeat}")
    session = peer.wait_consumer()
    session.send_raw(delivery(b"x" * (16 << 20), 1))
    session.wait_acked(1, patience=150)
    assert [len(letter.body) for letter in peer.letters] == [16 << 20]


def test_acks_that_the_socket_does_not_take_stop_nothing(trap: Trap, peer: Peer) -> None:
    """The broker does not read the acks; there are few of them, and the daemon goes on."""
    daemon = trap.start(peer.uri)
    session = peer.wait_consumer()
    assert_works(trap, session)
    session.be_deaf()
    session.send_raw(b"".join(delivery(encoded(trap), tag) for tag in range(2, 30)))
    daemon.wait_ends(29)
    assert daemon.stop() == 0
    trap.forget(daemon)

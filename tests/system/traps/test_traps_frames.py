"""Frames as no ordinary broker sends them: many at once, half of one, too deep, too big, out of turn."""

from __future__ import annotations

import json
import re
import signal
import struct
from pathlib import Path
from typing import Any

import pika
import pytest
from pika import frame, spec

from conftest import Trap
from lab.amqp_peer import FRAME_MAX, Peer, delivery, delivery_of, raw_frame
from lab.daemon import Daemon

# The daemon looks after its connections every 30 s, or more often if there are to be heartbeats. What is found only
# then would have been left lying, so tests of that wait less long.
SELDOM, SOONER = {"RABBITMQ_HEARTBEAT": "600"}, 20.0


def encoded(trap: Trap) -> bytes:
    return json.dumps(trap.request()).encode()


# --- nothing is left waiting in the library's buffer ------------------------------------------------------------------


def test_messages_in_the_same_segment_as_the_answer_to_consume(trap: Trap, peer: Peer) -> None:
    """The library has read them, and sets them aside; the socket is silent when the loop takes it over."""
    first, second, third = (delivery(encoded(trap), tag) for tag in (1, 2, 3))

    def answer(_: Any, method: Any) -> list[Any]:
        return [spec.Basic.ConsumeOk(method.consumer_tag), first, second, third]

    peer.answers[spec.Basic.Consume] = answer
    trap.start(peer.uri, **SELDOM)
    peer.wait_consumer().wait_acked(1, 2, 3, patience=SOONER)


def test_more_frames_in_one_read_than_are_looked_at_in_one_turn(trap: Trap, peer: Peer) -> None:
    """The first frames give the daemon no reason to look again: they are answers that nobody asked for."""
    trap.start(peer.uri, **SELDOM)
    session = peer.wait_consumer()
    session.send(*[spec.Basic.QosOk()] * 1000, delivery(encoded(trap), 1))
    session.wait_acked(1, patience=SOONER)


def test_many_messages_in_one_read(trap: Trap, peer: Peer) -> None:
    trap.start(peer.uri, RABBITMQ_PREFETCH="1000", **SELDOM)
    session = peer.wait_consumer()
    session.send_raw(b"".join(delivery(b"{", tag) for tag in range(1, 401)))  # 1,200 frames, 40 kB
    session.wait_acked(*range(1, 401), patience=SOONER)
    assert sorted(session.acked) == list(range(1, 401))


@pytest.mark.parametrize("before", [
    frame.Heartbeat().marshal(), frame.Method(0, spec.Connection.Blocked("low on memory")).marshal(),
    frame.Method(0, spec.Connection.Unblocked()).marshal()], ids=["heartbeat", "blocked", "unblocked"])
def test_a_message_behind_a_frame_that_is_not_for_us(trap: Trap, peer: Peer, before: bytes) -> None:
    """It is dealt with on the way, not instead of what follows."""
    trap.start(peer.uri, **SELDOM)
    session = peer.wait_consumer()
    session.send_raw(delivery(encoded(trap), 1))
    session.wait_acked(1)
    session.send_raw(before + delivery(encoded(trap), 2))
    session.wait_acked(2, patience=SOONER)


def test_half_a_message_holds_up_nothing(trap: Trap, peer: Peer) -> None:
    """What came before it is dealt with, and the program can be ended, whenever the rest comes."""
    daemon = trap.start(peer.uri)
    session = peer.wait_consumer()
    session.send_raw(delivery(encoded(trap), 1))
    session.wait_acked(1)  # now the peer has nothing to answer any more: half a frame must stay half
    third, fourth = delivery(encoded(trap), 3), delivery(encoded(trap), 4)
    session.send_raw(delivery(encoded(trap), 2) + third[:-30])
    session.wait_acked(2)
    session.send_raw(third[-30:] + fourth[:60])
    session.wait_acked(3)
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    assert session.acked == [1, 2, 3]
    trap.forget(daemon)


@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_a_body_in_many_frames_stays_what_it_is(trap: Trap, peer: Peer, piece: int) -> None:
    """Whoever released the library's buffers before copying would find other bytes in it."""
    trap.start(peer.uri)
    body = b"no JSON: " + bytes(index % 251 for index in range(5000))
    peer.wait_consumer().send_raw(delivery(body, 1, piece=piece))
    letter, = peer.wait_letters(1)
    assert letter.body == body


def test_an_empty_body(trap: Trap, peer: Peer) -> None:
    """There is no frame for it."""
    trap.start(peer.uri)
    session = peer.wait_consumer()
    session.send_raw(delivery(b"", 1) + delivery(encoded(trap), 2))
    session.wait_acked(1, 2)
    assert [letter.body for letter in peer.letters] == [b""]


# --- sizes ------------------------------------------------------------------------------------------------------------


def peak_address_space(daemon: Daemon) -> int:
    """In kilobytes; whatever was allocated, touched or not."""
    status = Path(f"/proc/{daemon.pid}/status").read_text()
    return int(re.findall(r"VmPeak:\s+(\d+) kB", status)[0])


@pytest.mark.parametrize("announced", [1 << 63, (1 << 64) - 1, 1 << 40, (1 << 32) + 5], ids=hex)
def test_memory_is_not_taken_for_a_body_that_is_announced_absurdly_big(
        trap: Trap, peer: Peer, announced: int) -> None:
    daemon = trap.start(peer.uri)
    session = peer.wait_consumer()
    before = peak_address_space(daemon)
    session.send_raw(delivery(encoded(trap), 1) + delivery(b"x" * 1000, 2, announced=announced))
    session.wait_acked(1)
    session.cut()
    session = peer.wait_consumer(2)
    session.send_raw(delivery(encoded(trap), 1))
    session.wait_acked(1)
    assert peak_address_space(daemon) - before < 1 << 20


def test_more_of_a_body_than_was_announced_ends_the_connection(trap: Trap, peer: Peer) -> None:
    daemon = trap.start(peer.uri)
    peer.wait_consumer().send_raw(delivery(b"x" * 100, 1, announced=50))
    daemon.wait_line("event=connection-lost .*more of a body")
    assert peer.wait_consumer(2).acked == []


# --- tables of headers ------------------------------------------------------------------------------------------------

ROOM_IN_FRAME = FRAME_MAX - 8 - 14  # for properties: without what the frame and the header frame begin and end with


def nested_tables(size: int) -> bytes:
    """Tables in tables, each the only entry of the one around it, with an empty key: six bytes for each."""
    entry = b""
    while len(entry) + 6 <= size:
        entry = b"\0F" + struct.pack(">L", len(entry)) + entry
    return entry


def nested_arrays(size: int) -> bytes:
    """The same with arrays: five bytes for each."""
    array = b""
    while len(array) + 5 <= size:
        array = b"A" + struct.pack(">L", len(array)) + array
    return b"\1x" + array


def headers(table: bytes) -> bytes:
    return struct.pack(">HL", spec.BasicProperties.FLAG_HEADERS, len(table)) + table


# The size leaves room for the four headers of a dead letter, or it would be sent without those of the original.
@pytest.mark.parametrize("table", [nested_tables(ROOM_IN_FRAME - 1000), nested_arrays(ROOM_IN_FRAME - 1000)],
                         ids=["tables", "arrays"])
def test_headers_nested_as_deep_as_a_frame_allows(trap: Trap, peer: Peer, table: bytes) -> None:
    """The library decodes by recursion: in the loop when they come, in a thread when they leave again."""
    daemon = trap.start(peer.uri)
    session = peer.wait_consumer()
    session.send_raw(delivery_of(headers(table), encoded(trap), 1) + delivery_of(headers(table), b"{", 2))
    daemon.wait_line("event=dead-letter ")
    session.wait_acked(1, 2)


def test_headers_that_fill_a_frame(trap: Trap, peer: Peer) -> None:
    """No room is left for ours: the dead letter goes without those of the original, and says so."""
    table = b"\1x" + b"S" + struct.pack(">L", ROOM_IN_FRAME - 20) + b"y" * (ROOM_IN_FRAME - 20)
    daemon = trap.start(peer.uri)
    session = peer.wait_consumer()
    session.send_raw(delivery_of(headers(table), encoded(trap), 1) + delivery_of(headers(table), b"{", 2))
    session.wait_acked(1, 2)
    letter, = peer.letters
    assert letter.properties.headers["x-error"] == "invalid-json" and "x" not in letter.properties.headers
    daemon.wait_line("event=dead-letter-headers-dropped")


def test_a_header_with_an_empty_key(trap: Trap, peer: Peer) -> None:
    """amqp_consume_message() would fail on it for ever; and it stays with the dead letter."""
    trap.start(peer.uri)
    session = peer.wait_consumer()
    table = b"\0S" + struct.pack(">L", 5) + b"value"
    session.send_raw(delivery_of(headers(table), encoded(trap), 1) + delivery_of(headers(table), b"{", 2))
    session.wait_acked(1, 2)
    letter, = peer.letters
    assert letter.properties.headers[""] == "value"


# --- what cannot be decoded -------------------------------------------------------------------------------------------

GARBAGE = {
    "no frame at all": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "no end of frame": raw_frame(spec.FRAME_METHOD, b"\0\x3c\0\x3c", end=0),
    "larger than agreed": struct.pack(">BHL", spec.FRAME_BODY, 1, 0x7fffffff),
    "unknown method": raw_frame(spec.FRAME_METHOD, b"\x12\x34\x56\x78"),
    "method cut short": raw_frame(spec.FRAME_METHOD, struct.pack(">L", spec.Basic.Deliver.INDEX) + b"\xff"),
    "headers that end too early": delivery_of(
        struct.pack(">HL", spec.BasicProperties.FLAG_HEADERS, 5000) + b"\1xS", b"{}"),
    "header of no message": raw_frame(spec.FRAME_HEADER, struct.pack(">HHQH", spec.Basic.INDEX, 0, 5, 0)),
    "body of no message": raw_frame(spec.FRAME_BODY, b"{}"),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
def test_after_bytes_that_cannot_be_understood_the_connection_is_made_anew(
        trap: Trap, peer: Peer, garbage: bytes) -> None:
    daemon = trap.start(peer.uri)
    broken = peer.wait_consumer()
    broken.send_raw(garbage)
    daemon.wait_line("event=connection-lost")
    session = peer.wait_consumer(2)
    assert broken.ended.wait(20)
    session.send_raw(delivery(encoded(trap), 1))
    session.wait_acked(1)
    assert broken.acked == []


def test_a_dead_letter_keeps_what_is_known_and_drops_what_does_harm(trap: Trap, peer: Peer) -> None:
    """The broker compares a user id with who publishes, and drops what has expired."""
    trap.start(peer.uri)
    properties = pika.BasicProperties(
        content_type="application/json", content_encoding="gzip", correlation_id="c-1", reply_to="r", message_id="m-1",
        timestamp=7, type="t", app_id="a", cluster_id="k", priority=9, delivery_mode=1, expiration="1000",
        user_id="somebody", headers={"mine": "kept"})
    peer.wait_consumer().send_raw(delivery(b"{", 1, properties=properties))
    letter, = peer.wait_letters(1)
    found = letter.properties
    assert (found.user_id, found.expiration, found.delivery_mode) == (None, None, 2)
    for name in ("content_type", "content_encoding", "correlation_id", "reply_to", "message_id", "timestamp", "type",
                 "app_id", "cluster_id", "priority"):
        assert getattr(found, name) == getattr(properties, name), name
    assert found.headers["mine"] == "kept"
    assert (letter.method.exchange, letter.method.routing_key, letter.method.mandatory) == ("", "queue_dlq", True)


def test_after_too_many_large_bodies_they_come_one_at_a_time_for_a_while(trap: Trap, peer: Peer) -> None:
    peer.answers[spec.Basic.Publish] = lambda *_: []  # so the dead letters stay in memory
    daemon = trap.start(peer.uri, RABBITMQ_PREFETCH="10", RABBITMQ_MAX_DEAD_LETTER_SIZE=str(2 << 20))
    session = peer.wait_consumer()
    session.send_raw(delivery(encoded(trap), 1))
    session.wait_acked(1)
    session.send_raw(delivery(b"x" * (3 << 19), 2) + delivery(b"x" * (3 << 19), 3))
    daemon.wait_line("event=connection-lost .*too many large")
    session = peer.wait_consumer(2)
    assert [qos.prefetch_count for qos in session.got(spec.Basic.Qos)] == [1]
    session.send_raw(delivery(encoded(trap), 1))
    session.wait_acked(1)
    assert [qos.prefetch_count for qos in session.wait_got(spec.Basic.Qos, 2)] == [1, 9]
    session.wait_got(spec.Basic.Consume, 2)

"""Queues that the broker deletes, with their messages, when nobody consumes them: they always have a consumer.

A look-up by AMQP counts as use of a classic queue with x-expires, so what waits is looked at with rabbitmqctl here.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab.message import add_user
from lab.process import wait_until
from lab.rabbitmq import RabbitMQ
from stage import Stage

EXPIRES = 2000  # ms
LONGER = 3 * EXPIRES / 1000  # s; more than the 5 s that pass between two looks of a quorum queue at its age
SINGLE = {"x-single-active-consumer": True}

AUTO_DELETE: dict[str, dict[str, Any]] = {
    "auto-delete": {"auto_delete": True, "arguments": {}},
    "auto-delete, priorities": {"auto_delete": True, "arguments": {"x-max-priority": 2}},
    "auto-delete, single active": {"auto_delete": True, "arguments": SINGLE},
}
EXPIRING: dict[str, dict[str, Any]] = {
    "x-expires": {"arguments": {"x-expires": EXPIRES}},
    "x-expires, quorum": {"arguments": {"x-expires": EXPIRES, "x-queue-type": "quorum"}},
    "x-expires, quorum, single active": {"arguments": {"x-expires": EXPIRES, "x-queue-type": "quorum", **SINGLE}},
}
GOING = {**AUTO_DELETE, **EXPIRING}
AHEAD = {"arguments": {"x-max-priority": 2}}  # for comparison: one that stays


def names(stage: Stage, count: int) -> tuple[str, list[dict[str, Any]]]:
    """Messages whose order shows in what the user is called at the end."""
    user = stage.user()
    return user, [add_user(user, name=f"Ada {number}") for number in range(count)]


def assert_done_in_order(stage: Stage, user: str, count: int) -> None:
    assert [end.outcome for end in stage.ends(count)] == ["done"] * count, stage.daemon.log
    account = stage.homeserver.user(user)
    assert account is not None and account["displayname"] == f"Ada {count - 1}"
    assert stage.queue.waiting(stage.queue.dlq) == 0
    assert stage.queue.waiting() == 0  # and it is there


def have_delivered_before(stage: Stage, count: int, kind: dict[str, Any]) -> None:
    """By basic.get, which makes no consumer, but is refused where one is to be the only active one."""
    with stage.queue.broker.connect() as connection:
        channel = connection.channel()
        if kind in AUTO_DELETE.values():
            assert all(channel.basic_get(stage.queue.name)[0] for _ in range(count))
        else:
            taken = channel.consume(stage.queue.name, inactivity_timeout=10)
            assert all(next(taken)[0] for _ in range(count))


def wait_unacked(stage: Stage, count: int) -> None:
    wait_until(lambda: stage.queue.depth().unacked == count, f"{count} messages to be with the daemon")


@pytest.mark.parametrize("kind", GOING.values(), ids=GOING)
@pytest.mark.parametrize("again", [False, True], ids=["fresh", "delivered before"])
def test_what_waits_at_the_start_is_done(stage: Stage, kind: dict[str, Any], again: bool) -> None:
    stage.queue.declare(**kind)
    user, messages = names(stage, 6)
    stage.publish(*messages[:3])
    if again:
        have_delivered_before(stage, 3, kind)
    stage.start()
    ends = stage.ends(3)
    assert [end.outcome for end in ends] == ["done"] * 3, stage.daemon.log
    stage._ended = 0
    stage.queue.publish(*messages[3:])
    assert_done_in_order(stage, user, 6)


@pytest.mark.parametrize("kind", GOING.values(), ids=GOING)
def test_messages_delivered_before_that_wait_for_the_homeserver_are_done(stage: Stage, kind: dict[str, Any]) -> None:
    """They are not taken one at a time for ever: the others come while the first is there."""
    stage.queue.declare(**kind)
    user, messages = names(stage, 3)
    stage.publish(*messages)
    have_delivered_before(stage, 3, kind)
    stage.proxy.pause()
    try:
        stage.start()
        wait_unacked(stage, 3)
    finally:
        stage.proxy.resume()
    assert_done_in_order(stage, user, 3)


@pytest.mark.parametrize("kind", {**GOING, "for comparison": AHEAD}.values(), ids={**GOING, "for comparison": AHEAD})
def test_an_outage_longer_than_messages_are_held_loses_none(stage: Stage, kind: dict[str, Any]) -> None:
    stage.queue.declare(**kind)
    user, messages = names(stage, 9)
    stage.proxy.pause()
    try:
        stage.publish(*messages[:8])
        daemon = stage.start(RABBITMQ_HOLD_SECONDS="1", RABBITMQ_PREFETCH="4")
        daemon.wait_line("event=consumption-paused")
        time.sleep(LONGER)
        assert stage.queue.depth().total == 8
        stage.queue.publish(messages[8])
    finally:
        stage.proxy.resume()
    assert_done_in_order(stage, user, 9)


@pytest.mark.parametrize("kind", GOING.values(), ids=GOING)
def test_what_comes_while_messages_are_given_back_stays_behind_them(stage: Stage, kind: dict[str, Any]) -> None:
    """The window is not full, so there is always something on its way."""
    stage.queue.declare(**kind)
    user, messages = names(stage, 40)
    stage.proxy.pause()
    try:
        stage.publish(messages[0])
        daemon = stage.start(RABBITMQ_HOLD_SECONDS="1")
        for message in messages[1:]:
            stage.queue.publish(message)
            time.sleep(0.05)
        daemon.wait_line("event=consumption-paused")
    finally:
        stage.proxy.resume()
    assert_done_in_order(stage, user, 40)


@pytest.mark.parametrize("kind", EXPIRING.values(), ids=EXPIRING)
def test_lost_connections_lose_no_queue_that_expires(stage: Stage, kind: dict[str, Any]) -> None:
    """The pauses before each new one grow, but not beyond what the queue lasts."""
    stage.queue.declare(**kind)
    user, messages = names(stage, 5)
    stage.proxy.pause()
    try:
        stage.publish(*messages)
        stage.start()
        for _ in range(8):
            wait_unacked(stage, 5)
            stage.school.broker.close_connections()
        wait_unacked(stage, 5)
    finally:
        stage.proxy.resume()
    assert_done_in_order(stage, user, 5)


@pytest.mark.parametrize("kind", EXPIRING.values(), ids=EXPIRING)
def test_who_stands_by_takes_over_before_the_queue_expires(stage: Stage, kind: dict[str, Any]) -> None:
    stage.queue.declare(**kind)
    user, messages = names(stage, 5)
    stage.proxy.pause()
    try:
        first = stage.start()
        stage.publish(*messages)
        wait_unacked(stage, 5)
        second = stage.new_daemon().start()
        second.wait_line("event=standing-by")
        time.sleep(LONGER)
        first.stop()
        second.wait_line("event=taking-over")
        wait_unacked(stage, 5)
    finally:
        stage.proxy.resume()
    stage._ended = 0
    assert_done_in_order(stage, user, 5)


@pytest.mark.parametrize("kind", AUTO_DELETE.values(), ids=AUTO_DELETE)
def test_large_messages_that_memory_has_no_room_for_wait(stage: Stage, kind: dict[str, Any]) -> None:
    """Elsewhere the daemon gives its connection up for them."""
    stage.queue.declare(**kind)
    bodies = [bytes([letter]) * (3 << 19) for letter in b"abcdef"]
    stage.publish(*bodies, add_user(stage.user(), name="Ada"))
    stage.start(RABBITMQ_MAX_DEAD_LETTER_SIZE=str(2 << 20))
    letters = stage.queue.wait_dead_letters(6)
    assert sorted(letter.body for letter in letters) == bodies
    assert sorted(end.outcome for end in stage.ends(7)) == ["done"] + ["rejected"] * 6
    assert stage.queue.waiting() == 0


def test_a_drain_keeps_the_queue_until_the_last_message_is_done(stage: Stage) -> None:
    stage.queue.declare(auto_delete=True)
    user = stage.user()
    stage.warm_up()
    fault = stage.proxy.fault(f"/users/{user}", "PUT", hold=True, times=1)
    stage.publish(add_user(user, name="Ada"))
    fault.wait_hit()
    stage.daemon.signal(signal.SIGTERM)
    stage.daemon.wait_line("event=stopping")
    assert stage.queue.exists()
    fault.release()
    assert stage.daemon.wait() == 0
    assert len(stage.daemon.ends()) == 2


@pytest.mark.parametrize(("kind", "sentence"), [
    (AUTO_DELETE["auto-delete"], "when this program ends"),
    (EXPIRING["x-expires"], "x-expires"),
    (EXPIRING["x-expires, quorum"], "x-expires"),
], ids=str)
def test_that_it_goes_is_said(stage: Stage, kind: dict[str, Any], sentence: str) -> None:
    stage.queue.declare(**kind)
    line = stage.start().wait_line("event=queue-found")
    assert "level=warning" in line.text and sentence in line.fields["not_promised"]


@pytest.fixture
def own_broker(stage: Stage) -> Iterator[RabbitMQ]:
    """A broker to be harmed."""
    broker = RabbitMQ()
    stage.queue.broker = broker
    try:
        yield broker.start()
    finally:
        for daemon in stage.daemons:
            daemon.stop()
        stage.queue.broker = stage.school.broker
        broker.destroy()


@pytest.mark.parametrize("kind", GOING.values(), ids=GOING)
def test_a_broker_that_is_killed_loses_none(stage: Stage, own_broker: RabbitMQ, kind: dict[str, Any]) -> None:
    """One that is stopped deletes auto-delete queues: it ends the connections first (measured, 3.10)."""
    stage.queue.declare(**kind)
    user, messages = names(stage, 5)
    stage.proxy.pause()
    try:
        stage.publish(*messages)
        stage.start(RABBITMQ_URI=own_broker.uri)
        wait_unacked(stage, 5)
        own_broker.kill()
        own_broker.start()
        wait_unacked(stage, 5)
    finally:
        stage.proxy.resume()
    assert_done_in_order(stage, user, 5)

"""Messages of priority 0: a rest after each write, as long as there are no others."""

from __future__ import annotations

import signal

from lab.daemon import Daemon
from lab.message import add_user, room
from lab.process import wait_until
from stage import Stage

CREATION = "/_synapse/admin/v2/users/"


def resting(stage: Stage, priority: int | None = 0, **settings: str) -> Daemon:
    """A write has taken a second, so there is a rest of ten now."""
    daemon = stage.start(SYNC__BULK_REST="10", **settings)
    fault = stage.proxy.fault(CREATION, "PUT", delay=1)
    stage.publish(*(add_user(stage.user("bulk"), name="Bulk") for _ in range(4)), priority=priority)
    fault.wait_hit()
    fault.release()
    wait_for_rest(daemon)
    return daemon


def look(daemon: Daemon) -> str:
    """What everybody waits for now."""
    told, before = daemon.log.count("event=waiting-in-all"), len(daemon.log)
    daemon.signal(signal.SIGUSR1)
    daemon.wait_line("event=waiting-in-all", count=told + 1)
    return daemon.log[before:]


def wait_for_rest(daemon: Daemon) -> None:
    wait_until(lambda: "for=rest" in look(daemon), "a rest")


def test_bulk_messages_bring_rests_and_end_all_the_same(stage: Stage) -> None:
    daemon = resting(stage)
    assert len(daemon.ends()) < 4
    stage.ends(4)


def test_a_message_without_a_priority_is_bulk(stage: Stage) -> None:
    resting(stage, priority=None)
    stage.ends(4)


def test_a_message_of_higher_priority_ends_the_rest(stage: Stage) -> None:
    daemon, user = resting(stage), stage.user()
    stage.publish(add_user(user, room(stage.room_id()), name="Ada"), priority=1)
    wait_until(lambda: user in look(daemon) or user in daemon.log, "the message to come")
    while not any(user in end.text for end in daemon.ends()):
        seen = look(daemon)
        assert "for=rest" not in seen or any(user in end.text for end in daemon.ends()), seen
    assert all(end.outcome == "done" for end in stage.ends(5))


def test_usual_messages_bring_no_rest(stage: Stage) -> None:
    daemon = stage.start(SYNC__BULK_REST="10")
    fault = stage.proxy.fault(CREATION, "PUT", delay=1)
    stage.publish(*(add_user(stage.user(), name="Ada") for _ in range(4)))
    fault.wait_hit()
    fault.release()
    stage.ends(4)
    assert "for=rest" not in daemon.log


def test_a_drain_does_not_rest(stage: Stage) -> None:
    daemon = resting(stage, SYNC__DRAIN_SECONDS="6")
    assert daemon.stop() == 0
    assert len(daemon.ends()) == 4, daemon.log


def test_a_message_that_found_no_room_when_the_connection_was_cut_makes_nobody_hurry(stage: Stage) -> None:
    """It is passed over in a queue that goes without a consumer; elsewhere the connection is given up for it."""
    stage.queue.declare(arguments={"x-expires": 60_000, "x-max-priority": 2})
    daemon = stage.start(SYNC__BULK_REST="10", RABBITMQ_PREFETCH="2", RABBITMQ_MAX_MESSAGE_SIZE="65536",
                         RABBITMQ_MAX_DEAD_LETTER_SIZE="131072")
    stage.warm_up()
    stage.proxy.pause()
    try:
        stage.publish({**add_user(stage.user(), name="Ada"), "stray": "x" * 60_000})
        wait_until(lambda: stage.queue.depth().unacked == 1, "the first message to be with the daemon")
        stage.publish(b"x" * 131_072)
        wait_until(lambda: stage.queue.depth().unacked == 2, "the large message to be with the daemon")
        stage.school.broker.close_connections()
        daemon.wait_line("event=connection-lost")
        wait_until(lambda: stage.queue.depth().unacked == 2, "both to be with the daemon again")
    finally:
        stage.proxy.resume()
    assert sorted(end.outcome for end in stage.ends(2)) == ["done", "rejected"]
    fault = stage.proxy.fault(CREATION, "PUT", delay=1)
    stage.publish(*(add_user(stage.user("bulk"), name="Bulk") for _ in range(4)), priority=0)
    fault.wait_hit()
    fault.release()
    wait_for_rest(daemon)

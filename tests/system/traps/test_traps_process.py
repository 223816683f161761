"""What is special about where the program runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from pika import spec

from conftest import Trap
from lab.amqp_peer import Peer, as_a_quorum_queue, delivery
from lab.daemon import Daemon, executable
from lab.message import add_room, add_user, room
from lab.process import wait_until

APART = ["unshare", "--pid", "--fork", "--kill-child"]


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_signals_are_heard_as_the_first_process_of_a_container(trap: Trap, peer: Peer, tmp_path: Path) -> None:
    """The kernel passes on to it only signals that it has asked for: there is no default action."""
    if shutil.which("unshare") is None or subprocess.run([*APART, "true"], capture_output=True,
                                                         check=False).returncode != 0:
        pytest.skip("no process numbers of one's own are to be had here")
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\nexec {' '.join(APART)} {executable()}\n")
    program.chmod(0o755)
    daemon = Daemon({**trap.stub.environment(), "RABBITMQ_URI": peer.uri}, program=program)
    trap.daemons.append(daemon)
    daemon.start()
    session = peer.wait_consumer()
    session.send_raw(delivery(json.dumps(trap.request()).encode(), 1))
    session.wait_acked(1)
    first, = wait_until(lambda: children(daemon.pid), "the process in its own numbering")
    assert Path(f"/proc/{first}/status").read_text().split("NSpid:")[1].split("\n")[0].split()[-1] == "1"
    os.kill(first, signal.SIGTERM)
    assert daemon.wait() == 0
    trap.forget(daemon)


def test_the_one_message_that_was_on_its_way_is_done_before_the_end(trap: Trap, peer: Peer) -> None:
    """Left to a quorum queue, it would come to stand behind others that were given back before it."""
    peer.answers[spec.Queue.Declare] = as_a_quorum_queue
    daemon = trap.start(peer.uri)
    daemon.wait_line("event=queue-found .*quorum")
    daemon.wait_line("event=homeserver-ready")
    session = peer.wait_consumer()
    daemon.wait_line("event=connected")  # else it is not consuming yet when it is asked to end
    daemon.signal(signal.SIGSTOP)
    daemon.signal(signal.SIGTERM)  # is heard first
    session.send_raw(delivery(json.dumps(trap.request()).encode(), 1, redelivered=True))
    daemon.signal(signal.SIGCONT)
    assert daemon.wait() == 0
    assert session.acked == [1]
    assert daemon.log.index("event=stopping") < daemon.log.index("event=message")
    trap.forget(daemon)


def test_a_dead_letter_that_is_never_confirmed_is_given_back_in_time(trap: Trap, peer: Peer) -> None:
    """As under a memory alarm; else the broker would lose patience, and close the channel under all others."""
    peer.answers[spec.Basic.Publish] = lambda *_: []
    daemon = trap.start(peer.uri, RABBITMQ_HOLD_SECONDS="1")
    daemon.wait_line("event=homeserver-ready")
    peer.wait_consumer().send_raw(delivery(b"{", 1))
    daemon.wait_line("event=consumption-paused .*given_back=1")
    peer.wait_consumer(2)  # for the homeserver is well


def test_nothing_is_begun_once_the_broker_is_silent(trap: Trap, peer: Peer) -> None:
    """It may have given the messages to another by then; that the connection is dead is known only later."""
    peer.heartbeat = 4
    daemon = trap.start(peer.uri)
    daemon.wait_line("event=homeserver-ready")
    session = peer.wait_consumer()
    bodies = [json.dumps(add_user(trap.user(), name="Ada")).encode() for _ in range(64)]
    trap.stub.slow(0.6)  # one or two at a time, three calls each: they would take more than a minute
    try:
        before = trap.stub.dump()["requests"]
        session.mute = True
        session.send(*(delivery(body, tag) for tag, body in enumerate(bodies, 1)))
        time.sleep(6)
        asked = trap.stub.dump()["requests"]
        time.sleep(1)
        assert trap.stub.dump()["requests"] == asked > before + 3
        assert "event=connection-lost" not in daemon.log
        assert len(daemon.ends()) < len(bodies)
    finally:
        trap.stub.slow(0)


def test_many_rooms_on_a_slow_homeserver_are_looked_up_once(trap: Trap, peer: Peer) -> None:
    """One call at a time is made to it, and an alias is trusted for a second: who was looked up is used before the
    next is looked up, or no look would ever be young enough."""
    rooms = [room(f"slow{number}", f"Slow {number}") for number in range(16)]
    daemon = trap.start(peer.uri)
    session = peer.wait_consumer()
    for tag, described in enumerate(rooms, 1):
        session.send(delivery(json.dumps(add_room(described)).encode(), tag))
    session.wait_acked(len(rooms))
    trap.stub.slow(0.15)
    try:
        session.send(delivery(json.dumps(add_user(trap.user(), *rooms, name="Ada")).encode(), len(rooms) + 1))
        session.wait_acked(len(rooms) + 1)
    finally:
        trap.stub.slow(0)
    last = daemon.wait_ends(len(rooms) + 1)[-1]
    assert int(last.fields["requests"]) <= 3 + 3 * len(rooms)  # of each its state, its alias, and the join


def test_a_socket_of_the_service_manager_that_cannot_be_one_is_told(trap: Trap, peer: Peer) -> None:
    """And is done without."""
    daemon = trap.start(peer.uri, NOTIFY_SOCKET="no/absolute/path")
    daemon.wait_line("event=notify-socket-unusable name=no/absolute/path")
    session = peer.wait_consumer()
    session.send_raw(delivery(json.dumps(trap.request()).encode(), 1))
    session.wait_acked(1)


def test_a_secret_that_others_can_read_is_told_by_a_reload_as_well(trap: Trap, peer: Peer) -> None:
    settings = {**trap.stub.environment(), "RABBITMQ_URI": peer.uri}
    password = settings.pop("MATRIX_MESSENGER__SYNC_USER_PASSWORD")
    daemon = Daemon(settings, secrets=[password])
    file = daemon.folder / ".env"
    file.write_text(f'MATRIX_MESSENGER__SYNC_USER_PASSWORD="{password}"\n')
    file.chmod(0o600)
    trap.daemons.append(daemon)
    daemon.start()
    peer.wait_consumer()
    file.chmod(0o644)
    daemon.signal(signal.SIGHUP)
    line = daemon.wait_line("event=reload-doubtful")
    assert line.fields["name"] == "MATRIX_MESSENGER__SYNC_USER_PASSWORD" and ".env" in line.fields["place"]
    assert line.is_warning
    daemon.wait_line("event=reloaded")
    daemon.assert_no_secret_shown()

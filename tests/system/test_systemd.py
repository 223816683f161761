"""What a service manager sees and may ask: notifications, the watchdog, reloads, signals."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.daemon import Daemon
from lab.message import add_room, add_user, remove_user, room
from lab.process import wait_until
from lab.proxy import Fault
from stage import Stage, unique


class Manager:
    """The socket to which the daemon writes, and all that came."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self._socket.setblocking(False)
        self._came: list[str] = []

    @property
    def lines(self) -> list[str]:
        while True:
            try:
                self._came += self._socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return list(self._came)

    def forget(self) -> None:
        assert self.lines is not None
        self._came.clear()

    def wait(self, pattern: str, count: int = 1) -> None:
        wait_until(lambda: sum(bool(re.fullmatch(pattern, line)) for line in self.lines) >= count,
                   f"{pattern!r} from the daemon")

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def any_manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    one = Manager(str(tmp_path / "notify") if request.param == "path" else f"@{unique('notify')}")
    yield one
    one.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    one = Manager(str(tmp_path / "notify"))
    yield one
    one.close()


def write_env(daemon: Daemon, **settings: str) -> None:
    (daemon.folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    (daemon.folder / ".env").chmod(0o600)


def start_by_file(stage: Stage, manager: Manager | None, drop: tuple[str, ...] = (), **settings: str) -> Daemon:
    """With a file that can be changed; what is in the environment of a process stays as it is."""
    notify = {"NOTIFY_SOCKET": manager.name} if manager else {}
    daemon = stage.new_daemon(drop, **notify)
    write_env(daemon, **settings)
    return daemon.start()


# --- what it tells -----------------------------------------------------------------------------------------------


def test_it_says_that_it_is_ready_what_it_does_and_that_it_stops(stage: Stage, any_manager: Manager) -> None:
    daemon = stage.start(NOTIFY_SOCKET=any_manager.name)
    any_manager.wait("READY=1")
    daemon.wait_line("event=homeserver-ready")
    any_manager.wait("STATUS=consuming; messages under way: 0")
    assert daemon.stop() == 0
    assert any_manager.lines.count("READY=1") == any_manager.lines.count("STOPPING=1") == 1
    assert any_manager.lines[-1].startswith("STATUS=stopping;")
    assert not [line for line in any_manager.lines if line.startswith("WATCHDOG")]


def test_it_is_not_ready_before_it_consumes(stage: Stage, manager: Manager) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    daemon = stage.start(NOTIFY_SOCKET=manager.name, RABBITMQ_URI=f"amqp://guest:guest@127.0.0.1:{port}")
    daemon.wait_line("event=connection-lost", count=3)
    manager.wait("STATUS=not consuming: .*")
    assert "READY=1" not in manager.lines
    assert daemon.stop() == 0
    assert "STOPPING=1" in manager.lines


def test_who_stands_by_is_not_ready(stage: Stage, manager: Manager) -> None:
    first = stage.start()
    first.wait_line("event=connected")
    second = stage.new_daemon(NOTIFY_SOCKET=manager.name).start()
    second.wait_line("event=standing-by")
    manager.wait("STATUS=not consuming: .*")
    assert "READY=1" not in manager.lines
    first.kill()
    manager.wait("READY=1")


def test_the_status_says_why_nothing_moves(stage: Stage, manager: Manager) -> None:
    daemon = stage.start(NOTIFY_SOCKET=manager.name)
    stage.warm_up()
    stage.proxy.pause()
    try:
        stage.publish(add_user(stage.user(), name="Ada"))
        manager.wait("STATUS=waiting for the homeserver: .+; messages under way: 1")
    finally:
        stage.proxy.resume()
    assert stage.ends()[0].outcome == "done"
    manager.forget()
    manager.wait("STATUS=consuming; messages under way: 0")
    for secret in (stage.school.sync_password,):
        assert not [line for line in manager.lines if secret in line]
    assert daemon.alive()


def test_the_watchdog_hears_of_the_loop_alone(stage: Stage, manager: Manager) -> None:
    daemon = stage.start(NOTIFY_SOCKET=manager.name, WATCHDOG_USEC="400000")
    manager.wait("WATCHDOG=1", 5)
    daemon.signal(signal.SIGSTOP)
    wait_until(lambda: "T" in Path(f"/proc/{daemon.pid}/stat").read_text().split(")")[1].split()[0], "the stop")
    manager.forget()
    time.sleep(2)
    assert "WATCHDOG=1" not in manager.lines
    daemon.signal(signal.SIGCONT)
    manager.wait("WATCHDOG=1", 2)


def test_somebody_elses_watchdog_is_not_fed(stage: Stage, manager: Manager) -> None:
    stage.start(NOTIFY_SOCKET=manager.name, WATCHDOG_USEC="400000", WATCHDOG_PID=str(os.getpid()))
    manager.wait("READY=1")
    stage.warm_up()
    assert "WATCHDOG=1" not in manager.lines


# --- reading the configuration again -------------------------------------------------------------------------------


def test_a_reload_is_announced_and_applied(stage: Stage, manager: Manager) -> None:
    daemon = start_by_file(stage, manager, SYNC__ERASE="false")
    stage.warm_up()
    manager.wait("READY=1")
    assert "level=debug" not in daemon.log
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    write_env(daemon, LOG__LEVEL="debug", SYNC__CONCURRENCY="20", SYNC__REMOVALS_PER_HOUR="7", SYNC__ERASE="true")
    daemon.signal(signal.SIGHUP)
    line = daemon.wait_line("event=reloaded")
    assert line.fields["applied"].split() == ["SYNC__CONCURRENCY", "SYNC__REMOVALS_PER_HOUR", "LOG__LEVEL"]
    assert line.fields["needs_restart"] == "SYNC__ERASE"
    manager.wait("READY=1", 2)
    lines = [line for line in manager.lines if not line.startswith("STATUS")]
    assert lines[:2] == ["READY=1", "RELOADING=1"] and lines[3:] == ["READY=1"]
    name, _, told = lines[2].partition("=")
    assert name == "MONOTONIC_USEC" and int(told) >= before
    daemon.signal(signal.SIGWINCH)
    daemon.wait_line("level=debug event=signal-ignored")
    daemon.signal(signal.SIGHUP)
    assert daemon.wait_line("event=reloaded", count=2).fields == {
        **daemon.wait_line("event=reloaded").fields, "applied": "", "needs_restart": "SYNC__ERASE"}
    stage.done(add_user(stage.user(), name="Ada"))


def test_a_mistake_leaves_all_as_it_was(stage: Stage, manager: Manager) -> None:
    daemon = start_by_file(stage, manager, SYNC__CONCURRENCY="8")
    manager.wait("READY=1")
    write_env(daemon, SYNC__CONCURRENCY="many", LOG__LEVEL="debug", SYNC__DRAIN_SECONDS="-1")
    daemon.signal(signal.SIGHUP)
    line = daemon.wait_line("event=reload-failed")
    assert line.level == "error"
    assert "SYNC__CONCURRENCY" in line.text and "SYNC__DRAIN_SECONDS" in line.text
    manager.wait("READY=1", 2)
    assert "RELOADING=1" in manager.lines
    stage.done(add_user(stage.user(), name="Ada"))
    assert "level=debug" not in daemon.log


def test_the_brake_is_released_by_a_reload(stage: Stage) -> None:
    daemon = start_by_file(stage, None, SYNC__REMOVALS_PER_HOUR="1")
    users = [stage.user() for _ in range(3)]
    stage.done(*(add_user(user, name="Ada") for user in users))
    stage.done(remove_user(users[0]))
    stage.rejected(remove_user(users[1]), "removal-brake")
    write_env(daemon, SYNC__REMOVALS_PER_HOUR="2")
    daemon.signal(signal.SIGHUP)
    daemon.wait_line("event=reloaded .*SYNC__REMOVALS_PER_HOUR")
    stage.done(remove_user(users[1]))
    stage.rejected(remove_user(users[2]), "removal-brake")


def under_way(daemon: Daemon) -> int:
    before = daemon.log.count("event=messages ")
    daemon.signal(signal.SIGUSR1)
    return int(daemon.wait_line("event=messages ", count=before + 1).fields["under_way"])


def test_a_prefetch_counts_at_once_and_nothing_is_lost(stage: Stage) -> None:
    daemon = start_by_file(stage, None, RABBITMQ_PREFETCH="1")
    stage.warm_up()
    users = [stage.user() for _ in range(5)]
    stage.proxy.pause()
    try:
        stage.publish(*(add_user(user, name="Ada") for user in users))
        wait_until(lambda: under_way(daemon) == 1, "a message to be under way")
        write_env(daemon, RABBITMQ_PREFETCH="4")
        daemon.signal(signal.SIGHUP)
        daemon.wait_line("event=reloaded .*applied=RABBITMQ_PREFETCH")
        wait_until(lambda: under_way(daemon) == 4, "four messages to be under way")
    finally:
        stage.proxy.resume()
    stage.queue.wait_empty()
    assert all(stage.homeserver.user(user) for user in users)


def test_a_prefetch_that_counts_later_needs_no_restart(stage: Stage) -> None:
    stage.queue.declare(auto_delete=True, arguments={})
    daemon = start_by_file(stage, None, RABBITMQ_PREFETCH="1")
    stage.warm_up()
    write_env(daemon, RABBITMQ_PREFETCH="4", SYNC__CONCURRENCY="20", SYNC__ERASE="false")
    daemon.signal(signal.SIGHUP)
    said = daemon.wait_line("event=reloaded").fields
    assert said["with_next_connection"] == "RABBITMQ_PREFETCH"
    assert said["applied"] == "SYNC__CONCURRENCY" and said["needs_restart"] == "SYNC__ERASE"


def test_another_password_is_used_without_a_restart(stage: Stage) -> None:
    name = unique("steward")
    client = stage.school.synapse.register(name, "the old one", admin=True)
    drop = tuple(f"MATRIX_MESSENGER__{name}" for name in ("SYNC_USER_NAME", "SECRET", "SYNC_USER_PASSWORD", "SYNC_USER_TOKEN"))
    daemon = start_by_file(stage, None, drop, MATRIX_MESSENGER__SYNC_USER_NAME=name,
                           MATRIX_MESSENGER__SYNC_USER_PASSWORD="wrong")
    daemon.wait_line("event=homeserver-refused")
    stage.publish(add_room(room(stage.room_id())))
    write_env(daemon, MATRIX_MESSENGER__SYNC_USER_NAME=name, MATRIX_MESSENGER__SYNC_USER_PASSWORD='"the old one"')
    daemon.signal(signal.SIGHUP)
    line = daemon.wait_line("event=reloaded")
    assert line.fields["applied"] == "MATRIX_MESSENGER__SYNC_USER_PASSWORD"
    daemon.wait_line("event=homeserver-ready")
    assert [end.outcome for end in stage.ends()] == ["done"]
    write_env(daemon, MATRIX_MESSENGER__SYNC_USER_NAME=name, MATRIX_MESSENGER__SYNC_USER_TOKEN=client.token)
    daemon.signal(signal.SIGHUP)
    daemon.wait_line("event=homeserver-ready", count=2)
    stage.done(add_user(stage.user(), name="Ada"))
    assert client.token not in daemon.log and "the old one" not in daemon.log


# --- what waits ------------------------------------------------------------------------------------------------------


def told_of_room(daemon: Daemon, room_id: str) -> str:
    """What it waits for now."""
    pattern = f"event=waiting subject=.*{re.escape(room_id)}"
    before = len(re.findall(pattern, daemon.log))
    daemon.signal(signal.SIGUSR1)
    return daemon.wait_line(pattern, count=before + 1).text


def test_what_waits_is_told_when_asked(stage: Stage) -> None:
    stage.warm_up()
    daemon, user, room_id = stage.daemon, stage.user(), stage.room_id()
    fault = stage.proxy.fault(f"/users/{user}", "PUT", hold=True)
    stage.publish(add_user(user, room(room_id), name="Ada"), add_user(user, name="Bob"))
    fault.wait_hit()
    daemon.signal(signal.SIGUSR1)
    line = daemon.wait_line(f"event=waiting subject={re.escape(user)} .*for=call")
    assert line.fields["call"] and int(line.fields["since_ms"]) >= 0 and line.fields["messages"] == "2"
    # There may be a single slot, which the call has until it is known to be slow.
    wait_until(lambda: "for=another" in told_of_room(daemon, room_id), "the room's turn to come")
    assert f"other={user}" in told_of_room(daemon, room_id)
    daemon.wait_line("event=peer name=broker .*state=ready")
    daemon.wait_line("event=peer name=homeserver .*state=ready")
    daemon.wait_line("event=waiting-in-all subjects=2 messages=2")
    fault.release()
    assert [end.outcome for end in stage.ends(2)] == ["done", "done"]


def test_what_waits_for_the_homeserver_is_told_up_to_a_bound(stage: Stage) -> None:
    stage.warm_up()
    daemon = stage.daemon
    stage.proxy.pause()
    try:
        room_id = stage.room_id()
        stage.publish(add_room(room(room_id), *(stage.user() for _ in range(250))))
        daemon.wait_line("event=homeserver-(paused|unavailable)")
        daemon.signal(signal.SIGUSR1)
        daemon.wait_line("event=waiting-in-all subjects=251 messages=1")
        told = [line for line in daemon.lines if line.fields.get("event") == "waiting"]
        assert len(told) == 200
        assert any(line.fields["for"] in ("gate", "session") and line.fields["reason"] for line in told)
    finally:
        daemon.kill()  # to do all that is not the point
        stage.proxy.resume()


# --- signals ---------------------------------------------------------------------------------------------------------

CATCHABLE = sorted(set(range(1, 32)) - {signal.SIGKILL, signal.SIGSTOP})
STOPPING = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}
PAUSING = {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}


def test_no_signal_ends_it_without_a_drain(stage: Stage) -> None:
    user = stage.user()
    stage.warm_up()
    daemon = stage.daemon
    fault = stage.proxy.fault(f"/users/{user}", "PUT", hold=True)
    stage.publish(add_user(user, name="Ada"))
    fault.wait_hit()
    for number in [*CATCHABLE, signal.SIGRTMIN, signal.SIGRTMAX]:
        if number not in STOPPING:
            daemon.signal(number)
        if number in PAUSING:
            daemon.signal(signal.SIGCONT)
    daemon.wait_line("event=waiting-in-all")
    daemon.signal(signal.SIGTERM)
    for number in [*CATCHABLE, signal.SIGRTMIN, signal.SIGRTMAX]:
        if number not in STOPPING | PAUSING:
            daemon.signal(number)
    daemon.wait_line("event=waiting-in-all", count=2)
    assert daemon.alive()
    fault.release()
    assert stage.ends()[0].outcome == "done"
    assert daemon.wait() == 0


@pytest.mark.parametrize("number", sorted(STOPPING), ids=str)
def test_each_of_those_that_stop_it_lets_it_finish(stage: Stage, number: int) -> None:
    user = stage.user()
    stage.warm_up()
    daemon = stage.daemon
    fault = stage.proxy.fault(f"/users/{user}", "PUT", hold=True)
    stage.publish(add_user(user, name="Ada"))
    fault.wait_hit()
    daemon.signal(signal.Signals(number))
    daemon.wait_line("event=stopping")
    fault.release()
    assert daemon.wait() == 0
    assert stage.ends()[0].outcome == "done"


def test_a_drain_ends_with_its_limit(stage: Stage) -> None:
    daemon, fault = stage_held(stage, SYNC__DRAIN_SECONDS="2")
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    daemon.wait_line("event=stopped .*left_for_redelivery=1")
    assert stage.queue.waiting() == 1
    fault.release()


@pytest.mark.parametrize("number", sorted(STOPPING), ids=str)
def test_a_second_signal_ends_the_drain_at_once(stage: Stage, number: int) -> None:
    daemon, fault = stage_held(stage, SYNC__DRAIN_SECONDS="300")
    daemon.signal(signal.SIGTERM)
    daemon.wait_line("event=stopping ")
    daemon.signal(signal.Signals(number))
    assert daemon.wait() == 0
    daemon.wait_line("event=stopped-at-once .*left_for_redelivery=1")
    assert stage.queue.waiting() == 1
    fault.release()


def stage_held(stage: Stage, **settings: str) -> tuple[Daemon, Fault]:
    """A message is under way that nothing ends but the end of the drain: a request that fails would, too."""
    user = stage.user()
    daemon = stage.start(HTTP__REQUEST_SECONDS="600", **settings)
    stage.warm_up()
    fault = stage.proxy.fault(f"/users/{user}", "PUT", hold=True)
    stage.publish(add_user(user, name="Ada"))
    fault.wait_hit()
    return daemon, fault

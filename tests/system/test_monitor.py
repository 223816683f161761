"""What the daemon shows of itself: to a probe, to Prometheus, and to a person."""

from __future__ import annotations

import http.client
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import browser
from lab.daemon import REPOSITORY, Daemon, run_to_end
from lab.message import add_room, add_user, member, remove_room, remove_user, room
from lab.process import free_port, wait_until
from lab.queue import Queue
from lab.rabbitmq import RabbitMQ
from stage import Stage

PATHS = ["/", "/livez", "/readyz", "/metrics"]
SHOTS = REPOSITORY / "build" / "screenshots"


class Monitor:
    """A daemon's monitor, as its clients see it."""

    def __init__(self, stage: Stage, **settings: str) -> None:
        self.port = free_port()
        self.daemon: Daemon = stage.start(MONITOR__LISTEN=f"127.0.0.1:{self.port}", **settings)
        self.daemon.wait_line("event=monitor-listens")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, method: str = "GET", headers: dict[str, str] | None = None,
            body: bytes | None = None) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body=body, headers=headers or {})
        reply = connection.getresponse()
        reply.text = reply.read().decode()  # type: ignore[attr-defined]
        connection.close()
        return reply

    def text(self, path: str) -> str:
        return self.ask(path).text  # type: ignore[attr-defined, no-any-return]

    def status(self, path: str, **request: Any) -> int:
        return self.ask(path, **request).status

    def value(self, name: str, **labels: str) -> float:
        """The sum over all series of that name that have these labels."""
        found = [float(number) for series, values, number in
                 re.findall(r"^(\w+)(?:\{(.*)\})? (\S+)$", self.text("/metrics"), re.MULTILINE)
                 if series == name and all(f'{key}="{value}"' in values for key, value in labels.items())]
        return sum(found)

    def wait_value(self, wanted: float, name: str, **labels: str) -> None:
        wait_until(lambda: self.value(name, **labels) == wanted, f"{name}{labels} to be {wanted}")

    def wait_ready(self) -> None:
        wait_until(lambda: self.status("/readyz") == 200, "the daemon to be ready")


@pytest.fixture
def monitor(stage: Stage) -> Monitor:
    return Monitor(stage)


# --- each path --------------------------------------------------------------------------------------------------------


def test_each_path_answers(monitor: Monitor) -> None:
    monitor.wait_ready()
    assert {path: monitor.status(path) for path in PATHS} == dict.fromkeys(PATHS, 200)
    assert monitor.text("/livez") == "alive\n" and monitor.text("/readyz") == "ready\n"
    for path in PATHS:
        asked = monitor.ask(path, method="HEAD")
        assert asked.status == 200 and asked.text == ""  # type: ignore[attr-defined]
    assert monitor.status("/nothing") == monitor.status("/page.html") == monitor.status("/..%2f/metrics") == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "EVIL"])
def test_nothing_can_be_done_through_it(monitor: Monitor, method: str) -> None:
    for path in PATHS:
        refused = monitor.ask(path, method=method, body=b"x" * 100)
        assert refused.status == 405 and refused.headers["Allow"] == "GET, HEAD"


def test_headers(monitor: Monitor) -> None:
    for path in [*PATHS, "/nothing"]:
        headers = monitor.ask(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer" and "Access-Control-Allow-Origin" not in headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy and "*" not in policy and "http" not in policy
    first = monitor.ask("/").headers["Content-Security-Policy"]
    wait_until(lambda: monitor.ask("/").headers["Content-Security-Policy"] != first, "another nonce")


def test_a_name_that_leads_here_does_not_show_the_page(monitor: Monitor) -> None:
    for host in ("evil.example", f"evil.example:{monitor.port}", "localhost.evil.example"):
        assert monitor.status("/", headers={"Host": host}) == 421
        assert monitor.status("/metrics", headers={"Host": host}) == 200  # of which containers know the name only
    for host in ("localhost", f"127.0.0.1:{monitor.port}", "[::1]:9595"):
        assert monitor.status("/", headers={"Host": host}) == 200


# --- where it listens -------------------------------------------------------------------------------------------------


def test_off(stage: Stage) -> None:
    stage.start(MONITOR__LISTEN="off").wait_line("event=homeserver-ready")
    assert "event=monitor" not in stage.daemon.log


def test_ipv6(stage: Stage) -> None:
    port = free_port()
    stage.start(MONITOR__LISTEN=f"[::1]:{port}").wait_line(rf"event=monitor-listens address=\[::1\]:{port}")
    connection = http.client.HTTPConnection("::1", port, timeout=20)
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    assert "event=monitor-open" not in stage.daemon.log


def test_whoever_opens_it_to_all_is_told(stage: Stage) -> None:
    assert stage.start(MONITOR__LISTEN=f"0.0.0.0:{free_port()}").wait_line("event=monitor-open").is_warning


@pytest.mark.parametrize("value", ["9595", "localhost:9595", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", "[::1:1"])
def test_what_is_no_address_is_refused(value: str) -> None:
    refused = run_to_end(["config"], {"MONITOR__LISTEN": value})
    assert refused.returncode == 78
    assert "MONITOR__LISTEN" in refused.stderr and "127.0.0.1:9595" in refused.stderr


def test_a_port_in_use_does_not_stop_the_work(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        daemon = stage.start(MONITOR__LISTEN=f"127.0.0.1:{port}")
        assert daemon.wait_line(f"event=monitor-unavailable .*{port}: Address already in use").is_warning
        stage.done(add_user(stage.user(), name="Ada"))
    daemon.wait_line("event=monitor-listens")


# --- being ready ------------------------------------------------------------------------------------------------------


def test_not_ready_while_the_homeserver_is_away(stage: Stage, monitor: Monitor) -> None:
    monitor.wait_ready()
    stage.proxy.pause()
    try:
        stage.publish(add_user(stage.user(), name="Ada"))
        wait_until(lambda: monitor.status("/readyz") == 503, "it to be noticed")
        assert monitor.text("/readyz").startswith("homeserver: not ready: ")
        assert monitor.status("/livez") == 200
        assert "Not ready" in monitor.text("/")
        wait_until(lambda: monitor.value("synapse_sync_ready") == 0, "it to be counted")
        assert monitor.value("synapse_sync_peer_ready", peer="broker") == 1
        assert monitor.value("synapse_sync_peer_ready", peer="homeserver") == 0
    finally:
        stage.proxy.resume()
    stage.ends(1)
    monitor.wait_ready()


def test_not_ready_while_the_broker_is_away(stage: Stage) -> None:
    with RabbitMQ() as broker:
        queue = Queue(broker, stage.queue.name)
        monitor = Monitor(stage, RABBITMQ_URI=broker.uri)
        monitor.wait_ready()
        assert monitor.value("synapse_sync_reconnects_total", peer="broker") == 0
        broker.kill()
        wait_until(lambda: monitor.status("/readyz") == 503, "it to be noticed")
        assert monitor.text("/readyz").startswith("broker: not ready: ")
        assert monitor.status("/livez") == 200
        broker.start()
        monitor.wait_ready()
        monitor.wait_value(1, "synapse_sync_reconnects_total", peer="broker")
        monitor.daemon.stop()
        assert queue


# --- what is counted --------------------------------------------------------------------------------------------------


def test_messages_are_counted_by_method_and_outcome(stage: Stage, monitor: Monitor) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.done(add_room(room(room_id)))
    stage.done(add_user(user, room(room_id), name="Ada"))
    stage.rejected(add_user("@somebody:elsewhere.example"), "foreign-server")
    stage.rejected(b"this is no JSON", "invalid-json")
    stage.done(remove_user(user))
    stage.done(remove_room(room_id))
    monitor.wait_value(1, "synapse_sync_messages_total", method="removeRoom", outcome="done")
    told = {(method, outcome): monitor.value("synapse_sync_messages_total", method=method, outcome=outcome)
            for method in ("addUser", "addRoom", "removeUser", "removeRoom", "unreadable")
            for outcome in ("done", "rejected")}
    assert told == {("addUser", "done"): 1, ("addUser", "rejected"): 1, ("addRoom", "done"): 1,
                    ("addRoom", "rejected"): 0, ("removeUser", "done"): 1, ("removeUser", "rejected"): 0,
                    ("removeRoom", "done"): 1, ("removeRoom", "rejected"): 0, ("unreadable", "rejected"): 1,
                    ("unreadable", "done"): 0}
    assert monitor.value("synapse_sync_dead_letters_total", code="foreign-server") == 1
    assert monitor.value("synapse_sync_dead_letters_total", code="invalid-json") == 1
    assert monitor.value("synapse_sync_message_duration_seconds_count") == 5
    assert monitor.value("synapse_sync_messages_in_flight") == 0


def test_requests_are_counted_by_route_and_code(stage: Stage, monitor: Monitor) -> None:
    monitor.wait_ready()
    stage.proxy.forget()
    before = monitor.value("synapse_sync_http_requests_total", route="/_synapse/admin/v2/users/{user}", method="PUT")
    stage.done(add_user(stage.user(), name="Ada"))
    created = {"method": "PUT", "route": "/_synapse/admin/v2/users/{user}", "code": "201"}
    monitor.wait_value(before + 1, "synapse_sync_http_requests_total", **created)
    assert monitor.value("synapse_sync_http_requests_total", method="GET", code="404") >= 1
    text = monitor.text("/metrics")
    assert "?" not in "".join(re.findall(r'route="(.*?)"', text)) and '="other"' not in text
    assert len(re.findall(r"^synapse_sync_http_request_duration_seconds_count", text, re.MULTILINE)) > 3


def test_what_is_held_is_told_with_its_reason(stage: Stage, monitor: Monitor) -> None:
    monitor.wait_ready()
    refusal = stage.proxy.fault("createRoom", status=403, body={"errcode": "ORG.EXAMPLE", "error": "<b>not today</b>"})
    stage.publish(add_room(room(stage.room_id())))
    monitor.wait_value(1, "synapse_sync_messages_held", call="create-room")
    monitor.wait_value(1, "synapse_sync_messages_in_flight")
    page = monitor.text("/")
    assert "create-room" in page and "&lt;b&gt;not today&lt;/b&gt;" in page and "<b>" not in page
    stage.proxy.clear()
    stage.ends(1)
    monitor.wait_value(0, "synapse_sync_messages_held")
    assert monitor.value("synapse_sync_retries_total") >= 1
    assert refusal


def test_no_user_and_no_room_is_in_a_label(stage: Stage, monitor: Monitor) -> None:
    user, room_id = stage.user("pupil"), stage.room_id()
    stage.done(add_room(room(room_id), user), add_user(user, room(room_id), name="Ada", welcome="hello"))
    monitor.wait_value(1, "synapse_sync_messages_total", method="addUser", outcome="done")
    text = monitor.text("/metrics")
    for name in ("pupil", room_id, "Ada", "@", "#room", "!"):
        assert name not in re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
    assert user in monitor.text("/")


def promtool(*arguments: str, stdin: str = "") -> None:
    checked = subprocess.run(["promtool", *arguments], input=stdin, text=True, capture_output=True, check=False)
    assert checked.returncode == 0 and not checked.stderr, checked.stdout + checked.stderr


def busy(stage: Stage) -> None:
    """Some of everything."""
    rooms, users = [stage.room_id() for _ in range(3)], [stage.user("pupil") for _ in range(8)]
    stage.done(*(add_room(room(room_id), *(member(user) for user in users)) for room_id in rooms),
               *(add_user(user, room(rooms[0]), name="Ada", welcome="Hello") for user in users))
    stage.rejected(add_user("@x:elsewhere.example"), "foreign-server")
    stage.rejected({"method": "dance"}, "unknown-method")
    stage.done(remove_user(stage.homeserver.user_id("<script>alert(1)</script>")))
    stage.done(remove_user(users[0]), remove_room(rooms[2]))


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_prometheus_understands_it(stage: Stage, monitor: Monitor) -> None:
    promtool("check", "metrics", stdin=monitor.text("/metrics"))
    busy(stage)
    text = monitor.text("/metrics")
    promtool("check", "metrics", stdin=text)
    for name in re.findall(r"^# TYPE (\S+)", text, re.MULTILINE):
        assert name.startswith(("synapse_sync_", "process_"))


# --- hostile clients --------------------------------------------------------------------------------------------------


def resident(daemon: Daemon) -> int:
    """Bytes."""
    return 1024 * int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{daemon.pid}/status").read_text())[1])  # type: ignore


@pytest.fixture
def half_open(monitor: Monitor) -> Iterator[list[socket.socket]]:
    """Five hundred clients: silent ones, and such as have begun and never end."""
    clients = []
    for number in range(500):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", monitor.port))
        clients.append(client)
        if number % 3:
            try:
                client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"x" * (number % 2000))
            except OSError:
                pass
    yield clients
    for client in clients:
        client.close()


def test_half_open_clients_hold_up_nothing(stage: Stage, monitor: Monitor, half_open: list[socket.socket]) -> None:
    before = resident(monitor.daemon)
    users = [stage.user() for _ in range(50)]
    stage.done(*(add_user(user, name="Ada") for user in users))
    assert resident(monitor.daemon) - before < 4 << 20
    assert len(list(Path(f"/proc/{monitor.daemon.pid}/fd").iterdir())) < 80
    assert "event=connection-lost" not in monitor.daemon.log
    assert "event=homeserver-unavailable" not in monitor.daemon.log
    for client in half_open:
        client.close()
    wait_until(lambda: _answers(monitor), "it to answer again")


def _answers(monitor: Monitor) -> bool:
    try:
        return monitor.status("/livez") == 200
    except OSError:
        return False


def test_who_sends_a_byte_now_and_then_is_cut(monitor: Monitor) -> None:
    """Each byte is a sign of life, but nobody gets more than his time."""
    client = socket.create_connection(("127.0.0.1", monitor.port))
    client.send(b"GET / HTTP/1.1\r\nX-Slow: ")

    def is_cut() -> bool:
        try:
            client.send(b"x")
            client.setblocking(False)
            return client.recv(1) == b""
        except BlockingIOError:
            time.sleep(0.5)
            return False
        except OSError:
            return True

    wait_until(is_cut, "the slow client to be cut")
    assert monitor.status("/livez") == 200


@pytest.mark.parametrize("request_", [
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100000 + b"\r\n\r\n", b"GET /" + b"x" * 100000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 50, b"\0" * 5000, b"GET\r\n\r\n", b"\r\n" * 20000,
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: localhost\r\n\r\nffffffffffffffff\r\n" + b"x" * 100000,
    b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000])
def test_bad_requests_do_no_harm(monitor: Monitor, request_: bytes) -> None:
    with socket.create_connection(("127.0.0.1", monitor.port), timeout=20) as client:
        try:
            client.sendall(request_)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
        except OSError:
            pass
    assert monitor.status("/livez") == 200
    assert resident(monitor.daemon) < 32 << 20


def test_memory_with_the_monitor_on(stage: Stage, monitor: Monitor) -> None:
    busy(stage)
    for path in PATHS * 20:
        monitor.ask(path)
    assert resident(monitor.daemon) <= 16 << 20
    wait_until(lambda: "-" not in monitor.text("/readyz"), "ready")


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_tells_what_happened(stage: Stage, monitor: Monitor) -> None:
    busy(stage)
    wait_until(lambda: "unknown-method" in monitor.text("/"), "the page to tell")
    page = monitor.text("/")
    assert "removeRoom" in page and "foreign-server" in page and "<svg" in page
    for changes in (r"created users: \d", "created rooms: 1, joined: 8", "removed rooms: 1"):
        assert re.search(changes, page)
    assert page.count("<script") == 1 and "alert(1)" not in page.replace("&lt;script&gt;alert(1)", "")
    assert not re.findall(r'(?:src|href|action)="', page), "nothing from elsewhere, and nothing to be sent"


@pytest.mark.skipif(not browser.is_installed(), reason="Chromium is not installed")
def test_the_page_in_a_browser(stage: Stage, monitor: Monitor) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    busy(stage)
    chromium = browser.Browser()
    try:
        for name, width, dark, telephone in [("light", 1200, False, False), ("dark", 1200, True, False),
                                             ("telephone", 390, True, True)]:
            chromium.screen(width, 844, dark, telephone)
            chromium.open(monitor.url)
            assert "All is well" in chromium.text() and "removeRoom" in chromium.text()
            wide = chromium.run("return document.documentElement.scrollWidth")
            assert wide <= width, f"{name}: it is {wide} pixels wide"
            chromium.screenshot(SHOTS / f"monitor-{name}.png")
        # By itself it tells what is new, and what the browser refused would be in its log.
        room_id = stage.room_id()
        stage.done(add_room(room(room_id)))
        wait_until(lambda: room_id in chromium.text(), "the page to renew itself")
        monitor.daemon.stop()
        wait_until(lambda: "does not answer" in chromium.text(), "the page to say that it is old")
        refused = [line for line in chromium.log() if "favicon" not in line and "ERR_CONNECTION_REFUSED" not in line]
        assert not refused, refused
    finally:
        chromium.close()


@pytest.mark.skipif(not browser.is_installed(), reason="Chromium is not installed")
def test_the_page_without_script(stage: Stage, monitor: Monitor) -> None:
    busy(stage)
    chromium = browser.Browser()
    try:
        chromium.script(allowed=False)
        chromium.open(monitor.url)
        assert "removeRoom" in chromium.text()
    finally:
        chromium.close()


# --- healthcheck ------------------------------------------------------------------------------------------------------


def test_healthcheck(stage: Stage, monitor: Monitor) -> None:
    alive = run_to_end(["healthcheck"], monitor.daemon.env)
    assert alive.returncode == 0 and alive.stdout == "alive\n"
    monitor.daemon.stop()
    gone = run_to_end(["healthcheck"], monitor.daemon.env)
    assert gone.returncode == 1 and str(monitor.port) in gone.stderr
    off = run_to_end(["healthcheck"], {**monitor.daemon.env, "MONITOR__LISTEN": "off"})
    assert off.returncode == 1 and "MONITOR__LISTEN is off" in off.stderr
    assert stage


def test_healthcheck_finds_who_listens_everywhere(stage: Stage) -> None:
    for address in ("0.0.0.0", "[::]"):
        daemon = stage.start(MONITOR__LISTEN=f"{address}:{free_port()}")
        daemon.wait_line("event=monitor-listens")
        assert run_to_end(["healthcheck"], daemon.env).returncode == 0
        daemon.stop()


def test_healthcheck_tells_who_is_stuck(monitor: Monitor) -> None:
    monitor.daemon.signal(signal.SIGSTOP)
    try:
        assert run_to_end(["healthcheck"], monitor.daemon.env).returncode == 1
    finally:
        monitor.daemon.signal(signal.SIGCONT)


# --- what is made for Prometheus and Grafana --------------------------------------------------------------------------

MONITORING = REPOSITORY / "data" / "monitoring"


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_the_alert_rules() -> None:
    promtool("check", "rules", str(MONITORING / "alerts.yaml"))
    promtool("test", "rules", str(Path(__file__).parent / "alerts_test.yaml"))


def test_dashboard_and_rules_use_what_there_is(stage: Stage, monitor: Monitor) -> None:
    busy(stage)
    known = set(re.findall(r"^(\w+)[{ ]", monitor.text("/metrics"), re.MULTILINE))
    for name in ("alerts.yaml", "dashboard.json"):
        used = set(re.findall(r"\b(?:synapse_sync|process)_[a-z_]+", (MONITORING / name).read_text(encoding="utf-8")))
        assert used and not used - known, f"{name} uses what is not there: {used - known}"

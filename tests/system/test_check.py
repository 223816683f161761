"""`synapse-sync check`: what it says of servers that are well, and of everything that can be wrong with them."""

from __future__ import annotations

import email.utils
import json
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.daemon import Daemon, run_to_end
from lab.message import add_user
from lab.process import free_port
from lab.tls import Authority, Front
from stage import Stage, unique

URI = "MATRIX_MESSENGER__URI"
SERVERNAME = "MATRIX_MESSENGER__SERVERNAME"
SYNC_USER_NAME = "MATRIX_MESSENGER__SYNC_USER_NAME"
PASSWORD = "MATRIX_MESSENGER__SYNC_USER_PASSWORD"
TOKEN = "MATRIX_MESSENGER__SYNC_USER_TOKEN"
SECRET = "MATRIX_MESSENGER__SECRET"
BROKER = "RABBITMQ_URI"
QUEUE = "RABBITMQ_MATRIX_QUEUE_EXTERNAL"


@dataclass(frozen=True)
class Checked:
    """What a check said."""

    status: int
    findings: list[dict[str, str]]

    def of(self, area: str, name: str, status: str | None = None) -> dict[str, str]:
        found = [finding for finding in self.findings if finding["area"] == area and finding["name"] == name and
                 status in (None, finding["status"])]
        assert found, f"nothing of {area} {name} {status or ''} in {json.dumps(self.findings, indent=1)}"
        return found[0]

    def error(self, area: str, name: str, *words: str) -> None:
        """It is told as an error, with what to do; the words are somewhere in it."""
        assert self.status == 1, self.findings
        finding = self.of(area, name, "error")
        assert finding["advice"], finding
        for word in words:
            assert word in finding["detail"] + finding["advice"], finding

    def warning(self, area: str, name: str, *words: str) -> None:
        finding = self.of(area, name, "warning")
        for word in words:
            assert word in finding["detail"] + (finding["advice"] or ""), finding

    @property
    def errors(self) -> list[dict[str, str]]:
        return [finding for finding in self.findings if finding["status"] == "error"]


def check(env: dict[str, str], *args: str, folder: Path | None = None) -> Checked:
    ended = run_to_end(["--json", "check", *args], {"MONITOR__LISTEN": "off", **env}, folder)
    for name, value in env.items():
        if name in (PASSWORD, TOKEN, SECRET) and value:
            assert value not in ended.stdout + ended.stderr
    assert ended.returncode in (0, 1, 78), ended.stderr
    return Checked(ended.returncode, json.loads(ended.stdout))


def checked(stage: Stage, drop: tuple[str, ...] = (), **settings: str) -> Checked:
    env = {name: value for name, value in {**stage.environment, **settings}.items() if name not in drop}
    return check(env)


def broker_uri(stage: Stage, user: str, password: str, vhost: str = "") -> str:
    address = stage.school.broker.uri.partition("@")[2]
    return f"amqp://{user}:{password}@{address}{vhost}"


@pytest.fixture
def strangers(stage: Stage) -> Iterator[Any]:
    """Makes users of the broker with rights that are given as for rabbitmqctl."""
    made: list[str] = []

    def make(*rights: str) -> tuple[str, str]:
        name, password = unique("user"), secrets.token_hex(8)
        stage.school.broker.add_user(name, password)
        made.append(name)
        if rights:
            stage.school.broker.permit(name, *rights)
        return name, password

    yield make
    for name in made:
        stage.school.broker.remove_user(name)


# --- all is well ------------------------------------------------------------------------------------------------------


def test_where_all_is_well_nothing_is_wrong(stage: Stage) -> None:
    stage.queue.declare()
    said = checked(stage)
    assert said.status == 0 and not said.errors, said.findings
    assert "durable classic" in said.of("broker", stage.queue.name)["detail"]
    assert said.of("homeserver", "server name", "ok")["detail"] == stage.homeserver.server_name
    assert "Synapse 1." in said.of("homeserver", "homeserver", "ok")["detail"]
    for name in ("admin API", "sync user", "admin right", "clock", "registration", "room version", "rooms"):
        said.of("homeserver", name, "ok")


def test_people_read_one_line_for_each_finding(stage: Stage) -> None:
    ended = run_to_end(["check"], {**stage.environment, BROKER: "amqp://127.0.0.1:9"})
    *lines, last = ended.stdout.splitlines()
    assert ended.returncode == 1 and last.startswith("1 error, ")
    assert all(line.split()[0] in ("ok", "warning", "error") for line in lines)
    error, = [line for line in lines if line.startswith("error")]
    assert "broker" in error and "Connection refused" in error and " => " in error


def test_a_check_changes_nothing(stage: Stage) -> None:
    """Neither on the homeserver nor at the broker, and the daemon goes on with its token."""
    stage.done(add_user(stage.person(displayname="Ada"), name="Ada"))
    stage.daemon.stop()
    stage.queue.publish({"method": "nothing"}, {"method": "nothing"})
    devices = stage.homeserver.devices(stage.sync.user_id)
    stage.proxy.forget()
    assert checked(stage).status == 0
    writes = [str(request) for request in stage.proxy.requests() if request.method != "GET"]
    assert writes == ["POST /_matrix/client/v3/login -> 200", "POST /_matrix/client/v3/logout -> 200"]
    assert stage.homeserver.devices(stage.sync.user_id) == devices
    assert stage.queue.waiting() == 2


def test_with_a_token_a_check_only_reads(stage: Stage) -> None:
    stage.proxy.forget()
    assert checked(stage, (PASSWORD,), **{TOKEN: stage.sync.token}).status == 0
    assert stage.proxy.requests() and all(request.method == "GET" for request in stage.proxy.requests())
    assert not stage.queue.exists() and not stage.queue.exists(stage.queue.dlq)


def test_the_daemon_works_on_while_it_is_checked(stage: Stage) -> None:
    stage.warm_up()
    said = checked(stage)
    assert said.status == 0
    assert "one consumer" in [finding for finding in said.findings if finding["name"] == stage.queue.name][-1]["detail"]
    stage.proxy.forget()
    stage.done(add_user(stage.user("new"), name="New"))
    assert not stage.proxy.requests("POST", "/login$"), "its token was taken away"


# --- settings ---------------------------------------------------------------------------------------------------------


def test_all_mistakes_of_the_settings_are_told_with_78(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SYNC__ERASE=perhaps\nRABBITMQ_PREFETCH=many\n")
    said = check({}, folder=tmp_path)
    assert said.status == 78
    text = json.dumps(said.findings)
    assert ".env:1: SYNC__ERASE" in text and ".env:2: RABBITMQ_PREFETCH" in text
    assert run_to_end(["check"], {}, tmp_path).returncode == 78


def test_settings_are_told_with_their_sources(stage: Stage) -> None:
    stage.queue.declare()
    said = checked(stage)
    assert said.of("configuration", SERVERNAME)["detail"] == f"{stage.homeserver.server_name} (environment)"
    assert said.of("configuration", PASSWORD)["detail"] == "*** (environment)"
    assert not [finding for finding in said.findings if finding["name"] == "SYNC__ERASE"]


def test_a_file_with_a_secret_that_others_can_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"{URI}=http://127.0.0.1:9\n{SERVERNAME}=a.example\n{PASSWORD}=sesame\n{BROKER}=amqp://127.0.0.1:9\n")
    file.chmod(0o644)
    check({}, folder=tmp_path).warning("configuration", PASSWORD, ".env", "chmod")
    file.chmod(0o640)
    said = check({}, folder=tmp_path)
    assert not [finding for finding in said.findings if "chmod" in finding["detail"]]


def test_no_environment_looks_at_the_files_alone(tmp_path: Path) -> None:
    """Nobody is asked, and what may stand in the environment is no mistake."""
    (tmp_path / ".env").write_text(f"{URI}=http://127.0.0.1:9\n{SERVERNAME}=a.example\n")
    said = check({PASSWORD: "sesame", "SYNC__ERASE": "perhaps"}, "--no-environment", folder=tmp_path)
    assert said.status == 0 and {finding["area"] for finding in said.findings} == {"configuration"}
    said.warning("configuration", "no way to log in")
    (tmp_path / ".env").write_text("SYNC__ERASE=perhaps\n")
    assert check({}, "--no-environment", folder=tmp_path).status == 78


def test_options_of_others_are_refused() -> None:
    for line in (["--wait", "soon", "check"], ["--wait", "-1", "check"], ["--wait", "1", "run"],
                 ["--no-environment", "config"]):
        assert run_to_end(line).returncode == 2, line


# --- the broker -------------------------------------------------------------------------------------------------------


def test_the_broker_cannot_be_reached(stage: Stage) -> None:
    checked(stage, **{BROKER: "amqp://nobody.invalid"}).error("broker", "name", "nobody.invalid")
    checked(stage, **{BROKER: "amqp://127.0.0.1:9"}).error("broker", "port", "refused")


def test_another_server_is_no_broker(stage: Stage) -> None:
    checked(stage, **{BROKER: f"amqp://127.0.0.1:{stage.school.synapse.port}"}).error("broker", "login", "5672")


def test_tls_of_the_broker(stage: Stage, tmp_path: Path) -> None:
    ours, strangers = Authority(tmp_path, "ours"), Authority(tmp_path, "strangers")
    front = Front(stage.school.broker.port, ours.identity("server", "DNS:localhost")).start()
    secure = f"amqps://guest:guest@localhost:{front.port}"
    try:
        plain = stage.school.broker.uri.replace("amqp:", "amqps:")
        checked(stage, **{BROKER: plain}).error("broker", "TLS", "amqp://")
        checked(stage, **{BROKER: secure}).error("broker", "TLS", "RABBITMQ_CA_FILE")
        checked(stage, **{BROKER: secure, "RABBITMQ_CA_FILE": str(strangers.file)}).error("broker", "TLS", "certificate")
        checked(stage, **{BROKER: secure.replace("localhost", "127.0.0.1"),
                          "RABBITMQ_CA_FILE": str(ours.file)}).error("broker", "TLS", "127.0.0.1")
        checked(stage, **{BROKER: f"amqp://guest:guest@localhost:{front.port}"}).error("broker", "login", "amqps://")
        said = checked(stage, **{BROKER: secure, "RABBITMQ_CA_FILE": str(ours.file)})
        assert said.status == 0
        said.of("broker", "TLS", "ok")
        checked(stage, **{BROKER: secure + "?verify=verify_none"}).warning("broker", "TLS", "verify_none")
    finally:
        front.destroy()


def test_the_broker_does_not_let_us_in(stage: Stage, strangers: Any) -> None:
    name, password = strangers()
    checked(stage, **{BROKER: broker_uri(stage, name, "wrong")}).error("broker", "login", name, "RABBITMQ_URI")
    checked(stage, **{BROKER: broker_uri(stage, name, password)}).error("broker", "vhost", "set_permissions")
    checked(stage, **{BROKER: broker_uri(stage, name, password, "/nowhere")}).error("broker", "vhost", "add_vhost")


def test_rights_at_the_broker(stage: Stage, strangers: Any) -> None:
    stage.queue.declare()
    stage.queue.publish({"method": "nothing"})

    def with_rights(*rights: str) -> Checked:
        name, password = strangers(*rights)
        return checked(stage, **{BROKER: broker_uri(stage, name, password)})

    name = stage.queue.name
    assert with_rights(".*", ".*", ".*").status == 0
    tries = f"{name}_try"
    with_rights(".*", ".*", ".*").of("broker", tries, "ok")
    with_rights(f"{name}(_dlq)?$", ".*", ".*").warning("broker", tries, "may not make", "set_permissions")
    with_rights(".*", ".*", f"{name}(_dlq)?$").warning("broker", tries, "or read", "set_permissions")
    with_rights(".*", ".*", "nothing").error("broker", name, "may not read", "set_permissions")
    with_rights(".*", "nothing", ".*").error("broker", stage.queue.dlq, "may not write")
    said = with_rights("nothing", ".*", ".*")
    assert said.of("broker", name)["status"] in ("warning", "error")  # from RabbitMQ 4.3 on not even to be asked for
    said.error("broker", stage.queue.dlq, "set_permissions")
    assert stage.queue.waiting() == 1


def test_where_the_broker_counts_nothing_is_said_of_our_counts(stage: Stage) -> None:
    stage.queue.declare(arguments={"x-queue-type": "quorum"})
    said = checked(stage)
    assert said.status == 0 and not [finding for finding in said.findings if finding["name"].endswith("_try")]


def test_what_the_queue_does_not_promise(stage: Stage) -> None:
    stage.queue.declare(durable=False, arguments={"x-max-priority": 2})
    checked(stage).warning("broker", stage.queue.name, "not durable", "lost when the broker restarts")


def test_a_queue_of_somebody_elses_connection_is_told(stage: Stage) -> None:
    connection = stage.school.broker.connect()
    try:
        connection.channel().queue_declare(stage.queue.name, exclusive=True)
        checked(stage).error("broker", stage.queue.name, "405 RESOURCE_LOCKED", "exclusive")
    finally:
        connection.close()


def test_a_missing_queue_is_not_made(stage: Stage) -> None:
    name = stage.queue.name
    assert "durable classic" in checked(stage).of("broker", name, "ok")["detail"]
    assert "quorum" in checked(stage, RABBITMQ_QUEUE_DECLARE="quorum").of("broker", name, "ok")["detail"]
    checked(stage, RABBITMQ_QUEUE_DECLARE="passive").warning("broker", name, "waits")
    assert not stage.queue.exists() and not stage.queue.exists(stage.queue.dlq)


def test_dead_letters_that_wait_are_counted(stage: Stage) -> None:
    stage.rejected({"method": "dance"}, "unknown-method")
    stage.daemon.stop()
    said = checked(stage)
    assert said.status == 0
    assert [finding for finding in said.findings if finding["name"] == stage.queue.dlq and
            finding["status"] == "warning" and "1 dead letter" in finding["detail"]], said.findings
    assert stage.queue.waiting(stage.queue.dlq) == 1


def test_others_who_consume_are_told(stage: Stage) -> None:
    stage.queue.declare()
    connection = stage.school.broker.connect()
    try:
        for _ in range(2):
            connection.channel().basic_consume(stage.queue.name, lambda *_: None)
        checked(stage).warning("broker", stage.queue.name, "2 consumers")
    finally:
        connection.close()


# --- the way to the homeserver ----------------------------------------------------------------------------------------


def test_the_homeserver_cannot_be_reached(stage: Stage) -> None:
    checked(stage, **{URI: "http://nobody.invalid"}).error("homeserver", "name", "resolved")
    checked(stage, **{URI: "http://127.0.0.1:9"}).error("homeserver", "port", "refused")


def test_tls_of_the_homeserver(stage: Stage, tmp_path: Path) -> None:
    ours, strangers = Authority(tmp_path, "ours"), Authority(tmp_path, "strangers")
    front = Front(stage.school.synapse.port, ours.identity("server", "DNS:localhost")).start()
    secure = f"https://localhost:{front.port}"
    try:
        checked(stage, **{URI: stage.proxy.url.replace("http:", "https:")}).error(
            "homeserver", "TLS", f"set {URI}={stage.proxy.url}")
        checked(stage, **{URI: f"http://localhost:{front.port}"}).error("homeserver", "TLS", f"set {URI}={secure}")
        checked(stage, **{URI: secure}).error("homeserver", "TLS", "HTTP__CA_FILE")
        checked(stage, **{URI: secure, "HTTP__CA_FILE": str(strangers.file)}).error("homeserver", "TLS")
        said = checked(stage, **{URI: secure, "HTTP__CA_FILE": str(ours.file)})
        assert said.status == 0
        said.of("homeserver", "TLS", "ok")
    finally:
        front.destroy()


PAGE = b"<!DOCTYPE html><html><head><title>Welcome to nginx!</title></head><body>hello</body></html>"


def test_a_web_server_is_no_homeserver(stage: Stage) -> None:
    stage.proxy.fault(".*", status=200, body=PAGE)
    checked(stage).error("homeserver", "homeserver", "Welcome to nginx!", URI)
    stage.proxy.clear()
    stage.proxy.fault(".*", status=404, body=b"nothing here")
    checked(stage).error("homeserver", "homeserver", "404", URI)
    stage.proxy.clear()
    stage.proxy.fault(".*", status=301, headers={"Location": "https://elsewhere.example/"})
    checked(stage).error("homeserver", "homeserver", "elsewhere")


def test_an_outside_address_is_told_by_the_closed_admin_api(stage: Stage) -> None:
    stage.proxy.fault("^/_synapse", status=404, body=PAGE)
    said = checked(stage)
    said.error("homeserver", "admin API", "inside address", "404")
    assert len(said.errors) == 1, said.errors


def test_a_worker_without_the_admin_api_is_told(stage: Stage) -> None:
    stage.proxy.fault("^/_synapse", status=404, body={"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"})
    checked(stage).error("homeserver", "admin API", "main process")


def test_a_clock_that_is_wrong_is_told(stage: Stage) -> None:
    wrong = email.utils.formatdate(time.time() - 300, usegmt=True)
    stage.proxy.fault("/versions$", status=200, body={"versions": ["v1.11"]}, headers={"Date": wrong})
    said = checked(stage)
    said.warning("homeserver", "clock", "behind", "timedatectl")
    assert said.status == 0


def test_an_old_synapse_is_told(stage: Stage) -> None:
    stage.proxy.fault("/server_version$", status=200, body={"server_version": "1.98.0"})
    checked(stage).warning("homeserver", "homeserver", "1.98.0", "1.120")


def test_accounts_that_mas_keeps_are_told(stage: Stage) -> None:
    stage.proxy.fault("/auth_metadata$", status=200, body={"issuer": "https://account.example.school/"})
    stage.proxy.fault("/login$", status=404, body={"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"})
    said = checked(stage)
    said.error("homeserver", "accounts", "https://account.example.school/")
    assert len(said.errors) == 1 and not stage.proxy.requests("POST")


def test_open_registration_is_told(stage: Stage) -> None:
    stage.proxy.fault("/register/available$", status=200, body={"available": True})
    checked(stage).warning("homeserver", "registration", "enable_registration")


# --- the sync user ----------------------------------------------------------------------------------------------------


def test_a_wrong_server_name_is_told_as_such(stage: Stage) -> None:
    """By password, by token, by shared secret; never as a wrong password."""
    right = stage.homeserver.server_name
    for drop, given in (((), {}), ((PASSWORD,), {TOKEN: stage.sync.token})):
        said = checked(stage, drop, **{SERVERNAME: "wrong.example", **given})
        said.error("homeserver", "server name", f"set {SERVERNAME}={right}")
        assert len(said.errors) == 1, said.errors
    said = checked(stage, (PASSWORD,), **{SERVERNAME: "wrong.example", SECRET: "sesame"})
    said.error("homeserver", "server name", "wrong.example", SERVERNAME)
    assert len(said.errors) == 1, said.errors


def test_the_name_may_be_told_by_the_servers_key(stage: Stage) -> None:
    stage.proxy.fault("/_matrix/key/v2/server$", status=200, body={"server_name": "other.example"})
    stage.proxy.forget()
    checked(stage).error("homeserver", "server name", "other.example")
    assert not stage.proxy.requests("POST"), "a login that is bound to fail was tried"


def test_a_wrong_password_or_secret_or_token_is_told(stage: Stage) -> None:
    checked(stage, **{PASSWORD: "wrong password"}).error("homeserver", "sync user", PASSWORD)
    checked(stage, (PASSWORD,), **{SECRET: "wrong secret"}).error("homeserver", "sync user", SECRET)
    checked(stage, (PASSWORD,), **{TOKEN: "syt_wrong"}).error("homeserver", "sync user", TOKEN)


def test_a_missing_sync_user_is_told(stage: Stage) -> None:
    said = checked(stage, **{SYNC_USER_NAME: unique("nobody")})
    said.error("homeserver", "sync user", "there is no user", "register_new_matrix_user")


def test_a_token_of_somebody_else_is_told(stage: Stage) -> None:
    other = stage.school.synapse.register(unique("other"), admin=True)
    said = checked(stage, (PASSWORD,), **{TOKEN: other.token})
    said.error("homeserver", "sync user", other.user_id, SYNC_USER_NAME)


def test_who_is_no_admin_is_told(stage: Stage) -> None:
    user = stage.school.synapse.register(unique("plain"), "plain password")
    name = user.user_id[1:].partition(":")[0]
    said = checked(stage, **{SYNC_USER_NAME: name, PASSWORD: "plain password"})
    said.error("homeserver", "admin right", user.user_id)


def admin(stage: Stage, password: str = "an admin's password") -> tuple[str, dict[str, str]]:
    """The id of a further admin, and the settings by which it would be the sync user."""
    user = stage.school.synapse.register(unique("admin"), password, admin=True)
    return user.user_id, {SYNC_USER_NAME: user.user_id[1:].partition(":")[0], PASSWORD: password}


def test_suspended_locked_and_deactivated(stage: Stage) -> None:
    suspended, settings = admin(stage)
    stage.homeserver.admin.put(f"/_synapse/admin/v1/suspend/{suspended}", {"suspend": True})
    checked(stage, **settings).error("homeserver", "sync user", "suspended")
    locked, settings = admin(stage)
    token = stage.homeserver.log_in_as(locked).token
    stage.homeserver.put_user(locked, locked=True)
    checked(stage, (PASSWORD,), **{**settings, PASSWORD: "", TOKEN: token}).error("homeserver", "sync user", "locked")
    gone, settings = admin(stage)
    stage.homeserver.deactivate(gone)
    checked(stage, **settings).error("homeserver", "sync user")


def test_a_limit_of_the_rate_that_stays_is_told(stage: Stage) -> None:
    _, settings = admin(stage)
    assert "will lift it" in checked(stage, **settings).of("homeserver", "rate limit", "ok")["detail"]
    checked(stage, **settings, SYNC__LIFT_RATE_LIMIT="false").warning("homeserver", "rate limit")


def test_a_room_version_that_is_not_there_is_told(stage: Stage) -> None:
    checked(stage, SYNC__ROOM_VERSION="no-such").error("homeserver", "room version", "no-such", "SYNC__ROOM_VERSION")


def test_encrypted_rooms_and_large_ones_are_told(stage: Stage) -> None:
    room = {"room_id": "!r", "name": "Everybody", "joined_members": 1500, "creator": stage.sync.user_id,
            "encryption": "m.megolm.v1.aes-sha2"}
    stage.proxy.fault("/_synapse/admin/v1/rooms$", status=200, body={"rooms": [room], "total_rooms": 1})
    said = checked(stage)
    said.warning("homeserver", "encryption", "1 of 1")
    said.warning("homeserver", "rooms", "1500 members (Everybody)", "user_directory")


# --- waiting ----------------------------------------------------------------------------------------------------------


def test_wait_ends_when_all_is_well(stage: Stage) -> None:
    stage.queue.declare()
    stage.proxy.pause()
    waiting = Daemon(stage.environment, ["check", "--wait", "60"]).start()
    try:
        waiting.wait_line("waiting: homeserver: port")
        stage.proxy.resume()
        assert waiting.wait() == 0, waiting.log
    finally:
        waiting.destroy()


def test_wait_has_an_end(stage: Stage) -> None:
    env = {**stage.environment, PASSWORD: "wrong password"}
    began = time.monotonic()
    ended = run_to_end(["check", "--wait", "3"], env)
    assert ended.returncode == 1 and "sync user" in ended.stdout
    logins = stage.proxy.requests("POST", "/login$")
    assert len(logins) == 1, "a login that was refused is counted by Synapse, and must not be tried again and again"
    assert len(stage.proxy.requests("GET", "/versions$")) > 1
    assert time.monotonic() - began >= 3, "for so long, not less"


# --- peers that answer nonsense ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 200 OK\r\n\r\n{"])
def test_peers_that_talk_nonsense_are_told(stage: Stage, greeting: bytes) -> None:
    port = free_port()
    listener = socket.create_server(("127.0.0.1", port))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                client.sendall(greeting)

    threading.Thread(target=serve, daemon=True).start()
    try:
        said = checked(stage, **{URI: f"http://127.0.0.1:{port}", BROKER: f"amqp://127.0.0.1:{port}"})
        assert said.status == 1 and {finding["area"] for finding in said.errors} == {"broker", "homeserver"}
        assert all(finding["advice"] for finding in said.errors)
        if greeting.startswith(b"SSH"):
            said.error("homeserver", "address", "does not speak HTTP", "whether that port is the homeserver's")
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()

"""Canaries: a token or password in every place where one can be, failures of every kind, and not a piece of any of them
in whatever the program shows."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from lab.daemon import Daemon, run_to_end
from lab.mas import CLIENT
from lab.mas_school import MasSchool
from lab.message import add_room, add_user, room
from lab.process import free_port, wait_until
from lab.proxy import Proxy
from stage import Stage
from test_monitor import PATHS, Monitor

PIECE = 9  # characters of one: enough to know it again, and too many to be there by chance
PREFIX = "MATRIX_MESSENGER__"


def forms_of(secret: str) -> set[str]:
    """As it is, as in a URI, as in a header of Basic, in base64 wherever it begins, and in hexadecimal."""
    raw = secret.encode()
    encoded = {base64.b64encode(b"x" * shift + raw).decode()[4 * (shift > 0):-4] for shift in range(3)}
    return {secret, quote(secret, safe=""), raw.hex(), *encoded}


class Shown:
    """What the program has shown, each with where that was."""

    def __init__(self, *canaries: str) -> None:
        self.pieces = {form[i:i + PIECE] for canary in canaries for form in forms_of(canary)
                       for i in range(len(form) - PIECE + 1)}
        assert all(len(canary) >= PIECE for canary in canaries)

    def look_at(self, where: str, text: str) -> None:
        assert text, where
        found = [piece for piece in self.pieces if piece in text]
        assert not found, f"{where}: {found[0]} in {text}"

    def look_at_daemon(self, daemon: Daemon) -> None:
        self.look_at("the log", daemon.log)

    def look_at_processes(self) -> None:
        """Everybody on the machine may read these."""
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue  # it has ended
            self.look_at(str(file), line + " ")

    def look_at_command(self, env: dict[str, str], *line: str, stdin: str = "", folder: Path | None = None) -> int:
        ended = run_to_end(line, env, folder, stdin=stdin)
        self.look_at(" ".join(line), ended.stdout + ended.stderr)
        return ended.returncode

    def look_at_letters(self, stage: Stage) -> None:
        """Their bodies are what was sent, unchanged; their headers and properties are ours to look after."""
        for letter in stage.queue.dead_letters():
            self.look_at("a dead letter", f"{letter.properties!r} {letter.headers}")

    def look_at_monitor(self, monitor: Monitor) -> None:
        for path in PATHS:
            self.look_at(path, monitor.text(path) + str(monitor.ask(path).headers))


@pytest.fixture
def places(stage: Stage, tmp_path: Path) -> dict[str, str]:
    """A secret in every place: in the environment, in files that it names, and among systemd's credentials."""
    canaries = {name: secrets.token_urlsafe(24) for name in ("broker", "SECRET", "MAS_CLIENT_SECRET", "proxy", "user",
                                                             "TOKEN")}
    stage.school.broker.add_user(stage.queue.name, canaries["broker"])
    stage.school.broker.permit(stage.queue.name, ".*", ".*", ".*")
    return {**canaries, "PASSWORD": stage.school.sync_password}


def settings(stage: Stage, places: dict[str, str], folder: Path) -> dict[str, str]:
    """Of a daemon that works: it logs in with the password, and has no use for the rest."""
    address = stage.school.broker.uri.partition("@")[2]
    for name, secret in (("SYNC_USER_PASSWORD", "PASSWORD"), ("MAS_CLIENT_SECRET", "MAS_CLIENT_SECRET")):
        (folder / f"{PREFIX}{name}").write_text(places[secret])
    (folder / "secret").write_text(places["SECRET"] + "\n")
    return {"RABBITMQ_URI": f"amqp://{stage.queue.name}:{places['broker']}@{address}",
            f"{PREFIX}SECRET_FILE": str(folder / "secret"), f"{PREFIX}MAS_CLIENT_ID": "client",
            "CREDENTIALS_DIRECTORY": str(folder), "LOG__LEVEL": "debug"}


def hostile_messages(stage: Stage, places: dict[str, str]) -> list[object]:
    """Each is rejected. There are passwords where they belong and where they do not, and our own secrets anywhere."""
    user, password = stage.user(), places["user"]
    told = {f"note {name}": places[name] for name in ("broker", "SECRET", "MAS_CLIENT_SECRET", "PASSWORD")}
    return [
        {**add_user("@ada:elsewhere.example", password=password), **told},
        {**add_user(user, password=password), "method": "dance", **told},
        {"method": "addUser", "user": {"id": user, "password": {"is": password}}, "password": password},
        {"method": "addUser", "user": {"id": user, "password": [password] * 3, "email": "no address"}, **told},
        json.dumps(add_user(user, password=password)).encode()[:-3],
        b'{"user": {"password": "%b", "password": "%b"}}' % ((password.encode(),) * 2),
        f"password={password} {told}".encode(),
    ]


def harm(stage: Stage, places: dict[str, str]) -> None:
    """A homeserver that repeats all that it was told, each time in an answer of another kind."""
    told = " ".join(secret for name, secret in places.items() if name not in ("broker", "proxy"))
    for answer in ({"status": 500, "body": {"errcode": "M_UNKNOWN", "error": told}},
                   {"status": 429, "body": {"errcode": "M_LIMIT_EXCEEDED", "error": told, "retry_after_ms": 100}},
                   {"status": 403, "body": {"errcode": told, "error": told}},
                   {"status": 502, "body": f"<html><title>{told}</title>{told}".encode()},
                   {"status": 307, "headers": {"Location": f"http://127.0.0.1:1/{quote(told)}"}},
                   {"raw": f"HTTP/1.1 400 {told}\r\nX-Told: {told}\r\n\r\n{{\"error\": \"{told}".encode()},
                   {"raw": f"{told}\r\n\r\n".encode()}, {"cut": True}):
        fault = stage.proxy.fault("/_synapse/admin/v2/users/", times=1, **answer)
        stage.publish(add_user(stage.user(), name="Ada", password=places["user"]))
        fault.wait_hit()
        stage.ends()
        stage.proxy.clear()


@pytest.mark.parametrize("log_format", ["logfmt", "json"])
def test_not_a_piece_of_a_secret_gets_out(stage: Stage, places: dict[str, str], tmp_path: Path,
                                         log_format: str) -> None:
    shown = Shown(*places.values())
    env = settings(stage, places, tmp_path)
    monitor = Monitor(stage, **{**dict.fromkeys([f"{PREFIX}SYNC_USER_PASSWORD"], ""), **env})
    daemon = monitor.daemon
    stage.done(add_user(stage.user(), room(stage.room_id()), name="Ada", password=places["user"]),
               add_room(room(stage.room_id(), name="Room"), stage.user()))
    harm(stage, places)
    refusal = stage.proxy.fault("/_synapse/admin/v2/users/", method="PUT", status=400, body={
        "errcode": "M_INVALID_PARAM", "error": f"{places['user']} is no password"})
    stage.publish(*hostile_messages(stage, places), add_user(stage.user(), password=places["user"]))
    letters = len(hostile_messages(stage, places)) + 1
    stage.queue.wait_dead_letters(letters)
    refusal.release()
    stage.school.broker.close_connections()
    daemon.wait_line("event=connected", count=2)
    stage.proxy.pause()
    stage.publish(add_user(stage.user(), name="Bob", password=places["user"]))
    wait_until(lambda: monitor.status("/readyz") == 503, "the homeserver to be missed")
    shown.look_at_monitor(monitor)
    shown.look_at_processes()
    stage.proxy.resume()
    wait_until(lambda: stage.queue.depth().total == 0, "the last message to be done")
    shown.look_at_monitor(monitor)
    look_at_commands(shown, {**stage.environment, **env, f"{PREFIX}SYNC_USER_PASSWORD": "", "LOG__FORMAT": log_format},
                     stage, places, letters)
    shown.look_at_letters(stage)
    assert daemon.stop() == 0
    shown.look_at_daemon(daemon)
    look_at_mistakes(shown, stage, places, {**env, "LOG__FORMAT": log_format})


def look_at_commands(shown: Shown, env: dict[str, str], stage: Stage, places: dict[str, str], letters: int) -> None:
    requests = json.dumps(add_user(stage.user(), name="Ada", password=places["user"]))
    broken = requests[:-1] + f', "note": "{places["user"]}"'
    for line in (["check"], ["check", "--json"], ["config"], ["config", "--json"], ["audit"], ["audit", "--json"],
                 ["dlq", "list"], ["dlq", "list", "--json"]):
        assert shown.look_at_command(env, *line) in (0, 1)
    for number in range(1, letters + 1):
        assert shown.look_at_command(env, "dlq", "show", str(number)) == 0
        assert shown.look_at_command(env, "dlq", "show", str(number), "--json") == 0
    for line in (["plan"], ["plan", "--json"], ["apply"], ["apply", "--json"]):
        assert shown.look_at_command(env, *line, stdin=requests) == 0
        assert shown.look_at_command(env, *line, stdin=broken) == 1


def look_at_mistakes(shown: Shown, stage: Stage, places: dict[str, str], env: dict[str, str]) -> None:
    """What is refused, be it by a server, or by us before one is asked."""
    refused = {**stage.environment, **env, f"{PREFIX}SYNC_USER_PASSWORD": ""}
    without_credentials = {"CREDENTIALS_DIRECTORY": "", f"{PREFIX}MAS_CLIENT_ID": ""}
    for mistake in ({f"{PREFIX}SYNC_USER_TOKEN": places["TOKEN"]},
                    {f"{PREFIX}SYNC_USER_PASSWORD": places["TOKEN"], **without_credentials},
                    without_credentials,  # the shared secret
                    {"HTTP__PROXY": f"http://daemon:{places['proxy']}@127.0.0.1:{free_port()}"},
                    {"RABBITMQ_URI": env["RABBITMQ_URI"].replace(places["broker"], places["TOKEN"])}):
        daemon = stage.new_daemon(**{**refused, **mistake}).start()
        daemon.wait_line("homeserver-(refused|unavailable)|login-refused")
        shown.look_at_command({**refused, **mistake}, "check", "--json")
        shown.look_at_command({**refused, **mistake}, "config")
        assert daemon.stop() == 0
        shown.look_at_daemon(daemon)
    for mistake in ({"RABBITMQ_URI": f"amqp://u:{places['broker']}@h:port/"},
                    {"RABBITMQ_URI": f"amqp://u:{places['broker']}/x?@h"},
                    {"HTTP__PROXY": f"http://u:{places['proxy']}@@h:x"},
                    {"HTTP__PROXY": places["proxy"]},
                    {f"{PREFIX}SECRET": places["SECRET"]},  # beside its file
                    {f"{PREFIX}SYNC_USER_TOKEN_FILE": places["TOKEN"]},  # there is no such file
                    {f"{PREFIX}SYNC_USER_TOKENS": places["TOKEN"]}):
        for line in ([], ["check"], ["check", "--json"], ["config"]):
            assert shown.look_at_command({**refused, **mistake}, *line) == 78, (mistake, line)
    for name in (f"{PREFIX}SECRET", "RABBITMQ_URI", "HTTP__PROXY"):  # everybody could see it there
        assert shown.look_at_command(refused, "--set", f"{name}={places['TOKEN']}", "config") == 78


@pytest.fixture(scope="module")
def mas_stage() -> Iterator[Stage]:
    with MasSchool() as everything:
        between = Proxy(everything.synapse.port).start()
        one = Stage(everything, between)
        yield one
        one.close()
        between.destroy()


def test_not_a_piece_gets_out_where_mas_keeps_the_accounts(mas_stage: Stage) -> None:
    school = mas_stage.school
    assert isinstance(school, MasSchool) and school.sync_user is not None
    password = secrets.token_urlsafe(24)
    canaries = [school.sync_user.token, CLIENT[1], quote(CLIENT[1], safe="-._~"), password]
    env = {f"{PREFIX}MAS_CLIENT_ID": CLIENT[0], f"{PREFIX}MAS_CLIENT_SECRET": CLIENT[1], "LOG__LEVEL": "debug"}
    daemon = mas_stage.start(**env)
    mas_stage.done(add_user(mas_stage.user(), name="Ada", password=password))
    front = Proxy(school.mas.port).start()
    try:
        told = " ".join(canaries)
        other = mas_stage.start(**env, **{f"{PREFIX}MAS_URI": front.url}) if daemon.stop() == 0 else daemon
        for answer in ({"status": 500, "body": {"errors": [{"title": told}]}},
                       {"status": 400, "body": {"error": told, "errors": [{"title": told}]}},
                       {"status": 401, "body": {"errors": [{"title": told}]}},
                       {"raw": f"HTTP/1.1 200 {told}\r\n\r\n{told}".encode()}, {"cut": True}):
            fault = front.fault("/api/admin/v1/users", times=1, **answer)
            mas_stage.publish(add_user(mas_stage.user(), name="Ada", password=password))
            fault.wait_hit()
            mas_stage.ends()
            front.clear()
        front.fault("/oauth2/token", status=401, body={"error": told, "error_description": told})
        refused = mas_stage.new_daemon(**env, **{f"{PREFIX}MAS_URI": front.url}).start()
        refused.wait_line("homeserver-(refused|unavailable)")
        shown = Shown(*canaries, *school.mas.lab("state")["tokens"])
        for line in (["check"], ["check", "--json"], ["config"], ["config", "--json"]):
            shown.look_at_command({**mas_stage.environment, **env, f"{PREFIX}MAS_URI": front.url}, *line)
        shown.look_at_processes()
        for one in (refused, other):
            assert one.stop() == 0
        if mas_stage.queue.exists(mas_stage.queue.dlq):
            shown.look_at_letters(mas_stage)
        for one in (daemon, other, refused):
            shown.look_at_daemon(one)
    finally:
        front.destroy()

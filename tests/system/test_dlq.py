"""The dead letters in a person's hands: dlq list, show, retry and drop, on classic and on quorum queues."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import random
import subprocess
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pika
import pytest

from lab.daemon import executable, run_to_end
from lab.process import read_until
from lab.queue import Queue
from lab.rabbitmq import RabbitMQ
from stage import Stage, unique

CANARY = "canary-7f3a-pass"
KINDS = {"classic": {}, "quorum": {"x-queue-type": "quorum"},
         "limited": {"x-queue-type": "quorum", "x-delivery-limit": 3}}

Arguments = Mapping[str, Any]


@pytest.fixture(scope="module")
def broker() -> Iterator[RabbitMQ]:
    with RabbitMQ() as node:
        yield node


class Letters:
    """A queue with its dead letters, and the command for them."""

    def __init__(self, broker: RabbitMQ, arguments: Arguments | None = None, queue: Arguments | None = None) -> None:
        self.broker = broker
        self.queue = Queue(broker, unique("letters"))
        with broker.connect() as connection:
            channel = connection.channel()
            channel.queue_declare(self.queue.name, durable=True, arguments=dict(queue or {}))
            channel.queue_declare(self.queue.dlq, durable=True, arguments=dict(arguments or {}))

    @property
    def environment(self) -> dict[str, str]:
        return {"MATRIX_MESSENGER__URI": "http://127.0.0.1:1", "MATRIX_MESSENGER__SERVERNAME": "school.test",
                "MATRIX_MESSENGER__SECRET": "sesame-open-the-door", "RABBITMQ_URI": self.broker.uri,
                "RABBITMQ_MATRIX_QUEUE_EXTERNAL": self.queue.name}

    def add(self, body: Any, code: str = "invalid-message", **headers: Any) -> str:
        """As the daemon does; returns the digest."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        told = {"x-error": code, "x-error-detail": "user.id: expected text, got nothing",
                "x-original-queue": self.queue.name, "x-failed-at": "2026-01-02T03:04:05Z",
                **{name.replace("_", "-"): value for name, value in headers.items()}}
        with self.broker.connect() as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.basic_publish("", self.queue.dlq, raw, mandatory=True, properties=pika.BasicProperties(
                delivery_mode=2, priority=2, message_id="m-1",
                headers={name: value for name, value in told.items() if value is not None}))
        return hashlib.sha256(raw).hexdigest()[:12]

    def run(self, *args: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return run_to_end(["dlq", *args], {**self.environment, **settings})

    def listed(self) -> list[dict[str, Any]]:
        shown = self.run("list", "--json")
        assert shown.returncode == 0, shown.stderr
        rows: list[dict[str, Any]] = json.loads(shown.stdout)
        return rows

    def bodies(self) -> list[bytes]:
        """Of the dead letters. Looking at a quorum queue is counted, so tests look there as seldom as they can."""
        return [letter.body for letter in self.queue.dead_letters()]


@pytest.fixture(params=KINDS)
def letters(broker: RabbitMQ, request: pytest.FixtureRequest) -> Letters:
    return Letters(broker, KINDS[request.param])


def add_user(number: int = 1, **user: Any) -> dict[str, Any]:
    return {"method": "addUser", "user": {"id": f"@user{number}:school.test", **user}}


# --- list and show --------------------------------------------------------------------------------------------------

def test_list_tells_what_each_letter_is(letters: Letters) -> None:
    digest = letters.add(add_user())
    letters.add({"method": "addRoom", "room": {"type": "course", "id": "7b", "name": "Seven"}}, "alias-conflict",
                x_error_detail="#course_7b:school.test leads to !x:school.test, which is a room made by @mallory: …")
    letters.add(b"{'no json", "invalid-json", x_error_detail=None, x_failed_at=None)
    shown = letters.run("list")
    heading, first, second, third = shown.stdout.splitlines()
    assert shown.returncode == 0
    assert heading.split() == ["N", "AGE", "CODE", "PLACE", "METHOD", "SUBJECT", "DIGEST"]
    assert first.split()[0] == "1" and first.split()[1].endswith("d")
    assert first.split()[2:] == ["invalid-message", "user.id", "addUser", "@user1:school.test", digest]
    assert second.split()[2:6] == ["alias-conflict", "-", "addRoom", "#course_7b"]
    assert third.split()[:6] == ["3", "-", "invalid-json", "-", "-", "-"]
    told = letters.listed()
    assert [row["number"] for row in told] == [1, 2, 3] and told[0]["digest"] == digest
    assert told[0]["failed_at"] == "2026-01-02T03:04:05Z" and told[2]["failed_at"] is None
    assert told[0]["detail"] == "user.id: expected text, got nothing" and told[0]["age_seconds"] > 0


def test_looking_often_loses_nothing_and_keeps_the_order(letters: Letters) -> None:
    digests = [letters.add(add_user(number)) for number in range(5)]
    for _ in range(9):
        assert [row["digest"] for row in letters.listed()] == digests
        assert letters.run("show", "2").returncode == 0
    assert letters.queue.waiting(letters.queue.dlq) == 5
    assert letters.queue.dead_letters()[0].headers["x-error"] == "invalid-message"


def test_show_tells_all_but_passwords(letters: Letters) -> None:
    letters.add(add_user(password=CANARY, name="Ada \u202e"), x_trace="t-1", x_password=CANARY,
                x_first=json.dumps(add_user(password=CANARY)))
    shown = letters.run("show", "1")
    assert shown.returncode == 0 and CANARY not in shown.stdout + shown.stderr
    assert '    "password": "***"' in shown.stdout
    assert "because: user.id: expected text, got nothing" in shown.stdout
    assert "  x-trace: t-1" in shown.stdout and "  message-id: m-1" in shown.stdout
    assert "\\u202e" in shown.stdout and "\u202e" not in shown.stdout
    told = json.loads(letters.run("show", "1", "--json").stdout)
    assert told["body"]["user"] == {"id": "@user1:school.test", "password": "***", "name": "Ada \u202e"}
    assert told["headers"]["x-trace"] == "t-1" and told["headers"]["x-password"] == "***"


@pytest.mark.parametrize("body", [
    b'{"method": "addUser", "user": {"password": "%s", }}', b"{'user': {'password': '%s'}}",
    b'{"password": "a", "password": "%s"}', b'{"password": {"is": "%s"}, }', b'{"user": {"password": "%s',
    b'{"pass\\u0077ord": "%s",', b'password=%s', b'"{\\"password\\": \\"%s\\"}"', b'\0\xff{"PassWord" : "x\\"%s"',
    b'cGFzc3dvcmQ= %s', b'{"a": "sesame-open-the-door", "Password": "%s"}'])
def test_no_password_gets_out_of_what_is_no_json_either(broker: RabbitMQ, body: bytes) -> None:
    letters = Letters(broker)
    letters.add(body.replace(b"%s", CANARY.encode()), "invalid-json")
    for args in (["list"], ["list", "--json"], ["show", "1"], ["show", "1", "--json"]):
        shown = letters.run(*args)
        assert shown.returncode == 0 and CANARY not in shown.stdout + shown.stderr, args
        assert "sesame-open" not in shown.stdout


@pytest.mark.parametrize("settings", [
    {"HTTP__PROXY": "http://u:%s@127.0.0.1:1"}, {"MATRIX_MESSENGER__SECRET": "%s"},
    {"MATRIX_MESSENGER__SYNC_USER_PASSWORD": "%s"}, {"MATRIX_MESSENGER__SYNC_USER_TOKEN": "%s"},
    {"MATRIX_MESSENGER__MAS_CLIENT_ID": "client", "MATRIX_MESSENGER__MAS_CLIENT_SECRET": "%s"},
], ids=lambda settings: list(settings)[-1])
def test_no_secret_of_ours_is_shown(broker: RabbitMQ, settings: dict[str, str]) -> None:
    letters = Letters(broker)
    letters.add({"method": "addUser", "user": {"id": "@user1:school.test", "name": f"Ada ({CANARY})"}})
    for args in (["show", "1"], ["show", "1", "--json"]):
        shown = letters.run(*args, **{name: value.replace("%s", CANARY) for name, value in settings.items()})
        assert shown.returncode == 0 and CANARY not in shown.stdout + shown.stderr, args


def test_what_is_no_json_is_shown_as_visible_text_and_bounded(broker: RabbitMQ) -> None:
    letters = Letters(broker)
    letters.add(b"first \x1b[31m\nsecond\x00behind" + b"x" * 200_000, "invalid-json")
    shown = letters.run("show", "1").stdout
    assert "first \\u001b[31m\nsecond" in shown and "behindxxx" in shown and "\x1b" not in shown
    assert shown.endswith("(the rest is not shown)\n") and len(shown) < 80_000


def test_a_letter_that_is_not_there_is_named(letters: Letters) -> None:
    letters.add(add_user())
    for args in (["show", "2"], ["retry", "alias-conflict"], ["drop", "--yes", "abcdef123456"]):
        refused = letters.run(*args)
        assert refused.returncode == 1 and f"{args[-1]}: no such letter" in refused.stderr
    assert len(letters.listed()) == 1


# --- retry ----------------------------------------------------------------------------------------------------------

def test_retry_sends_again_what_was_sent_first(letters: Letters) -> None:
    body = b' {"method":"removeRoom", "room":{"id":"x"}}'
    letters.add(body, x_mine="kept", x_error_digest="0" * 12)
    done = letters.run("retry")
    assert done.returncode == 0 and "1 sent again: they come last in queue" in done.stdout
    with letters.broker.connect() as connection:
        _, properties, sent = connection.channel().basic_get(letters.queue.name, auto_ack=True)
    assert sent == body and properties.message_id == "m-1"
    assert properties.priority == 2 and properties.delivery_mode == 2
    assert {name for name in properties.headers if name != "x-delivery-count"} == {"x-mine"}
    assert letters.queue.waiting(letters.queue.dlq) == 0


def test_retry_takes_only_what_is_meant(letters: Letters) -> None:
    digests = [letters.add(add_user(number), code) for number, code in
               enumerate(["invalid-message", "alias-conflict", "removal-brake", "removal-brake", "invalid-json"])]
    assert letters.run("retry", "1", "removal-brake", digests[4][:6]).returncode == 0
    assert [row["digest"] for row in letters.listed()] == [digests[1]]
    assert [json.loads(body)["user"]["id"] for body in letters.queue.messages()] == [
        f"@user{number}:school.test" for number in (0, 2, 3, 4)]


def test_equal_letters_are_all_meant_by_their_digest(letters: Letters) -> None:
    digest = [letters.add(add_user()) for _ in range(3)][0]
    assert letters.run("drop", "--yes", "2").returncode == 0
    assert [row["digest"] for row in letters.listed()] == [digest, digest]
    assert letters.run("retry", digest).returncode == 0
    assert letters.queue.waiting() == 2 and letters.queue.waiting(letters.queue.dlq) == 0


@pytest.mark.parametrize("headers, reason", [
    ({"x_error_stub": True}, "its body is lost"), ({"x_original_queue": "elsewhere"}, "it came from another queue"),
    ({"x_original_queue": None}, "it does not say from which queue")])
def test_what_cannot_be_retried_stays_and_says_why(letters: Letters, headers: dict[str, Any], reason: str) -> None:
    letters.add(add_user(), **headers)
    letters.add(add_user(2))
    done = letters.run("retry")
    assert done.returncode == 1 and reason in done.stdout and "1 sent again" in done.stdout
    assert letters.queue.waiting() == 1 and letters.queue.waiting(letters.queue.dlq) == 1
    told = json.loads(letters.run("retry", "--json").stdout)
    assert told["retried"] == 0 and reason in told["left"][0]["reason"]


def test_a_full_queue_leaves_the_letter_where_it_is(broker: RabbitMQ) -> None:
    letters = Letters(broker, queue={"x-max-length": 1, "x-overflow": "reject-publish"})
    for number in range(3):
        letters.add(add_user(number))
    done = letters.run("retry")
    assert done.returncode == 1 and "the broker did not take it" in done.stderr and "1 sent again" in done.stdout
    assert letters.queue.waiting() == 1 and len(letters.bodies()) == 2


def test_a_missing_queue_leaves_the_letter_where_it_is(letters: Letters) -> None:
    letters.add(add_user())
    with letters.broker.connect() as connection:
        connection.channel().queue_delete(letters.queue.name)
    done = letters.run("retry")
    assert done.returncode == 1 and "the queue is missing" in done.stderr
    assert len(letters.bodies()) == 1


@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_nothing_is_lost_when_retry_is_killed_at_any_moment(broker: RabbitMQ, kind: str) -> None:
    letters = Letters(broker, KINDS[kind])
    wanted = set()
    for number in range(200):
        wanted.add(json.dumps(add_user(number)).encode())
    with broker.connect() as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for body in sorted(wanted):
            channel.basic_publish("", letters.queue.dlq, body, pika.BasicProperties(
                delivery_mode=2, headers={"x-error": "removal-brake", "x-original-queue": letters.queue.name}))
    command = [str(executable()), "dlq", "retry"]
    seen: set[bytes] = set()
    for attempt in range(40):
        child = subprocess.Popen(command, env={"PATH": "/usr/bin:/bin", **letters.environment}, cwd="/",
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, 0.12))
        child.kill()
        child.wait()
        seen |= {body for body in _taken(letters)}
        if letters.queue.waiting(letters.queue.dlq) == 0 and attempt > 10:
            break
    assert letters.run("retry").returncode == 0
    seen |= set(_taken(letters))
    assert seen == wanted


def _taken(letters: Letters) -> Iterator[bytes]:
    """Whatever came into the queue, which is empty then."""
    with letters.broker.connect() as connection:
        channel = connection.channel()
        while True:
            found, _, body = channel.basic_get(letters.queue.name, auto_ack=True)
            if found is None:
                return
            yield body


# --- drop -----------------------------------------------------------------------------------------------------------

def test_drop_without_a_terminal_wants_yes(letters: Letters) -> None:
    digest = letters.add(add_user())
    refused = letters.run("drop")
    assert refused.returncode == 2 and "--yes" in refused.stderr
    assert letters.queue.waiting(letters.queue.dlq) == 1
    dropped = letters.run("drop", "--yes", digest[:8])
    assert dropped.returncode == 0 and dropped.stdout == "1 dropped\n"
    assert letters.queue.waiting(letters.queue.dlq) == 0 and letters.queue.waiting() == 0


@pytest.mark.parametrize("answer, left", [(b"y\n", 1), (b"YES\n", 1), (b"n\n", 2), (b"\n", 2), (b"yesterday\n", 2),
                                          (b"\x04", 2), (None, 2)])
def test_drop_asks_on_a_terminal(broker: RabbitMQ, answer: bytes | None, left: int) -> None:
    letters = Letters(broker)
    letters.add(add_user(1))
    digest = letters.add(add_user(2))
    ours, theirs = pty.openpty()
    child = subprocess.Popen([str(executable()), "dlq", "drop", "2"], cwd="/", stdin=theirs, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, env={"PATH": "/usr/bin:/bin", **letters.environment})
    os.close(theirs)
    shown = read_until(child, b"[y/N] ")
    assert digest.encode() in shown and b"Drop this 1 for good?" in shown
    if answer is None:
        os.close(ours)
    else:
        os.write(ours, answer)
    rest, _ = child.communicate(timeout=60)
    assert child.returncode == (0 if left == 1 else 1) and (b"nothing was dropped" in rest) == (left == 2)
    assert letters.queue.waiting(letters.queue.dlq) == left
    if answer is not None:
        os.close(ours)


# --- what is not as it should be ------------------------------------------------------------------------------------

def test_a_wrong_command_line_is_refused(broker: RabbitMQ) -> None:
    letters = Letters(broker)
    for args in ([], ["dance"], ["list", "1"], ["show"], ["show", "1", "2"], ["retry", "never"], ["drop", "0", "--yes"],
                 ["list", "--yes"], ["retry", "123456789abcd"]):
        assert letters.run(*args).returncode == 2, args


def test_a_queue_that_is_not_there_has_no_letters(broker: RabbitMQ) -> None:
    letters = Letters(broker)
    letters.queue.delete()
    shown = letters.run("list")
    assert shown.returncode == 0 and "no dead letters: there is no queue" in shown.stdout
    assert letters.listed() == [] and letters.run("retry").returncode == 0
    assert letters.run("show", "1").returncode == 1
    assert not letters.queue.exists(letters.queue.dlq)


def test_a_broker_that_is_away_or_refuses_is_said(broker: RabbitMQ) -> None:
    letters = Letters(broker)
    away = letters.run("list", RABBITMQ_URI="amqp://guest:guest@127.0.0.1:1")
    assert away.returncode == 1 and "cannot connect to 127.0.0.1 port 1" in away.stderr
    wrong = letters.run("list", RABBITMQ_URI=f"amqp://guest:{CANARY}@127.0.0.1:{broker.port}")
    assert wrong.returncode == 1 and "refused the login" in wrong.stderr and CANARY not in wrong.stderr
    assert letters.run("list", RABBITMQ_URI="http://x").returncode in (1, 78)


def test_beside_the_daemon_a_letter_is_retried_and_comes_back(stage: Stage) -> None:
    letter = stage.rejected({"method": "addUser", "user": {"id": "@x:elsewhere", "password": CANARY}}, "foreign-server")
    digest = hashlib.sha256(letter.body).hexdigest()[:12]
    env = {**stage.environment, "MONITOR__LISTEN": "off"}
    listed = json.loads(run_to_end(["dlq", "list", "--json"], env).stdout)
    assert [row["digest"] for row in listed] == [digest] and listed[0]["method"] == "addUser"
    again = run_to_end(["dlq", "retry", digest], env)
    assert again.returncode == 0, again.stderr
    assert [end.outcome for end in stage.ends()] == ["rejected"]
    back, = stage.queue.wait_dead_letters(1)
    assert back.body == letter.body
    assert run_to_end(["dlq", "drop", "--yes"], env).returncode == 0
    assert stage.queue.waiting(stage.queue.dlq) == 0

"""What `check` says of a broker that refuses, closes or is silent while it is asked."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from typing import Any

import pytest
from pika import spec

from lab.amqp_peer import Peer, Session, is_probe, spec_numbers
from lab.daemon import executable, run_to_end
from lab.process import PATIENCE

FORCED = spec.Connection.Close(320, "CONNECTION_FORCED", 0, 0)
NOWHERE = "synapse-sync asks whether it may write"  # a queue that is never there

# Of a homeserver that is not there: only the broker is looked at here.
SETTINGS = {"MATRIX_MESSENGER__URI": "http://127.0.0.1:9", "MATRIX_MESSENGER__SERVERNAME": "matrix.example.school",
            "MATRIX_MESSENGER__SYNC_USER_PASSWORD": "a password", "RABBITMQ_MATRIX_QUEUE_EXTERNAL": "queue"}


def findings(peer: Peer, patience: float = PATIENCE) -> list[dict[str, str]]:
    """Those of the broker. Each error says what to do."""
    ended = run_to_end(["check", "--json"], {**SETTINGS, "RABBITMQ_URI": peer.uri}, patience=patience)
    assert ended.returncode == 1, ended
    told = [finding for finding in json.loads(ended.stdout) if finding["area"] == "broker"]
    assert all(finding["advice"] for finding in told if finding["status"] == "error"), told
    return told


def of(told: list[dict[str, str]], name: str) -> list[dict[str, str]]:
    return [finding for finding in told if finding["name"] == name]


def closed(code: int, text: str, by: Any) -> spec.Channel.Close:
    return spec.Channel.Close(code, text, *spec_numbers(by))


def be_rabbitmq(peer: Peer) -> None:
    """It looks at rights first, and then refuses what cannot be carried out. Behind that the channel is closed."""
    peer.product, peer.version = "RabbitMQ", "3.10.8"
    usual = peer.answers[spec.Queue.Declare]
    peer.answers[spec.Basic.Consume] = lambda *_: [closed(406, "PRECONDITION_FAILED - x-priority", spec.Basic.Consume)]
    peer.answers[spec.Basic.Publish] = lambda *_: [closed(406, "PRECONDITION_FAILED - expiration", spec.Basic.Publish)]
    peer.answers[spec.Queue.Declare] = lambda session, method: (
        [] if method.queue == NOWHERE else usual(session, method))


def refuse_queue(peer: Peer, name: str, code: int, text: str) -> None:
    """Whatever is asked about it."""
    usual = peer.answers[spec.Queue.Declare]
    peer.answers[spec.Queue.Declare] = lambda session, method: (
        [closed(code, text, spec.Queue.Declare)] if method.queue == name else usual(session, method))


def test_a_broker_that_refuses_only_the_impossible_is_well(peer: Peer) -> None:
    be_rabbitmq(peer)
    told = findings(peer)
    assert {finding["status"] for finding in told} == {"ok"}, told
    assert [finding["detail"] for finding in of(told, "queue")] == [
        "durable classic; but messages with a priority do not come first", "0 waiting, no consumer"]
    assert of(told, "vhost")[0]["detail"].endswith("of version 3.10") and of(told, "queue_try")


def test_missing_rights_are_told(peer: Peer) -> None:
    be_rabbitmq(peer)
    peer.answers[spec.Basic.Consume] = lambda *_: [closed(403, "ACCESS_REFUSED", spec.Basic.Consume)]
    peer.answers[spec.Basic.Publish] = lambda *_: [closed(403, "ACCESS_REFUSED", spec.Basic.Publish)]
    told = findings(peer)
    assert "may not read it" in of(told, "queue")[1]["detail"]
    assert "may not write" in of(told, "queue_dlq")[-1]["detail"]


@pytest.mark.parametrize(("code", "text", "advice"), [
    (403, "ACCESS_REFUSED - configure access to queue 'queue' refused", "set_permissions"),
    (405, "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'queue'", 'without "exclusive"'),
    (541, "INTERNAL_ERROR", "log")])
@pytest.mark.parametrize("name", ["queue", "queue_dlq"])
def test_a_queue_that_may_not_be_looked_at_is_told(peer: Peer, name: str, code: int, text: str, advice: str) -> None:
    """403: from RabbitMQ 4.3 on to whoever may not configure it. 405: it belongs to another connection."""
    be_rabbitmq(peer)
    refuse_queue(peer, name, code, text)
    error, = [finding for finding in findings(peer) if finding["status"] == "error"]
    assert error["name"] == name and advice in error["advice"]
    assert error["detail"] == f"queue {name}: the broker refused: {code} {text}"


@pytest.mark.parametrize("kind", [spec.Channel.Open, spec.Queue.Declare, spec.Basic.Consume, spec.Basic.Publish])
def test_a_broker_that_closes_in_the_middle_is_told(peer: Peer, kind: type) -> None:
    """At whichever question of that kind: the first, the second, until there is none."""
    be_rabbitmq(peer)
    usual = peer.answers[kind]
    for number in range(1, 20):
        def answer(session: Session, method: Any, last: int = number) -> Iterable[Any]:
            count = len(session.got(kind))
            return [FORCED] if count == last else [] if count > last else usual(session, method)

        peer.answers[kind] = answer
        told = findings(peer)
        if len(peer.sessions[-1].got(kind)) < number:
            break
        error, = [finding for finding in told if finding["status"] == "error"]
        assert error["name"] == "queues" and "log" in error["advice"]
        assert error["detail"].endswith("the broker closed the connection: 320 CONNECTION_FORCED")
        assert told[-1] == error, "of queues that were seen in part nothing is told"
    assert number == {spec.Channel.Open: 11, spec.Queue.Declare: 9, spec.Basic.Consume: 4, spec.Basic.Publish: 2}[kind]
    assert not of(told, "queues")


def test_a_login_that_fails_for_another_reason_is_told(peer: Peer) -> None:
    """It is neither the password nor the vhost."""
    peer.refuse(spec.Connection.Open, spec.Connection.Close(541, "INTERNAL_ERROR", *spec_numbers(spec.Connection.Open)))
    error, = [finding for finding in findings(peer) if finding["status"] == "error"]
    assert error["name"] == "queues" and "log" in error["advice"]
    assert error["detail"] == "the broker refused the login of user guest: 541 INTERNAL_ERROR"


def test_a_broker_that_does_not_answer_is_given_up(peer: Peer) -> None:
    """Although heartbeats come all the while."""
    peer.heartbeat = 2
    peer.answers[spec.Queue.Declare] = lambda *_: []
    error, = [finding for finding in findings(peer) if finding["status"] == "error"]
    assert error["name"] == "queues" and error["detail"] == (
        "queue queue: the broker did not answer: nothing came in time")


def test_a_broker_that_answers_too_slowly_is_given_up(peer: Peer) -> None:
    """After half a minute in all, however many questions it has answered by then."""
    usual = peer.answers[spec.Queue.Declare]

    def answer(session: Session, method: Any) -> Iterable[Any]:
        session.ended.wait(8)
        return usual(session, method)

    peer.answers[spec.Queue.Declare] = answer
    error, = [finding for finding in findings(peer, 2 * PATIENCE) if finding["status"] == "error"]
    assert error["name"] == "port" and error["detail"] == "the broker took longer than 30 s to answer"


def accept(session: Session, method: Any) -> list[Any]:
    return [spec.Queue.DeclareOk(method.queue, 0, 0)]


def test_of_a_broker_that_takes_the_impossible_nothing_is_claimed(peer: Peer) -> None:
    """A type of queue that does not exist, a consumer with a text for its priority, a message that expires never."""
    peer.product = "RabbitMQ"
    peer.answers[spec.Queue.Declare] = accept
    peer.answers[spec.Basic.Publish] = lambda *_: []
    told = findings(peer)
    assert not [finding for finding in told if finding["status"] == "error"]
    for name in ("queue", "queue_dlq"):
        assert of(told, name)[0]["status"] == "warning"
        assert "accepts a queue type that does not exist" in of(told, name)[0]["detail"]
    declared = peer.sessions[0].got(spec.Queue.Declare)
    assert all(method.passive or is_probe(method) for method in declared), "a queue was made that may exist"


@pytest.mark.parametrize("product", ["another", 7])
def test_another_broker_is_asked_for_nothing_that_it_might_do(peer: Peer, product: Any) -> None:
    peer.product = product
    told = findings(peer)
    assert not [finding for finding in told if finding["status"] != "ok"], told
    session, = peer.sessions
    assert not session.got(spec.Basic.Consume) and not peer.letters
    assert {method.queue for method in session.got(spec.Queue.Declare)} == {"queue", "queue_dlq"}


@pytest.mark.parametrize("args", [["check"], ["check", "--json"], ["check", "--no-environment"], ["config"],
                                  ["config", "--json"]], ids=" ".join)
def test_output_that_cannot_be_written_is_told(peer: Peer, args: list[str]) -> None:
    with open("/dev/full", "w", encoding="ascii") as full:
        ended = subprocess.run([str(executable()), *args], cwd="/", stdin=subprocess.DEVNULL, stdout=full, check=False,
                               env={"PATH": "/usr/bin:/bin", **SETTINGS, "RABBITMQ_URI": peer.uri},
                               stderr=subprocess.PIPE, timeout=PATIENCE)
    assert ended.returncode == 1
    assert ended.stderr == b"synapse-sync: standard output: No space left on device\n"

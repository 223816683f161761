"""`dlq` with a broker that does to a person's look at the dead letters what a real one seldom does."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import subprocess
import time
from collections.abc import Callable, Iterable
from typing import Any

import pika
import pytest
from pika import spec
from pika.compat import long  # else a number is of 32 bits

from lab.amqp_peer import Peer, Session, got_letter, spec_numbers
from lab.daemon import executable, run_to_end
from lab.process import PATIENCE, read_until, wait_until

FIRST, SECOND = b'{"method": "dance", "user": {"id": "@first"}}', b'{"method": "dance", "user": {"id": "@second"}}'
LOOKED_AT_OFTEN = {"x-delivery-count": long(2)}
FRAME_OVERHEAD = 8  # bytes around what it holds
FORCED = spec.Connection.Close(320, "CONNECTION_FORCED", 0, 0)


def rejected(**headers: Any) -> pika.BasicProperties:
    """What the daemon says of a letter."""
    return pika.BasicProperties(headers={"x-error": "unknown-method", "x-original-queue": "queue", **headers})


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:12]


class Letters:
    """The peer's dead letters, and the command for them. What is not acknowledged is there again when the channel or
    the connection is closed."""

    def __init__(self, peer: Peer, *bodies: bytes) -> None:
        self.peer = peer
        self.bodies = list(bodies)
        self.gone: list[bytes] = []  # acknowledged
        self.headers: dict[str, Any] = {}
        self.send: Callable[[Session, bytes], None] = Session.send_raw  # the frames of a letter
        peer.answers[spec.Queue.Declare] = lambda _, method: [spec.Queue.DeclareOk(method.queue, len(self.left), 0)]
        peer.answers[spec.Basic.Get] = self._get
        peer.answers[spec.Basic.Ack] = self._ack

    @property
    def left(self) -> list[bytes]:
        return [body for body in self.bodies if body not in self.gone]

    def _get(self, session: Session, _: Any) -> Iterable[Any]:
        tag = len(session.got(spec.Basic.Get))
        if tag > len(self.bodies):
            return [spec.Basic.GetEmpty()]
        self.send(session, got_letter(self.bodies[tag - 1], tag, bool(self.headers), rejected(**self.headers)))
        return []

    def _ack(self, _: Session, ack: spec.Basic.Ack) -> Iterable[Any]:
        self.gone.append(self.bodies[ack.delivery_tag - 1])
        return []

    @property
    def environment(self) -> dict[str, str]:
        return {"MATRIX_MESSENGER__URI": "http://127.0.0.1:1", "MATRIX_MESSENGER__SERVERNAME": "school.test",
                "MATRIX_MESSENGER__SECRET": "sesame-open-the-door", "RABBITMQ_URI": self.peer.uri,
                "RABBITMQ_MATRIX_QUEUE_EXTERNAL": "queue"}

    def run(self, *args: str, patience: float = PATIENCE, **settings: str) -> subprocess.CompletedProcess[str]:
        return run_to_end(["dlq", *args], {**self.environment, **settings}, patience=patience)

    def listed(self) -> list[str]:
        """The digests."""
        shown = self.run("list", "--json")
        assert shown.returncode == 0, shown.stderr
        return [row["digest"] for row in json.loads(shown.stdout)]

    def refused(self, *args: str, because: str) -> subprocess.CompletedProcess[str]:
        """One line says why it failed."""
        ended = self.run(*args)
        assert ended.returncode == 1 and because in ended.stderr and len(ended.stderr.splitlines()) == 1, ended
        return ended


@pytest.fixture
def letters(peer: Peer) -> Letters:
    return Letters(peer, FIRST, SECOND)


# --- getting ----------------------------------------------------------------------------------------------------------


def test_a_letter_that_comes_in_pieces_is_read_whole(letters: Letters) -> None:
    """Each of them waits for the next one: in the header, before the body, in it."""
    def send(session: Session, frames: bytes) -> None:
        for at in range(0, len(frames), 60):
            session.send_raw(frames[at:at + 60])
            time.sleep(0.05)

    letters.send = send
    assert letters.listed() == [digest(FIRST), digest(SECOND)]
    assert letters.gone == []


def test_a_letter_that_never_ends_is_given_up(letters: Letters) -> None:
    """After a minute, although heartbeats come all the while."""
    letters.peer.heartbeat = 2
    letters.send = lambda session, frames: session.send_raw(frames[:-len(FIRST) - FRAME_OVERHEAD])
    ended = letters.run("list", patience=3 * PATIENCE)
    assert ended.returncode == 1 and ended.stderr == "synapse-sync: the broker does not send what it began to send\n"


@pytest.mark.parametrize(("end", "because"), [
    (Session.cut, "the connection broke"),
    (lambda session: session.send(spec.Channel.Close(541, "INTERNAL_ERROR - a queue that died", 60, 70)),
     "closed the channel: 541 INTERNAL_ERROR"),
    (lambda session: session.send(FORCED), "closed the connection: 320 CONNECTION_FORCED"),
], ids=["cut", "channel", "connection"])
def test_what_ends_in_a_letter_is_said(letters: Letters, end: Callable[[Session], None], because: str) -> None:
    """In whatever is printed this letter is not."""
    def send(session: Session, frames: bytes) -> None:
        if len(session.got(spec.Basic.Get)) == 1:
            session.send_raw(frames)
            return
        session.send_raw(frames[:frames.index(bytes([spec.FRAME_END])) + 1])
        end(session)

    letters.send = send
    ended = letters.refused("list", "--json", because=because)
    assert [row["digest"] for row in json.loads(ended.stdout)] == [digest(FIRST)]
    assert letters.gone == []


def test_who_may_not_read_the_letters_is_told(letters: Letters) -> None:
    letters.peer.refuse(spec.Basic.Get, spec.Channel.Close(
        403, "ACCESS_REFUSED - read access to queue 'queue_dlq' refused", *spec_numbers(spec.Basic.Get)))
    letters.refused("list", because="403 ACCESS_REFUSED - read access")
    assert len(letters.peer.sessions[0].got(spec.Basic.Get)) == 1, "what is refused is not asked for again"


@pytest.mark.parametrize("answer", [FORCED, spec.Channel.Close(403, "ACCESS_REFUSED", *spec_numbers(
    spec.Queue.Declare))], ids=["closed", "refused"])
def test_letters_that_cannot_be_looked_for_are_not_taken_for_none(letters: Letters, answer: Any) -> None:
    letters.peer.refuse(spec.Queue.Declare, answer)
    assert letters.refused("list", because=f"queue queue_dlq: the broker {'closed' if answer is FORCED else 'refused'}"
                           ).stdout == ""


def test_letters_that_somebody_else_has_taken_are_not_waited_for(letters: Letters) -> None:
    """Neither when they are got nor when what was got has been given back."""
    letters.peer.answers[spec.Basic.Get] = lambda *_: [spec.Basic.GetEmpty()]
    usual = letters.peer.answers[spec.Queue.Declare]
    letters.peer.answers[spec.Queue.Declare] = lambda session, method: (
        [spec.Queue.DeclareOk(method.queue, 0, 0)] if session.got(spec.Basic.Get) else usual(session, method))
    ended = letters.run("list")
    assert ended.returncode == 0 and ended.stdout == "no dead letters in queue_dlq\n" and not ended.stderr


def test_an_empty_queue_is_told_in_words(peer: Peer) -> None:
    ended = Letters(peer).run("list")
    assert ended.returncode == 0 and ended.stdout == "no dead letters in queue_dlq\n"


# --- sending again and dropping ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("end", "because"), [
    (Session.cut, "the connection broke"),
    (lambda session: session.send(FORCED), "closed the connection: 320"),
    (lambda session: session.send(spec.Channel.Close(403, "ACCESS_REFUSED", *spec_numbers(spec.Basic.Publish))),
     "closed the channel: 403"),
], ids=["cut", "connection", "channel"])
def test_a_letter_whose_way_back_ends_without_a_confirm_stays(
        letters: Letters, end: Callable[[Session], None], because: str) -> None:
    def answer(session: Session, _: Any) -> list[Any]:
        end(session)
        return []

    letters.peer.answers[spec.Basic.Publish] = answer
    ended = letters.refused("retry", because=f"queue queue: the broker {because}" if "closed" in because else because)
    assert f"left: 1 {digest(FIRST)}: " in ended.stdout and "0 sent again\n" in ended.stdout
    assert letters.gone == [] and [letter.body for letter in letters.peer.letters] == [FIRST]


def test_what_is_too_large_to_be_shown_is_not_sent_again_either(peer: Peer) -> None:
    letters = Letters(peer, b"x" * 1025, FIRST)
    limit = {"RABBITMQ_MAX_DEAD_LETTER_SIZE": "1024", "RABBITMQ_MAX_MESSAGE_SIZE": "1024"}  # the larger one counts
    shown = letters.run("show", "1", **limit)
    assert shown.returncode == 0 and shown.stdout.endswith(
        "body:\n(not shown: it is larger than RABBITMQ_MAX_DEAD_LETTER_SIZE)\n")
    assert "1025 bytes\n" in shown.stdout and digest(b"x" * 1025) in shown.stdout
    ended = letters.run("retry", **limit)
    assert ended.returncode == 1 and "left: 1 " in ended.stdout
    assert "it is larger than RABBITMQ_MAX_DEAD_LETTER_SIZE\n1 sent again" in ended.stdout
    assert [letter.body for letter in peer.letters] == letters.gone == [FIRST]


def test_what_was_dropped_is_told_as_json(letters: Letters) -> None:
    ended = letters.run("drop", "--yes", "--json", digest(SECOND))
    assert ended.returncode == 0 and json.loads(ended.stdout) == {"dropped": 1}
    assert letters.gone == [SECOND]


@pytest.mark.parametrize(("end", "because"), [(Session.cut, b"the connection broke"),
                                              (lambda session: session.send(FORCED), b"CONNECTION_FORCED")],
                         ids=["cut", "closed"])
def test_a_connection_that_ends_while_a_person_thinks_drops_nothing(
        letters: Letters, end: Callable[[Session], None], because: bytes) -> None:
    """The command ends without an answer."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen([str(executable()), "dlq", "drop"], cwd="/", stdin=theirs, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, env={"PATH": "/usr/bin:/bin", **letters.environment})
    os.close(theirs)
    read_until(child, b"[y/N] ")
    end(letters.peer.sessions[0])
    rest, _ = child.communicate(timeout=PATIENCE)
    os.close(ours)
    assert child.returncode == 1 and because in rest and b"dropped" not in rest
    assert letters.gone == []


# --- giving back ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [spec.Queue.Declare, spec.Channel.Open])
def test_a_connection_that_ends_when_letters_are_given_back_is_told(letters: Letters, kind: type) -> None:
    """What was found is told all the same: it goes back by itself."""
    usual = letters.peer.answers[kind]
    letters.peer.answers[kind] = lambda session, method: (
        [FORCED] if len(session.got(kind)) == 2 else usual(session, method))
    ended = letters.refused("list", "--json", because="CONNECTION_FORCED")
    assert [row["digest"] for row in json.loads(ended.stdout)] == [digest(FIRST), digest(SECOND)]


def test_a_connection_that_ends_when_the_queue_is_looked_at_afterwards_is_told(letters: Letters) -> None:
    usual = letters.peer.answers[spec.Queue.Declare]
    letters.peer.answers[spec.Queue.Declare] = lambda session, method: (
        [FORCED] if len(session.got(spec.Channel.Open)) == 2 else usual(session, method))
    letters.refused("list", because="CONNECTION_FORCED")


def test_letters_that_were_looked_at_often_are_renewed_in_order(letters: Letters) -> None:
    """On a connection of their own; each is acknowledged when the broker has it."""
    letters.headers = LOOKED_AT_OFTEN
    assert letters.listed() == [digest(FIRST), digest(SECOND)]
    assert [letter.body for letter in letters.peer.letters] == letters.gone == [FIRST, SECOND]
    assert all("x-delivery-count" not in letter.properties.headers for letter in letters.peer.letters)
    looked, renewed = letters.peer.sessions
    assert looked.letters == [] and renewed.acked == [1, 2]


@pytest.mark.parametrize("kind", [spec.Channel.Open, spec.Basic.Publish])
def test_letters_that_cannot_be_renewed_stay_and_it_is_told(letters: Letters, kind: type) -> None:
    """The first connection opens two channels, the second publishes."""
    letters.headers = LOOKED_AT_OFTEN
    usual = letters.peer.answers[kind]
    letters.peer.answers[kind] = lambda session, method: (
        [FORCED] if session is not letters.peer.sessions[0] else usual(session, method))
    ended = letters.refused("list", "--json", because="CONNECTION_FORCED")
    assert "the letters could not be renewed, and looking at them often may lose them" in ended.stderr
    assert [row["digest"] for row in json.loads(ended.stdout)] == [digest(FIRST), digest(SECOND)]
    assert letters.gone == []


# --- who cannot be told -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("args", [["list"], ["list", "--json"], ["show", "1"], ["show", "1", "--json"], ["retry"],
                                  ["retry", "--json"], ["drop", "--yes"], ["drop", "--yes", "--json"]], ids=" ".join)
@pytest.mark.parametrize("size", [10, 100_000])
def test_output_that_cannot_be_written_is_told_once(peer: Peer, args: list[str], size: int) -> None:
    """Also where it fails in the middle, and what comes after it does well."""
    letters = Letters(peer, b'{"a": "%s"}' % (b"x" * size))
    with open("/dev/full", "w", encoding="ascii") as full:
        ended = subprocess.run([str(executable()), "dlq", *args], cwd="/", stdin=subprocess.DEVNULL, stdout=full,
                               stderr=subprocess.PIPE, env={"PATH": "/usr/bin:/bin", **letters.environment},
                               timeout=PATIENCE, check=False)
    assert ended.returncode == 1
    assert ended.stderr == b"synapse-sync: standard output: No space left on device\n"
    wait_until(lambda: all(session.ended.is_set() for session in peer.sessions), "its end")
    assert letters.gone == (letters.bodies if args[0] in ("retry", "drop") else [])

"""Peers that answer everything, each time in a way that makes one ask again: how often they are asked, and how much
the log says of it."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pika import spec

from conftest import SERVER, Trap
from lab.amqp_peer import ANSWERS, Peer, Session, delivery, spec_numbers
from lab.message import add_user
from lab.process import wait_until

A_WHILE = 5.0  # seconds
MOST_AT_A_TIME = 50  # requests a second where nothing succeeds
MOST_LINES = 60  # of the log, within a while

Answer = tuple[int, dict[str, Any]]


# --- the broker -------------------------------------------------------------------------------------------------------


def refusal(kind: Any, code: int, text: str) -> spec.Channel.Close:
    return spec.Channel.Close(code, text, *spec_numbers(kind))


def test_a_queue_that_is_declared_and_never_there(trap: Trap, peer: Peer) -> None:
    def answer(_: Session, method: Any) -> Iterable[Any]:
        if method.passive:
            return [refusal(spec.Queue.Declare, 404, "NOT_FOUND - no queue")]
        return [spec.Queue.DeclareOk(method.queue, 0, 0)]

    peer.answers[spec.Queue.Declare] = answer
    daemon = trap.start(peer.uri)
    daemon.wait_line("event=connection-lost .*declared and is missing again")
    time.sleep(A_WHILE)
    assert daemon.log.count("\n") <= MOST_LINES
    assert sum(len(session.got(spec.Queue.Declare)) for session in peer.sessions) <= 2 * MOST_LINES


def test_a_queue_that_is_refused_whenever_it_is_free(trap: Trap, peer: Peer) -> None:
    """Nobody consumes it, but who asks for it is told that somebody does."""
    refused: list[Session] = []

    def look_up(session: Session, method: Any) -> Iterable[Any]:
        if not method.passive:
            return ANSWERS[spec.Queue.Declare](session, method)
        return [spec.Queue.DeclareOk(method.queue, 0, 1 if refused and refused.pop() else 0)]

    def refuse(session: Session, _: Any) -> Iterable[Any]:
        refused[:] = [session]
        return [refusal(spec.Basic.Consume, 403, "ACCESS_REFUSED - exclusive")]

    peer.answers |= {spec.Queue.Declare: look_up, spec.Basic.Consume: refuse}
    daemon = trap.start(peer.uri)
    daemon.wait_line("event=standing-by")
    time.sleep(2 * A_WHILE)
    assert len(peer.sessions[0].got(spec.Basic.Consume)) <= 2 * 6
    assert daemon.log.count("\n") <= MOST_LINES


def test_publishers_are_blocked_and_not_without_end(trap: Trap, peer: Peer) -> None:
    daemon = trap.start(peer.uri)
    session = peer.wait_consumer()
    for _ in range(1000):
        session.send(spec.Connection.Blocked("memory"), spec.Connection.Unblocked())
    session.send_raw(delivery(json.dumps(trap.request()).encode(), 1))
    session.wait_acked(1)
    assert 2 <= daemon.log.count("publishers") <= MOST_LINES


# --- the homeserver ---------------------------------------------------------------------------------------------------


class Villain:
    """A homeserver of which the test says what it answers. The session is opened, if the test does not mind."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[], Answer]] = {}  # by what the request line matches, the first that does
        self.requests: list[tuple[float, str]] = []
        villain = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def handle_one_request(self) -> None:
                with suppress(OSError):
                    super().handle_one_request()

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                line = f"{self.command} {self.path}"
                villain.requests.append((time.monotonic(), line))
                status, content = villain.answer(line)
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_POST = do_DELETE = answer

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def destroy(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, line: str) -> Answer:
        for pattern, answer in [*self.answers.items(), *OPENING.items()]:
            if re.search(pattern, line):
                return answer()
        return 404, {"errcode": "M_NOT_FOUND", "error": "no"}

    def most_in_a_second(self) -> int:
        times = [at for at, _ in self.requests]
        return max(sum(at <= other < at + 1 for other in times) for at in times)

    def summary(self) -> Counter[str]:
        return Counter(re.sub(r"[!@#%][^/?]*|\?.*", "*", line) for _, line in self.requests)


OPENING: dict[str, Callable[[], Answer]] = {
    "POST .*/login$": lambda: (200, {"user_id": f"@sync:{SERVER}", "access_token": "token"}),
    "GET .*/v2/users/%40sync": lambda: (200, {"admin": True, "deactivated": False, "displayname": "Sync"}),
    "GET .*/capabilities": lambda: (200, {"capabilities": {"m.room_versions": {
        "default": "11", "available": {"11": "stable"}}}}),
    "GET .*/accountdata": lambda: (200, {"account_data": {"global": {}}}),
    "GET .*/health": lambda: (200, {}),
}

FORBIDDEN: Answer = (403, {"errcode": "M_FORBIDDEN", "error": "no"})
UNKNOWN_TOKEN: Answer = (401, {"errcode": "M_UNKNOWN_TOKEN", "error": "no"})


@pytest.fixture
def villain() -> Iterator[Villain]:
    one = Villain()
    yield one
    one.destroy()


def besiege(trap: Trap, peer: Peer, villain: Villain, messages: int = 1) -> None:
    """What comes of messages within a while."""
    room = {"type": "course", "id": "1", "name": "Maths"}
    trap.start(peer.uri, MATRIX_MESSENGER__URI=villain.uri, SYNC__LIFT_RATE_LIMIT="false", SYNC__MIRROR="false")
    session = peer.wait_consumer()
    for tag in range(1, messages + 1):
        session.send_raw(delivery(json.dumps(add_user(trap.user(), room, name="Ada")).encode(), tag))
    wait_until(lambda: len(villain.requests) > 3, "requests")
    time.sleep(A_WHILE)


def existing_user() -> Answer:
    return 200, {"name": "x", "displayname": "Ada", "admin": False, "deactivated": False}


def test_rooms_that_nobody_may_join_and_that_are_gone(trap: Trap, peer: Peer, villain: Villain) -> None:
    numbers = iter(range(1, 10**9))
    villain.answers = {
        "GET .*/v2/users/%40user": existing_user,
        "POST .*/createRoom": lambda: (200, {"room_id": f"!{next(numbers)}:{SERVER}"}),
        "GET .*/directory/room/": lambda: (200, {"room_id": f"!{next(numbers)}:{SERVER}"}),
        "DELETE .*/directory/room/": lambda: (200, {}),
        "POST .*/v1/join/": lambda: FORBIDDEN,
    }
    besiege(trap, peer, villain, 20)
    assert villain.most_in_a_second() <= 3 * MOST_AT_A_TIME, villain.summary()  # the users are read, which succeeds
    assert sum("createRoom" in line for _, line in villain.requests) <= 20, villain.summary()


def state_of_a_room() -> Answer:
    """A sound one, in which the sync user is alone."""
    sync = f"@sync:{SERVER}"
    events = {"m.room.create": {"creator": sync}, "m.room.member": {"membership": "join"},
              "m.room.canonical_alias": {"alias": f"#course_1:{SERVER}"}, "m.room.power_levels": {"users": {sync: 100}}}
    return 200, {"state": [{"type": kind, "sender": sync, "state_key": sync if kind == "m.room.member" else "",
                            "content": content} for kind, content in events.items()]}


def test_a_token_that_is_good_for_reading(trap: Trap, peer: Peer, villain: Villain) -> None:
    villain.answers = {
        "GET .*/v2/users/%40user": existing_user,
        "POST .*/createRoom": lambda: (400, {"errcode": "M_ROOM_IN_USE", "error": "no"}),
        "GET .*/directory/room/": lambda: (200, {"room_id": f"!1:{SERVER}"}),
        "GET .*/rooms/.*/state$": state_of_a_room,
        "GET .*/state/m.room.power_levels": lambda: (200, {"users": {f"@sync:{SERVER}": 100}}),
        "PUT .*/state/|POST .*/join/": lambda: UNKNOWN_TOKEN,
    }
    besiege(trap, peer, villain, 20)
    assert sum("/login" in line for _, line in villain.requests) <= 2 * A_WHILE, villain.summary()


def test_an_admin_who_is_none_when_it_matters(trap: Trap, peer: Peer, villain: Villain) -> None:
    forbidden: list[bool] = []

    def forbid() -> Answer:
        forbidden[:] = [True]
        return FORBIDDEN

    villain.answers = {
        "GET .*/v2/users/%40user": forbid,
        "GET .*/v2/users/%40sync": lambda: (200, {"admin": not (forbidden and forbidden.pop()), "deactivated": False}),
    }
    besiege(trap, peer, villain)
    assert 2 <= sum("/capabilities" in line for _, line in villain.requests) <= 2 * A_WHILE, villain.summary()


@pytest.mark.parametrize("answer", [FORBIDDEN, (500, {}), (429, {"errcode": "M_LIMIT_EXCEEDED"}), (502, {})])
def test_nothing_succeeds(trap: Trap, peer: Peer, villain: Villain, answer: Answer) -> None:
    villain.answers = {"%40user|/rooms|/createRoom|accountdata|directory": lambda: answer}
    besiege(trap, peer, villain, 64)
    began = sum(bool(re.search("/login|%40sync|capabilities", line)) for _, line in villain.requests)
    assert villain.most_in_a_second() <= MOST_AT_A_TIME + began, villain.summary()

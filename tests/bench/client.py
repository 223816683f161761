"""Sends calls of the Matrix API, several at a time: one thread and one connection for each that is under way."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from lab.matrix import segment

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    body: Json
    learn: Callable[[Json], None] = lambda reply: None  # what to do with the reply


class Source(Protocol):
    """Where calls come from. Both functions are called by several threads."""

    def take(self) -> Call | None:
        """The next call; None: there are no more. May wait for others to be answered."""

    def answered(self, call: Call) -> None: ...


class Listed:
    """Calls that do not depend on each other."""

    def __init__(self, calls: Iterable[Call]) -> None:
        self._calls = iter(calls)
        self._lock = threading.Lock()

    def take(self) -> Call | None:
        with self._lock:
            return next(self._calls, None)

    def answered(self, call: Call) -> None:
        """Nobody waits for it."""


class Client:
    """The sync user, sending as quick as it can. Whatever is refused is a mistake of the benchmark."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def run(self, source: Source, concurrency: int) -> None:
        failures: list[BaseException] = []
        threads = [threading.Thread(target=self._work, args=(source, failures)) for _ in range(concurrency)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def _work(self, source: Source, failures: list[BaseException]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=300)
        try:
            while not failures and (call := source.take()) is not None:
                call.learn(self._send(connection, call))
                source.answered(call)
        except BaseException as failure:  # handed on to who waits for us
            failures.append(failure)
        finally:
            connection.close()

    def _send(self, connection: http.client.HTTPConnection, call: Call) -> Json:
        connection.request(call.method, call.path, json.dumps(call.body), self._headers)
        reply = connection.getresponse()
        text = reply.read()
        if reply.status >= 300:
            raise AssertionError(f"{call.method} {call.path}: {reply.status} {text!r}")
        answer: Json = json.loads(text)
        return answer


# --- the writes without which it does not go ------------------------------------------------------------------------

def create_user(user: str, name: str | None) -> Call:
    return Call("PUT", f"/_synapse/admin/v2/users/{segment(user)}", {"displayname": name} if name else {})


def deactivate(user: str) -> Call:
    return Call("POST", f"/_synapse/admin/v1/deactivate/{segment(user)}", {"erase": True})


def join(room_id: str, user: str) -> Call:
    return Call("POST", f"/_synapse/admin/v1/join/{segment(room_id)}", {"user_id": user})


# As the daemon makes them: see its src/synapse/levels.c and bodies.c.
_EVENT_LEVELS = {"m.room.name": 50, "m.room.avatar": 50, "m.room.power_levels": 100,
                 "m.room.history_visibility": 100, "m.room.server_acl": 100, "m.room.encryption": 100,
                 "m.room.tombstone": 100, "m.room.canonical_alias": 100, "m.room.join_rules": 100,
                 "m.room.guest_access": 100, "m.room.sync": 100}


def create_room(sync_user: str, alias: str, name: str, moderators: Iterable[str], *,
                invited: Iterable[tuple[str, str]] = (), learn: Callable[[Json], None] = lambda reply: None) -> Call:
    """A room as described. `alias` is the local part. Of who is invited right away the id and the
    display name are needed: Synapse takes no second invitation for the join when it would be the same."""
    users = {sync_user: 100, **{moderator: 50 for moderator in moderators}}
    state = [{"type": "m.room.guest_access", "state_key": "", "content": {"guest_access": "forbidden"}},
             {"type": "m.room.sync", "state_key": "", "content": {"mode": "managed"}}]
    state += [{"type": "m.room.member", "state_key": user, "content": {"membership": "invite", "displayname": shown}}
              for user, shown in invited]
    return Call("POST", "/_matrix/client/v3/createRoom", {
        "room_alias_name": alias, "name": name, "preset": "private_chat", "visibility": "private",
        "creation_content": {"m.federate": False}, "initial_state": state,
        "power_level_content_override": {"invite": 70, "kick": 70, "ban": 70, "events_default": 50,
                                         "users": users, "events": _EVENT_LEVELS}}, learn)

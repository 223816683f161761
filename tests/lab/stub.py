"""A homeserver that is not one: quick, in memory, and it remembers every write.

It answers the requests that the program under test makes as Synapse does, some thousands of them a second, so that
faults can be tried by the hundred. What it holds outlives the program's deaths and its own outages (down() and
up(), which is what a crash of a real homeserver with a good database looks like from outside).

    Homeserver      what it holds and how it answers; knows no network
    Stub            the process, as a test sees it

A write that changes nothing is kept as such: the program promises not to make any. `python3 -m lab.stub PORT
SERVER_NAME` is the process itself; it takes commands on standard input and answers with one line of JSON each.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .process import accepts_connections, free_port, tied_to_us, wait_until

Json = dict[str, Any]
Answer = tuple[int, Json]

SYNC_LOCALPART = "sync"
PASSWORD = "a password for tests"
ROOM_VERSION = "10"


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, errcode: str, text: str) -> None:
        super().__init__(text)
        self.answer: Answer = (status, {"errcode": errcode, "error": text})


@dataclass
class Room:
    room_id: str
    creator: str
    state: dict[tuple[str, str], Json] = field(default_factory=dict)  # event by type and state_key
    messages: list[Json] = field(default_factory=list)
    deleting: bool = False

    def content(self, kind: str, key: str = "") -> Json:
        event = self.state.get((kind, key))
        return event["content"] if event else {}

    def members(self, membership: str = "join") -> list[str]:
        return [key for (kind, key), event in self.state.items()
                if kind == "m.room.member" and event["content"]["membership"] == membership]


class Homeserver:
    """Users, rooms and aliases; one method for each request that the program makes."""

    def __init__(self, server_name: str) -> None:
        self.server_name = server_name
        self.sync_user = f"@{SYNC_LOCALPART}:{server_name}"
        self.users: dict[str, Json] = {self.sync_user: _user(None, admin=True)}
        self.rooms: dict[str, Room] = {}
        self.aliases: dict[str, str] = {}
        self.account_data: dict[str, Json] = {}
        self.sent: set[tuple[str, str]] = set()  # rooms and transactions
        self.deletions: dict[str, list[str]] = {}  # by room: states, the newest last
        self.rate_limit: Json = {}
        self.writes: list[list[Any]] = []  # what was done, to whom, whether anything was changed
        self.requests = 0
        self.later: Callable[[Callable[[], None]], None] = lambda action: action()
        self._count = 0

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        path, _, _ = target.partition("?")
        self.requests += 1
        for pattern, answer in _ROUTES[method]:
            found = pattern.fullmatch(path)
            if found:
                try:
                    content = json.loads(body) if body and not path.endswith("/upload") else {}
                    return answer(self, content, *map(unquote, found.groups()))
                except Refusal as refusal:
                    return refusal.answer
        return 404, {"errcode": "M_UNRECOGNIZED", "error": f"Unrecognized request {method} {path}"}

    def _wrote(self, kind: str, whom: str, what: Any = None, changed: bool = True) -> None:
        self.writes.append([kind, whom, what, changed])

    # --- the session --------------------------------------------------------------------------------------------

    def login_types(self, _: Json) -> Answer:
        return 200, {"flows": [{"type": "m.login.password"}]}

    def log_in(self, body: Json) -> Answer:
        if body.get("password") != PASSWORD:
            raise Refusal(403, "M_FORBIDDEN", "Invalid username or password")
        self._wrote("log-in", self.sync_user)
        return 200, {"user_id": self.sync_user, "access_token": "token", "device_id": body.get("device_id")}

    def whoami(self, _: Json) -> Answer:
        return 200, {"user_id": self.sync_user}

    def capabilities(self, _: Json) -> Answer:
        versions = {"default": ROOM_VERSION, "available": {ROOM_VERSION: "stable"}}
        return 200, {"capabilities": {"m.room_versions": versions}}

    def put_profile(self, body: Json, user: str, _: str) -> Answer:
        self.users[user].update(body)
        return 200, {}

    def upload(self, _: Json) -> Answer:
        return 200, {"content_uri": f"mxc://{self.server_name}/avatar"}

    def read_rate_limit(self, _: Json, __: str) -> Answer:
        return 200, self.rate_limit

    def lift_rate_limit(self, body: Json, _: str) -> Answer:
        self.rate_limit = body
        return 200, body

    def health(self, _: Json) -> Answer:
        return 200, {}

    # --- users --------------------------------------------------------------------------------------------------

    def read_user(self, _: Json, user: str) -> Answer:
        return 200, {"name": user, **self._user(user)}

    def put_user(self, body: Json, user: str) -> Answer:
        if user != user.lower():
            raise Refusal(400, "M_INVALID_USERNAME", "User ID can only contain characters a-z, 0-9, or '=_-./+'")
        known = self.users.get(user)
        if known is None:
            self.users[user] = known = {**_user(user[1:].partition(":")[0]), **body}
            self._wrote("create-user", user, known["displayname"])
            return 201, {"name": user, **known}
        changed = any(known.get(key) != value for key, value in body.items())
        known.update(body)
        self._wrote("change-user", user, body, changed)
        return 200, {"name": user, **known}

    def deactivate(self, body: Json, user: str) -> Answer:
        known = self._user(user)
        self._wrote("deactivate", user, None, not known["deactivated"])
        known.update(deactivated=True, displayname="" if body.get("erase") else known["displayname"])
        for room in self.rooms.values():
            if room.content("m.room.member", user).get("membership") in ("join", "invite"):
                self._set(room, user, "m.room.member", {"membership": "leave"}, user)
        return 200, {"id_server_unbind_result": "success"}

    def email_owner(self, _: Json, email: str) -> Answer:
        for user, known in self.users.items():
            if any(threepid["address"] == email for threepid in known["threepids"]):
                return 200, {"user_id": user}
        raise Refusal(404, "M_NOT_FOUND", "User not found")

    def read_account_data(self, _: Json, __: str) -> Answer:
        return 200, {"account_data": {"global": self.account_data, "rooms": {}}}

    def put_account_data(self, body: Json, _: str, kind: str) -> Answer:
        self._wrote("write-records", kind, body, self.account_data.get(kind) != body)
        self.account_data[kind] = body
        return 200, {}

    # --- aliases and rooms --------------------------------------------------------------------------------------

    def resolve(self, _: Json, alias: str) -> Answer:
        if alias not in self.aliases:
            raise Refusal(404, "M_NOT_FOUND", f"Room alias {alias} not found")
        return 200, {"room_id": self.aliases[alias], "servers": [self.server_name]}

    def delete_alias(self, _: Json, alias: str) -> Answer:
        self._wrote("delete-alias", alias, None, alias in self.aliases)
        if self.aliases.pop(alias, None) is None:
            raise Refusal(404, "M_NOT_FOUND", "Unknown room alias")
        return 200, {}

    def create_room(self, body: Json) -> Answer:
        alias = f"#{body['room_alias_name']}:{self.server_name}"
        if alias in self.aliases:
            raise Refusal(400, "M_ROOM_IN_USE", "Room alias already taken")
        room = Room(self._id("!"), self.sync_user)
        self.rooms[room.room_id] = room
        self.aliases[alias] = room.room_id
        for kind, key, content in _events_of_new_room(body, alias, self.sync_user):
            self._set(room, self.sync_user, kind, content, key)
        for user in body.get("invite", []):
            self._set(room, self.sync_user, "m.room.member", {"membership": "invite", "is_direct": True}, user)
        self._wrote("create-room", alias, body.get("name"))
        return 200, {"room_id": room.room_id}

    def read_room(self, _: Json, room_id: str) -> Answer:
        room = self._room(room_id)
        # Of a room without events there are no statistics.
        return 200, {"room_id": room_id, "creator": room.creator, "state_events": len(room.state) or None,
                     "canonical_alias": room.content("m.room.canonical_alias").get("alias"),
                     "joined_local_members": len(room.members()) if room.state else None}

    def read_state(self, _: Json, room_id: str) -> Answer:
        return 200, {"state": list(self._room(room_id).state.values())}

    def read_state_event(self, _: Json, room_id: str, kind: str) -> Answer:
        event = self._own_room(room_id).state.get((kind, ""))
        if event is None:
            raise Refusal(404, "M_NOT_FOUND", "Event not found.")
        return 200, event["content"]

    def put_state_event(self, body: Json, room_id: str, kind: str) -> Answer:
        room = self._own_room(room_id)
        changed = (kind, "") not in room.state or room.content(kind) != body
        self._wrote("write-state", self._alias_of(room), [kind, body], changed)
        if changed:
            self._set(room, self.sync_user, kind, body)
        return 200, {"event_id": self._id("$")}

    def join(self, body: Json, room_id: str) -> Answer:
        user = body["user_id"]
        if user not in self.users:
            raise Refusal(404, "M_NOT_FOUND", "User not found")
        room = self._own_room(room_id)
        membership = room.content("m.room.member", user).get("membership")
        if membership == "ban":
            raise Refusal(403, "M_BAD_STATE", f"{user} is banned from the room")
        self._wrote("join", self._alias_of(room), user, membership != "join")
        if membership == "join":
            raise Refusal(403, "M_FORBIDDEN", f"{user} is already in the room.")
        self._set(room, user, "m.room.member", {"membership": "join"}, user)
        return 200, {"room_id": room_id}

    def enter(self, _: Json, room_id: str) -> Answer:
        room = self._room(room_id)
        self._set(room, self.sync_user, "m.room.member", {"membership": "join"}, self.sync_user)
        return 200, {"room_id": room_id}

    def make_room_admin(self, _: Json, room_id: str) -> Answer:
        self._room(room_id)
        raise Refusal(400, "M_UNKNOWN", "No local admin user in room with power to update power levels.")

    def delete_room(self, _: Json, room_id: str) -> Answer:
        room = self.rooms.get(room_id)
        if room is not None and room.deleting:
            raise Refusal(400, "M_UNKNOWN", "Purge already in progress")
        # What is just gone may be deleted again by who has not heard of it.
        changed = room is not None or room_id in self.deletions
        self._wrote("delete-room", self._alias_of(room) if room else room_id, None, changed)
        states = self.deletions.setdefault(room_id, [])
        states.append("active")
        if room is not None:
            room.deleting = True
            for user in room.members():
                self._set(room, user, "m.room.member", {"membership": "leave"}, user)
        self.later(lambda: self._purge(room_id))
        return 200, {"delete_id": f"{room_id}{len(states)}"}

    def read_deletion(self, _: Json, room_id: str) -> Answer:
        if room_id not in self.deletions:
            raise Refusal(404, "M_NOT_FOUND", f"No delete task for room_id '{room_id}' found")
        return 200, {"results": [{"status": status} for status in self.deletions[room_id]]}

    def read_messages(self, _: Json, room_id: str) -> Answer:
        return 200, {"chunk": self._own_room(room_id).messages[-1:]}

    def send(self, body: Json, room_id: str, kind: str, transaction: str) -> Answer:
        room = self._own_room(room_id)
        new = (room_id, transaction) not in self.sent
        self._wrote("send", self._alias_of(room), body["body"], new)
        if new:
            self.sent.add((room_id, transaction))
            room.messages.append({"type": kind, "sender": self.sync_user, "content": body})
        return 200, {"event_id": self._id("$")}

    # --- what a crash leaves ------------------------------------------------------------------------------------

    def leave_half_made(self, room_id: str) -> None:
        """As if the creation had been cut after the alias was bound and before the events were stored."""
        room = self.rooms[room_id]
        self._wrote("crash", self._alias_of(room))
        room.state.clear()

    # --- for the test -------------------------------------------------------------------------------------------

    def dump(self) -> Json:
        rooms = {}
        for alias, room_id in self.aliases.items():
            room = self.rooms[room_id]
            rooms[alias] = {
                "name": room.content("m.room.name").get("name"), "topic": room.content("m.room.topic").get("topic"),
                "levels": room.content("m.room.power_levels"), "members": room.members(),
                "invited": room.members("invite"),
                "messages": [message["content"]["body"] for message in room.messages]}
        return {"users": self.users, "rooms": rooms, "stray": len(self.rooms) - len(set(self.aliases.values())),
                "writes": self.writes, "requests": self.requests}

    # --- details ------------------------------------------------------------------------------------------------

    def _id(self, sigil: str) -> str:
        self._count += 1
        return f"{sigil}{self._count}:{self.server_name}"

    def _user(self, user: str) -> Json:
        if user not in self.users:
            raise Refusal(404, "M_NOT_FOUND", "User not found")
        return self.users[user]

    def _room(self, room_id: str) -> Room:
        if room_id not in self.rooms:
            raise Refusal(404, "M_NOT_FOUND", "Room not found")
        return self.rooms[room_id]

    def _own_room(self, room_id: str) -> Room:
        """One that the sync user is in; the client API tells of no other."""
        room = self.rooms.get(room_id)
        if room is None or room.content("m.room.member", self.sync_user).get("membership") != "join":
            raise Refusal(403, "M_FORBIDDEN", f"User {self.sync_user} not in room {room_id}")
        return room

    def _alias_of(self, room: Room) -> str:
        return str(room.content("m.room.canonical_alias").get("alias", room.room_id))

    def _set(self, room: Room, sender: str, kind: str, content: Json, key: str = "") -> None:
        room.state[(kind, key)] = {"type": kind, "state_key": key, "sender": sender, "content": content,
                                   "event_id": self._id("$"), "origin_server_ts": int(time.time() * 1000)}

    def _purge(self, room_id: str) -> None:
        self.rooms.pop(room_id, None)
        for alias in [alias for alias, target in self.aliases.items() if target == room_id]:
            del self.aliases[alias]
        self.deletions[room_id][-1] = "complete"


def _user(name: str | None, admin: bool = False) -> Json:
    return {"displayname": name, "admin": admin, "deactivated": False, "locked": False, "threepids": [],
            "appservice_id": None}


def _events_of_new_room(body: Json, alias: str, creator: str) -> list[tuple[str, str, Json]]:
    """Type, state key and content of each."""
    levels = {"users": {creator: 100}, "users_default": 0, "events": {}, "events_default": 0, "state_default": 50,
              "ban": 50, "kick": 50, "redact": 50, "invite": 0, **body.get("power_level_content_override", {})}
    events: list[tuple[str, str, Json]] = [
        ("m.room.create", "", {"room_version": body.get("room_version", ROOM_VERSION),
                               **body.get("creation_content", {})}),
        ("m.room.member", creator, {"membership": "join"}), ("m.room.power_levels", "", levels),
        ("m.room.canonical_alias", "", {"alias": alias}), ("m.room.join_rules", "", {"join_rule": "invite"}),
        ("m.room.history_visibility", "", {"history_visibility": "shared"})]
    events += [(event["type"], event.get("state_key", ""), event["content"])
               for event in body.get("initial_state", [])]
    if body.get("name"):
        events.append(("m.room.name", "", {"name": body["name"]}))
    if body.get("topic"):
        events.append(("m.room.topic", "", {"topic": body["topic"]}))
    return events


def _routes() -> dict[str, list[tuple[re.Pattern[str], Callable[..., Answer]]]]:
    admin, client = "/_synapse/admin/", "/_matrix/client/v3/"
    room = client + "rooms/{}/"
    # In the order of how often they are asked for.
    table: list[tuple[str, str, Callable[..., Answer]]] = [
        ("GET", admin + "v2/users/{}", Homeserver.read_user),
        ("GET", admin + "v1/rooms/{}/state", Homeserver.read_state),
        ("GET", room + "state/{}/", Homeserver.read_state_event),
        ("GET", admin + "v1/users/{}/accountdata", Homeserver.read_account_data),
        ("GET", client + "directory/room/{}", Homeserver.resolve),
        ("GET", admin + "v1/rooms/{}", Homeserver.read_room),
        ("GET", admin + "v2/rooms/{}/delete_status", Homeserver.read_deletion),
        ("GET", room + "messages", Homeserver.read_messages),
        ("GET", admin + "v1/threepid/email/users/{}", Homeserver.email_owner),
        ("GET", client + "login", Homeserver.login_types),
        ("GET", client + "account/whoami", Homeserver.whoami),
        ("GET", client + "capabilities", Homeserver.capabilities),
        ("GET", admin + "v1/users/{}/override_ratelimit", Homeserver.read_rate_limit),
        ("GET", "/health", Homeserver.health),
        ("PUT", admin + "v2/users/{}", Homeserver.put_user),
        ("PUT", client + "user/{}/account_data/{}", Homeserver.put_account_data),
        ("PUT", room + "state/{}/", Homeserver.put_state_event),
        ("PUT", room + "send/{}/{}", Homeserver.send),
        ("PUT", client + "profile/{}/{}", Homeserver.put_profile),
        ("POST", admin + "v1/join/{}", Homeserver.join),
        ("POST", client + "createRoom", Homeserver.create_room),
        ("POST", admin + "v1/deactivate/{}", Homeserver.deactivate),
        ("POST", client + "login", Homeserver.log_in),
        ("POST", admin + "v1/users/{}/override_ratelimit", Homeserver.lift_rate_limit),
        ("POST", "/_matrix/media/v3/upload", Homeserver.upload),
        ("POST", client + "join/{}", Homeserver.enter),
        ("POST", admin + "v1/rooms/{}/make_room_admin", Homeserver.make_room_admin),
        ("DELETE", admin + "v2/rooms/{}", Homeserver.delete_room),
        ("DELETE", client + "directory/room/{}", Homeserver.delete_alias),
    ]
    routes: dict[str, list[tuple[re.Pattern[str], Callable[..., Answer]]]] = {}
    for method, template, answer in table:
        pattern = re.compile("([^/]+)".join(map(re.escape, template.split("{}"))))
        routes.setdefault(method, []).append((pattern, answer))
    return routes


_ROUTES = _routes()


# --- the network ------------------------------------------------------------------------------------------------

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:", re.IGNORECASE)


class Connection(asyncio.Protocol):
    """One keep-alive connection: a request is carried out when it is whole, and answered after the latency."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.made: str | None = None  # the room made by a request that is not answered yet
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.server.connections.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self.server.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while True:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._received[:end]
            found = _LENGTH.search(head)
            size = int(found.group(1)) if found else 0
            if len(self._received) < end + 4 + size:
                if _EXPECT.search(head) and len(self._received) == end + 4:
                    self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            body = self._received[end + 4:end + 4 + size]
            self._received = self._received[end + 4 + size:]
            self._handle(head, body)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _handle(self, head: bytes, body: bytes) -> None:
        method, target, _ = head.partition(b"\r\n")[0].decode().split(" ")
        status, answer = self.server.homeserver.answer(method, target, body)
        text = json.dumps(answer).encode()
        reply = b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
            status, len(text), text)
        if target.endswith("/createRoom") and status == 200:
            self.made = answer["room_id"]
        if self.server.latency:
            asyncio.get_running_loop().call_later(self.server.latency, self._write, reply)
        else:
            self._write(reply)

    def _write(self, data: bytes) -> None:
        self.made = None
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


class Server:
    """Listens, and takes commands on standard input."""

    DELETION_SECONDS = 0.05

    def __init__(self, port: int, server_name: str) -> None:
        self.port = port
        self.homeserver = Homeserver(server_name)
        self.homeserver.later = self._later
        self.connections: set[Connection] = set()
        self.latency = 0.0
        self._listener: asyncio.Server | None = None
        self._random = random.Random(port)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        commands = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
        await self.up()
        async for line in commands:
            name, *words = line.decode().split()
            answer = await getattr(self, name)(*words)
            # Blocking on purpose: a dump is large, and the test is waiting for it.
            print(json.dumps(answer), flush=True)

    async def up(self) -> None:
        self._listener = await asyncio.get_running_loop().create_server(
            lambda: Connection(self), "127.0.0.1", self.port)

    async def down(self, half: str) -> None:
        """Gone: what was carried out stays, what was not answered yet never will be. With the probability `half` a
        room that was being made is left half made."""
        assert self._listener is not None
        self._listener.close()
        for connection in list(self.connections):
            if connection.made and self._random.random() < float(half):
                self.homeserver.leave_half_made(connection.made)
            connection.abort()
        await asyncio.sleep(0)

    async def slow(self, seconds: str) -> None:
        self.latency = float(seconds)

    async def mark(self) -> None:
        """A line drawn below the writes so far: what comes now may be of messages that are delivered again."""
        self.homeserver.writes.append(["mark", "", None, True])

    async def dump(self) -> Json:
        return self.homeserver.dump()

    def _later(self, action: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(self.DELETION_SECONDS, action)


# --- for tests --------------------------------------------------------------------------------------------------


class Stub:
    """The process. Commands wait until they are carried out."""

    def __init__(self, server_name: str) -> None:
        self.server_name = server_name
        self.port = free_port()
        self._child: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Stub:
        self._child = subprocess.Popen(
            tied_to_us([sys.executable, "-B", "-m", "lab.stub", str(self.port), self.server_name]), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
            cwd=Path(__file__).resolve().parents[1], env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"})
        wait_until(lambda: accepts_connections(self.port), "the stub to listen")
        return self

    def down(self, half: float = 0) -> None:
        """With that probability, rooms that are being made are left half made."""
        self._tell(f"down {half}")

    def up(self) -> None:
        self._tell("up")

    def slow(self, seconds: float) -> None:
        """Answer only after that time."""
        self._tell(f"slow {seconds}")

    def mark(self) -> None:
        """Into the list of writes: from here on messages may be handled that were handled before."""
        self._tell("mark")

    def dump(self) -> Json:
        answer: Json = self._tell("dump")
        return answer

    def freeze(self) -> None:
        assert self._child is not None
        self._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._child is not None
        self._child.send_signal(signal.SIGCONT)

    def destroy(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def environment(self) -> dict[str, str]:
        """What the daemon needs to know of it."""
        return {
            "MATRIX_MESSENGER__URI": self.url,
            "MATRIX_MESSENGER__SERVERNAME": self.server_name,
            "MATRIX_MESSENGER__SYNC_USER_NAME": SYNC_LOCALPART,
            "MATRIX_MESSENGER__SYNC_USER_PASSWORD": PASSWORD,
        }

    def _tell(self, command: str) -> Any:
        assert self._child is not None and self._child.stdin is not None and self._child.stdout is not None
        self._child.stdin.write(command + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(f"the stub ended with status {self._child.wait()}")
        return json.loads(line)


if __name__ == "__main__":
    asyncio.run(Server(int(sys.argv[1]), sys.argv[2]).run())

"""What Synapse holds, read past the program under test, and what other people do there."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import quote

import requests

from .process import wait_until

Json = dict[str, Any]


class Refused(AssertionError):
    """Synapse answered with an error."""

    def __init__(self, method: str, path: str, reply: requests.Response) -> None:
        super().__init__(f"{method} {path}: {reply.status_code} {reply.text}")
        self.status = reply.status_code
        self.errcode = reply.json().get("errcode") if reply.text.startswith("{") else None


def segment(text: str) -> str:
    """One segment of a URL's path."""
    return quote(text, safe="")


class Client:
    """Somebody who is logged in."""

    def __init__(self, url: str, user_id: str, token: str) -> None:
        self.url = url
        self.user_id = user_id
        self.token = token
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Json | None = None, **params: str) -> Json:
        reply = self._session.request(method, self.url + path, json=body, params=params, timeout=60)
        if not reply.ok:
            raise Refused(method, path, reply)
        answer: Json = reply.json()
        return answer

    def get(self, path: str, **params: str) -> Json:
        return self.call("GET", path, **params)

    def post(self, path: str, body: Json | None = None) -> Json:
        return self.call("POST", path, body or {})

    def put(self, path: str, body: Json) -> Json:
        return self.call("PUT", path, body)

    def delete(self, path: str, body: Json | None = None) -> Json:
        return self.call("DELETE", path, body)

    # --- rooms, as a member -------------------------------------------------------------------------------------

    def create_room(self, **content: Any) -> str:
        room: str = self.post("/_matrix/client/v3/createRoom", content)["room_id"]
        return room

    def join(self, room: str) -> None:
        self.post(f"/_matrix/client/v3/join/{segment(room)}")

    def leave(self, room: str) -> None:
        self.post(f"/_matrix/client/v3/rooms/{segment(room)}/leave")

    def invite(self, room: str, user: str) -> None:
        self.post(f"/_matrix/client/v3/rooms/{segment(room)}/invite", {"user_id": user})

    def kick(self, room: str, user: str) -> None:
        self.post(f"/_matrix/client/v3/rooms/{segment(room)}/kick", {"user_id": user})

    def ban(self, room: str, user: str) -> None:
        self.post(f"/_matrix/client/v3/rooms/{segment(room)}/ban", {"user_id": user})

    def set_state(self, room: str, kind: str, content: Json, key: str = "") -> None:
        self.put(f"/_matrix/client/v3/rooms/{segment(room)}/state/{kind}/{segment(key)}", content)

    def say(self, room: str, text: str) -> None:
        self.put(f"/_matrix/client/v3/rooms/{segment(room)}/send/m.room.message/{secrets.token_hex(8)}",
                 {"msgtype": "m.text", "body": text})

    def messages(self, room: str) -> list[Json]:
        """Messages of a room, oldest first."""
        answer = self.get(f"/_matrix/client/v3/rooms/{segment(room)}/messages", dir="f", limit="100")
        return [event for event in answer["chunk"] if event["type"] == "m.room.message"]

    def account_data(self, kind: str) -> Json:
        return self.get(f"/_matrix/client/v3/user/{segment(self.user_id)}/account_data/{segment(kind)}")

    def put_alias(self, alias: str, room: str) -> None:
        self.put(f"/_matrix/client/v3/directory/room/{segment(alias)}", {"room_id": room})


class Room:
    """The state of one room, as it was when it was read."""

    def __init__(self, room_id: str, details: Json, events: list[Json]) -> None:
        self.room_id = room_id
        self.version: str = details["version"]
        self.creator: str = details["creator"]
        self._state = {(event["type"], event["state_key"]): event for event in events}

    def state(self, kind: str, key: str = "") -> Json | None:
        event = self._state.get((kind, key))
        return event["content"] if event is not None else None

    def value(self, kind: str, name: str) -> Any:
        return (self.state(kind) or {}).get(name)

    def event_id(self, kind: str, key: str = "") -> str:
        """Tells whether a state event was written anew."""
        event_id: str = self._state[(kind, key)]["event_id"]
        return event_id

    def event_ids(self) -> set[str]:
        return {event["event_id"] for event in self._state.values()}

    def changes_since(self, before: Room) -> dict[tuple[str, str], Json]:
        """What was set by other events than before: type and state key, and the content now."""
        old = before.event_ids()
        return {key: event["content"] for key, event in self._state.items() if event["event_id"] not in old}

    @property
    def name(self) -> str | None:
        return self.value("m.room.name", "name")

    @property
    def topic(self) -> str | None:
        return self.value("m.room.topic", "topic")

    @property
    def levels(self) -> Json:
        return self.state("m.room.power_levels") or {}

    def level(self, user: str) -> int:
        # Version 12 lists no creators: their power is infinite.
        if user == self.creator and self.version == "12":
            return 2**53
        level: int = self.levels.get("users", {}).get(user, self.levels.get("users_default", 0))
        return level

    def membership(self, user: str) -> str | None:
        event = self.state("m.room.member", user)
        return event["membership"] if event is not None else None

    @property
    def members(self) -> set[str]:
        """Who is joined."""
        return self.users_with("join")

    def users_with(self, membership: str) -> set[str]:
        return {key for (kind, key), event in self._state.items()
                if kind == "m.room.member" and event["content"].get("membership") == membership}


class Homeserver:
    """What an operator, a server admin, sees and does."""

    def __init__(self, admin: Client, server_name: str) -> None:
        self.admin = admin
        self.server_name = server_name
        self.lift_rate_limit(admin.user_id)

    def user_id(self, localpart: str) -> str:
        return f"@{localpart}:{self.server_name}"

    # --- users --------------------------------------------------------------------------------------------------

    def user(self, user: str) -> Json | None:
        """None when there is no such user."""
        try:
            return self.admin.get(f"/_synapse/admin/v2/users/{segment(user)}")
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def put_user(self, user: str, **fields: Any) -> None:
        self.admin.put(f"/_synapse/admin/v2/users/{segment(user)}", fields)

    def deactivate(self, user: str, erase: bool = False) -> None:
        self.admin.post(f"/_synapse/admin/v1/deactivate/{segment(user)}", {"erase": erase})

    def lift_rate_limit(self, user: str) -> None:
        self.admin.post(f"/_synapse/admin/v1/users/{segment(user)}/override_ratelimit",
                        {"messages_per_second": 0, "burst_count": 0})

    def rate_limit(self, user: str) -> Json:
        """Empty when it was never lifted."""
        return self.admin.get(f"/_synapse/admin/v1/users/{segment(user)}/override_ratelimit")

    def devices(self, user: str) -> list[Json]:
        devices: list[Json] = self.admin.get(f"/_synapse/admin/v2/users/{segment(user)}/devices")["devices"]
        return devices

    def log_out(self, user: str) -> None:
        """Every token of the user becomes invalid."""
        for device in self.devices(user):
            self.admin.delete(f"/_synapse/admin/v2/users/{segment(user)}/devices/{segment(device['device_id'])}")

    def log_in_as(self, user: str) -> Client:
        """Act as somebody without knowing a password."""
        token = self.admin.post(f"/_synapse/admin/v1/users/{segment(user)}/login")["access_token"]
        return Client(self.admin.url, user, token)

    def joined_rooms(self, user: str) -> set[str]:
        return set(self.admin.get(f"/_synapse/admin/v1/users/{segment(user)}/joined_rooms")["joined_rooms"])

    # --- rooms --------------------------------------------------------------------------------------------------

    def alias(self, name: str) -> str:
        return f"#{name}:{self.server_name}"

    def resolve(self, alias: str) -> str | None:
        """None when nothing has that alias."""
        try:
            room: str = self.admin.get(f"/_matrix/client/v3/directory/room/{segment(alias)}")["room_id"]
        except Refused as refused:
            if refused.status == 404:
                return None
            raise
        return room

    def room(self, room: str) -> Room:
        """By id or alias."""
        room_id = self.resolve(room) if room.startswith("#") else room
        assert room_id is not None, f"nothing has the alias {room}"
        details = self.admin.get(f"/_synapse/admin/v1/rooms/{segment(room_id)}")
        state = self.admin.get(f"/_synapse/admin/v1/rooms/{segment(room_id)}/state")
        return Room(room_id, details, state["state"])

    def room_exists(self, room_id: str) -> bool:
        try:
            self.admin.get(f"/_synapse/admin/v1/rooms/{segment(room_id)}")
        except Refused as refused:
            if refused.status == 404:
                return False
            raise
        return True

    def rooms(self) -> list[Json]:
        rooms: list[Json] = self.admin.get("/_synapse/admin/v1/rooms", limit="1000")["rooms"]
        return rooms

    def users(self) -> list[Json]:
        users: list[Json] = self.admin.get("/_synapse/admin/v2/users", limit="1000", guests="false",
                                           deactivated="true")["users"]
        return users

    def force_join(self, room: str, user: str) -> None:
        self.admin.post(f"/_synapse/admin/v1/join/{segment(room)}", {"user_id": user})

    def delete_room(self, room_id: str) -> None:
        self.admin.delete(f"/_synapse/admin/v2/rooms/{segment(room_id)}", {"purge": True, "block": False})
        # Its status may be unknown for a moment, before the deletion has begun in the background.
        wait_until(lambda: not self.room_exists(room_id), f"{room_id} to be deleted")

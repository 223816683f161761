"""What must be there after a stream of messages was handled, one after the other (data/README.md).

Knows of no fault and no delivery; a message that is handled twice, or again after later ones, must make no
difference in the end (messages.py takes care that this is so for each stream that it makes).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

MODERATOR = 50


@dataclass
class User:
    name: str | None  # None: the one that Synapse gives
    # Names of later addRooms: where messages are handled together, the user may be made with one of them.
    offered: set[str] = field(default_factory=set)
    active: bool = True
    to_greet: bool = True  # made by the sync, and no addUser has come yet
    welcome: str | None = None  # what they were greeted with


@dataclass
class Room:
    name: str
    topic: str
    bidirectional: bool
    members: dict[str, int] = field(default_factory=dict)  # who is joined or was, with their levels


class Model:
    """Users by id, rooms by alias."""

    def __init__(self, server_name: str) -> None:
        self.server_name = server_name
        self.users: dict[str, User] = {}
        self.rooms: dict[str, Room] = {}
        self.removals: dict[str, int] = {}  # messages that remove the room, by alias

    def apply(self, message: Json) -> None:
        {"addUser": self._add_user, "addRoom": self._add_room,
         "removeUser": self._remove_user, "removeRoom": self._remove_room}[message["method"]](message)

    def alias(self, room: Json) -> str:
        return f"#{room.get('type', 'room')}_{room['id']}:{self.server_name}"

    def joined(self, alias: str) -> set[str]:
        return {user for user in self.rooms[alias].members if self.users[user].active}

    def level(self, alias: str, user: str) -> int:
        return self.rooms[alias].members.get(user, 0)

    def _add_user(self, message: Json) -> None:
        wanted = message["user"]
        user = self.users.setdefault(wanted["id"], User(wanted.get("name")))
        if not user.active:
            return
        user.name = wanted.get("name", user.name)
        if user.to_greet:
            user.welcome = message.get("welcome", {}).get("text")
        user.to_greet = False
        for room in message["rooms"]:
            self._describe(room)
            self._join(self.alias(room), wanted["id"], room)

    def _add_room(self, message: Json) -> None:
        alias = self._describe(message["room"])
        for member in message["members"]:
            user = self.users.setdefault(member["id"], User(member.get("name")))
            if user.name is None and "name" in member:
                user.offered.add(member["name"])
            if user.active:
                self._join(alias, member["id"], member)

    def _remove_user(self, message: Json) -> None:
        user = self.users.get(message["user"]["id"])
        if user is not None:
            user.active = False

    def _remove_room(self, message: Json) -> None:
        alias = self.alias(message["room"])
        self.rooms.pop(alias, None)
        self.removals[alias] = self.removals.get(alias, 0) + 1

    def _describe(self, wanted: Json) -> str:
        alias = self.alias(wanted)
        room = self.rooms.setdefault(alias, Room("", "", False))
        room.name = wanted["name"]
        room.topic = wanted.get("description", "")
        room.bidirectional = wanted.get("bidirectional", False)
        return alias

    def _join(self, alias: str, user: str, wanted: Json) -> None:
        members = self.rooms[alias].members
        members[user] = max(members.get(user, 0), MODERATOR if wanted.get("is_moderator") else 0)

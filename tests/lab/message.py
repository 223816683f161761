"""Requests as producers write them. An argument that is not given does not appear in the message."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def room(room_id: str, name: str | None = "A room", **fields: Any) -> Json:
    """A room of an addUser or addRoom."""
    return _given(id=room_id, name=name, **fields)


def member(user: str, **fields: Any) -> Json:
    return _given(id=user, **fields)


def add_user(user: str, *rooms: Json, welcome: str | None = None, **fields: Any) -> Json:
    message: Json = {"method": "addUser", "user": _given(id=user, **fields), "rooms": list(rooms)}
    if welcome is not None:
        message["welcome"] = {"text": welcome}
    return message


def add_room(described: Json, *members: str | Json) -> Json:
    return {"method": "addRoom", "room": described,
            "members": [member(one) if isinstance(one, str) else one for one in members]}


def remove_user(user: str) -> Json:
    return {"method": "removeUser", "user": {"id": user}}


def remove_room(room_id: str, **fields: Any) -> Json:
    return {"method": "removeRoom", "room": {"id": room_id, **fields}}


def _given(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value is not None}

"""Accounts of others: nothing is done to them but to bring them into rooms."""

from __future__ import annotations

import pytest

from lab.message import add_room, add_user, member, remove_user, room
from stage import Stage

ACCOUNT = r"/_synapse/admin/v\d/(users/[^/]+|deactivate/[^/]+)$"


def untouched(stage: Stage, user: str) -> None:
    """There and active, under its own name, and nothing was written about it."""
    account = stage.homeserver.user(user)
    assert account is not None and not account["deactivated"] and not account["erased"]
    assert account["displayname"] == "Own Name"
    assert [request for request in stage.proxy.requests("*", ACCOUNT) if request.method != "GET"] == []


@pytest.fixture(params=["puppet", "named", "pattern", "full id", "admin", "former sync user"])
def protected(request: pytest.FixtureRequest, stage: Stage) -> tuple[str, str]:
    """A user who is protected, the first daemon knows why; and a word of the reason."""
    kind = request.param
    user = stage.puppet() if kind == "puppet" else stage.user()
    localpart = user[1:].partition(":")[0]
    stage.homeserver.put_user(user, displayname="Own Name", **({"admin": True} if kind == "admin" else {}))
    settings = {"named": {"SYNC__PROTECTED_USERS": f"head, {localpart}"},
                "pattern": {"SYNC__PROTECTED_USERS": f"head {localpart[:-3]}*"},
                "full id": {"SYNC__PROTECTED_USERS": user},
                "former sync user": {"SYNC__FORMER_SYNC_USERS": localpart}}.get(kind, {})
    stage.start(**settings)
    return user, {"puppet": "application service", "admin": "server admin",
                  "former sync user": "SYNC__FORMER_SYNC_USERS"}.get(kind, "SYNC__PROTECTED_USERS")


def test_a_protected_user_is_not_removed(stage: Stage, protected: tuple[str, str]) -> None:
    user, reason = protected
    letter = stage.rejected(remove_user(user), "protected-user")
    assert user in letter.detail and reason in letter.detail
    untouched(stage, user)


def test_a_protected_user_is_not_renamed_but_joined_and_raised(stage: Stage, protected: tuple[str, str]) -> None:
    user, _ = protected
    first, second = stage.room_id(), stage.room_id()
    stage.done(add_user(user, room(first, is_moderator=True), name="New Name"),
               add_room(room(second), member(user, is_moderator=True, name="New Name")),
               add_user(user, name="New Name"))
    for room_id in (first, second):
        state = stage.homeserver.room(stage.alias(room_id))
        assert user in state.members and state.level(user) == 50
    untouched(stage, user)


def test_a_protected_user_who_is_gone_is_done(stage: Stage, protected: tuple[str, str]) -> None:
    user, _ = protected
    stage.homeserver.deactivate(user)
    stage.done(remove_user(user))
    assert stage.proxy.requests("POST", ACCOUNT) == []


@pytest.mark.parametrize("kind", ["puppet", "named"])
def test_a_protected_user_is_not_brought_back(stage: Stage, kind: str) -> None:
    user = stage.puppet() if kind == "puppet" else stage.person()
    stage.homeserver.deactivate(user)
    stage.start(SYNC__REACTIVATE="true", SYNC__PROTECTED_USERS=user[1:].partition(":")[0] if kind == "named" else "")
    stage.done_with_warning(add_user(user, name="New Name"))
    account = stage.homeserver.user(user)
    assert account is not None and account["deactivated"] and account["displayname"] != "New Name"


def test_who_is_protected_by_name_and_unknown_is_done(stage: Stage) -> None:
    user = stage.user()
    stage.start(SYNC__PROTECTED_USERS="*")
    stage.done(remove_user(user))
    assert stage.homeserver.user(user) is None


def test_who_is_protected_by_name_is_made_with_name_and_welcome(stage: Stage) -> None:
    """By an addRoom at first, as usual; the addUser that comes later brings the name."""
    user, room_id = stage.user(), stage.room_id()
    stage.start(SYNC__PROTECTED_USERS="*")
    stage.done(add_room(room(room_id), user))
    stage.done(add_user(user, name="Ada", welcome="Hello"))
    account = stage.homeserver.user(user)
    assert account is not None and account["displayname"] == "Ada"
    stage.done(add_user(user, name="Other"))
    account = stage.homeserver.user(user)
    assert account is not None and account["displayname"] == "Ada"


def test_others_are_renamed_and_removed_as_ever(stage: Stage) -> None:
    user = stage.person(displayname="Own Name")
    stage.start(SYNC__PROTECTED_USERS="head, tg_*")
    stage.done(add_user(user, name="New Name"))
    account = stage.homeserver.user(user)
    assert account is not None and account["displayname"] == "New Name"
    stage.done(remove_user(user))
    account = stage.homeserver.user(user)
    assert account is not None and account["deactivated"]

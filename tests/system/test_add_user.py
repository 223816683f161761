"""addUser: the user."""

from __future__ import annotations

import json
import time

import pytest
import requests

from lab.message import add_room, add_user, remove_user, room
from lab.process import wait_until
from stage import Stage, unique

USERS = r"/_synapse/admin/v2/users/@"


def can_log_in(stage: Stage, user: str, password: str) -> bool:
    reply = requests.post(f"{stage.school.synapse.url}/_matrix/client/v3/login", timeout=30, json={
        "type": "m.login.password", "identifier": {"type": "m.id.user", "user": user}, "password": password})
    return reply.ok


def mails(stage: Stage, user: str) -> list[str]:
    account = stage.homeserver.user(user)
    assert account is not None
    return [threepid["address"] for threepid in account["threepids"]]


def displayname(stage: Stage, user: str) -> str | None:
    account = stage.homeserver.user(user)
    assert account is not None
    name: str | None = account["displayname"]
    return name


def test_a_user_who_is_absent_is_created_with_the_name(stage: Stage) -> None:
    user = stage.user()
    stage.done(add_user(user, name="Ada Lovelace"))
    account = stage.homeserver.user(user)
    assert account is not None
    assert account["displayname"] == "Ada Lovelace"
    assert not account["admin"] and not account["deactivated"]


def test_a_user_without_name_is_made_without_one(stage: Stage) -> None:
    user = stage.user()
    stage.done(add_user(user))
    localpart = user[1:].split(":")[0]
    assert displayname(stage, user) in (None, "", localpart)


def test_a_name_that_exists_is_left_alone_when_none_is_given(stage: Stage) -> None:
    user = stage.person(displayname="Chosen Name")
    assert stage.writes_of(add_user(user)) == []
    assert displayname(stage, user) == "Chosen Name"


def test_a_name_of_null_means_absent(stage: Stage) -> None:
    user = stage.person(displayname="Chosen Name")
    message = add_user(user)
    message["user"]["name"] = None
    stage.done(message)
    assert displayname(stage, user) == "Chosen Name"


def test_a_differing_display_name_is_changed(stage: Stage) -> None:
    user = stage.person(displayname="Old Name")
    stage.done(add_user(user, name="New Nàme 🎓"))
    assert displayname(stage, user) == "New Nàme 🎓"


def test_a_name_is_compared_as_synapse_keeps_it(stage: Stage) -> None:
    user = stage.person(displayname="Ada")
    assert stage.writes_of(add_user(user, name=" Ada\u00a0")) == []


def test_an_equal_display_name_is_not_written(stage: Stage) -> None:
    user = stage.person(displayname="Same Name")
    assert stage.writes_of(add_user(user, name="Same Name")) == []


def test_creation_sets_the_email(stage: Stage) -> None:
    user, mail = stage.user(), f"{unique('ada')}@example.school"
    stage.done(add_user(user, name="Ada", email=mail))
    assert mails(stage, user) == [mail]


def test_an_email_of_another_account_is_left_out_with_a_warning(stage: Stage) -> None:
    mail = f"{unique('shared')}@example.school"
    owner = stage.person(threepids=[{"medium": "email", "address": mail}])
    user = stage.user()
    stage.done_with_warning(add_user(user, name="Second", email=mail))
    assert displayname(stage, user) == "Second"
    assert mails(stage, user) == []
    assert mails(stage, owner) == [mail]


def test_creation_sets_the_password_if_one_is_given(stage: Stage) -> None:
    user = stage.user()
    stage.done(add_user(user, name="Ada", password="correct horse battery"))
    assert can_log_in(stage, user, "correct horse battery")
    assert "correct horse battery" not in stage.daemon.log


def test_no_password_is_invented(stage: Stage) -> None:
    user = stage.user()
    stage.done(add_user(user, name="Ada"))
    creation, = stage.proxy.requests("PUT", USERS)
    assert "password" not in creation.json


def test_password_emails_devices_and_admin_flag_of_an_existing_user_are_never_touched(stage: Stage) -> None:
    mail = f"{unique('old')}@example.school"
    user = stage.person(password="old password", threepids=[{"medium": "email", "address": mail}], displayname="Old")
    client = stage.homeserver.log_in_as(user)
    stage.done(add_user(user, name="New", password="new password", email=f"{unique('new')}@example.school"))
    assert displayname(stage, user) == "New"
    assert can_log_in(stage, user, "old password") and not can_log_in(stage, user, "new password")
    assert mails(stage, user) == [mail]
    client.get("/_matrix/client/v3/account/whoami")
    for change in stage.proxy.requests("PUT", USERS):
        assert set(change.json) == {"displayname"}


@pytest.mark.parametrize("harm", [
    {"status": 404, "body": b"<html>Not here</html>"},
    {"status": 404, "body": {"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"}},
    {"status": 502, "body": b"Bad Gateway"},
    {"status": 200, "body": b"not json"},
], ids=["404 without errcode", "404 of another kind", "502", "200 that is no JSON"])
def test_only_a_clean_404_means_absent(stage: Stage, harm: dict) -> None:  # type: ignore[type-arg]
    user = stage.person(displayname="Was here", password="old password")
    fault = stage.proxy.fault(r"/_synapse/admin/v\d/users/@", "GET", **harm)
    stage.publish(add_user(user, name="Was here", password="new password"))
    daemon = stage.daemon
    wait_until(lambda: fault.hits >= 2 or daemon.ends(), "a second attempt, or a verdict")
    assert stage.proxy.requests("PUT", USERS) == []
    fault.release()
    stage.ends()
    assert can_log_in(stage, user, "old password")


def test_a_creation_whose_answer_was_lost_is_completed(stage: Stage) -> None:
    user, mail = stage.user(), f"{unique('mail')}@example.school"
    fault = stage.proxy.fault(USERS, "PUT", lose_reply=True, times=1)
    room_id = stage.room_id()
    stage.done(add_user(user, room(room_id), name="Ada", email=mail))
    assert fault.hits == 1
    assert displayname(stage, user) == "Ada" and mails(stage, user) == [mail]
    assert user in stage.homeserver.room(stage.alias(room_id)).members


def test_a_creation_that_was_cut_in_the_middle_is_completed_by_the_next_delivery(stage: Stage) -> None:
    user, mail = stage.user(), f"{unique('mail')}@example.school"
    first = stage.start()
    # Synapse registers first and adds the e-mail afterwards; this is what it leaves when it dies between.
    fault = stage.proxy.fault(USERS, "PUT", hold=True, cut=True, times=1)
    stage.publish(add_user(user, name="Ada", email=mail, welcome="Hello"))
    fault.wait_hit()
    first.kill()
    stage.homeserver.put_user(user, displayname="Ada")
    fault.release()
    stage.start()
    stage.ends()
    assert mails(stage, user) == [mail]


def test_a_deactivated_user_stays_deactivated(stage: Stage) -> None:
    user, room_id = stage.person(), stage.room_id()
    stage.homeserver.deactivate(user)
    stage.done_with_warning(add_user(user, room(room_id), name="Back again"))
    account = stage.homeserver.user(user)
    assert account is not None and account["deactivated"]
    assert stage.homeserver.joined_rooms(user) == set()


def test_reactivate_makes_a_deactivated_user_active_again(stage: Stage) -> None:
    stage.start(SYNC__REACTIVATE="true")
    user, room_id = stage.person(), stage.room_id()
    stage.homeserver.deactivate(user)
    stage.done(add_user(user, room(room_id), name="Back again"))
    account = stage.homeserver.user(user)
    assert account is not None and not account["deactivated"]
    assert account["displayname"] == "Back again"
    assert user in stage.homeserver.room(stage.alias(room_id)).members


def test_who_is_reactivated_is_not_taken_out_of_rooms_again(stage: Stage) -> None:
    stage.start(SYNC__REACTIVATE="true")
    user, rooms = stage.user(), [room(stage.room_id()) for _ in range(10)]
    stage.done(add_user(user, *rooms, name="Ada"))
    stage.done(remove_user(user), add_user(user, *rooms, name="Ada"))
    time.sleep(2)  # nothing tells that Synapse has nothing more in mind
    assert len(stage.homeserver.joined_rooms(user)) == 10


def test_a_server_admin_is_joined_and_raised_and_never_renamed(stage: Stage) -> None:
    admin, room_id = stage.person(admin=True, displayname="The Admin"), stage.room_id()
    stage.done(add_user(admin, room(room_id, is_moderator=True), name="Somebody Else"))
    made = stage.homeserver.room(stage.alias(room_id))
    assert admin in made.members and made.level(admin) == 50
    assert displayname(stage, admin) == "The Admin"


def test_an_add_user_for_the_sync_user_is_rejected(stage: Stage) -> None:
    stage.rejected(add_user(stage.sync.user_id, name="Renamed"), "protected-user")
    assert displayname(stage, stage.sync.user_id) != "Renamed"


@pytest.mark.parametrize("rooms", [[], None, "missing"])
def test_rooms_may_be_missing_or_empty(stage: Stage, rooms: object) -> None:
    user = stage.user()
    message = add_user(user, name="Ada")
    if rooms == "missing":
        del message["rooms"]
    else:
        message["rooms"] = rooms
    stage.done(message)
    assert displayname(stage, user) == "Ada"


def test_the_method_is_compared_without_regard_to_case(stage: Stage) -> None:
    user = stage.user()
    stage.done({**add_user(user, name="Ada"), "method": "ADDuser"})
    assert displayname(stage, user) == "Ada"


def test_unknown_fields_are_ignored(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    message = add_user(user, room(room_id, members=[], color="red"), name="Ada", roles=["x"])
    stage.done({**message, "schoolId": {"a": [1, 2.5, None]}})
    assert user in stage.homeserver.room(stage.alias(room_id)).members


def test_the_user_is_joined_without_an_invitation_to_accept_and_has_level_0(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.done(add_user(user, room(room_id), name="Ada"))
    made = stage.homeserver.room(stage.alias(room_id))
    assert made.membership(user) == "join" and made.level(user) == 0


def test_a_moderator_has_level_50(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.done(add_user(user, room(room_id, is_moderator=True), name="Ada"))
    assert stage.homeserver.room(stage.alias(room_id)).level(user) == 50


def test_a_member_who_becomes_a_moderator_is_raised(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.done(add_user(user, room(room_id), name="Ada"))
    stage.done(add_user(user, room(room_id, is_moderator=True), name="Ada"))
    assert stage.homeserver.room(stage.alias(room_id)).level(user) == 50


@pytest.mark.parametrize("level", [50, 60, 100])
def test_levels_are_never_lowered(stage: Stage, level: int) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.done(add_user(user, room(room_id), name="Ada"))
    made = stage.homeserver.room(stage.alias(room_id))
    stage.sync.set_state(made.room_id, "m.room.power_levels",
                         {**made.levels, "users": {**made.levels["users"], user: level}})
    for is_moderator in (False, True):
        stage.done(add_user(user, room(room_id, is_moderator=is_moderator), name="Ada"))
        assert stage.homeserver.room(stage.alias(room_id)).level(user) == level


def test_nobody_is_removed_from_rooms_that_are_not_named(stage: Stage) -> None:
    user, first, second = stage.user(), stage.room_id(), stage.room_id()
    stage.done(add_user(user, room(first), name="Ada"))
    stage.done(add_user(user, room(second), name="Ada"))
    assert user in stage.homeserver.room(stage.alias(first)).members
    assert user in stage.homeserver.room(stage.alias(second)).members


def test_a_user_who_had_left_is_joined_again(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.done(add_user(user, room(room_id), name="Ada"))
    stage.homeserver.log_in_as(user).leave(stage.homeserver.resolve(stage.alias(room_id)) or "")
    stage.done(add_user(user, room(room_id), name="Ada"))
    assert user in stage.homeserver.room(stage.alias(room_id)).members


def test_a_user_with_an_open_invitation_is_joined(stage: Stage) -> None:
    user, room_id = stage.person(displayname="Ada"), stage.room_id()
    stage.done(add_room(room(room_id)))
    stage.sync.invite(stage.homeserver.resolve(stage.alias(room_id)) or "", user)
    stage.done(add_user(user, room(room_id), name="Ada"))
    assert user in stage.homeserver.room(stage.alias(room_id)).members


def test_a_user_who_was_banned_stays_banned(stage: Stage) -> None:
    user, room_id, other = stage.user(), stage.room_id(), stage.room_id()
    stage.done(add_user(user, room(room_id), name="Ada"))
    stage.sync.ban(stage.homeserver.resolve(stage.alias(room_id)) or "", user)
    stage.done_with_warning(add_user(user, room(room_id), room(other), name="Ada"))
    assert stage.homeserver.room(stage.alias(room_id)).membership(user) == "ban"
    assert user in stage.homeserver.room(stage.alias(other)).members


def test_doing_it_twice_changes_nothing_and_writes_nothing(stage: Stage) -> None:
    user = stage.user()
    rooms = [room(stage.room_id(), is_moderator=True, description="What it is"), room(stage.room_id(), type="course")]
    message = add_user(user, *rooms, name="Ada", email=f"{unique('a')}@example.school", welcome="Hello")
    stage.done(message)
    assert stage.writes_of(message) == []


def test_a_fresh_daemon_that_finds_everything_in_place_writes_nothing(stage: Stage) -> None:
    message = add_user(stage.user(), room(stage.room_id(), is_moderator=True), name="Ada", welcome="Hello")
    stage.done(message)
    stage.daemon.stop()
    stage.start()
    assert stage.writes_of(message) == []


@pytest.mark.parametrize("localpart", ["with.dots_and-dashes", "with=equals", "with+plus"])
def test_ids_with_characters_special_in_urls_work(stage: Stage, localpart: str) -> None:
    user, room_id = stage.user(localpart), unique("50%25?&#ä+")
    stage.done(add_user(user, room(room_id), name="Ada"))
    assert user in stage.homeserver.room(stage.alias(room_id)).members
    stage.done(add_user(user, room(room_id), name="Ada"))


def test_a_room_that_is_listed_twice_is_one_room_with_the_higher_level(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.done(add_user(user, room(room_id, is_moderator=True), room(room_id), name="Ada"))
    assert stage.homeserver.room(stage.alias(room_id)).level(user) == 50


def test_many_rooms_of_one_user(stage: Stage) -> None:
    user, rooms = stage.user(), [stage.room_id() for _ in range(12)]
    stage.done(add_user(user, *(room(room_id, type="course") for room_id in rooms), name="Ada"))
    joined = stage.homeserver.joined_rooms(user)
    assert joined == {stage.homeserver.resolve(stage.alias(room_id, "course")) for room_id in rooms}


def test_a_body_with_escaped_characters_is_understood(stage: Stage) -> None:
    user = stage.user()
    stage.done(json.dumps(add_user(user, name="Zoë \"Z\" 𝄞")).encode())
    assert displayname(stage, user) == 'Zoë "Z" 𝄞'

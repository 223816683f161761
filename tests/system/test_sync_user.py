"""The sync user: how it logs in and what it does at the start."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest

from lab.daemon import Daemon
from lab.matrix import Client
from lab.message import add_room, add_user, room
from stage import Stage, unique

PASSWORD = "MATRIX_MESSENGER__SYNC_USER_PASSWORD"
TOKEN = "MATRIX_MESSENGER__SYNC_USER_TOKEN"
SECRET = "MATRIX_MESSENGER__SECRET"
NAME = "MATRIX_MESSENGER__SYNC_USER_NAME"
AVATAR = "MATRIX_MESSENGER__SYNC_USER_AVATAR_PATH"
LOGIN = "/_matrix/client/v3/login"
# The smallest picture there is: one transparent pixel.
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000"
                      "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082")


class Actor:
    """A sync user of one's own, so that tests can harm it."""

    def __init__(self, stage: Stage, admin: bool = True, password: str | None = None) -> None:
        self.stage = stage
        self.localpart = unique("sync")
        self.password = password or unique("password")
        self.client: Client = stage.school.synapse.register(self.localpart, self.password, admin=admin)
        self.id = self.client.user_id

    def start(self, **settings: str) -> Daemon:
        """By default with the password."""
        if not {PASSWORD, TOKEN, SECRET} & set(settings):
            settings[PASSWORD] = self.password
        return self.stage.start(drop=[PASSWORD] if PASSWORD not in settings else [],
                                **{NAME: self.localpart, **settings})

    def account(self) -> dict:  # type: ignore[type-arg]
        account = self.stage.homeserver.user(self.id)
        assert account is not None
        return account

    def works(self) -> None:
        room_id = self.stage.room_id()
        self.stage.done(add_room(room(room_id)))
        assert self.stage.homeserver.room(self.stage.alias(room_id)).creator == self.id


def picture(stage: Stage, tmp_path: Path) -> str:
    file = tmp_path / "avatar.png"
    file.write_bytes(PIXEL)
    return str(file)


# --- what it does at the start ----------------------------------------------------------------------------------------


def test_the_display_name_is_set(stage: Stage) -> None:
    actor = Actor(stage)
    actor.start()
    actor.works()
    assert actor.account()["displayname"] == "Sync-Bot"


def test_the_display_name_can_be_chosen(stage: Stage) -> None:
    actor = Actor(stage)
    actor.start(MATRIX_MESSENGER__SYNC_USER_DISPLAYNAME="School Messenger")
    actor.works()
    assert actor.account()["displayname"] == "School Messenger"


def test_the_avatar_is_set_if_it_has_none_and_uploaded_once(stage: Stage, tmp_path: Path) -> None:
    actor = Actor(stage)
    actor.start(**{AVATAR: picture(stage, tmp_path)})
    actor.works()
    avatar = actor.account()["avatar_url"]
    assert avatar.startswith("mxc://")
    stage.daemon.stop()
    actor.start(**{AVATAR: picture(stage, tmp_path)})
    actor.works()
    assert actor.account()["avatar_url"] == avatar
    assert len(stage.proxy.requests("POST", "/upload")) == 1


def test_an_avatar_that_is_there_is_left_alone(stage: Stage, tmp_path: Path) -> None:
    actor = Actor(stage)
    stage.homeserver.put_user(actor.id, avatar_url="mxc://matrix.example.school/own")
    actor.start(**{AVATAR: picture(stage, tmp_path)})
    actor.works()
    assert actor.account()["avatar_url"] == "mxc://matrix.example.school/own"


def test_a_missing_avatar_file_is_a_warning(stage: Stage) -> None:
    actor = Actor(stage)
    daemon = actor.start(**{AVATAR: "/does/not/exist.png"})
    actor.works()
    assert [line for line in daemon.warnings() if "avatar" in line.text.lower()], daemon.log


def test_the_rate_limit_of_the_sync_user_is_lifted_once(stage: Stage) -> None:
    actor = Actor(stage)
    actor.start()
    actor.works()
    assert stage.homeserver.rate_limit(actor.id) == {"messages_per_second": 0, "burst_count": 0}
    stage.done(*(add_room(room(stage.room_id())) for _ in range(15)))
    assert [reply for reply in stage.proxy.requests() if reply.status == 429] == []
    assert len(stage.proxy.requests("POST", "/override_ratelimit")) == 1


def test_the_rate_limit_can_be_left_as_it_is(stage: Stage) -> None:
    actor = Actor(stage)
    actor.start(SYNC__LIFT_RATE_LIMIT="false")
    actor.works()
    assert stage.homeserver.rate_limit(actor.id) == {}


def test_a_second_start_finds_everything_in_place_and_sets_nothing(stage: Stage, tmp_path: Path) -> None:
    actor = Actor(stage)
    actor.start(**{AVATAR: picture(stage, tmp_path)})
    actor.works()
    stage.daemon.stop()
    stage.proxy.forget()
    actor.start(**{AVATAR: picture(stage, tmp_path)})
    stage.done(add_user(stage.person(displayname="Somebody"), name="Somebody"))
    assert {request.path for request in stage.proxy.writes()} <= {
        LOGIN, f"/_synapse/admin/v1/users/{actor.id}/override_ratelimit".replace("@", "%40").replace(":", "%3A")}


def test_a_sync_user_that_is_no_admin_takes_no_messages_and_says_so(stage: Stage) -> None:
    actor = Actor(stage, admin=False)
    daemon = actor.start()
    stage.publish(add_user(stage.user(), name="Ada"))
    daemon.wait_line("admin")
    assert daemon.ends() == []
    # As soon as it is made one, it goes on.
    stage.homeserver.put_user(actor.id, admin=True)
    assert stage.ends()[0].outcome == "done"


# --- logging in -------------------------------------------------------------------------------------------------------


def test_it_logs_in_with_a_token(stage: Stage) -> None:
    actor = Actor(stage)
    actor.start(**{TOKEN: actor.client.token})
    actor.works()
    assert stage.proxy.requests("POST", "/login") == []


def test_it_logs_in_with_a_password_and_a_fixed_device(stage: Stage) -> None:
    actor = Actor(stage)
    before = {device["device_id"] for device in stage.homeserver.devices(actor.id)}
    for _ in range(2):
        actor.start()
        actor.works()
        stage.daemon.stop()
    after = {device["device_id"] for device in stage.homeserver.devices(actor.id)}
    assert len(after - before) == 1
    for login in stage.proxy.requests("POST", LOGIN):
        assert login.json["type"] == "m.login.password"
        assert login.json["identifier"]["type"] == "m.id.user"


def test_it_logs_in_with_the_shared_secret(stage: Stage) -> None:
    # Without the authenticator's module on the server, the proof goes as a password; so let it be one.
    secret, localpart = unique("secret"), unique("sync")
    user = stage.homeserver.user_id(localpart)
    proof = hmac.new(secret.encode(), user.encode(), hashlib.sha512).hexdigest()
    actor = Actor(stage, password=proof)
    actor.localpart, actor.id = localpart, user
    stage.homeserver.put_user(user, password=proof, admin=True)
    daemon = actor.start(**{SECRET: secret})
    actor.works()
    assert secret not in daemon.log and proof not in daemon.log


def test_with_the_authenticator_on_the_server_its_login_type_is_used(stage: Stage) -> None:
    secret = unique("secret")
    actor = Actor(stage)
    device = "ABC"
    stage.proxy.fault(LOGIN, "GET", status=200, body={"flows": [
        {"type": "m.login.password"}, {"type": "com.devture.shared_secret_auth"}]})
    stage.proxy.fault(LOGIN, "POST", status=200, body={
        "user_id": actor.id, "access_token": actor.client.token, "device_id": device})
    actor.start(**{SECRET: secret})
    actor.works()
    login = stage.proxy.requests("POST", LOGIN)[0].json
    assert login["type"] == "com.devture.shared_secret_auth"
    assert login["token"] == hmac.new(secret.encode(), actor.id.encode(), hashlib.sha512).hexdigest()


def test_a_token_goes_before_a_password_and_a_password_before_the_secret(stage: Stage) -> None:
    actor = Actor(stage)
    actor.start(**{TOKEN: actor.client.token, PASSWORD: "wrong", SECRET: "wrong"})
    actor.works()
    stage.daemon.stop()
    actor.start(**{PASSWORD: actor.password, SECRET: "wrong"})
    actor.works()


def test_no_token_is_in_a_url(stage: Stage) -> None:
    actor = Actor(stage)
    actor.start(**{TOKEN: actor.client.token})
    actor.works()
    assert not [request for request in stage.proxy.requests()
                if actor.client.token in request.path + request.query]


# --- when the token goes bad ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["password", "secret"])
def test_a_401_in_mid_run_leads_to_one_new_login_and_the_request_is_sent_again(stage: Stage, by: str) -> None:
    if by == "password":
        actor = Actor(stage)
        actor.start()
    else:
        secret, localpart = unique("secret"), unique("sync")
        user = stage.homeserver.user_id(localpart)
        proof = hmac.new(secret.encode(), user.encode(), hashlib.sha512).hexdigest()
        actor = Actor(stage)
        actor.localpart, actor.id = localpart, user
        stage.homeserver.put_user(user, password=proof, admin=True)
        actor.start(**{SECRET: secret})
    actor.works()
    stage.homeserver.log_out(actor.id)
    stage.proxy.forget()
    users, room_id = [stage.user() for _ in range(5)], stage.room_id()
    stage.done(*(add_user(user, room(room_id), name="Ada") for user in users))
    assert set(users) <= stage.homeserver.room(stage.alias(room_id)).members
    assert len(stage.proxy.requests("POST", LOGIN)) == 1


def test_a_token_that_is_refused_at_the_start_stops_consumption_and_says_so(stage: Stage) -> None:
    actor = Actor(stage)
    stage.queue.declare()
    stage.publish(add_user(stage.user(), name="Ada"))
    daemon = actor.start(**{TOKEN: "syt_wrong_token"})
    daemon.wait_line("token")
    # Whether it stays or ends is its affair; the message is still there and no dead letter.
    assert daemon.ends() == []
    daemon.kill()
    actor.start(**{TOKEN: actor.client.token})
    assert stage.ends()[0].outcome == "done"


def test_a_token_that_is_refused_in_mid_run_loses_nothing(stage: Stage) -> None:
    actor = Actor(stage)
    daemon = actor.start(**{TOKEN: actor.client.token})
    actor.works()
    stage.homeserver.log_out(actor.id)
    users = [stage.user() for _ in range(3)]
    stage.publish(*(add_user(user, name="Ada") for user in users))
    daemon.wait_line("token")
    assert len(daemon.ends()) == 1
    daemon.kill()
    actor.start()
    assert [end.outcome for end in stage.ends(3)] == ["done"] * 3
    assert not stage.queue.exists(stage.queue.dlq) or stage.queue.waiting(stage.queue.dlq) == 0


def test_a_sync_user_that_is_no_admin_any_more_loses_nothing(stage: Stage) -> None:
    actor = Actor(stage)
    daemon = actor.start()
    actor.works()
    stage.homeserver.put_user(actor.id, admin=False)
    user = stage.user()
    stage.publish(add_user(user, name="Ada"))
    daemon.wait_line("admin|held|forbidden")
    assert len(daemon.ends()) == 1
    stage.homeserver.put_user(actor.id, admin=True)
    assert stage.ends()[0].outcome == "done"
    assert stage.homeserver.user(user) is not None


def test_a_password_that_is_refused_loses_nothing_and_is_not_tried_in_a_hurry(stage: Stage) -> None:
    actor = Actor(stage)
    stage.publish(add_user(stage.user(), name="Ada"))
    daemon = actor.start(**{PASSWORD: "wrong password"})
    daemon.wait_line("login|password|log in|refused|forbidden")
    assert daemon.ends() == []
    assert len(stage.proxy.requests("POST", LOGIN)) <= 3

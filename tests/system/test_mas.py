"""Where the Matrix Authentication Service keeps the accounts: a real Synapse behind a stub of it (lab/mas.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests

from lab.daemon import Daemon, run_to_end
from lab.mas import CLIENT, FULL_SCOPE, SYNAPSE_SCOPE, Behaviour
from lab.mas_school import MasSchool
from lab.matrix import Refused
from lab.message import add_room, add_user, member, remove_room, remove_user, room
from lab.process import wait_until
from lab.proxy import Proxy
from stage import Stage, unique

BY_CLIENT = {"MATRIX_MESSENGER__MAS_CLIENT_ID": CLIENT[0], "MATRIX_MESSENGER__MAS_CLIENT_SECRET": CLIENT[1]}


class MasStage(Stage):
    school: MasSchool

    @property
    def mas(self):  # type: ignore[no-untyped-def]
        return self.school.mas

    def account(self, user: str) -> dict[str, object] | None:
        found = self.mas.account(user[1:].partition(":")[0])
        return found[1] if found else None

    def orphan(self, **fields: object) -> str:
        """A user whom only Synapse knows: made by its admin API, or left behind by a creation that was cut."""
        user = self.user()
        self.homeserver.put_user(user, **fields)
        return user

    def start_by_client(self, scope: str = SYNAPSE_SCOPE, **settings: str) -> Daemon:
        return self.start(MATRIX_MESSENGER__SYNC_USER_TOKEN=self.school.token(scope), **BY_CLIENT, **settings)


@pytest.fixture(scope="module")
def mas_school() -> Iterator[MasSchool]:
    with MasSchool() as everything:
        assert isinstance(everything, MasSchool)
        yield everything


@pytest.fixture(scope="module")
def mas_proxy(mas_school: MasSchool) -> Iterator[Proxy]:
    between = Proxy(mas_school.synapse.port).start()
    yield between
    between.destroy()


@pytest.fixture
def stage(mas_school: MasSchool, mas_proxy: Proxy) -> Iterator[MasStage]:
    mas_proxy.clear()
    mas_school.mas.behave(**vars(Behaviour()))
    mas_school.mas.lab("forget")
    one = MasStage(mas_school, mas_proxy)
    try:
        yield one
    finally:
        one.close()
        assert "Traceback" not in mas_school.mas.log(), mas_school.mas.log()


def journal(stage: MasStage, method: str, end: str = "") -> list[list[object]]:
    return [entry for entry in stage.mas.journal() if entry[0] == method and str(entry[1]).endswith(end)]


# --- what went wrong without an eye for MAS ---------------------------------------------------------------------


def test_a_token_is_enough_though_synapse_calls_nobody_an_admin(stage: MasStage) -> None:
    assert not (stage.homeserver.user(stage.sync.user_id) or {})["admin"]
    user = stage.user()
    stage.done(add_user(user, name="Ada"))
    assert stage.account(user)
    assert (stage.homeserver.user(user) or {})["displayname"] == "Ada"


def test_who_was_made_can_log_in_and_is_in_the_room(stage: MasStage) -> None:
    user, one = stage.user(), stage.room_id()
    stage.done(add_user(user, room(one), name="Ada"))
    assert stage.school.log_in(user).get("/_matrix/client/v3/joined_rooms")["joined_rooms"] == [
        stage.homeserver.resolve(stage.alias(one))]


def test_nobody_is_made_past_mas(stage: MasStage) -> None:
    """Synapse will refuse that with a 403 which looks like the loss of our right."""
    stage.warm_up()
    stage.proxy.fault("^/_synapse/admin/v2/users/", method="PUT", status=403,
                      body={"errcode": "M_FORBIDDEN", "error": "accounts are kept by MAS"})
    user = stage.user()
    stage.done(add_user(user, name="Ada"), add_room(room(stage.room_id()), member(stage.user())))
    assert stage.account(user)


def test_who_was_removed_can_not_log_in(stage: MasStage) -> None:
    user = stage.user()
    stage.done(add_user(user, name="Ada"))
    client = stage.school.log_in(user)
    client.get("/_matrix/client/v3/account/whoami")
    stage.done(remove_user(user))
    assert (stage.account(user) or {})["deactivated_at"]
    gone = stage.homeserver.user(user) or {}
    assert gone["deactivated"] and gone["erased"]
    # Synapse remembers for two minutes whose a token is; a fresh one it has to ask for.
    with pytest.raises(Refused) as refused:
        stage.school.log_in(user).create_room()
    assert refused.value.status == 401


def test_who_was_removed_past_mas_is_removed_there_too(stage: MasStage) -> None:
    user = stage.user()
    stage.done(add_user(user, name="Ada"))
    stage.homeserver.deactivate(user)
    assert not (stage.account(user) or {})["deactivated_at"]
    stage.done(remove_user(user))
    assert (stage.account(user) or {})["deactivated_at"]


def test_a_token_without_a_device_is_refused_with_the_scope_to_ask_for(stage: MasStage) -> None:
    scope = FULL_SCOPE.replace("urn:matrix:client:device:SYNAPSESYNC ", "")
    daemon = stage.start(MATRIX_MESSENGER__SYNC_USER_TOKEN=stage.school.token(scope))
    line = daemon.wait_line("homeserver-refused")
    assert "no device" in line.text and FULL_SCOPE in line.text


@pytest.mark.parametrize("way", ["SYNC_USER_PASSWORD", "SECRET"])
def test_a_password_is_refused_with_the_scope_to_ask_for(stage: MasStage, way: str) -> None:
    daemon = stage.start(drop=["MATRIX_MESSENGER__SYNC_USER_TOKEN"], **{f"MATRIX_MESSENGER__{way}": "secret"})
    line = daemon.wait_line("homeserver-refused")
    assert "MATRIX_MESSENGER__SYNC_USER_TOKEN" in line.text and FULL_SCOPE in line.text


def test_an_old_token_after_a_migration_is_not_enough_but_with_a_client(stage: MasStage) -> None:
    """It goes on working for Synapse, with the right of an admin; but MAS does not take it."""
    token = stage.school.token(SYNAPSE_SCOPE)
    daemon = stage.start(MATRIX_MESSENGER__SYNC_USER_TOKEN=token)
    assert "urn:mas:admin" in daemon.wait_line("homeserver-refused").text
    user = stage.user()
    stage.publish(add_user(user, name="Ada"))
    assert daemon.stop() == 0
    assert stage.homeserver.user(user) is None
    stage.start_by_client()
    stage.ends()
    assert stage.account(user)


# --- the methods ------------------------------------------------------------------------------------------------


def test_all_methods(stage: MasStage) -> None:
    pupil, teacher, one = stage.user("pupil"), stage.user("teacher"), stage.room_id()
    stage.done(add_room(room(one, "7b"), pupil, member(teacher, is_moderator=True)),
               add_user(pupil, room(one, "7b"), name="Ada", welcome="Hello"))
    assert stage.account(pupil) and stage.account(teacher)
    assert {pupil, teacher} < stage.homeserver.room(stage.alias(one)).members
    assert (stage.homeserver.user(pupil) or {})["displayname"] == "Ada"
    stage.done(add_user(pupil, room(one, "7b"), name="Ada L."))
    assert (stage.homeserver.user(pupil) or {})["displayname"] == "Ada L."
    stage.done(remove_user(pupil), remove_room(one))
    assert (stage.homeserver.user(pupil) or {})["deactivated"]
    assert stage.homeserver.resolve(stage.alias(one)) is None


def test_in_sync_nothing_is_asked(stage: MasStage) -> None:
    user, one = stage.user(), stage.room_id()
    stage.done(add_user(user, room(one), name="Ada"))
    stage.done(add_user(user, room(one), name="Ada"))
    stage.proxy.forget()
    stage.mas.lab("forget")
    end, = stage.done(add_user(user, room(one), name="Ada"))
    assert end.fields["requests"] == "0", "\n".join(map(str, stage.proxy.requests()))
    assert [entry for entry in stage.mas.journal() if str(entry[1]).startswith("/api/")] == []


def test_password_and_address_are_set_at_mas(stage: MasStage) -> None:
    user, address = stage.user(), unique("ada") + "@example.school"
    stage.done(add_user(user, name="Ada", password="short", email=address))
    state = stage.mas.lab("state")
    one, _ = stage.mas.account(user[1:].partition(":")[0])
    assert state["passwords"][one] == "short"
    assert [email["email"] for email in state["emails"].values() if email["user_id"] == one] == [address]
    wait_until(lambda: (stage.homeserver.user(user) or {})["threepids"], "Synapse to hear of it")


def test_a_password_is_not_set_again_when_the_message_comes_again(stage: MasStage) -> None:
    """Somebody else has the alias of the welcome room. By the time that it is free the user has another password."""
    user, other = stage.user(), stage.user()
    stage.done(add_user(other, name="Bob"))
    stage.school.log_in(other).create_room(room_alias_name="sync_" + user[1:].partition(":")[0])
    message = add_user(user, name="Ada", welcome="Hello", password="the first one")
    stage.rejected(message, "alias-conflict")
    stage.rejected(message, "alias-conflict")
    assert len(journal(stage, "POST", "/set-password")) == 1


def test_an_address_of_somebody_else_is_left_out_with_a_warning(stage: MasStage) -> None:
    address = unique("ada") + "@example.school"
    stage.done(add_user(stage.user(), name="Ada", email=address))
    stage.done_with_warning(add_user(stage.user(), name="Bob", email=address.upper()))


def test_data_are_kept_where_they_are_not_to_be_erased(stage: MasStage) -> None:
    stage.start(SYNC__ERASE="false")
    user = stage.user()
    stage.done(add_user(user, name="Ada"), remove_user(user))
    gone = stage.homeserver.user(user) or {}
    assert gone["deactivated"] and not gone["erased"]


def test_who_is_deactivated_stays_so_or_comes_back(stage: MasStage) -> None:
    user = stage.user()
    stage.done(add_user(user, name="Ada"), remove_user(user))
    stage.done_with_warning(add_user(user, name="Ada"))
    assert (stage.account(user) or {})["deactivated_at"]
    assert stage.daemon.stop() == 0
    stage.start(SYNC__REACTIVATE="true")
    stage.done(add_user(user, name="Ada"))
    assert not (stage.account(user) or {})["deactivated_at"]
    back = stage.homeserver.user(user) or {}
    assert not back["deactivated"] and back["displayname"] == "Ada"


def test_who_is_deactivated_at_mas_alone_stays_so_or_comes_back(stage: MasStage) -> None:
    """Its job failed, or somebody reactivated the user past MAS: Synapse shows them active, and they cannot log in."""
    user, one = stage.user(), stage.room_id()
    stage.done(add_user(user, name="Ada"))
    account, _ = stage.mas.account(user[1:].partition(":")[0])
    stage.mas.lab("edit", user=account, values={"deactivated_at": "2026-01-01T00:00:00Z"})
    stage.done_with_warning(add_user(user, room(one), name="Ada"))
    stage.done_with_warning(add_room(room(one), user))
    assert user not in stage.homeserver.room(stage.alias(one)).members
    assert stage.daemon.stop() == 0
    stage.start(SYNC__REACTIVATE="true")
    stage.done(add_user(user, room(one), name="Ada"))
    assert not (stage.account(user) or {})["deactivated_at"]
    assert user in stage.homeserver.room(stage.alias(one)).members
    stage.school.log_in(user).get("/_matrix/client/v3/joined_rooms")


def test_an_older_mas_takes_no_name_and_the_user_has_it_all_the_same(stage: MasStage) -> None:
    stage.mas.behave(version="1.17.0")
    user, other = stage.user(), stage.user()
    stage.done(add_user(user, name="Ada"), add_room(room(stage.room_id()), member(other, name="Bob")))
    assert (stage.homeserver.user(user) or {})["displayname"] == "Ada"
    assert (stage.homeserver.user(other) or {})["displayname"] == "Bob"


def test_a_name_that_mas_does_not_take_is_rejected(stage: MasStage) -> None:
    letter = stage.rejected(add_user(stage.homeserver.user_id("_" + unique("x")), name="Ada"), "homeserver-rejected")
    assert "create-account: 400 MAS" in letter.detail


# --- whom only one of the two knows -----------------------------------------------------------------------------


def test_who_is_known_to_synapse_alone_is_adopted(stage: MasStage) -> None:
    user, as_member = stage.orphan(displayname="Ada"), stage.orphan(displayname="Bob")
    stage.done(add_user(user, name="Ada"), add_room(room(stage.room_id()), as_member))
    assert stage.account(user) and stage.account(as_member)
    stage.school.log_in(user).create_room()
    assert (stage.homeserver.user(user) or {})["displayname"] == "Ada"


@pytest.mark.parametrize("fault", ["cut_creations", "failed_creations", "lost_replies"])
def test_a_creation_that_was_cut_is_completed_and_greeted_once(stage: MasStage, fault: str) -> None:
    stage.warm_up()
    stage.mas.behave(**{fault: 1})
    user = stage.user()
    end, = stage.done(add_user(user, name="Ada", welcome="Hello", password="a password"))
    assert stage.account(user)
    one, _ = stage.mas.account(user[1:].partition(":")[0])
    assert stage.mas.lab("state")["passwords"][one] == "a password"
    assert_greeted_once(stage, user)


def test_killed_after_the_creation_it_greets_once(stage: MasStage) -> None:
    stage.warm_up()
    held = stage.proxy.fault("/createRoom$", method="POST", hold=True)
    user = stage.user()
    stage.publish(add_user(user, name="Ada", welcome="Hello"))
    held.wait_hit()
    assert stage.account(user)
    stage.daemon.kill()
    held.release()
    stage.start()
    stage.ends()
    assert_greeted_once(stage, user)
    stage.done(add_user(user, name="Ada", welcome="Hello"))
    assert_greeted_once(stage, user)


def assert_greeted_once(stage: MasStage, user: str) -> None:
    alias = stage.homeserver.alias("sync_" + user[1:].partition(":")[0])
    found = stage.homeserver.resolve(alias)
    assert found is not None
    assert [one["content"]["body"] for one in stage.sync.messages(found)] == ["Hello"]


def test_who_is_known_to_synapse_alone_is_removed_there(stage: MasStage) -> None:
    user = stage.orphan()
    stage.done(remove_user(user), remove_user(stage.user()))
    assert (stage.homeserver.user(user) or {})["deactivated"]
    assert stage.account(user) is None


# --- who is protected -------------------------------------------------------------------------------------------


def test_who_is_an_admin_is_asked_of_mas(stage: MasStage) -> None:
    user = stage.user()
    stage.done(add_user(user, name="Ada"))
    one, _ = stage.mas.account(user[1:].partition(":")[0])
    stage.mas.lab("edit", user=one, values={"admin": True})
    stage.done(add_user(user, name="Another"))
    assert (stage.homeserver.user(user) or {})["displayname"] == "Ada"
    stage.rejected(remove_user(user), "protected-user")
    stage.mas.lab("edit", user=one, values={"admin": False})
    stage.done(remove_user(user))
    assert (stage.homeserver.user(user) or {})["deactivated"]


def test_what_synapse_says_of_admins_is_stale(stage: MasStage) -> None:
    """The flag of those who were admins before a migration stays set."""
    user = stage.user()
    stage.done(add_user(user, name="Ada"))
    stage.school.synapse.stop()
    stage.school.synapse.execute("UPDATE users SET admin = 1 WHERE name = ?", user)
    stage.school.synapse.start()
    stage.done(remove_user(user))
    assert (stage.homeserver.user(user) or {})["deactivated"]


def test_puppets_of_bridges_stay(stage: MasStage) -> None:
    puppet = stage.puppet()
    stage.rejected(remove_user(puppet), "protected-user")
    stage.done(add_user(puppet, room(stage.room_id()), name="Ada"))
    assert stage.account(puppet) is None


# --- removals that take their time ------------------------------------------------------------------------------


def test_a_removal_is_done_when_synapse_shows_it(stage: MasStage) -> None:
    stage.mas.behave(leaving_delay=2)
    user = stage.user()
    stage.done(add_user(user, name="Ada"), remove_user(user))
    assert (stage.homeserver.user(user) or {})["deactivated"]
    assert len(journal(stage, "POST", "/deactivate")) == 1


def test_a_removal_is_not_done_because_synapse_does_not_know_yet_whom_mas_made(stage: MasStage) -> None:
    stage.mas.behave(leaving_delay=2)
    user = stage.user()
    stage.done(add_user(user, name="Ada"))
    late = stage.proxy.fault("^/_synapse/admin/v2/users/@", method="GET", times=2, status=404,
                             body={"errcode": "M_NOT_FOUND", "error": "User not found"})
    stage.done(remove_user(user))
    assert late.hits == 2
    assert (stage.homeserver.user(user) or {})["deactivated"]


def test_a_removal_whose_job_failed_is_asked_for_again(stage: MasStage) -> None:
    user = stage.user()
    stage.done(add_user(user, name="Ada"))
    stage.mas.behave(failed_leavings=1)
    stage.publish(remove_user(user))
    wait_until(lambda: journal(stage, "POST", "/deactivate"), "the deactivation")
    stage.daemon.kill()
    assert not (stage.homeserver.user(user) or {})["deactivated"]
    stage.start()
    stage.ends()
    assert (stage.homeserver.user(user) or {})["deactivated"]


# --- tokens -----------------------------------------------------------------------------------------------------


def test_the_token_of_a_client_is_renewed_before_it_ends(stage: MasStage) -> None:
    stage.mas.behave(token_seconds=3)
    stage.start_by_client()
    stage.mas.behave(slow=0.7)
    stage.done(*(add_user(stage.user(), name="Ada") for _ in range(20)))
    assert len(journal(stage, "POST", "/oauth2/token")) > 1
    assert [entry for entry in stage.mas.journal() if entry[2] == 401] == []


def test_a_token_of_a_client_that_was_revoked_is_replaced(stage: MasStage) -> None:
    stage.start_by_client()
    stage.done(add_user(stage.user(), name="Ada"))
    stage.mas.lab("revoke-clients")
    stage.done(add_user(stage.user(), name="Ada"))
    assert len(journal(stage, "POST", "/oauth2/token")) == 2


def test_a_client_that_is_refused_is_told_of(stage: MasStage) -> None:
    stage.mas.behave(refuses_client=True)
    daemon = stage.start_by_client()
    line = daemon.wait_line("homeserver-refused")
    assert "MATRIX_MESSENGER__MAS_CLIENT_SECRET" in line.text and "invalid_client" in line.text
    stage.publish(add_user(stage.user(), name="Ada"))
    stage.mas.behave(refuses_client=False)
    stage.ends()


# --- MAS is away ------------------------------------------------------------------------------------------------


def test_mas_is_stopped_and_it_goes_on_when_it_is_back(stage: MasStage) -> None:
    stage.warm_up()
    stage.mas.kill()
    user = stage.user()
    stage.publish(add_user(user, name="Ada", welcome="Hello"))
    stage.daemon.wait_line("homeserver-unavailable.*(account|mas)")
    assert not stage.daemon.ends()[1:]
    stage.mas.start()
    stage.ends()
    assert_greeted_once(stage, user)


def test_mas_freezes_and_it_goes_on_when_it_thaws(stage: MasStage) -> None:
    stage.warm_up()
    stage.mas.freeze()
    user = stage.user()
    stage.publish(add_user(user, name="Ada", welcome="Hello"))
    wait_until(lambda: stage.proxy.requests("GET", "^/_synapse/admin/v2/users/"), "the user to be read")
    stage.mas.thaw()
    stage.ends()
    assert_greeted_once(stage, user)


def test_mas_is_frozen_for_longer_than_a_call_may_take(stage: MasStage) -> None:
    """That is an outage: it is said, the message is kept, and nobody is made or greeted twice."""
    stage.warm_up()
    stage.mas.freeze()
    user = stage.user()
    try:
        stage.publish(add_user(user, name="Ada", welcome="Hello"))
        stage.daemon.wait_line("event=held", patience=120)
    finally:
        stage.mas.thaw()
    end, = stage.ends()
    assert end.fields["outcome"] == "done"
    assert stage.account(user)
    assert_greeted_once(stage, user)


def test_mas_fails_and_the_message_is_held(stage: MasStage) -> None:
    stage.warm_up()
    stage.mas.behave(status=500)
    user = stage.user()
    stage.publish(add_user(user, name="Ada"))
    stage.daemon.wait_line("event=held.*create-account: 500")
    stage.mas.behave(status=0)
    stage.ends()
    assert stage.account(user)


def test_it_does_not_start_without_the_admin_api(stage: MasStage) -> None:
    stage.mas.behave(serves_admin_api=False)
    assert "adminapi" in stage.start().wait_line("homeserver-refused").text


def test_it_does_not_start_with_the_mas_of_another_homeserver(stage: MasStage) -> None:
    stage.mas.behave(server_name="other.example")
    assert "another homeserver" in stage.start().wait_line("homeserver-refused").text


def test_an_address_of_its_own_is_taken(stage: MasStage) -> None:
    daemon = stage.start(MATRIX_MESSENGER__MAS_URI=stage.mas.url.replace("127.0.0.1", "localhost"))
    daemon.wait_line("homeserver-ready")
    assert requests.get(stage.mas.url + "/lab/state", timeout=5).ok


# --- commands ---------------------------------------------------------------------------------------------------


def test_a_plan_is_made_and_nothing_is_written(stage: MasStage) -> None:
    orphan, gone, user = stage.orphan(displayname="Bob"), stage.user(), stage.user()
    stage.done(add_user(gone, name="Ada"))
    stage.mas.lab("forget")
    stage.proxy.forget()
    planned = run_to_end(["plan", "-"], env=stage.environment, stdin=_lines(
        add_user(user, room(stage.room_id()), name="Ada", welcome="Hello", email="a@example.school", password="x"),
        add_user(orphan, name="Bob"), remove_user(gone)))
    assert planned.returncode == 0, planned.stderr
    assert user in planned.stdout and gone in planned.stdout
    assert stage.proxy.writes() == [] and journal(stage, "POST") == journal(stage, "POST", "/oauth2/introspect")
    assert stage.account(user) is None and stage.account(orphan) is None


def test_check_tells_of_mas(stage: MasStage) -> None:
    checked = run_to_end(["check"], env=stage.environment)
    assert "Matrix Authentication Service" in checked.stdout and "1.22.0" in checked.stdout, checked.stdout
    assert "0 errors" in checked.stdout, checked.stdout


def test_check_tells_what_is_missing(stage: MasStage) -> None:
    env = {**stage.environment, "MATRIX_MESSENGER__SYNC_USER_TOKEN": stage.school.token(SYNAPSE_SCOPE)}
    checked = run_to_end(["check"], env=env)
    assert checked.returncode == 1 and "urn:mas:admin" in checked.stdout, checked.stdout


def _lines(*messages: object) -> str:
    return "\n".join(json.dumps(one) for one in messages)

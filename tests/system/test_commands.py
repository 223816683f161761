"""The commands beside the daemon, and its monitor (SPEC section 5)."""

from __future__ import annotations

import json
import re
from subprocess import CompletedProcess

import pytest
import requests

from lab.daemon import run_to_end
from lab.message import add_room, add_user, member, remove_room, remove_user, room
from lab.process import free_port, wait_until
from stage import Stage


def command(stage: Stage, *args: str, stdin: str = "", **settings: str) -> CompletedProcess[str]:
    return run_to_end(args, {**stage.environment, "MONITOR__LISTEN": "off", **settings}, stdin=stdin)


def test_help_and_version_need_no_configuration() -> None:
    shown = run_to_end(["--help"])
    assert shown.returncode == 0
    for name in ("run", "check", "plan", "apply", "dlq", "healthcheck", "--config"):
        assert name in shown.stdout
    version = run_to_end(["--version"])
    assert version.returncode == 0 and re.search(r"\d+\.\d+\.\d+", version.stdout)


# --- check ------------------------------------------------------------------------------------------------------------


def test_check_is_content_when_all_is_well(stage: Stage) -> None:
    stage.queue.declare()
    done = command(stage, "check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) >= 4


def test_check_fails_when_the_homeserver_is_down(stage: Stage) -> None:
    stage.proxy.pause()
    try:
        assert command(stage, "check").returncode != 0
    finally:
        stage.proxy.resume()


def test_check_fails_when_the_broker_is_down(stage: Stage) -> None:
    assert command(stage, "check", RABBITMQ_URI="amqp://127.0.0.1:9").returncode != 0


def test_check_fails_when_the_token_is_refused(stage: Stage) -> None:
    assert command(stage, "check", MATRIX_MESSENGER__SYNC_USER_TOKEN="syt_wrong").returncode != 0


def test_check_fails_when_the_sync_user_is_no_admin(stage: Stage) -> None:
    user = stage.school.synapse.register(stage.user()[1:].split(":")[0])
    done = command(stage, "check", MATRIX_MESSENGER__SYNC_USER_TOKEN=user.token,
                   MATRIX_MESSENGER__SYNC_USER_NAME=user.user_id[1:].split(":")[0])
    assert done.returncode != 0 and "admin" in (done.stdout + done.stderr).lower()


def test_check_tells_of_a_queue_that_would_die_with_the_broker(stage: Stage) -> None:
    stage.queue.declare(durable=False)
    done = command(stage, "check")
    assert "durable" in (done.stdout + done.stderr).lower()


# --- plan and apply ---------------------------------------------------------------------------------------------------


def some_requests(stage: Stage) -> tuple[str, str, list[dict]]:  # type: ignore[type-arg]
    user, room_id = stage.user(), stage.room_id()
    return user, room_id, [add_room(room(room_id, "Mathematics"), member(user, is_moderator=True)),
                           add_user(user, room(room_id, "Mathematics"), name="Ada", welcome="Hello")]


def test_plan_says_what_would_change_and_changes_nothing(stage: Stage) -> None:
    user, room_id, messages = some_requests(stage)
    done = command(stage, "plan", "-", stdin=json.dumps(messages))
    assert done.returncode == 0, done.stdout + done.stderr
    assert user in done.stdout and room_id in done.stdout
    assert stage.homeserver.user(user) is None and stage.homeserver.resolve(stage.alias(room_id)) is None
    assert {request.path for request in stage.proxy.writes()} <= {"/_matrix/client/v3/login"}


def test_plan_of_removals_removes_nothing(stage: Stage) -> None:
    user, room_id = stage.user(), stage.room_id()
    stage.done(add_user(user, room(room_id), name="Ada"))
    done = command(stage, "plan", "-", stdin=json.dumps([remove_user(user), remove_room(room_id)]))
    assert done.returncode == 0, done.stdout + done.stderr
    assert user in done.stdout and room_id in done.stdout
    account = stage.homeserver.user(user)
    assert account is not None and not account["deactivated"]
    assert user in stage.homeserver.room(stage.alias(room_id)).members


@pytest.mark.parametrize("form", ["array", "lines", "one"])
def test_apply_does_it_without_a_broker(stage: Stage, form: str) -> None:
    user, room_id, messages = some_requests(stage)
    if form == "one":
        messages = messages[:1]
    text = "\n".join(json.dumps(one) for one in messages) if form == "lines" else json.dumps(
        messages[0] if form == "one" else messages, indent=2)
    done = command(stage, "apply", "-", stdin=text, RABBITMQ_URI="amqp://127.0.0.1:9")
    assert done.returncode == 0, done.stdout + done.stderr
    made = stage.homeserver.room(stage.alias(room_id))
    assert made.members == {stage.sync.user_id, user} and made.level(user) == 50
    again = command(stage, "plan", "-", stdin=text)
    assert again.returncode == 0 and "createRoom" not in again.stdout


def test_apply_of_a_request_that_is_rejected_fails(stage: Stage) -> None:
    done = command(stage, "apply", "-", stdin=json.dumps(add_user("@a:matrix.other.school")))
    assert done.returncode != 0 and "foreign-server" in done.stdout + done.stderr


# --- dlq --------------------------------------------------------------------------------------------------------------


def test_dead_letters_are_listed_shown_and_dropped(stage: Stage) -> None:
    stage.rejected({"method": "renameUser"}, "unknown-method")
    stage.rejected(b"{", "invalid-json")
    stage.daemon.stop()
    listed = command(stage, "dlq", "list")
    assert listed.returncode == 0, listed.stdout + listed.stderr
    assert "unknown-method" in listed.stdout and "invalid-json" in listed.stdout
    shown = command(stage, "dlq", "show")
    assert shown.returncode == 0 and "renameUser" in shown.stdout
    assert stage.queue.waiting(stage.queue.dlq) == 2


def test_dead_letters_are_given_another_try(stage: Stage) -> None:
    user, room_id, owner = stage.user(), stage.room_id(), stage.person()
    stage.homeserver.lift_rate_limit(owner)
    theirs = stage.homeserver.log_in_as(owner).create_room(room_alias_name=f"room_{room_id}")
    stage.rejected(add_user(user, room(room_id), name="Ada"), "alias-conflict")
    stage.homeserver.delete_room(theirs)
    tried = command(stage, "dlq", "retry")
    if tried.returncode != 0:  # it may want to be told which
        tried = command(stage, "dlq", "retry", "--all")
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert stage.ends()[0].outcome == "done"
    assert user in stage.homeserver.room(stage.alias(room_id)).members
    assert stage.queue.waiting(stage.queue.dlq) == 0


# --- monitor ----------------------------------------------------------------------------------------------------------


def test_the_monitor_tells_life_readiness_and_metrics(stage: Stage) -> None:
    listen = f"127.0.0.1:{free_port()}"
    stage.start(MONITOR__LISTEN=listen)
    stage.done(add_user(stage.user(), name="Ada"))
    assert requests.get(f"http://{listen}/livez", timeout=10).status_code == 200
    assert requests.get(f"http://{listen}/readyz", timeout=10).status_code == 200
    metrics = requests.get(f"http://{listen}/metrics", timeout=10)
    assert metrics.status_code == 200 and metrics.headers["Content-Type"].startswith("text/plain")
    assert "# TYPE" in metrics.text and stage.school.sync_password not in metrics.text
    assert command(stage, "healthcheck", MONITOR__LISTEN=listen).returncode == 0


def test_the_monitor_tells_that_it_is_not_ready_while_synapse_is_down(stage: Stage) -> None:
    listen = f"127.0.0.1:{free_port()}"
    stage.proxy.pause()
    try:
        stage.start(MONITOR__LISTEN=listen)

        def answer(path: str) -> int:
            try:
                return requests.get(f"http://{listen}{path}", timeout=10).status_code
            except requests.RequestException:
                return 0

        wait_until(lambda: answer("/livez") == 200, "the monitor")
        assert answer("/readyz") == 503
    finally:
        stage.proxy.resume()
    wait_until(lambda: answer("/readyz") == 200, "readiness")


def test_the_healthcheck_fails_when_nobody_is_there(stage: Stage) -> None:
    assert command(stage, "healthcheck", MONITOR__LISTEN=f"127.0.0.1:{free_port()}").returncode != 0

"""The configuration."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from lab.daemon import run_to_end
from lab.message import add_room, add_user, room
from lab.process import wait_until
from stage import Stage, unique

URI = "MATRIX_MESSENGER__URI"
SERVERNAME = "MATRIX_MESSENGER__SERVERNAME"
PASSWORD = "MATRIX_MESSENGER__SYNC_USER_PASSWORD"
QUEUE = "RABBITMQ_MATRIX_QUEUE_EXTERNAL"

# Complete, and of servers that are not there: what is wrong is to be found before anybody is asked.
COMPLETE = {URI: "http://127.0.0.1:9", SERVERNAME: "matrix.example.school", PASSWORD: "a password",
            "RABBITMQ_URI": "amqp://guest:guest@127.0.0.1:9", "MONITOR__LISTEN": "off"}


def refused(env: dict[str, str], *named: str, args: tuple[str, ...] = (),
            folder: Path | None = None) -> CompletedProcess[str]:
    """The daemon ends at once with a message that names what is wrong."""
    ended = run_to_end(args, env, folder)
    output = ended.stdout + ended.stderr
    assert ended.returncode not in (0, None) and ended.returncode > 0, output
    for name in named:
        assert name in output, output
    assert "a password" not in output
    return ended


def without(*names: str) -> dict[str, str]:
    return {name: value for name, value in COMPLETE.items() if name not in names}


# --- refused at the start ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [URI, SERVERNAME])
def test_what_is_required_is_required(name: str) -> None:
    refused(without(name), name)


@pytest.mark.parametrize("name", [URI, SERVERNAME])
def test_an_empty_value_is_the_same_as_none(name: str) -> None:
    refused({**COMPLETE, name: ""}, name)


def test_all_mistakes_have_one_form() -> None:
    mistakes = {URI: "not a uri", "SYNC__ERASE": "perhaps", "SYNC__CONCURENCY": "3"}
    for env, count in (({**COMPLETE, **mistakes}, 3), ({**COMPLETE, "RABBITMQ_URI": "amqp://a b"}, 1)):
        lines = refused(env).stderr.splitlines()
        assert len(lines) == count, lines
        assert all("level=error event=config-mistake problem=" in line for line in lines), lines


def test_no_way_to_log_in_is_refused() -> None:
    refused(without(PASSWORD), "SYNC_USER_PASSWORD")


@pytest.mark.parametrize(("name", "value"), [
    (URI, "not a uri"), (URI, "ftp://example.school"), (SERVERNAME, "with space"), (SERVERNAME, "slash/ed"),
    ("RABBITMQ_URI", "http://localhost"), ("RABBITMQ_URI", "amqp://localhost/"), ("RABBITMQ_URI", "localhost"),
    ("RABBITMQ_QUEUE_DECLARE", "sometimes"), ("RABBITMQ_PREFETCH", "many"), ("RABBITMQ_PREFETCH", "-1"),
    ("RABBITMQ_PREFETCH", "10abc"), ("RABBITMQ_PREFETCH", "99999999999999999999"), ("SYNC__CONCURRENCY", "0"),
    ("SYNC__CONCURRENCY", "4.5"), ("SYNC__REACTIVATE", "perhaps"), ("SYNC__ERASE", "2"),
    ("SYNC__LIFT_RATE_LIMIT", "sure"), ("MONITOR__LISTEN", "nowhere:99999999"), ("LOG__LEVEL", "loud"),
    ("LOG__FORMAT", "xml"), ("MATRIX_MESSENGER__SYNC_USER_NAME", "with space"),
])
def test_bad_values_are_refused_by_name(name: str, value: str) -> None:
    refused({**COMPLETE, name: value}, name)


@pytest.mark.parametrize("name", ["MATRIX_MESSENGER__SYNC_USER_PASSWORD", "MATRIX_MESSENGER__SECRET",
                                  "MATRIX_MESSENGER__SYNC_USER_TOKEN", "RABBITMQ_URI"])
def test_a_secret_given_together_with_its_file_is_refused(name: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("amqp://localhost")
    refused({**COMPLETE, name: "amqp://localhost", f"{name}_FILE": str(file)}, name, f"{name}_FILE")


@pytest.mark.parametrize(("name", "suggestion"), [
    ("MATRIX_MESSENGER__SYNC_USERNAME", "MATRIX_MESSENGER__SYNC_USER_NAME"),
    ("MATRIX_MESSENGER__SERVER_NAME", "MATRIX_MESSENGER__SERVERNAME"),
    ("SYNC__CONCURENCY", "SYNC__CONCURRENCY"), ("LOG__LEVL", "LOG__LEVEL"), ("MONITOR__LISTN", "MONITOR__LISTEN"),
])
def test_unknown_names_are_refused_with_a_suggestion(name: str, suggestion: str) -> None:
    refused({**COMPLETE, name: "x"}, name, suggestion)


@pytest.mark.parametrize("name", ["SYNC__NO_SUCH_THING_AT_ALL", "HTTP__NONSENSE"])
def test_unknown_names_are_refused(name: str) -> None:
    refused({**COMPLETE, name: "x"}, name)


def test_names_of_others_are_none_of_our_business(stage: Stage) -> None:
    daemon = stage.start(RABBITMQ_NODENAME="rabbit@localhost", HOME="/nowhere", MATRIX_OTHER="x", LOGNAME="root")
    stage.done(add_user(stage.user(), name="Ada"))
    assert "RABBITMQ_NODENAME" not in daemon.log


def test_a_near_miss_of_a_name_of_ours_for_the_broker_is_a_warning(stage: Stage) -> None:
    daemon = stage.start(RABBITMQ_MATRIX_QUEUE_EXTERNL="other")
    stage.done(add_user(stage.user(), name="Ada"))
    assert [line for line in daemon.warnings() if "RABBITMQ_MATRIX_QUEUE_EXTERNL" in line.text], daemon.log


def test_a_yaml_file_that_is_named_and_missing_is_refused() -> None:
    refused(COMPLETE, "/does/not/exist.yaml", args=("--config", "/does/not/exist.yaml"))


@pytest.mark.parametrize(("text", "line", "name"), [
    ("SYNC:\n  ERASE: true\n  CONCURENCY: 3\n", "3", "CONCURENCY"),
    ("MATRIX_MESSENGER:\n  URI: ftp://x\n", "2", "URI"),
    ("SYNC:\n  CONCURRENCY: 10abc\n", "2", "CONCURRENCY"),
    ("SYNC: [\n", "", ""),
    ("NONSENSE: 1\n", "1", "NONSENSE"),
    ("LOG:\n  LEVEL: info\n  LEVEL: debug\n", "3", "LEVEL"),
], ids=["unknown name", "bad value", "number with letters", "syntax", "unknown group", "twice"])
def test_errors_in_the_yaml_file_tell_file_line_and_name(tmp_path: Path, text: str, line: str, name: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    refused(without(URI), str(file), line, name, args=("--config", str(file)))


def test_errors_in_the_env_file_tell_file_and_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# comment\n\nSYNC__CONCURRENCY=lots\n")
    refused(COMPLETE, ".env", "3", "SYNC__CONCURRENCY", folder=tmp_path)


def test_an_unknown_command_and_an_unknown_option_are_refused() -> None:
    refused(COMPLETE, "dance", args=("dance",))
    refused(COMPLETE, "--dance", args=("--dance",))


# --- precedence -------------------------------------------------------------------------------------------------------


def declared_queue(stage: Stage, places: dict[str, str]) -> str:
    """Where the daemon takes the queue's name from, when every place names another one."""
    wait_until(lambda: [place for place, name in places.items() if stage.queue.exists(name)], "a queue")
    found = [place for place, name in places.items() if stage.queue.exists(name)]
    stage.daemon.stop()
    for name in places.values():
        with stage.school.broker.connect() as connection:
            for queue in (name, f"{name}_dlq"):
                connection.channel().queue_delete(queue)
    assert len(found) == 1
    return found[0]


ORDER = ["command line", "environment", ".env", "--config"]


@pytest.mark.parametrize("first", [*ORDER, "config/default.yaml"])
def test_the_first_place_that_has_a_setting_wins(stage: Stage, first: str) -> None:
    # Without --config there is config/default.yaml below the working directory; with it, nobody looks there.
    places = {place: unique("queue") for place in (ORDER[ORDER.index(first):] if first in ORDER else [first])}
    daemon = stage.new_daemon(drop=[QUEUE])
    if "command line" in places:
        daemon.args += ["--set", f"{QUEUE}={places['command line']}"]
    if "environment" in places:
        daemon.env[QUEUE] = places["environment"]
    if ".env" in places:
        (daemon.folder / ".env").write_text(f"{QUEUE}={places['.env']}\n")
    (daemon.folder / "config").mkdir()
    (daemon.folder / "config/default.yaml").write_text(f"{QUEUE}: {places.get('config/default.yaml', unique('no'))}\n")
    if "--config" in places:
        (daemon.folder / "mine.yaml").write_text(f"{QUEUE}: {places['--config']}\n")
        daemon.args += ["--config", "mine.yaml"]
    daemon.start()
    assert declared_queue(stage, places) == first


def test_without_any_setting_the_queue_is_the_one_producers_know(stage: Stage) -> None:
    stage.start(drop=[QUEUE])
    assert declared_queue(stage, {"default": "matrix_sync_populated"}) == "default"


def test_everything_can_be_in_the_yaml_file(stage: Stage) -> None:
    daemon = stage.new_daemon(drop=list(stage.environment))
    daemon.env.pop("MONITOR__LISTEN")
    (daemon.folder / "all.yaml").write_text(f"""
# a comment
MATRIX_MESSENGER:
  URI: "{stage.proxy.url}"
  SERVERNAME: {stage.homeserver.server_name}
  SYNC_USER_NAME: {stage.environment["MATRIX_MESSENGER__SYNC_USER_NAME"]}
  SYNC_USER_PASSWORD: '{stage.school.sync_password}'
RABBITMQ_URI: {stage.school.broker.uri}
{QUEUE}: {stage.queue.name}
MONITOR:
  LISTEN: off
SYNC:
  ERASE: false
""")
    daemon.args += ["--config", "all.yaml"]
    daemon.start()
    stage.done(add_user(stage.user(), name="Ada"))


def test_everything_can_be_in_the_env_file_as_dotenv_reads_it(stage: Stage) -> None:
    daemon = stage.new_daemon(drop=list(stage.environment))
    daemon.env.pop("MONITOR__LISTEN")
    daemon.folder.joinpath(".env").write_text(f"""# a comment
export MATRIX_MESSENGER__URI = "{stage.proxy.url}"   # and another
MATRIX_MESSENGER__SERVERNAME='{stage.homeserver.server_name}'
MATRIX_MESSENGER__SYNC_USER_NAME=`{stage.environment["MATRIX_MESSENGER__SYNC_USER_NAME"]}`
MATRIX_MESSENGER__SYNC_USER_PASSWORD={stage.school.sync_password} # a secret

RABBITMQ_URI={stage.school.broker.uri}
{QUEUE}={stage.queue.name}
MONITOR__LISTEN=off
SOMETHING_OF_OTHERS=1
""")
    daemon.start()
    stage.done(add_user(stage.user(), name="Ada"))


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_a_secret_is_read_from_its_file(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(stage.school.sync_password + "\n")
    stage.start(drop=[PASSWORD], **{f"{PASSWORD}_FILE": str(file)})
    stage.done(add_user(stage.user(), name="Ada"))
    assert stage.school.sync_password not in stage.daemon.log


def test_a_secret_file_that_cannot_be_read_is_refused() -> None:
    refused({**without(PASSWORD), f"{PASSWORD}_FILE": "/does/not/exist"}, f"{PASSWORD}_FILE")


def test_a_secret_is_read_from_the_credentials_directory_of_systemd(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / PASSWORD).write_text(stage.school.sync_password)
    stage.start(drop=[PASSWORD], CREDENTIALS_DIRECTORY=str(tmp_path))
    stage.done(add_user(stage.user(), name="Ada"))


def test_the_uri_of_the_broker_may_be_in_a_file(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "uri"
    file.write_text(stage.school.broker.uri)
    stage.start(drop=["RABBITMQ_URI"], RABBITMQ_URI_FILE=str(file))
    stage.done(add_user(stage.user(), name="Ada"))


# --- logs -------------------------------------------------------------------------------------------------------------


def test_the_log_can_be_json(stage: Stage) -> None:
    daemon = stage.start(LOG__FORMAT="json")
    stage.publish(add_user(stage.user(), name="Ada"))
    daemon.wait_line('"outcome": ?"done"')
    for line in daemon.lines:
        json.loads(line.text)


@pytest.mark.parametrize("level", ["debug", "info", "error"])
def test_no_secret_appears_in_the_log_at_any_level(stage: Stage, level: str) -> None:
    """What is secret is looked for when the stage closes."""
    daemon = stage.start(LOG__LEVEL=level)
    user, password = stage.user(), unique("users-password")
    stage.publish(add_user(user, room(stage.room_id()), name="Ada", password=password),
                  add_room({"id": "x" * 300}), b"{ bad")
    stage.queue.wait_empty()
    assert password not in daemon.log and "guest:guest" not in daemon.log

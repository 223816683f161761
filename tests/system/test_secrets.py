"""What is nobody's business: secrets in logs, dead letters, memory and dumps, and words that others wrote."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.daemon import Daemon, run_to_end
from lab.message import add_room, add_user, room
from lab.process import wait_until
from lab.proxy import Proxy
from lab.school import School
from lab.synapse import Synapse
from stage import Stage, unique
from test_config import COMPLETE, refused


def memory_holds(daemon: Daemon, text: bytes, which: str = "") -> int:
    """How often the process has the text in its memory, or in the mapping of that name; what is not its own to write
    is left out."""
    found = 0
    with open(f"/proc/{daemon.pid}/maps") as maps, open(f"/proc/{daemon.pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            bounds = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if bounds is None or which not in line:
                continue
            start, end = (int(bound, 16) for bound in bounds.groups())
            memory.seek(start)
            try:
                found += memory.read(end - start).count(text)
            except OSError:
                continue
    return found


def test_a_password_does_not_stay_in_memory(stage: Stage) -> None:
    """Nothing is left of it when its message is done, but in rabbitmq-c, whose buffers are not ours to wipe: other
    messages go through them before we look there. They are not in the heap that grows from the end of the program, for
    it is a thread of its own that connects."""
    password = secrets.token_hex(20)
    stage.warm_up()
    stage.done(*(add_user(stage.user(), name="Ada", password=password) for _ in range(8)))
    assert memory_holds(stage.daemon, password.encode(), "[heap]") == 0
    for count in (1, 40, 400):
        stage.done({**add_user(stage.user(), name="Ada", password=password), "stray": [password] * count})
    for length in (50_000, 100, 1_000, 10_000, 50_000):  # which buffers are used depends on how the bytes come in
        padded = json.dumps(add_user(stage.user(), name="Bob"))
        stage.done(padded.replace(" ", " " * length).encode())
    assert memory_holds(stage.daemon, password.encode()) == 0


def test_no_core_is_dumped(stage: Stage) -> None:
    stage.warm_up()
    limits = Path(f"/proc/{stage.daemon.pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0\s", limits), limits


def test_the_path_of_a_secret_that_is_the_secret_is_not_told() -> None:
    env = {name: value for name, value in COMPLETE.items() if not name.endswith("PASSWORD")}
    ended = refused({**env, "MATRIX_MESSENGER__SECRET_FILE": "hunter2"}, "MATRIX_MESSENGER__SECRET_FILE",
                    "No such file")
    assert "hunter2" not in ended.stdout + ended.stderr


def test_a_name_that_was_meant_to_keep_us_from_erasing_is_refused() -> None:
    refused({**COMPLETE, "SYNC_ERASE": "false"}, "SYNC_ERASE", "did you mean SYNC__ERASE?")


def test_other_near_misses_are_a_warning(stage: Stage) -> None:
    daemon = stage.start(SYNC_REACTIVATE="true", HTTP_PROXY="http://127.0.0.1:9")
    stage.warm_up()
    warned = [line.text for line in daemon.warnings() if line.fields.get("event") == "config-unknown-name"]
    assert len(warned) == 1 and "did_you_mean=SYNC__REACTIVATE" in warned[0], daemon.log


def test_plain_text_to_another_machine_is_a_warning(stage: Stage) -> None:
    """Nobody answers at these addresses; what is said is said before anybody is asked."""
    daemon = stage.new_daemon(MATRIX_MESSENGER__URI="http://192.0.2.1:8008", RABBITMQ_URI="amqp://u:hunter2@192.0.2.1",
                              HTTP__PROXY="http://u:hunter2@192.0.2.1:3128").start()
    wait_until(lambda: daemon.log.count("event=config-plain-text") == 3, "three warnings")
    assert "hunter2" not in daemon.log
    daemon.kill()
    here = stage.start()
    stage.warm_up()
    assert "event=config-plain-text" not in here.log


def test_an_error_on_the_terminal_shows_what_is_hidden() -> None:
    ended = run_to_end(("d\u202eance\x1b[31m",), COMPLETE, None)
    assert ended.returncode == 2
    assert "d\\u202eance\\u001b[31m" in ended.stderr


# --- the signed link of a consent -------------------------------------------------------------------------------------


@pytest.fixture
def strict(school: School) -> Iterator[Stage]:
    """A homeserver on which nobody may write before agreeing to its terms; the broker is everybody's."""
    own = School.__new__(School)
    own.broker, own.sync_password = school.broker, secrets.token_hex(16)
    consent: dict[str, str] = {"version": "1.0", "block_events_error": "To go on, agree at %(consent_uri)s"}
    own.synapse = Synapse(settings={"form_secret": secrets.token_hex(16), "user_consent": consent,
                                    "public_baseurl": "http://consent.example.school/"})
    consent["template_dir"] = own.synapse.inside("consent")
    templates = own.synapse.folder / "consent" / "en"
    templates.mkdir(parents=True)
    (templates / "1.0.html").write_text("<p>Terms</p>")
    (templates / "success.html").write_text("<p>Thanks</p>")
    try:
        own.synapse.start()
        own.sync_user = own.synapse.register("sync", own.sync_password, admin=True)
        own.homeserver = own.synapse.homeserver()
        between = Proxy(own.synapse.port).start()
        one = Stage(own, between)
        try:
            yield one
        finally:
            one.close()
            between.destroy()
    finally:
        own.synapse.destroy()


def test_a_signed_link_gets_into_no_log(strict: Stage) -> None:
    daemon = strict.start(LOG__LEVEL="debug")
    strict.publish(add_room(room(unique("r"), name="Room")))
    wait_until(lambda: "createRoom -> 403" in str([str(request) for request in strict.proxy.requests()]),
               "a room to be refused")
    daemon.stop()
    assert "consent.example.school" not in daemon.log and "h=" not in daemon.log, daemon.log

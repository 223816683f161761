"""`config --init`: the way to a first configuration, asked for at a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import stat
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.daemon import executable, run_to_end
from lab.mas import CLIENT, FULL_SCOPE, SYNAPSE_SCOPE
from lab.mas_school import MasSchool
from lab.process import PATIENCE, wait_until
from lab.school import School
from stage import Stage, unique

COMMAND = ("config", "--init")
QUESTIONS = ("Homeserver", "Server name", "User that does the work", "Logs in by", "is not shown", "RabbitMQ", "Queue")


class Person:
    """Somebody at a terminal, in an empty folder, who is asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._master, slave = pty.openpty()
        env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm", "MONITOR__LISTEN": "off"}
        self._child = subprocess.Popen([str(executable()), *COMMAND], env=env, cwd=folder, stdin=slave, stdout=slave,
                                       stderr=slave, start_new_session=True,
                                       preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0))
        self._slave = slave  # kept open, so that the terminal's modes can be looked at afterwards
        os.set_blocking(self._master, False)
        self.shown = ""
        self._seen = 0

    def read(self) -> str:
        try:
            self.shown += os.read(self._master, 65536).decode()
        except BlockingIOError:
            """Nothing new."""
        return self.shown

    def see(self, text: str) -> None:
        wait_until(lambda: text in self.read()[self._seen:], f"{text!r} in {self.shown[self._seen:]!r}")
        self._seen = self.shown.index(text, self._seen) + len(text)

    def answer(self, question: str, answer: str) -> None:
        self.see(question)
        self.see(": ")
        if "is not shown" in question or question == "RabbitMQ":
            wait_until(lambda: not self.echoes(), "the terminal to hide what is typed")
        self.type(answer + "\n")

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self._slave)[3] & termios.ECHO)

    def signal(self, number: signal.Signals) -> None:
        self._child.send_signal(number)

    def wait(self) -> int:
        wait_until(lambda: (self.read(), self._child.poll())[1] is not None, f"the end of {self.shown}", PATIENCE)
        self.read()
        return self._child.returncode

    def close(self) -> None:
        self._child.kill()
        self._child.wait()
        os.close(self._slave)
        os.close(self._master)


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    one = Person(tmp_path)
    yield one
    one.close()


def answers(stage: Stage, **other: str) -> list[tuple[str, str]]:
    values = [stage.proxy.url, stage.homeserver.server_name, "", "1", stage.school.sync_password,
              stage.school.broker.uri, stage.queue.name]
    return [(question, other.get(question.split()[0], value)) for question, value in zip(QUESTIONS, values)]


def test_from_nothing_to_a_daemon_that_works(stage: Stage, person: Person) -> None:
    for question, answer in answers(stage, User=stage.environment["MATRIX_MESSENGER__SYNC_USER_NAME"]):
        person.answer(question, answer)
    assert person.wait() == 0, person.shown
    assert "Next, run it here" in person.shown and "systemctl enable --now" in person.shown
    assert stage.school.sync_password not in person.shown and stage.school.broker.uri not in person.shown
    assert person.echoes()
    file = person.folder / ".env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in person.folder.iterdir()] == [".env"]
    daemon = stage.new_daemon(drop=list(stage.environment))
    (daemon.folder / ".env").write_text(file.read_text())
    daemon.start().wait_line("event=connected")


# --- who is asked for a client of the Matrix Authentication Service ----------------------------------------------

CLIENT_ID, CLIENT_SECRET = "Client of that service", "Secret of the client (is not shown)"


@pytest.fixture(scope="module")
def mas_school() -> Iterator[MasSchool]:
    with MasSchool() as everything:
        assert isinstance(everything, MasSchool)
        yield everything


def show_token(person: Person, school: School, token: str) -> None:
    for question, answer in zip(QUESTIONS, [school.synapse.url, school.synapse.server_name, "", "3", token]):
        person.answer(question, answer)


def finish(person: Person, school: School) -> str:
    """Answers the last questions, and nothing else; the file."""
    person.answer("RabbitMQ", school.broker.uri)
    person.answer("Queue", unique("init"))
    person.wait()
    return (person.folder / ".env").read_text()


def test_where_mas_does_not_take_the_token_a_client_is_asked_for(mas_school: MasSchool, person: Person) -> None:
    show_token(person, mas_school, mas_school.token(SYNAPSE_SCOPE))
    person.see("does not take this token")
    person.answer(CLIENT_ID, CLIENT[0])
    person.answer(CLIENT_SECRET, "")
    person.see("expected something")
    person.answer(CLIENT_SECRET, CLIENT[1])
    file = finish(person, mas_school)
    assert person.wait() == 0 and "lets us in" in person.shown, person.shown
    assert f"MAS_CLIENT_ID={CLIENT[0]}\n" in file and CLIENT[1] in file
    assert CLIENT[1] not in person.shown


def test_who_has_no_client_needs_another_token(mas_school: MasSchool, person: Person) -> None:
    show_token(person, mas_school, mas_school.token(SYNAPSE_SCOPE))
    person.answer(CLIENT_ID, "")
    assert "MAS_CLIENT" not in finish(person, mas_school)
    assert person.wait() == 1 and "urn:mas:admin" in person.shown, person.shown


def test_where_mas_takes_the_token_no_client_is_asked_for(mas_school: MasSchool, person: Person) -> None:
    show_token(person, mas_school, mas_school.token(FULL_SCOPE))
    assert "MAS_CLIENT" not in finish(person, mas_school)
    assert person.wait() == 0 and "lets us in" in person.shown, person.shown


def test_without_mas_no_client_is_asked_for(stage: Stage, person: Person) -> None:
    show_token(person, stage.school, stage.sync.token)
    assert "MAS_CLIENT" not in finish(person, stage.school)
    assert "kept by Synapse itself" in person.shown, person.shown


# --- what is answered ---------------------------------------------------------------------------------------------


def test_what_cannot_be_is_asked_again(person: Person) -> None:
    person.answer("Homeserver", "localhost")
    person.see("expected an http:// or https:// URI")
    person.answer("Homeserver", "http://127.0.0.1:9")
    person.answer("Server name", "")
    person.see("expected something")
    person.answer("Server name", "example.org")
    person.answer("User", "@sync:else.org")
    person.see("expected a localpart")
    person.answer("User", "")
    person.answer("Logs in by", "4")
    person.see("expected 1, 2 or 3")
    person.answer("Logs in by", "3")
    person.answer("Access token (is not shown)", "with blank")
    person.see("expected visible ASCII")
    person.answer("Access token (is not shown)", "secret-token")
    person.answer("RabbitMQ", "amqp://localhost/")
    person.see("that does not end in /")
    person.answer("RabbitMQ", "amqp://guest:guest@127.0.0.1:9")
    person.answer("Queue", "")
    assert person.wait() == 1
    text = (person.folder / ".env").read_text()
    assert "MATRIX_MESSENGER__SYNC_USER_TOKEN=secret-token\n" in text
    assert "SYNC_USER_NAME" not in text and "QUEUE" not in text  # these are at their defaults
    assert "`synapse-sync check` looks again" in person.shown and "error" in person.shown
    assert "secret-token" not in person.shown and "guest:guest" not in person.shown


def test_a_password_of_special_characters_survives(person: Person) -> None:
    password = unique("it's # a \"pass\" w$rd\\n ä") + " "
    for question, answer in zip(QUESTIONS, ["http://127.0.0.1:9", "example.org", "", "", password, "", ""]):
        person.answer(question, answer)
    assert person.wait() == 1
    file = person.folder / ".env"
    read = subprocess.run(["/usr/bin/python3", "-c", "import sys; print(open(sys.argv[1]).read())", str(file)],
                          capture_output=True, text=True, check=True).stdout
    assert f"PASSWORD=`{password}`" in read
    shown = run_to_end(["config", "--json"], folder=person.folder)
    assert shown.returncode == 0 and password not in shown.stdout


@pytest.mark.parametrize("how", ["\x03", "\x04", "\x1a", signal.SIGTERM, signal.SIGHUP], ids=repr)
def test_who_has_had_enough_leaves_nothing_behind(person: Person, how: str | signal.Signals) -> None:
    for question, answer in zip(QUESTIONS[:4], ["http://127.0.0.1:9", "example.org", "", ""]):
        person.answer(question, answer)
    person.see("Password (is not shown): ")
    wait_until(lambda: not person.echoes(), "the terminal to hide what is typed")
    if isinstance(how, str):
        person.type(how)
    else:
        person.signal(how)
    assert person.wait() == 1
    assert "nothing was written" in person.shown and person.echoes()
    assert not list(person.folder.iterdir())


@pytest.mark.parametrize("question", [0, 2, 3, 5, 6], ids=lambda number: QUESTIONS[number])
def test_at_each_question_one_can_have_had_enough(person: Person, question: int) -> None:
    for one, answer in zip(QUESTIONS[:question], ["http://127.0.0.1:9", "example.org", "", "", "secret", ""]):
        person.answer(one, answer)
    person.see(QUESTIONS[question])
    person.see(": ")
    person.type("\x04")
    assert person.wait() == 1
    assert "nothing was written" in person.shown and not list(person.folder.iterdir())


def test_what_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# mine\n")
    person = Person(tmp_path)
    try:
        assert person.wait() == 1
        assert "there is a .env already, and it stays as it is" in person.shown and "Homeserver" not in person.shown
        assert (tmp_path / ".env").read_text() == "# mine\n"
    finally:
        person.close()


def test_what_comes_in_between_stays(person: Person) -> None:
    for question, answer in zip(QUESTIONS[:6], ["http://127.0.0.1:9", "example.org", "", "", "secret", ""]):
        person.answer(question, answer)
    (person.folder / ".env").write_text("# mine\n")
    person.answer("Queue", "")
    assert person.wait() == 1
    assert "cannot write .env: File exists" in person.shown
    assert [path.name for path in person.folder.iterdir()] == [".env"]
    assert (person.folder / ".env").read_text() == "# mine\n"


@pytest.mark.parametrize("line", [COMMAND, ("config", "--init", "--json"), ("check", "--init")], ids=" ".join)
def test_without_a_terminal_nobody_is_asked(tmp_path: Path, line: tuple[str, ...]) -> None:
    ended = run_to_end(line, folder=tmp_path, stdin="http://localhost:8008\nexample.org\n")
    assert ended.returncode == 2 and not ended.stdout
    assert line != COMMAND or ".env.sample" in ended.stderr and "synapse-sync check" in ended.stderr
    assert not list(tmp_path.iterdir())

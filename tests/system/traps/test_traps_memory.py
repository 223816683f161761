"""No memory: at one place after the other an allocation fails, in the program or in one of its libraries.

Whatever it is, either the program goes on as if nothing had happened, or it ends in a way after which it is started
again, with a line that says why. What it left is done by the next one, and no message is lost.

A place is what functions lead to the allocation (failing.c). There are thousands, so some of them are tried, other ones
each time. PLACES=500 tries more, PLACES=all each of them, PLACES=900-950 those from the 900th on as they come,
PLACES=0123456789abcdef that one.
"""

from __future__ import annotations

import os
import random
import re
import secrets
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from conftest import SERVER
from lab.daemon import REPOSITORY, Daemon, executable
from lab.message import add_room, add_user, member, remove_room, remove_user, room
from lab.process import free_port, wait_until
from lab.queue import Queue
from lab.rabbitmq import RabbitMQ
from lab.stub import PASSWORD as SYNC_PASSWORD
from lab.stub import Stub

USUAL = 20  # places; each takes a second or two
SHARES = 2  # of the places, to be tried at the same time
EACH = 10  # messages of each kind
REJECTED = 3
PASSWORD = secrets.token_hex(16)
UNIT = (REPOSITORY / "config/systemd/synapse-sync.service").read_text()


@pytest.fixture(scope="module")
def preload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("failing") / "failing.so"
    subprocess.run(["cc", "-D_GNU_SOURCE", "-O1", "-fno-builtin", "-ftls-model=initial-exec", "-shared", "-fPIC",
                    "-o", str(library), str(Path(__file__).with_name("failing.c"))], check=True)
    return library


class Trial:
    """One queue with messages of every kind for users and rooms of its own."""

    def __init__(self, broker: RabbitMQ, stub: Stub, preload: Path, folder: Path) -> None:
        self.stub = stub
        self.name = f"t{secrets.token_hex(4)}"
        self.queue = Queue(broker, self.name).declare()
        self.places = folder / "places"
        self._folder = folder
        self.preload = preload
        self.log = ""
        self._environment = {**stub.environment(), "RABBITMQ_URI": broker.uri.replace("guest:guest@", ""),
                             "RABBITMQ_MATRIX_QUEUE_EXTERNAL": self.name, "LOG__LEVEL": "debug",
                             "MONITOR__LISTEN": f"127.0.0.1:{free_port()}"}

    def user(self, number: int) -> str:
        return f"@{self.name}-{number}:{SERVER}"

    def alias(self, number: int) -> str:
        return f"#room_{self.name}-{number}:{SERVER}"

    def messages(self) -> list[object]:
        """Half of those that are made go again; half of those that go were never there."""
        rooms = [room(f"{self.name}-{number}", name="Room") for number in range(2 * EACH)]
        half = EACH // 2
        return [
            *(add_user(self.user(number), rooms[EACH + number % 3], name="Ada", password=PASSWORD,
                       welcome="Welcome to <b>school</b>") for number in range(EACH)),
            *(add_room(rooms[number], member(self.user(number), is_moderator=True), self.user(number + EACH))
              for number in range(EACH)),
            *(remove_user(self.user(number + half)) for number in range(EACH)),
            *(remove_room(f"{self.name}-{number + half}") for number in range(half)),
            *(remove_room(f"{self.name}-{number}") for number in range(100, 100 + half)),
            {**add_user("@ada:elsewhere.example", password=PASSWORD)},
            b'{"user": {"password": "%b",' % PASSWORD.encode(),
            {"method": "dance"}]

    def run(self, failing: str = "") -> int:
        """Until all is done, or it has ended; the status, or the signal below 0."""
        return self.watch(Daemon({**self._environment, "LD_PRELOAD": str(self.preload), "FAILING_AT": failing,
                                  "FAILING_IN": executable().name, "FAILING_PLACES": str(self.places)}).start())

    def start(self) -> Daemon:
        daemon = Daemon(self._environment).start()
        daemon.wait_line("event=homeserver-ready")
        daemon.wait_line("event=connected")
        return daemon

    def start_with(self, kilobytes: int) -> Daemon:
        """So much address space, and no more."""
        program = self._folder / "limited"
        program.write_text(f"#!/bin/sh\nulimit -v {kilobytes}\nexec {executable()}\n")
        program.chmod(0o755)
        return Daemon(self._environment, program=program).start()

    def watch(self, daemon: Daemon) -> int:
        """Likewise."""
        try:
            wait_until(lambda: not daemon.alive() or self.is_done(), "the queue to be empty, or the end")
            status = daemon.stop()
        finally:
            self.log = daemon.log
            daemon.destroy()
        return status

    def is_done(self) -> bool:
        return self.queue.waiting() == 0 and self.queue.depth().total == 0

    def look_at_the_end(self, status: int, failing: str) -> None:
        lines = [line for line in self.log.splitlines() if "event=out-of-memory" in line]
        what = f"PLACES={failing}, status {status}; log:\n{self.log[-3000:]}"
        assert PASSWORD not in self.log and SYNC_PASSWORD not in self.log, what
        assert not re.search(PASSWORD[:12] + "|" + PASSWORD[-12:], self.log), what
        assert not re.search(rf"^RestartPreventExitStatus=.*\b{status}\b", UNIT, re.MULTILINE), what
        if status < 0:
            assert status == -signal.SIGABRT and len(lines) == 1, what
        elif status > 0:
            assert "level=error" in self.log, what

    def look_at_the_outcome(self, failing: str) -> None:
        """As if each message had been handled once."""
        assert self.is_done(), failing
        letters = self.queue.dead_letters()
        codes = sorted({letter.code for letter in letters})
        assert codes == ["foreign-server", "invalid-json", "unknown-method"], (failing, [x.headers for x in letters])
        held = self.stub.dump()
        half = EACH // 2
        for number in range(2 * EACH):
            gone = half <= number < half + EACH
            assert held["users"][self.user(number)]["deactivated"] == gone, (failing, number)
        for number in range(EACH):
            assert (self.alias(number) in held["rooms"]) == (number < half), (failing, number)
        for number in range(half):
            found = held["rooms"][self.alias(number)]
            assert found["levels"]["users"][self.user(number)] == 50, (failing, number)
        for number in range(EACH):
            greeted = held["rooms"].get(f"#sync_{self.user(number)[1:]}")
            assert greeted is None or greeted["messages"] in ([], ["Welcome to school"]), (failing, number, greeted)


def chosen(places: list[str], share: int) -> list[str]:
    wanted = os.environ.get("PLACES", str(USUAL))
    if len(wanted) == 16:
        return [wanted]
    if wanted == "all":
        wanted = f"0-{len(places)}"
    if "-" in wanted:
        first, last = map(int, wanted.split("-"))
        return places[first + share:last:SHARES]
    ours = places[share::SHARES]
    return random.sample(ours, min(int(wanted) // SHARES, len(ours)))


@pytest.mark.parametrize("share", range(SHARES))
def test_wherever_memory_is_lacking_nothing_is_lost(broker: RabbitMQ, stub: Stub, preload: Path, tmp_path: Path,
                                                   share: int) -> None:
    first = Trial(broker, stub, preload, tmp_path)
    first.queue.publish(*first.messages())
    assert first.run() == 0, first.log
    first.look_at_the_outcome("")
    places = first.places.read_text().split()
    ends: Counter[int] = Counter()
    faults: list[str] = []
    for failing in chosen(places, share):
        trial = Trial(broker, stub, preload, tmp_path)
        trial.queue.publish(*trial.messages())
        try:
            status = trial.run(failing)
            ends[status] += 1
            trial.look_at_the_end(status, failing)
            if not trial.is_done():
                assert trial.run() == 0, trial.log
            trial.look_at_the_outcome(failing)
        except (AssertionError, TimeoutError) as fault:
            faults.append(f"PLACES={failing}: {fault}")
        trial.queue.delete()
    print(f"{len(places)} places, {ends.total()} tried; exit statuses, or signals below 0: {dict(ends)}")
    assert not faults, "\n\n".join(faults)


def test_who_ended_for_want_of_memory_is_started_again() -> None:
    assert re.search(r"^Restart=always$", UNIT, re.MULTILINE)


def test_where_memory_is_really_used_up_the_next_one_goes_on(broker: RabbitMQ, stub: Stub, preload: Path,
                                                             tmp_path: Path) -> None:
    """The address space ends where it is; the body of the first message does not fit any more."""
    trial = Trial(broker, stub, preload, tmp_path)
    daemon = trial.start()
    size = int(re.findall(r"VmSize:\s+(\d+) kB", Path(f"/proc/{daemon.pid}/status").read_text())[0])
    subprocess.run(["prlimit", f"--pid={daemon.pid}", f"--as={size * 1024}"], check=True)
    first, *others = trial.messages()
    assert isinstance(first, dict)
    trial.queue.publish({**first, "stray": "x" * 900_000}, *others)
    status = trial.watch(daemon)
    assert status == -signal.SIGABRT
    trial.look_at_the_end(status, "")
    assert trial.run() == 0, trial.log
    trial.look_at_the_outcome("")


def test_who_has_too_little_memory_to_start_says_so(broker: RabbitMQ, stub: Stub, preload: Path,
                                                    tmp_path: Path) -> None:
    """The limit rises until it starts. Far below, the program cannot even be loaded, and that is said as well."""
    trial = Trial(broker, stub, preload, tmp_path)
    ends: Counter[int] = Counter()
    for kilobytes in range(20 << 10, 1 << 20, 512):
        daemon = trial.start_with(kilobytes)
        wait_until(lambda: not daemon.alive() or re.search("event=connect(ed|ion-lost)", daemon.log), "the end or not")
        if not daemon.alive():
            ends[daemon.wait()] += 1
        log = daemon.log
        daemon.destroy()
        if "event=connected" in log:
            break
        assert re.search("event=out-of-memory|level=error|event=connection-lost|cannot|error while", log), log
    print(f"starts with {kilobytes} kB; exit statuses below, or signals below 0: {dict(ends)}")
    assert ends[-signal.SIGABRT] > 0 and ends[-signal.SIGSEGV] == 0

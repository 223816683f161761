"""Files of requests, and the two commands that take them."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from signal import Signals
from typing import Any

from lab import message
from lab.daemon import executable, run_to_end
from lab.process import PATIENCE, tied_to_us, wait_until
from stage import Stage

Json = dict[str, Any]
Ended = subprocess.CompletedProcess[str]


def as_lines(requests: Sequence[Json]) -> str:
    return "".join(json.dumps(request) + "\n" for request in requests)


def settings(stage: Stage) -> dict[str, str]:
    """What the commands need: nothing that concerns a broker."""
    return {name: value for name, value in stage.environment.items() if not name.startswith("RABBITMQ_")}


def command(stage: Stage, *line: str, stdin: str = "", patience: float = PATIENCE, **more: str) -> Ended:
    ended = run_to_end(line, {**settings(stage), **more}, stdin=stdin, patience=patience)
    assert stage.school.sync_password not in ended.stdout + ended.stderr
    return ended


def plan(stage: Stage, *requests: Json, patience: float = PATIENCE, **more: str) -> tuple[int, Json]:
    """Exit status, and what is foreseen."""
    ended = command(stage, "plan", "--json", stdin=as_lines(requests), patience=patience, **more)
    assert ended.stdout, ended.stderr
    return ended.returncode, json.loads(ended.stdout)


def apply(stage: Stage, *requests: Json, patience: float = PATIENCE, **more: str) -> tuple[int, list[Json], Json]:
    """Exit status, how each request ended, and the totals."""
    ended = command(stage, "apply", "--json", stdin=as_lines(requests), patience=patience, **more)
    assert ended.stdout, ended.stderr
    *ends, totals = [json.loads(line) for line in ended.stdout.splitlines()]
    return ended.returncode, ends, totals["totals"]


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def school(stage: Stage, users: int, rooms: int, rooms_of_each: int = 6) -> list[Json]:
    """A school as a producer would send it at the beginning of a year: its classes, then its people."""
    ids = [stage.room_id() for _ in range(rooms)]
    people = [stage.user("p") for _ in range(users)]
    teachers = people[:max(1, users // 20)]
    made = [message.add_room(message.room(room, name=f"Course {number}", type="course"),
                             message.member(teachers[number % len(teachers)], is_moderator=True))
            for number, room in enumerate(ids)]
    added = [message.add_user(person, *(message.room(ids[(number + k) % rooms], name=f"Course {(number + k) % rooms}",
                                                     type="course") for k in range(min(rooms, rooms_of_each))),
                              name=f"Person {number}", welcome="Welcome to <b>school</b>")
             for number, person in enumerate(people)]
    return made + added


class Running:
    """A command that is under way, perhaps in a terminal."""

    def __init__(self, stage: Stage, *line: str, terminal: bool = False, **more: str) -> None:
        self._master, slave = pty.openpty() if terminal else os.pipe()
        env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm", **settings(stage), **more}
        self._child = subprocess.Popen(tied_to_us([str(executable()), *line]), env=env, stdin=subprocess.DEVNULL,
                                       stdout=slave, stderr=slave)
        os.close(slave)
        self._shown = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def shown(self) -> str:
        return self._shown.decode()

    def wait_shown(self, pattern: str, count: int = 1) -> None:
        wait_until(lambda: len(re.findall(pattern, self.shown)) >= count, f"{pattern} in {self.shown}")

    def signal(self, number: Signals) -> None:
        self._child.send_signal(number)

    def wait(self, patience: float = PATIENCE) -> int:
        status = self._child.wait(patience)
        self._reader.join(patience)
        return status

    def _read(self) -> None:
        try:
            while piece := os.read(self._master, 65536):
                self._shown += piece
        except OSError:
            """A terminal that nobody writes to any more."""
        os.close(self._master)

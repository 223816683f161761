"""The demonstration: the daemon carries out data/examples, and Synapse is asked what it holds then."""

from __future__ import annotations

import json
import secrets
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from .daemon import REPOSITORY, Daemon
from .matrix import Homeserver, Room
from .process import free_port
from .queue import QUEUE_NAME, DeadLetter, Queue
from .school import School

EXAMPLES = REPOSITORY / "data" / "examples"


def run(keep: bool) -> int:
    """Returns the exit status."""
    say("starting RabbitMQ and Synapse")
    with School() as school:
        queue = school.queue().declare()
        monitor = f"127.0.0.1:{free_port()}"
        daemon = Daemon({**school.environment(), "MONITOR__LISTEN": monitor,
                         "MATRIX_MESSENGER__SYNC_USER_AVATAR_PATH": str(REPOSITORY / "data" / "avatar.png")},
                        echo=sys.stderr)
        try:
            say("starting synapse-sync; it finds these messages in the queue:")
            count = publish_examples(queue)
            daemon.start()
            daemon.wait_ends(count)
            queue.wait_empty()
            assert school.homeserver is not None
            show(school.homeserver, queue)
            if keep:
                stay(school, daemon, monitor)
            return daemon.stop()
        finally:
            daemon.destroy()


def publish_examples(queue: Queue) -> int:
    """Returns how many there are."""
    files = sorted(EXAMPLES.glob("*.json"))
    for file in files:
        say(f"  {file.relative_to(REPOSITORY)}")
        publish_file(queue, file)
    return len(files)


def publish_file(queue: Queue, file: Path) -> None:
    queue.publish(json.loads(file.read_text()))


def show(homeserver: Homeserver, queue: Queue) -> None:
    print()
    table("Rooms", ("alias", "name", "topic", "who may talk", "members (level)"),
          (room_row(homeserver.room(entry["room_id"])) for entry in homeserver.rooms()))
    table("Users", ("id", "name", "e-mail", "state"),
          (user_row(homeserver, entry["name"]) for entry in homeserver.users()))
    table("Dead letters", ("code", "detail", "body"),
          (dead_letter_row(letter) for letter in queue.dead_letters()))


def room_row(room: Room) -> Sequence[str]:
    members = sorted(room.members, key=lambda user: (-room.level(user), user))
    people = [f"{short(user)} ({room.level(user)})" for user in members]
    people += [f"{short(user)} (invited)" for user in sorted(room.users_with("invite"))]
    return (short(room.value("m.room.canonical_alias", "alias") or ""), room.name or "", room.topic or "",
            "all" if room.levels.get("events_default", 0) == 0 else "moderators", ", ".join(people))


def user_row(homeserver: Homeserver, user_id: str) -> Sequence[str]:
    user = homeserver.user(user_id) or {}
    mails = (threepid["address"] for threepid in user.get("threepids", []))
    state = next((flag for flag in ("erased", "deactivated", "admin") if user.get(flag)), "active")
    return user_id, user.get("displayname") or "", ", ".join(mails), state


def short(identifier: str) -> str:
    return identifier.split(":")[0]


def dead_letter_row(letter: DeadLetter) -> Sequence[str]:
    body = letter.body.decode(errors="replace")
    return letter.code, letter.detail, body if len(body) <= 60 else body[:57] + "..."


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    lines = [heads, *sorted(rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    print(title)
    for number, line in enumerate(lines):
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))
    print(flush=True)


def stay(school: School, daemon: Daemon, monitor: str) -> None:
    """Leave everything up, and say how to play with it."""
    assert school.homeserver is not None
    password = secrets.token_urlsafe(9)
    somebody = school.synapse.user_id("s.ada")
    school.homeserver.put_user(somebody, password=password, logout_devices=False)
    print(f"""Everything stays up until Ctrl-C.

  Homeserver  {school.synapse.url}  (in a Matrix client: choose this as homeserver)
  Log in as   {somebody}  password {password}
  Admin       {school.homeserver.admin.user_id}  token {school.homeserver.admin.token}
  Broker      {school.broker.uri}  queue {QUEUE_NAME}
  Monitor     http://{monitor}/metrics  /livez  /readyz
  Log         below

  Publish a request of your own, from the folder tests/ (a file, or - for standard input):
    /usr/bin/python3 -m lab publish {school.broker.uri} FILE
""", flush=True)
    try:
        daemon.wait(patience=None)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        say("ending")


def say(text: str) -> None:
    print(f"demo: {text}", file=sys.stderr, flush=True)

"""What others send may be large and made to weigh: at the default settings the daemon stays below 256 MB, and what it
cannot hold now is done later."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from lab.daemon import Daemon
from lab.message import add_room, add_user, member, room
from lab.process import wait_until
from stage import Stage, unique

MOST = 256 * 1024  # kB
HEAVY = b"{}," * 20000  # 60 kB that become 5 MB when they are parsed


def high_water(daemon: Daemon) -> int:
    """The most that was ever resident, in kB."""
    status = Path(f"/proc/{daemon.pid}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0])


def stuff(stage: Stage, room_id: str, moderator: str, events: int) -> None:
    """State events as large and as heavy as the homeserver takes them."""
    stage.homeserver.lift_rate_limit(moderator)
    client = stage.homeserver.log_in_as(moderator)
    content = {"x": json.loads(b"[" + HEAVY[:-1] + b"]")}
    for number in range(events):
        client.set_state(room_id, f"org.example.type{number % 7}", content, f"key{number}")


def room_of_moderator(stage: Stage, room_id: str) -> tuple[str, str]:
    moderator = stage.person()
    stage.done(add_room(room(room_id), member(moderator, is_moderator=True)))
    made = stage.homeserver.resolve(stage.alias(room_id))
    assert made is not None
    return made, moderator


def test_a_moderator_cannot_make_a_room_too_large_to_be_read(stage: Stage) -> None:
    """Five megabytes of state would be 400 of JSON values. The second daemon takes no other reply as large either."""
    room_id, pupil = stage.room_id(), stage.person()
    made, moderator = room_of_moderator(stage, room_id)
    stuff(stage, made, moderator, events=80)
    assert high_water(stage.daemon) < MOST
    stage.daemon.stop()
    daemon = stage.start(HTTP__MAX_REPLY_SIZE="65536")
    stage.done(add_user(pupil, room(room_id)))
    assert pupil in stage.homeserver.room(made).members
    assert high_water(daemon) < MOST


def test_what_a_member_writes_about_himself_does_no_harm_either(stage: Stage) -> None:
    """The daemon hears of it by /sync, and reads it when it starts."""
    room_id, person, other = stage.room_id(), stage.person(), stage.person()
    stage.done(add_room(room(room_id), person))
    made = stage.homeserver.resolve(stage.alias(room_id))
    assert made is not None
    stage.homeserver.lift_rate_limit(person)
    content = {"membership": "join", "x": json.loads(b"[" + HEAVY[:-1] + b"]")}
    stage.homeserver.log_in_as(person).set_state(made, "m.room.member", content, person)
    stage.done(add_user(other, room(room_id)))
    stage.daemon.stop()
    stage.start()
    stage.done(add_user(stage.person(), room(room_id)), add_user(person, room(room_id)))
    assert {person, other} <= stage.homeserver.room(made).members
    assert high_water(stage.daemon) < MOST


def test_a_reply_that_unpacks_to_very_much_is_not_unpacked(stage: Stage) -> None:
    """Something on the way to the homeserver says that it has packed the reply for the transfer, which nobody asked
    for."""
    packed = gzip.compress(b"[" + b"{}," * (20 << 20) + b"{}]")
    assert len(packed) < 64 * 1024
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip\r\n\r\n"
    stage.warm_up()
    fault = stage.proxy.fault("^/_synapse/admin/v2/users/", raw=head + packed)
    user = stage.user()
    stage.publish(add_user(user, name="Ada"))
    fault.wait_hit()
    fault.release()
    end, = stage.ends()
    assert end.outcome == "done"
    assert stage.homeserver.user(user) is not None
    assert high_water(stage.daemon) < MOST


def large_room(stage: Stage, number: int) -> bytes:
    """A message of a megabyte, for so many members as fit in there, each of whom nobody else has."""
    server = stage.homeserver.server_name
    described = {"id": unique("r"), "name": "Large"}
    count = (1 << 20) // len(f'{{"id":"@m{number}x99999:{server}"}},')
    members = [{"id": f"@m{number}x{one}:{server}"} for one in range(count)]
    body = json.dumps({"method": "addRoom", "room": described, "members": members}, separators=(",", ":")).encode()
    assert 1 << 19 < len(body) <= 1 << 20
    return body


def test_messages_that_become_large_are_taken_in_one_after_the_other(stage: Stage) -> None:
    """64 times a megabyte is what may come at a time. Nobody of them is ever made: the homeserver does not answer."""
    daemon = stage.start(SYNC__DRAIN_SECONDS="0")
    stage.warm_up()
    fault = stage.proxy.fault("^/_synapse/admin/v2/users/@m", hold=True)
    stage.publish(*[large_room(stage, number) for number in range(64)])
    fault.wait_hit()
    wait_until(lambda: stage.queue.depth().unacked >= 63, "as many to be handed out as may be")
    settled: list[int] = []
    wait_until(lambda: has_settled(daemon, settled), "the memory to stay as it is")
    assert high_water(daemon) < MOST
    daemon.kill()  # rather than let it go on when the fault is over


def has_settled(daemon: Daemon, seen: list[int]) -> bool:
    """Asked again and again: whether the memory has been the same for a while."""
    seen.append(high_water(daemon))
    return len(seen) > 20 and seen[-1] == seen[-20]


def test_many_large_bodies_with_large_headers_are_moved_away(stage: Stage) -> None:
    """Each is a list that would become 80 MB, has 600 headers, and comes when all the others do."""
    body = b"[" + b"{}," * ((1 << 20) // 3 - 1) + b"{}]"
    headers: dict[str, Any] = {f"header{number}": None for number in range(600)}
    daemon = stage.start()
    stage.publish(*[body] * 64, headers=headers)
    ends = daemon.wait_ends(64)
    assert {end.code for end in ends} == {"too-large"}
    assert len(stage.queue.wait_dead_letters(64)) == 64
    assert high_water(daemon) < MOST

"""Two cases of issue 4 in which the number and order of requests is what matters, not time.

They go through a proxy that remembers every request.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from lab.message import add_room, member, room
from lab.proxy import Proxy, Request

from .names import Names
from .servers import Servers, Subject
from .workloads import cold_add_room, moderators

USERS = r"^/_synapse/admin/v2/users/"
JOINS = r"^/_synapse/admin/v1/join/"
LEVELS = r"/state/m\.room\.power_levels/?$"
CREATE_ROOM = r"/createRoom$"

MODERATORS = 50
OTHER_ROOMS = 20


@dataclass(frozen=True)
class Count:
    name: str
    text: str
    ok: bool


def merged_levels(servers: Servers, settings: dict[str, str]) -> Count:
    """Moderators who are all queued before their room is made have their levels from the beginning."""
    task = moderators(Names(servers.server_name), MODERATORS)
    proxy = Proxy(servers.synapse.port).start()
    try:
        with Subject(servers, proxy.url, **{"RABBITMQ_PREFETCH": str(MODERATORS), **settings}) as subject:
            subject.publish(task.messages)
            subject.start().wait_ends(MODERATORS)
            counted = {name: len(_done(proxy, method, path)) for name, method, path in (
                ("createRoom", "POST", CREATE_ROOM), ("user creations", "PUT", USERS), ("joins", "POST", JOINS),
                ("writes of levels", "PUT", LEVELS))}
            counted["other requests"] = len(proxy.requests()) - sum(counted.values())
    finally:
        proxy.destroy()
    ok = list(counted.values())[:4] == [1, MODERATORS, MODERATORS, 0]
    return Count(f"addUser of {MODERATORS} new moderators of a new room, all queued",
                 ", ".join(f"{number} {name}" for name, number in counted.items()), ok)


def nobody_waits(servers: Servers, size: int, settings: dict[str, str]) -> Count:
    """The message with the large room comes first; those about small rooms must not wait for its members: until they
    are done, it gets at most two writes for each of theirs."""
    names = Names(servers.server_name)
    large = cold_add_room(names, size)
    users = set(large.wanted.users)
    own_writes = 5 * OTHER_ROOMS  # a room, two users and their joins
    small = [add_room(room(names.room(), "A small room"), member(names.user()), member(names.user()))
             for _ in range(OTHER_ROOMS)]
    proxy = Proxy(servers.synapse.port).start()
    try:
        with Subject(servers, proxy.url, **settings) as subject:
            subject.publish([*large.messages, *small])
            subject.start().wait_ends(OTHER_ROOMS)
            writes = _done(proxy, "PUT", USERS) + _done(proxy, "POST", JOINS)
            served = sum(_is_about(request, users) for request in writes)
            # What is left of the large room tells nothing; the daemon is ended in the midst of it.
            ended = [end.fields.get("room") for end in subject.tally.ends[:OTHER_ROOMS]]
    finally:
        proxy.destroy()
    overtook = all(one != f"#{next(iter(large.wanted.rooms))}:{servers.server_name}" for one in ended)
    return Count(f"addRoom of {size}, and behind it {OTHER_ROOMS} addRoom of 2",
                 f"the last of the {OTHER_ROOMS} ended when {served} of the {2 * size} writes for the members of the "
                 f"large room were done, and their own {own_writes}", overtook and served <= 2 * own_writes)


def _done(proxy: Proxy, method: str, path: str) -> list[Request]:
    return [request for request in proxy.requests(method, path) if 0 < request.status < 300]


def _is_about(request: Request, users: set[str]) -> bool:
    asked = request.json.get("user_id") or unquote(request.path.rpartition("/")[2])
    return asked in users

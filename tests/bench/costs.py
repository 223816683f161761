"""What single calls cost the homeserver, alone and side by side.

These are the facts behind what the floor does, and what the daemon should do.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lab.matrix import segment

from .client import Call, Client, Json, Listed, create_room, create_user, deactivate, join
from .meter import Meter
from .names import Names
from .servers import SYNC_USER, Servers

CONCURRENCIES = (1, 2, 4, 8)


@dataclass(frozen=True)
class Price:
    """Of one call, or of one member."""

    what: str
    concurrency: int
    count: int
    cpu_ms: float
    wall_ms: float


class Shop:
    """Buys calls and notes their prices."""

    def __init__(self, servers: Servers, concurrencies: Iterable[int]) -> None:
        self.servers = servers
        self.concurrencies = tuple(concurrencies)
        self.client = Client(servers.synapse.port, servers.token)
        self.meter = Meter(servers.synapse)
        self.sync_user = servers.synapse.user_id(SYNC_USER)
        self.prices: list[Price] = []

    def buy(self, what: str, calls: list[Call], concurrency: int, count: int | None = None) -> None:
        """`count` is by what the price is divided; one for each call if not given."""
        def work() -> float:
            self.client.run(Listed(calls), concurrency)
            return time.monotonic()

        cost = self.meter.measure(work, time.process_time)
        count = count or len(calls)
        price = Price(what, concurrency, count, cost.homeserver_cpu / count * 1000, cost.wall / count * 1000)
        self.prices.append(price)
        print(f"bench: {what:52} x{count:<4} {concurrency} at a time  {price.cpu_ms:6.1f} ms homeserver CPU "
              f"{price.wall_ms:6.1f} ms wall  others {cost.others:.0%}", file=sys.stderr, flush=True)

    def buy_all(self, what: str, calls: Callable[[], list[Call]], count: int | None = None) -> None:
        """At each concurrency, with calls of new names each time."""
        for concurrency in self.concurrencies:
            self.buy(what, calls(), concurrency, count)

    # --- what is needed beforehand, not measured -----------------------------------------------------------------

    def users(self, count: int, names: Names) -> list[str]:
        users = [names.user() for _ in range(count)]
        self.client.run(Listed(create_user(user, "Ada Lovelace") for user in users), 4)
        return users

    def rooms(self, count: int, names: Names) -> list[str]:
        rooms: list[str] = []
        self.client.run(Listed(self.room_call(names, lambda reply: rooms.append(reply["room_id"]))
                               for _ in range(count)), 4)
        return rooms

    def room_call(self, names: Names, learn: Callable[[Json], None] = lambda reply: None,
                  invited: Iterable[str] = ()) -> Call:
        return create_room(self.sync_user, f"room_{names.room()}", "A room", (), learn=learn,
                           invited=[(user, "Ada Lovelace") for user in invited])


def creations(shop: Shop, names: Names) -> None:
    """Users and rooms, each by itself."""
    shop.buy_all("create a user", lambda: [create_user(names.user(), "Ada Lovelace") for _ in range(64)])
    shop.buy_all("create a room", lambda: [shop.room_call(names) for _ in range(16)])


def joins(shop: Shop, names: Names) -> None:
    """Of users and rooms that exist: the same room is one line of waiting, different rooms are not."""
    def into_one_room() -> list[Call]:
        room, = shop.rooms(1, names)
        return [join(room, user) for user in shop.users(48, names)]

    def into_many_rooms() -> list[Call]:
        rooms = shop.rooms(8, names)
        users = shop.users(16, names)
        return [join(room, user) for offset in range(3) for index, user in enumerate(users)
                for room in [rooms[(index + offset) % len(rooms)]]]

    shop.buy_all("admin join, all into one room", into_one_room)
    shop.buy_all("admin join, into 8 rooms in turns", into_many_rooms)


def invited_at_creation(shop: Shop, names: Names, size: int, concurrencies: Iterable[int]) -> None:
    """A room that is made for so many members who are known: are invitations among its first state cheaper than
    those that the admin join makes? All prices are per member."""
    for concurrency in concurrencies:
        users = shop.users(size, names)
        for way, invited in (("", []), (" with invitations", users)):
            rooms: list[str] = []
            creation = shop.room_call(names, lambda reply: rooms.append(reply["room_id"]), invited)
            shop.buy(f"room for {size}{way}: createRoom", [creation], 1, size)
            shop.buy(f"room for {size}{way}: admin joins", [join(rooms[0], user) for user in users], concurrency)


def join_while_public(shop: Shop, names: Names, size: int) -> None:
    """For the record: the admin join invites nobody where the join rule is public. No way for the daemon, as
    anybody could walk in meanwhile."""
    users = shop.users(size, names)
    room, = shop.rooms(1, names)
    shop.client.run(Listed([join_rule(room, "public")]), 1)
    shop.buy(f"room for {size}: admin join while it is public", [join(room, user) for user in users], 1)


def join_rule(room: str, rule: str) -> Call:
    return Call("PUT", f"/_matrix/client/v3/rooms/{segment(room)}/state/m.room.join_rules", {"join_rule": rule})


def removals(shop: Shop, names: Names) -> None:
    """Users who are in three rooms each; leaving those comes after the reply."""
    def calls() -> list[Call]:
        rooms, users = shop.rooms(3, names), shop.users(16, names)
        shop.client.run(Listed(join(room, user) for user, room in itertools.product(users, rooms)), 4)
        return [deactivate(user) for user in users]

    shop.buy_all("deactivate a user who is in 3 rooms", calls)


def investigate(servers: Servers, concurrencies: Iterable[int] = CONCURRENCIES) -> list[Price]:
    shop, names = Shop(servers, concurrencies), Names(servers.server_name)
    creations(shop, names)
    joins(shop, names)
    for size in (10, 30, 100, 300):
        invited_at_creation(shop, names, size, (1, 4))
    join_while_public(shop, names, 30)
    removals(shop, names)
    return shop.prices

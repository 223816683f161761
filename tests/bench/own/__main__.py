"""What synapse-sync itself costs, beside a stub homeserver that costs nothing but 5 ms of patience.

    cd tests && python3 -B -m bench.own [PART...]

    rate    messages a second, CPU and memory: at the default settings, with as many calls at a time as are allowed, and
            with a larger prefetch too
    cost    instructions and allocations for one message (valgrind), held against expected.json
    scale   instructions for one message where rooms have 10, 1,000 and 10,000 members, and where 10, 1,000 and 10,000
            rooms are known
    soak    the memory over a million messages
    district    a school district of 1,250 to 20,000 users: cold, after a restart, and when all is in sync; at the
            default settings. --users N...: other sizes. --readme: also into tests/bench/README.md and its picture

Without a part: rate and cost. --messages N: other numbers of messages for rate and soak. --write: cost is what is
expected from now on. SYNAPSE_SYNC_BIN names the program; the stub is beside it, in tests/bench/own/.

The exit status is not 0 when something that does not depend on the machine is worse than it should be: counted costs,
their dependence on the size of the school, growing memory; of a district, its memory and the requests per message.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from bench import growth
from bench.figure import IN_SYNC, MEMORY_GOAL, Figure

from . import counting, district, workloads
from .rig import Result, Rig, School, Workload

LATENCY = 5  # ms

# The goals, by the task that this bench belongs to.
RATE, MEMORY = 5000, 16 * 1024

# More than that is growth (kB); a heap takes some time until it has found its size.
GROWTH = 512

# Requests per message: one catch-up serves many.
IN_SYNC_MOST = 0.1

# A message may cost so much more where the school is a thousand times larger: hash tables and the like are not quite
# free.
GROWTH_OF_COST = 1.25

DEFAULT = {"SYNC__CONCURRENCY": "8", "RABBITMQ_PREFETCH": "64"}
WIDE = {"SYNC__CONCURRENCY": "64", "RABBITMQ_PREFETCH": "64"}
DEEP = {**WIDE, "RABBITMQ_PREFETCH": "256"}
# So that it is not by chance how many messages share a catch-up.
AT_ONCE = {**WIDE, "RABBITMQ_PREFETCH": "1000"}


def in_sync(count: int, **settings: str) -> Workload:
    return workloads.in_sync(count, School(users=200, rooms=48, members=200), users=200, used=48, **settings)


def join(count: int, **settings: str) -> Workload:
    return workloads.join(count, School(users=200 + (count + 47) // 48, rooms=48, members=200), **settings)


def rate(rig: Rig, count: int) -> list[str]:
    say("workload  calls  prefetch  messages  messages/s  CPU us/message  requests/message  resident kB")
    for make in (in_sync, join):
        for settings in (DEFAULT, WIDE, DEEP):
            workload = make(count, **settings)
            tell_rate(workload, rig.run(workload))
    say(f"goal: {RATE:,} messages/s, and at a prefetch of 64 less than {MEMORY:,} kB")
    return []


def tell_rate(workload: Workload, result: Result) -> None:
    calls, prefetch = (workload.settings[name] for name in DEFAULT)
    say(f"{workload.name:9} {calls:>5} {prefetch:>9} {result.messages:9,} {result.rate:11,.0f} {result.cpu_each:15,.0f}"
        f" {result.requests_each:17.2f} {max(result.memory):12,}")


def cost(rig: Rig, write: bool) -> list[str]:
    say("workload  instructions/message  allocations/message  bytes/message")
    costs = {}
    for make in (in_sync, join):
        name = make(1).name
        costs[name] = row = counting.cost(rig, lambda count, make=make: make(count, **AT_ONCE))
        say(f"{name:9} {row.instructions:21,} {row.allocations:20,.1f} {row.bytes:14,}")
    if write:
        counting.expect(costs)
    return counting.regressions(costs)


def scale(rig: Rig) -> list[str]:
    worse = []
    say("workload  members of a room  rooms known  instructions/message")
    for name, make, schools in _scales():
        counts = []
        for school in schools:
            counts.append(counting.instructions(rig, lambda count, make=make, school=school: make(count, school), 400))
            say(f"{name:9} {school.members:17,} {school.rooms:12,} {counts[-1]:21,.0f}")
        if max(counts) > GROWTH_OF_COST * counts[0]:
            worse.append(f"{name}: a message costs {max(counts) / counts[0]:.1f} times as much in a larger school")
    return worse


def _scales() -> list[tuple[str, Callable[[int, School], Workload], Sequence[School]]]:
    sizes = (10, 1000, 10000)

    def same_rooms(count: int, school: School) -> Workload:
        return workloads.in_sync(count, school, users=10, used=8, **WIDE)

    def newcomers(count: int, school: School) -> Workload:
        return workloads.join(count, school, **WIDE)

    return [("in-sync", same_rooms, [School(size, 8, size) for size in sizes]),
            ("in-sync", same_rooms, [School(10, size, 10) for size in sizes]),
            ("join", newcomers, [School(size + 100, 8, size) for size in sizes])]


def soak(rig: Rig, count: int) -> list[str]:
    result = rig.run(in_sync(count, **WIDE), samples=20)
    say(f"soak: {count:,} messages, {result.rate:,.0f} a second; resident kB after each twentieth:")
    say(" ".join(f"{kilobytes:,}" for kilobytes in result.memory))
    growth = result.memory[-1] - result.memory[1]
    return [f"soak: the memory grew by {growth:,} kB"] if growth > GROWTH else []


def grow(rig: Rig, sizes: Sequence[int], readme: bool) -> list[str]:
    figures = []
    for figure in (figure for users in sizes for figure in district.district(rig, users)):
        figures.append(figure)
        say(str(figure))
    if readme:
        growth.keep(figures, "cd tests && python3 -m bench.own district")
    return [f"district: {figure}" for figure in figures if is_worse(figure, figures)]


def is_worse(figure: Figure, figures: Sequence[Figure]) -> bool:
    """Too large, or asks for more than it should: nothing worth mentioning when in sync, else what it did in the
    smallest district."""
    smallest = next(one for one in figures if one.phase == figure.phase)
    most = IN_SYNC_MOST if figure.phase == IN_SYNC else GROWTH_OF_COST * smallest.requests_each
    return figure.megabytes > MEMORY_GOAL or figure.requests_each > most


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.own", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--messages", type=int)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--users", type=int, nargs="+", default=district.SIZES)
    parser.add_argument("--readme", action="store_true")
    given = parser.parse_args()
    parts: dict[str, Callable[[Rig], list[str]]] = {
        "rate": lambda rig: rate(rig, given.messages or 20000), "cost": lambda rig: cost(rig, given.write),
        "scale": scale, "soak": lambda rig: soak(rig, given.messages or 1000000),
        "district": lambda rig: grow(rig, given.users, given.readme)}
    if unknown := set(given.parts) - set(parts):
        parser.error(f"no part {', '.join(unknown)}; there are: {', '.join(parts)}")
    with Rig(LATENCY) as rig:
        worse = [sentence for name in given.parts or ("rate", "cost") for sentence in parts[name](rig)]
    for sentence in worse:
        say(f"WORSE: {sentence}")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())

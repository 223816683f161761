"""Two instances on one queue. The one that works is told to end, killed, frozen, or cut off from the broker; the other
one takes over, and what the first one still does when it comes to itself again does no harm."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable

from lab.daemon import Daemon
from lab.faultproxy import Harm
from lab.process import wait_until
from lab.stub import Stub

from .bench import Bench
from .link import Link
from .result import Result
from .trial import Run, given_back, on_stub

HEARTBEAT = {False: 2, True: 10}  # seconds, by whether this is the long form
LAST_WORDS = 1.5  # seconds until the homeserver has carried out what a frozen daemon had sent


def standby(run: Run, how: str, queue: str) -> Result:
    rounds = run.pick(1, 5)
    heartbeat = HEARTBEAT[run.long]
    # Killed or ended, its connections end at once. Else the broker needs to find out: two heartbeats, and it does not
    # look all the time.
    limit = 5.0 if how in ("told to end", "killed") else 5.0 + 3 * heartbeat
    first, second = (Link("broker", run.folder, run.seed + number) for number in range(2))
    second.start(run.broker().port)
    try:
        with on_stub(run, f"the active of two {how}, {queue} queue", run.stream(600, 4000), rounds, limit, queue=queue,
                     link=first, one_delivery=True, RABBITMQ_HEARTBEAT=str(heartbeat)) as (bench, stub):
            _harm_again_and_again(_Pair(bench, stub, [first, second]), HARMS[how], rounds, given_back(queue))
    finally:
        second.destroy()
    return bench.result


class _Pair:
    """The daemons of a bench, each with a way of its own to the broker."""

    def __init__(self, bench: Bench, stub: Stub, links: list[Link]) -> None:
        self.bench = bench
        self.stub = stub
        self.links = links  # the first is that of the active one
        bench.work(1)  # so it is the active one
        self.spare = self._new_spare()

    def wait_taking_over(self) -> None:
        wait_until(lambda: _role(self.spare) == "taking-over", "the spare to take over")

    def take_over(self, struck: float) -> None:
        """The spare does, and the two change places."""
        bench = self.bench
        self.wait_taking_over()
        bench.daemon, self.spare = self.spare, bench.daemon
        self.links.reverse()
        if bench.work(1):
            bench.result.rounds += 1
            bench.result.resumed.append(time.monotonic() - struck)

    def dismiss_spare(self) -> None:
        self.spare.destroy()

    def replace_spare(self) -> None:
        self.spare.destroy()
        self.spare = self._new_spare()

    def _new_spare(self) -> Daemon:
        spare = self.bench.new_daemon(**self.links[1].environment()).start()
        _wait_stands_by(spare)
        return spare


def _harm_again_and_again(pair: _Pair, harm: Callable[[_Pair], None], rounds: int, least: int) -> None:
    """`least`: so many messages are done between one harm and the next."""
    try:
        for left in range(rounds, 0, -1):
            if not pair.bench.work(pair.bench.spread(left, least)):
                break
            pair.bench.pause(0.03)
            harm(pair)
    finally:
        pair.dismiss_spare()


def _role(daemon: Daemon) -> str:
    """What it said last of the two."""
    said: list[str] = re.findall(r"event=(standing-by|taking-over)", daemon.log)
    return said[-1] if said else ""


def _wait_stands_by(daemon: Daemon) -> None:
    wait_until(lambda: _role(daemon) == "standing-by", "a daemon to stand by")


def _kill(pair: _Pair) -> None:
    struck = time.monotonic()
    pair.bench.kill_daemon()
    pair.stub.mark()
    pair.take_over(struck)
    pair.replace_spare()


def _tell_to_end(pair: _Pair) -> None:
    """What it still does comes before all that the other one does."""
    struck = time.monotonic()
    status = pair.bench.daemon.stop()
    if status != 0:
        pair.bench.result.others.append(f"SIGTERM ended the daemon with status {status}")
    pair.take_over(struck)
    pair.replace_spare()


def _freeze(pair: _Pair) -> None:
    """It is woken up in the middle of the other's work, and knows nothing of that."""
    frozen, struck = pair.bench.daemon, time.monotonic()
    frozen.signal(signal.SIGSTOP)
    time.sleep(LAST_WORDS)  # requests that were sent are carried out
    pair.stub.mark()
    pair.take_over(struck)
    frozen.signal(signal.SIGCONT)
    _wait_stands_by(frozen)
    pair.replace_spare()  # what it tells of its longest turn would be the frost


def _cut_off(pair: _Pair) -> None:
    """It still reaches the homeserver, and finishes what it has."""
    cut_off, link, struck = pair.bench.daemon, pair.links[0], time.monotonic()
    link.proxy.strike(Harm.BLACKHOLE)
    pair.wait_taking_over()  # and then it waits for what the other one may have under way
    pair.stub.mark()
    pair.take_over(struck)
    link.heal()
    _wait_stands_by(cut_off)


HARMS: dict[str, Callable[[_Pair], None]] = {"told to end": _tell_to_end, "killed": _kill, "frozen": _freeze,
                                             "cut off": _cut_off}

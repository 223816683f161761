"""The homeserver is away for long while the queue is deep: nothing is dead-lettered, memory stays flat, and
afterwards all goes on at full speed. And: bad messages before good ones fill no window."""

from __future__ import annotations

import time
from collections.abc import Callable

from lab.synapse import SERVER_NAME

from . import messages
from .bench import Bench
from .result import Result
from .trial import Run, on_stub, on_synapse

# How much more memory the daemon may have after an outage, in kB: what allocators keep for a rainy day.
SLACK = 4096
# What of the speed must be there again, since the machine has other things to do as well; and how many messages it
# takes to tell.
FULL_SPEED = 0.5
LARGE_SAMPLE = 300


def outage(run: Run) -> Result:
    """At a stub, since it takes thousands of messages; nobody listens at its port."""
    sample = run.pick(250, 5000)
    stream = messages.light(run.seed, run.pick(4000, 65000), SERVER_NAME, users=sample // 5)
    with on_stub(run, "homeserver away, deep queue", stream, one_delivery=True, crashes=False) as (bench, stub):
        _go_through(bench, sample, run.pick(20, 600), stub.down, stub.up)
    return bench.result


def outage_of_synapse(run: Run) -> Result:
    sample = run.pick(30, 300)
    stream = messages.light(run.seed, 8 * sample, SERVER_NAME, users=sample // 3)
    with on_synapse(run, "Synapse away, deep queue", stream) as (bench, school):
        _go_through(bench, sample, run.pick(15, 600), school.synapse.stop, school.synapse.start)
    return bench.result


def outage_given_back(run: Run) -> Result:
    """It is away for longer than the broker would wait: everything held is given back, once."""
    hold = run.pick(3, 60)
    sample = run.pick(250, 2000)
    stream = messages.light(run.seed, 8 * sample, SERVER_NAME, users=sample // 5)
    with on_stub(run, "homeserver away, given back", stream, crashes=False,
                 RABBITMQ_HOLD_SECONDS=str(hold)) as (bench, stub):
        _go_through(bench, sample, 3 * hold, stub.down, stub.up)
        for what in ("consumption-paused", "consumption-resumed"):
            times = bench.daemon.log.count(what)
            if times != 1:
                bench.result.others.append(f"{what} is in the log {times} times")
    return bench.result


def bad_messages_first(run: Run) -> Result:
    good, bad = run.pick(1000, 10000), run.pick(100, 1000)
    stream = messages.bad_first(run.seed, good, bad, SERVER_NAME)
    with on_stub(run, f"{bad} bad messages before {good} good ones", stream, one_delivery=True, crashes=False,
                 RABBITMQ_PREFETCH="32") as (bench, _):
        bench.result.rounds = 1
    return bench.result


def _go_through(bench: Bench, sample: int, seconds: float, leave: Callable[[], object],
                come_back: Callable[[], object]) -> None:
    bench.work(sample)  # until most is in sync
    speed_before, memory = _speed(bench, sample), bench.memory()
    waiting = bench.queue.waiting()
    with bench.harm():
        leave()
        time.sleep(seconds)
        come_back()
    bench.work(sample)  # a homeserver that was started anew is slow at first
    speed_after, growth = _speed(bench, sample), bench.memory() - memory
    bench.result.notes.append(
        f"{seconds:.0f} s with {waiting} messages in the queue; {speed_before:.0f} messages/s before, "
        f"{speed_after:.0f} after; memory {memory} kB before, {growth:+d} kB after")
    if growth > SLACK:
        bench.result.others.append(f"memory grew by {growth} kB from {memory} kB")
    if sample >= LARGE_SAMPLE and speed_after < FULL_SPEED * speed_before:
        bench.result.others.append(f"{speed_after:.0f} messages/s after the outage, {speed_before:.0f} before")


def _speed(bench: Bench, count: int) -> float:
    begun = time.monotonic()
    bench.work(count)
    return count / (time.monotonic() - begun)

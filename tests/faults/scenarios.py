"""The faults. Each scenario is a function that returns its row of the table; GROUPS says which share the machine."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lab.rabbitmq import RabbitMQ
from lab.school import SYNC_USER, School
from lab.stub import Stub
from lab.synapse import SERVER_NAME

from . import compare, messages
from .bench import QUORUM, Bench, Result, Stream, median, say

T = TypeVar("T")

# A homeserver that takes its time, so that faults find something under way.
LATENCY = 0.004
# How much more memory the daemon may have after an outage, in kB: what allocators keep for a rainy day.
SLACK = 4096


@dataclass(frozen=True)
class Run:
    """How a scenario is to be run."""

    long: bool
    seed: int
    folder: Path  # for logs

    def pick(self, quick: T, long: T) -> T:
        return long if self.long else quick


@contextmanager
def on_stub(run: Run, fault: str, stream: Stream, broker: RabbitMQ, arguments: dict[str, Any] | None = None,
            one_delivery: bool = False, crashes: bool = True, **settings: str) -> Iterator[tuple[Bench, Stub]]:
    """A bench with the stub; afterwards everything is looked at."""
    result = Result(fault, run.seed, len(stream.bodies))
    stub = Stub(SERVER_NAME).start()
    bench = Bench(broker, stub.environment(), stream, result, run.folder, arguments, **settings)
    try:
        if arguments == QUORUM:
            # RabbitMQ 3.10 knows its quorum queues again only after an orderly end: the file in which it notes them
            # (names.dets) is written with delay. A node that is killed right after a declaration elects no leader.
            broker.stop()
            broker.start()
        bench.start()
        yield bench, stub
        bench.finish()
        dump = stub.dump()
        bench.log.with_suffix(".dump").write_text(json.dumps(dump))
        bench.check(compare.of_stub(dump), f"@sync:{SERVER_NAME}")
        bench.check_way(dump["writes"], one_delivery)
        bench.check_dead_letters(repeats_allowed=crashes)
    finally:
        bench.close()
        stub.destroy()


@contextmanager
def on_synapse(run: Run, fault: str, count: int) -> Iterator[tuple[Bench, School]]:
    """A bench with a real Synapse, which has nothing in it but what the daemon brings about."""
    stream = messages.stream(run.seed, count, SERVER_NAME)
    result = Result(fault, run.seed, len(stream.bodies))
    with School() as school:
        # Few at a time, so that there is always something left for the next fault.
        bench = Bench(school.broker, school.environment(), stream, result, run.folder, RABBITMQ_PREFETCH="8")
        try:
            bench.start()
            yield bench, school
            bench.finish()
            bench.check(compare.of_synapse(school, stream.model), school.synapse.user_id(SYNC_USER))
            bench.check_dead_letters(repeats_allowed=True)
        finally:
            bench.close()
            bench.log.with_suffix(".synapse.log").write_text(school.synapse.log())


# --- 1. the daemon is killed --------------------------------------------------------------------------------------


def _kill_again_and_again(bench: Bench, kills: int) -> None:
    """Mostly while it works; now and then before it has got anywhere."""
    for left in range(kills, 0, -1):
        if bench.chance.random() < 0.15:
            bench.pause(0.5)
        elif not bench.work(bench.spread(left)):
            bench.result.notes.append("the queue was empty before the last kill")
            return
        bench.pause(0.03)
        with bench.harm(heal=bench.start):
            bench.kill_daemon()


def daemon_killed(run: Run, broker: RabbitMQ) -> Result:
    stream = messages.stream(run.seed, run.pick(1500, 20000), SERVER_NAME)
    with on_stub(run, "daemon killed", stream, broker, one_delivery=True) as (bench, stub):
        stub.slow(LATENCY)
        _kill_again_and_again(bench, run.pick(12, 100))
    return bench.result


def daemon_killed_on_synapse(run: Run) -> Result:
    with on_synapse(run, "daemon killed, real Synapse", run.pick(60, 500)) as (bench, _):
        _kill_again_and_again(bench, run.pick(5, 30))
    return bench.result


# --- 2. the broker or Synapse are stopped, killed, frozen -----------------------------------------------------------


def broker_harmed(run: Run, broker: RabbitMQ, how: str, kind: str) -> Result:
    stream = messages.stream(run.seed, run.pick(800, 8000), SERVER_NAME)
    arguments = QUORUM if kind == "quorum" else None
    with on_stub(run, f"broker {how}, {kind} queue", stream, broker, arguments) as (bench, stub):
        stub.slow(LATENCY)
        rounds = run.pick(1, 10)
        for left in range(rounds, 0, -1):
            if not bench.work(bench.spread(left)):
                break
            bench.pause(0.1)
            with bench.harm():
                broker.kill() if how == "killed" else broker.stop()
                broker.start()
    return bench.result


def synapse_harmed(run: Run, how: str) -> Result:
    with on_synapse(run, f"Synapse {how}", run.pick(50, 300)) as (bench, school):
        synapse = school.synapse
        rounds = run.pick(1, 10 if how != "frozen" else 3)
        for left in range(rounds, 0, -1):
            if not bench.work(bench.spread(left)):
                break
            bench.pause(0.3)
            with bench.harm():
                if how == "frozen":
                    synapse.freeze()
                    time.sleep(run.pick(8, 90))
                    synapse.thaw()
                else:
                    synapse.kill() if how == "killed" else synapse.stop()
                    bench.pause(3)
                    synapse.start()
    return bench.result


def homeserver_crashes(run: Run, broker: RabbitMQ) -> Result:
    """The stub goes in the middle of everything, more often than a real one could: requests that were carried out
    and not answered, rooms left half made."""
    stream = messages.stream(run.seed, run.pick(800, 8000), SERVER_NAME)
    with on_stub(run, "homeserver crashes", stream, broker) as (bench, stub):
        stub.slow(LATENCY)
        rounds = run.pick(6, 60)
        for left in range(rounds, 0, -1):
            if not bench.work(bench.spread(left)):
                break
            bench.pause(0.03)
            with bench.harm():
                stub.down(half=0.5 if run.long else float(left <= 2))  # costs half a minute
                bench.pause(0.3)
                stub.up()
    return bench.result


# --- 5. a long outage -----------------------------------------------------------------------------------------------


def outage(run: Run, broker: RabbitMQ) -> Result:
    """The homeserver is away while the queue is deep: nothing is dead-lettered, memory stays flat."""
    stream = messages.light(run.seed, run.pick(3000, 50000), SERVER_NAME)
    with on_stub(run, "outage, deep queue", stream, broker, one_delivery=True, crashes=False) as (bench, stub):
        _go_through_outage(bench, stub, run.pick(20, 600))
    return bench.result


def outage_given_back(run: Run, broker: RabbitMQ) -> Result:
    """It is away for longer than the broker would wait: everything held is given back, once."""
    hold = run.pick(3, 60)
    stream = messages.light(run.seed, run.pick(1500, 10000), SERVER_NAME)
    with on_stub(run, "outage, given back", stream, broker, crashes=False,
                 RABBITMQ_HOLD_SECONDS=str(hold)) as (bench, stub):
        _go_through_outage(bench, stub, 3 * hold)
        for what in ("consumption-paused", "consumption-resumed"):
            times = bench.daemon.log.count(what)
            if times != 1:
                bench.result.others.append(f"{what} is in the log {times} times")
    return bench.result


def _go_through_outage(bench: Bench, stub: Stub, seconds: float) -> None:
    bench.work(len(bench.stream.bodies) // 10)
    speed_before, memory = _speed(bench, len(bench.stream.bodies) // 5), bench.memory()
    with bench.harm():
        stub.down()
        time.sleep(seconds)
        stub.up()
    speed_after, growth = _speed(bench, len(bench.stream.bodies) // 5), bench.memory() - memory
    bench.result.notes.append(f"{speed_before:.0f} messages/s before, {speed_after:.0f} after; "
                              f"memory {memory} kB before, {growth:+d} kB after")
    if growth > SLACK:
        bench.result.others.append(f"memory grew by {growth} kB from {memory} kB")


def _speed(bench: Bench, count: int) -> float:
    begun = time.monotonic()
    bench.work(count)
    return count / (time.monotonic() - begun)


# --- 6. bad messages ------------------------------------------------------------------------------------------------


def bad_messages_first(run: Run, broker: RabbitMQ) -> Result:
    stream = messages.bad_first(run.seed, run.pick(1000, 10000), run.pick(100, 1000), SERVER_NAME)
    with on_stub(run, "bad messages first", stream, broker, one_delivery=True, crashes=False,
                 RABBITMQ_PREFETCH="32") as (bench, _):
        bench.result.rounds = 1
    return bench.result


# --- which there are ------------------------------------------------------------------------------------------------

Scenario = Callable[[Run], Result]


def _with_broker(scenario: Callable[[Run, RabbitMQ], Result]) -> Scenario:
    def run_it(run: Run) -> Result:
        with RabbitMQ() as broker:
            return scenario(run, broker)

    return run_it


def _broker(how: str, kind: str) -> Scenario:
    return _with_broker(lambda run, broker: broker_harmed(run, broker, how, kind))


def _synapse(how: str) -> Scenario:
    return lambda run: synapse_harmed(run, how)


# Groups run side by side, the scenarios of one after each other. Much of the time of each is spent waiting.
GROUPS: list[dict[str, Scenario]] = [
    {"daemon-killed": _with_broker(daemon_killed), "homeserver-crashes": _with_broker(homeserver_crashes),
     "bad-messages": _with_broker(bad_messages_first), "outage": _with_broker(outage),
     "outage-given-back": _with_broker(outage_given_back)},
    {"broker-stopped-durable": _broker("stopped", "durable"), "broker-killed-durable": _broker("killed", "durable"),
     "broker-stopped-quorum": _broker("stopped", "quorum"), "broker-killed-quorum": _broker("killed", "quorum")},
    {"daemon-killed-synapse": daemon_killed_on_synapse, "synapse-frozen": _synapse("frozen")},
    {"synapse-stopped": _synapse("stopped")},
    {"synapse-killed": _synapse("killed")},
]


def run_scenario(name: str, run: Run) -> Result:
    scenario = next(group[name] for group in GROUPS if name in group)
    say(f"{name}: begins, seed {run.seed}")
    try:
        result = scenario(run)
    except Exception as error:  # a row all the same, so that one scenario hides no other
        result = Result(name, run.seed, 0, others=[f"{type(error).__name__}: {error}"])
    say(f"{name}: {len(result.problems)} problems, {result.rounds} rounds, {result.seconds:.0f} s, "
        f"resumed after {median(result.resumed):.2f} s")
    for problem in result.problems[:20]:
        say(f"{name}:   {problem[:300]}")
    return result


def new_seed() -> int:
    return random.SystemRandom().randrange(1_000_000)

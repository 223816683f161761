"""The daemon itself is killed, and told to end, while it has much to do."""

from __future__ import annotations

import time

from lab.process import wait_until

from .bench import Bench
from .result import Result
from .trial import Run, given_back, on_stub, on_synapse

DRAIN_SECONDS = 3
# A process that was told to end may be slow at it, too.
ALLOWANCE = 2.0


def daemon_killed(run: Run) -> Result:
    kills = run.pick(12, 100)
    with on_stub(run, "daemon killed", run.stream(1500, 20000), kills, one_delivery=True) as (bench, _):
        _kill_again_and_again(bench, kills)
    return bench.result


def daemon_killed_on_synapse(run: Run) -> Result:
    kills = run.pick(5, 30)
    with on_synapse(run, "daemon killed, real Synapse", run.stream(60, 500), kills) as (bench, _):
        _kill_again_and_again(bench, kills)
    return bench.result


def _kill_again_and_again(bench: Bench, kills: int) -> None:
    """Mostly while it works; now and then before it has got anywhere."""
    for left in range(kills, 0, -1):
        if bench.chance.random() < 0.15:
            bench.pause(0.5)
        elif not bench.work(bench.spread(left)):
            return
        bench.pause(0.03)
        with bench.harm(heal=bench.start):
            bench.kill_daemon()


def daemon_stopped(run: Run, queue: str) -> Result:
    """SIGTERM: what is under way is finished within the limit, all else is left. By turns the homeserver is well,
    and does not answer any more."""
    rounds = run.pick(6, 40)
    stream = run.stream(800, 8000, more=rounds * given_back(queue))
    with on_stub(run, f"daemon told to end, {queue} queue", stream, rounds, queue=queue,
                 one_delivery=True, crashes=False, SYNC__DRAIN_SECONDS=str(DRAIN_SECONDS)) as (bench, stub):
        for left in range(rounds, 0, -1):
            if not bench.work(bench.spread(left, given_back(queue))):
                break
            bench.pause(0.03)
            with bench.harm(heal=bench.start):
                if left % 2 == 0:
                    stub.freeze()
                _stop(bench)
                stub.thaw()
                _account(bench)
    return bench.result


def daemon_stopped_on_synapse(run: Run) -> Result:
    rounds = run.pick(3, 15)
    with on_synapse(run, "daemon told to end, real Synapse", run.stream(60, 300), rounds, crashes=False) as (bench, _):
        for left in range(rounds, 0, -1):
            if not bench.work(bench.spread(left)):
                break
            bench.pause(0.3)
            with bench.harm(heal=bench.start):
                bench.daemon.stop()
                _account(bench)
    return bench.result


def _stop(bench: Bench) -> None:
    begun = time.monotonic()
    status = bench.daemon.stop()
    took = time.monotonic() - begun
    if status != 0:
        bench.result.others.append(f"SIGTERM ended the daemon with status {status}")
    if took > DRAIN_SECONDS + ALLOWANCE:
        bench.result.others.append(f"it took {took:.1f} s to end, and had {DRAIN_SECONDS} s for the drain")


def _account(bench: Bench) -> None:
    """Each message either has ended, and is acked, or is back in the queue: the sum tells."""
    wait_until(lambda: bench.queue.consumers() == 0, "the consumer to be gone")
    ended, waiting, all_of_them = bench.tally.ended, bench.queue.waiting(), len(bench.stream.bodies)
    if ended + waiting != all_of_them:
        bench.result.others.append(f"of {all_of_them} messages, {ended} have ended and {waiting} are in the queue")

"""The broker, the homeserver and the keeper of its accounts are stopped, killed and frozen under load."""

from __future__ import annotations

import time

from lab.mas import Mas
from lab.mas_school import MasSchool
from lab.synapse import Synapse

from .bench import Bench
from .result import Result
from .trial import Run, on_stub, on_synapse


def broker_harmed(run: Run, how: str, queue: str) -> Result:
    rounds = run.pick(1, 10)
    broker = run.broker()
    with on_stub(run, f"broker {how}, {queue} queue", run.stream(600, 8000), rounds, queue=queue,
                 settled=how == "killed") as (bench, _):
        for left in range(rounds, 0, -1):
            if not bench.work(bench.spread(left)):
                break
            bench.pause(0.1)
            with bench.harm():
                broker.kill() if how == "killed" else broker.stop()
                broker.start()
    return bench.result


def synapse_harmed(run: Run, how: str) -> Result:
    rounds = run.pick(1, 10 if how != "frozen" else 5)
    with on_synapse(run, f"Synapse {how}", run.stream(50, 300), rounds) as (bench, school):
        _harm_again_and_again(run, bench, school.synapse, how, rounds)
    return bench.result


def mas_harmed(run: Run, how: str) -> Result:
    """The service that keeps the accounts, that is its stub, in front of a real Synapse which asks it for tokens. A
    stop lets it finish what it is doing; a kill may leave an account half made."""
    rounds = run.pick(2, 10 if how != "frozen" else 5)
    with on_synapse(run, f"MAS {how}", run.stream(80, 300), rounds, kind=MasSchool) as (bench, school):
        assert isinstance(school, MasSchool)
        _harm_again_and_again(run, bench, school.mas, how, rounds)
    return bench.result


def _harm_again_and_again(run: Run, bench: Bench, server: Synapse | Mas, how: str, rounds: int) -> None:
    for left in range(rounds, 0, -1):
        if not bench.work(bench.spread(left)):
            break
        bench.pause(0.3)
        with bench.harm():
            if how == "frozen":
                server.freeze()
                time.sleep(run.pick(8, 90))
                server.thaw()
            else:
                server.kill() if how == "killed" else server.stop()
                bench.pause(3)
                server.start()


def homeserver_crashes(run: Run) -> Result:
    """The stub goes in the middle of everything, more often than a real one could: requests that were carried out
    and not answered, rooms left half made."""
    rounds = run.pick(6, 40)
    with on_stub(run, "homeserver crashes", run.stream(800, 8000), rounds) as (bench, stub):
        for left in range(rounds, 0, -1):
            if not bench.work(bench.spread(left)):
                break
            bench.pause(0.03)
            with bench.harm():
                stub.down(half=0.5 if run.long else float(left <= 2))  # costs half a minute
                bench.pause(0.3)
                stub.up()
    return bench.result

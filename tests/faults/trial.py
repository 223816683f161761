"""How a fault is tried: on a stub homeserver, which takes thousands of messages and remembers every write, or on a
real Synapse. Afterwards everything is looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from lab.mas_school import MasSchool
from lab.rabbitmq import RabbitMQ
from lab.school import SYNC_USER, School
from lab.stub import Stub
from lab.synapse import SERVER_NAME

from . import compare, messages
from .bench import QUORUM, Bench
from .link import Link
from .messages import Stream
from .result import Result

T = TypeVar("T")

# Seconds: a homeserver that takes its time, so that faults find something under way.
LATENCY = 0.004

PREFETCH = 64  # the daemon's default

# A long run removes more than a school does within an hour.
NO_BRAKE = {"SYNC__REMOVALS_PER_HOUR": "0"}


def given_back(queue: str) -> int:
    """So many messages have to be done between one end of a daemon and the next, or some may change places: a quorum
    queue puts what one consumer gives back behind what an earlier one gave back and nobody has taken yet (seen on
    RabbitMQ 3.10; and on 4.3, within one consumer). No daemon can help that; data/README.md says so."""
    return PREFETCH if queue == "quorum" else 0


@dataclass
class Run:
    """How scenarios are to be run; and the broker that they share, one after the other."""

    long: bool
    seed: int
    folder: Path  # for logs
    _broker: RabbitMQ | None = field(default=None, repr=False)

    def pick(self, quick: T, long: T) -> T:
        return long if self.long else quick

    def stream(self, quick: int, long: int, more: int = 0, **options: Any) -> Stream:
        return messages.stream(self.seed, self.pick(quick, long) + more, SERVER_NAME, **options)

    def broker(self) -> RabbitMQ:
        if self._broker is None:
            self._broker = RabbitMQ().start()
        return self._broker

    def drop_broker(self) -> None:
        """For good, or because nobody knows what state it is in."""
        if self._broker is not None:
            self._broker.destroy()
        self._broker = None


@contextmanager
def on_stub(run: Run, fault: str, stream: Stream, asked: int = 1, limit: float | None = None, queue: str = "durable",
            settled: bool = False, link: Link | None = None, one_delivery: bool = False, crashes: bool = True,
            latency: float = LATENCY, **settings: str) -> Iterator[tuple[Bench, Stub]]:
    """`queue` is durable or quorum; `crashes`: messages may be handled again that were handled before."""
    # How long it takes is judged in the long form only: the quick one may have to share its machine.
    result = Result(fault, run.seed, len(stream.bodies), asked, limit if run.long else None)
    arguments = QUORUM if queue == "quorum" else None
    broker = run.broker()
    with ExitStack() as ends:
        stub = Stub(SERVER_NAME).start()
        ends.callback(stub.destroy)
        environment = {**stub.environment(), **NO_BRAKE, **settings}
        if link is not None:
            link.start(broker.port if link.peer == "broker" else stub.port)
            ends.callback(link.destroy)
            environment |= link.environment()
        bench = Bench(broker, environment, stream, result, run.folder, arguments, settled)
        ends.callback(bench.close)
        stub.slow(latency)
        bench.start()
        yield bench, stub
        bench.finish()
        dump = stub.dump()
        bench.log.with_suffix(".dump").write_text(json.dumps(dump))
        bench.check(compare.of_stub(dump), f"@sync:{SERVER_NAME}")
        bench.check_way(dump["writes"], one_delivery)
        bench.check_dead_letters(repeats_allowed=crashes)
        bench.queue.delete()


@contextmanager
def on_synapse(run: Run, fault: str, stream: Stream, asked: int = 1, crashes: bool = True,
               kind: type[School] = School) -> Iterator[tuple[Bench, School]]:
    """Synapse has nothing in it but what the daemon brings about."""
    result = Result(fault, run.seed, len(stream.bodies), asked)
    with kind() as school:
        # Few at a time, so that there is always something left for the next fault.
        bench = Bench(school.broker, {**school.environment(), **NO_BRAKE, "RABBITMQ_PREFETCH": "8"}, stream, result, run.folder)
        try:
            bench.start()
            yield bench, school
            bench.finish()
            bench.check(compare.of_synapse(school, stream.model), school.synapse.user_id(SYNC_USER))
            if isinstance(school, MasSchool):
                result.lost += compare.accounts(stream.model, list(school.mas.lab("state")["users"].values()))
            bench.check_dead_letters(repeats_allowed=crashes)
        finally:
            bench.close()
            bench.log.with_suffix(".synapse.log").write_text(school.synapse.log())

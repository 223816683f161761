"""One fault test: a homeserver, a broker, a queue filled from the beginning, and a daemon that works through it
while it, or they, are being harmed."""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pika
import pika.exceptions

from lab.daemon import Daemon
from lab.process import wait_until
from lab.queue import Queue
from lab.rabbitmq import RabbitMQ

from . import compare
from .messages import Stream
from .result import Result

# A wait ends the test when nothing at all has happened for so long. A room that Synapse was making when it was killed
# takes two and a half minutes: 30 s until the daemon takes it for half made, and then Synapse does not delete it before
# the lock that it left on the room in its database has grown old (storage/databases/main/lock.py: two minutes).
PATIENCE = 360.0

QUORUM = {"x-queue-type": "quorum", "x-single-active-consumer": True}


class Tally:
    """Reads the daemon's log as it is written; counts the messages that ended. There may be two daemons."""

    def __init__(self, sink: Path) -> None:
        self.ended = 0
        self._changed = threading.Condition()
        self._sink = sink.open("a")

    def write(self, text: str) -> int:
        with self._changed:
            self._sink.write(text)
            # As Line.is_message_end, but cheap: there are tens of thousands of lines.
            if "event=message " in text and " outcome=" in text:
                self.ended += 1
                self._changed.notify_all()
        return len(text)

    def flush(self) -> None:
        self._sink.flush()

    def wait(self, ended: int, patience: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.ended >= ended, patience)


class Bench:
    """A queue of its own on the broker, and a daemon on it."""

    def __init__(self, broker: RabbitMQ, environment: Mapping[str, str], stream: Stream, result: Result,
                 folder: Path, arguments: dict[str, Any] | None = None, settled: bool = False) -> None:
        self.result = result
        self.stream = stream
        self.broker = broker
        self.chance = random.Random(result.seed)
        name = re.sub(r"\W+", "-", result.fault)
        self.queue = Queue(broker, f"{name}-{result.seed}").declare(arguments=arguments)
        if settled:
            _settle(self.queue)
        self.log = folder / f"{name}.log"
        self.tally = Tally(self.log)
        self._env = {"RABBITMQ_URI": broker.uri, **environment, "RABBITMQ_MATRIX_QUEUE_EXTERNAL": self.queue.name}
        self._started = time.monotonic()
        self.daemon = self.new_daemon()
        publish(self.queue, stream.bodies)

    def close(self) -> None:
        self.daemon.destroy()
        turns = re.findall(r"event=stopped .*longest_turn_ms=(\d+)", self.log.read_text())
        self.result.longest_turn = max(map(int, turns), default=None)
        self.result.seconds = time.monotonic() - self._started

    # --- the daemon ---------------------------------------------------------------------------------------------

    def new_daemon(self, **settings: str) -> Daemon:
        return Daemon({**self._env, **settings}, echo=self.tally)  # type: ignore[arg-type]

    def start(self) -> None:
        self.daemon = self.new_daemon()
        self.daemon.start()

    def kill_daemon(self) -> None:
        self.daemon.destroy()

    def memory(self) -> int:
        """Resident kilobytes."""
        text = Path(f"/proc/{self.daemon.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", text)[0])

    # --- time ---------------------------------------------------------------------------------------------------

    def is_over(self) -> bool:
        """Nothing waits, nothing is handed out. With a consumer: a queue that is just recovering looks empty too."""
        try:
            return (self.queue.waiting() == 0 and self.queue.consumers() == 1 and self.queue.depth().total == 0
                    and self.queue.consumers() == 1)
        except (pika.exceptions.AMQPError, OSError, RuntimeError):
            return False

    def work(self, messages: int) -> bool:
        """Let so many more messages end; false: the queue is empty before that."""
        goal = self.tally.ended + messages
        seen, since = self.tally.ended, time.monotonic()
        while not self.tally.wait(goal, 1):
            if self.is_over():
                return False
            if self.tally.ended > seen:
                seen, since = self.tally.ended, time.monotonic()
            self._must_go_on(since)
        return True

    def pause(self, most: float) -> None:
        """A random moment."""
        time.sleep(self.chance.uniform(0, most))

    @contextmanager
    def harm(self, heal: Callable[[], None] = lambda: None) -> Iterator[None]:
        """What is done inside is one fault; it is healed when that is over and `heal` begins."""
        yield
        self.result.rounds += 1
        healed, before = time.monotonic(), self.tally.ended
        heal()
        while not self.tally.wait(before + 1, 0.5):
            if self.is_over():
                return  # there is nothing left to go on with
            self._must_go_on(healed)
        self.result.resumed.append(time.monotonic() - healed)

    def spread(self, faults: int, least: int = 0) -> int:
        """A random number of messages, above `least`, to be handled until the next of that many faults that are still
        to come; some are left for the last."""
        return least + self.chance.randint(1, max(1, int(0.7 * self.queue.waiting() / faults) - least))

    def _must_go_on(self, since: float) -> None:
        if not self.daemon.alive():
            raise AssertionError(f"the daemon ended by itself; see {self.log}")
        if time.monotonic() - since > PATIENCE:
            raise AssertionError(f"nothing happened for {PATIENCE:.0f} s; see {self.log}")

    # --- the end ------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """Until every message is done or rejected; ends the daemon in the orderly way."""
        for _ in range(5):
            self.work(2 * len(self.stream.bodies) + 1000)
            status = self.daemon.stop()
            if status != 0:
                self.result.others.append(f"SIGTERM ended the daemon with status {status}")
            # What was not acked is back when the broker has noticed the daemon's end.
            wait_until(lambda: self.queue.consumers() == 0, "the consumer to be gone")
            left = self.queue.waiting()
            if left == 0:
                return
            self.result.notes.append(f"{left} messages left by the drain")
            self.start()
        self.result.others.append("the queue does not become empty")

    def check_dead_letters(self, repeats_allowed: bool) -> None:
        """Exactly the bad messages, each with its reason. After a crash one may be there twice: the first was
        confirmed, and the ack was lost."""
        letters = self.queue.dead_letters() if self.queue.exists(self.queue.dlq) else []
        counted = Counter(letter.body for letter in letters)
        bad = self.stream.bad
        self.result.lost += [f"not among the dead letters: {body!r}" for body in bad.keys() - counted.keys()]
        self.result.others += [f"among the dead letters ({letter.code}: {letter.detail}): {letter.body!r}"
                               for letter in letters if letter.body not in bad]
        self.result.others += [f"dead letter with {letter.code}, not {bad[letter.body]}: {letter.body!r}"
                               for letter in letters if letter.code != bad.get(letter.body, letter.code)]
        self.result.others += [f"dead letter with {letter.code} without a reason: {letter.body!r}"
                               for letter in letters if letter.headers.get("x-error-detail") in (None, "")]
        repeated = sum(counted.values()) - len(counted)
        if repeated and not repeats_allowed:
            self.result.others.append(f"{repeated} dead letters are there twice")
        elif repeated:
            self.result.notes.append(f"{repeated} dead letters twice")

    def check(self, seen: compare.Seen, sync_user: str) -> None:
        self.result.lost += compare.differences(self.stream.model, seen, sync_user)
        self.result.duplicated += compare.doubles(seen)

    def check_way(self, writes: list[list[Any]], one_delivery: bool) -> None:
        """What the stub remembers of the way; the order of writes tells something only where a message is
        redelivered to a new daemon, not to the same."""
        self.result.duplicated += compare.repeated_writes(self.stream.model, writes)
        if one_delivery:
            self.result.unordered = compare.order_violations(writes)


def _settle(queue: Queue) -> None:
    """Have both queues known to the broker for good. One that is killed a moment after it declared a queue may have
    forgotten it, with all that is in it (seen with RabbitMQ 3.10: what a node knows of its quorum queues, in the
    file names.dets, is written with delay; of classic ones, seldom)."""
    Queue(queue.broker, queue.dlq).declare(arguments={})
    queue.broker.stop()
    queue.broker.start()


def publish(queue: Queue, bodies: list[bytes]) -> None:
    """As producers do, but without waiting for each: all are in the queue, on disk, when this returns."""
    properties = pika.BasicProperties(delivery_mode=2, priority=2)
    with queue.broker.connect() as connection:
        channel = connection.channel()
        for body in bodies[:-1]:
            channel.basic_publish("", queue.name, body, properties)
        channel.queue_declare(queue.name, passive=True)  # all of them have arrived
        channel.confirm_delivery()
        channel.basic_publish("", queue.name, bodies[-1], properties, mandatory=True)
    wait_until(lambda: queue.waiting() == len(bodies), f"{len(bodies)} messages in the queue")

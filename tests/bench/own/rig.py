"""A broker, a stub homeserver and the daemon, for one measurement after the other.

    Rig.run()   fills a queue, starts the daemon on it, and says what the messages cost after the warm-up

What is measured is the daemon alone: CPU time and memory come from /proc, the count of requests from the stub.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import pika

from bench.kernel import memory_of
from lab.daemon import executable
from lab.process import Process, accepts_connections, free_port, tied_to_us, wait_until
from lab.queue import Queue
from lab.rabbitmq import RabbitMQ

SERVER_NAME = "school.test"

# A measurement in which nothing happens for so long is over.
PATIENCE = 120.0


@dataclass(frozen=True)
class School:
    """What the stub holds from the beginning: the first `members` users are in each room."""

    users: int
    rooms: int
    members: int


@dataclass(frozen=True)
class Workload:
    """Messages that come first and are not measured, and those that are."""

    name: str
    school: School
    warm_up: Sequence[bytes]
    messages: Sequence[bytes]
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    time: float
    cpu: float  # seconds
    requests: int


@dataclass(frozen=True)
class Result:
    messages: int
    seconds: float
    cpu: float
    requests: int
    memory: list[int]  # resident kB, at equal distances

    @property
    def rate(self) -> float:
        return self.messages / self.seconds

    @property
    def cpu_each(self) -> float:
        """Microseconds of the daemon's CPU."""
        return self.cpu / self.messages * 1e6

    @property
    def requests_each(self) -> float:
        return self.requests / self.messages


class Stub:
    """The stub homeserver, one for each measurement."""

    def __init__(self, school: School, latency: int) -> None:
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="bench-stub-")
        numbers = [self.port, latency, SERVER_NAME, school.users, school.rooms, school.members]
        self.process = Process([str(executable().parent / "tests/bench/own/bench-stub"), *map(str, numbers)],
                               env={}, cwd=Path(self.folder.name), log=Path(self.folder.name) / "log")
        self.process.wait_ready(lambda: accepts_connections(self.port), "the stub homeserver")

    def counts(self) -> dict[str, int]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_bench/counts") as reply:
            counts: dict[str, int] = json.load(reply)
            return counts

    def destroy(self) -> None:
        self.process.kill()
        self.folder.cleanup()

    def environment(self) -> dict[str, str]:
        return {"MATRIX_MESSENGER__URI": f"http://127.0.0.1:{self.port}",
                "MATRIX_MESSENGER__SERVERNAME": SERVER_NAME,
                "MATRIX_MESSENGER__SYNC_USER_PASSWORD": "any"}


class Daemon:
    """The program, with its log read in large pieces: at thousands of lines a second the reader must not be what is
    measured. `wrapper` is what it runs under."""

    ENDED = b" outcome=done "

    def __init__(self, env: dict[str, str], wrapper: Sequence[str] = ()) -> None:
        self.ended = 0
        self.remarks: list[str] = []  # what was logged beside the ends of messages
        self._marks: list[tuple[int, threading.Event]] = []
        self._child = subprocess.Popen(tied_to_us([*wrapper, str(executable())]), stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=tempfile.gettempdir(),
                                       env={"PATH": os.environ["PATH"], "MONITOR__LISTEN": "off", **env})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._child.pid

    def at(self, ended: int) -> threading.Event:
        """Set as soon as that many messages are done."""
        event = threading.Event()
        self._marks.append((ended, event))
        if self.ended >= ended:
            event.set()
        return event

    def wait(self, event: threading.Event) -> None:
        """As long as messages come to their ends."""
        seen, since = self.ended, time.monotonic()
        while not event.wait(1):
            if self._child.poll() is not None:
                raise RuntimeError(f"the daemon ended with status {self._child.returncode}: {self.remarks[-5:]}")
            if self.ended > seen:
                seen, since = self.ended, time.monotonic()
            if time.monotonic() - since > PATIENCE:
                raise RuntimeError(f"{self.ended} messages done, and then nothing: {self.remarks[-5:]}")

    def stop(self) -> None:
        """In the orderly way: what it runs under has something to say at the end."""
        self._child.terminate()
        if self._child.wait(PATIENCE) != 0:
            raise RuntimeError(f"the daemon ended with status {self._child.returncode}: {self.remarks[-5:]}")
        self._reader.join()

    def destroy(self) -> None:
        self._child.kill()
        self._child.wait()

    def cpu(self) -> float:
        """Seconds; the kernel counts them in nanoseconds here, in hundredths of a second elsewhere in /proc."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def memory(self) -> int:
        """Resident kilobytes."""
        return memory_of(self.pid)[0]

    def memory_most(self) -> int:
        """The most that ever were."""
        return memory_of(self.pid)[1]

    def _read(self) -> None:
        assert self._child.stderr is not None
        rest = b""
        while piece := os.read(self._child.stderr.fileno(), 1 << 20):
            whole, _, rest = (rest + piece).rpartition(b"\n")
            done = whole.count(self.ENDED)
            self.ended += done
            if done <= whole.count(b"\n"):
                self.remarks += [line.decode() for line in whole.split(b"\n") if self.ENDED not in line]
                del self.remarks[:-1000]
            for ended, event in self._marks:
                if self.ended >= ended:
                    event.set()


@dataclass(frozen=True)
class Stage:
    """A queue and a homeserver of its own."""

    queue: Queue
    stub: Stub

    @property
    def environment(self) -> dict[str, str]:
        """The daemon's, beside its settings."""
        return {**self.stub.environment(), "RABBITMQ_URI": self.queue.broker.uri,
                "RABBITMQ_MATRIX_QUEUE_EXTERNAL": self.queue.name}

    def snapshot(self, daemon: Daemon | None = None) -> Snapshot:
        """Without a daemon: right before one begins."""
        return Snapshot(time.monotonic(), daemon.cpu() if daemon else 0.0, sum(self.stub.counts().values()))


class Rig:
    """One broker for all measurements, each with a queue of its own."""

    def __init__(self, latency: int) -> None:
        self.latency = latency
        self._broker = RabbitMQ()
        self._count = 0

    def __enter__(self) -> Rig:
        self._broker.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._broker.destroy()

    def run(self, workload: Workload, wrapper: Sequence[str] = (), samples: int = 10) -> Result:
        """The queue is filled before the daemon comes, so that it is never the feeder who is waited for."""
        with self.stage(workload.school) as stage:
            _publish(stage.queue, workload)
            return _run_daemon(stage, workload, wrapper, samples)

    @contextmanager
    def stage(self, school: School) -> Iterator[Stage]:
        self._count += 1
        stage = Stage(Queue(self._broker, f"bench{self._count}").declare(), Stub(school, self.latency))
        try:
            yield stage
        finally:
            stage.stub.destroy()
            stage.queue.delete()


def _run_daemon(stage: Stage, workload: Workload, wrapper: Sequence[str], samples: int) -> Result:
    daemon = Daemon({**stage.environment, **workload.settings}, wrapper)
    try:
        result = _measure(daemon, stage, workload, samples)
        daemon.stop()
    finally:
        daemon.destroy()
    return result


def _measure(daemon: Daemon, stage: Stage, workload: Workload, samples: int) -> Result:
    warm, whole = len(workload.warm_up), len(workload.messages)
    marks = [daemon.at(warm + whole * i // samples) for i in range(samples + 1)]
    daemon.wait(marks[0])
    before, memory = stage.snapshot(daemon), []
    for mark in marks[1:]:
        daemon.wait(mark)
        memory.append(daemon.memory())
    after = stage.snapshot(daemon)
    return Result(whole, after.time - before.time, after.cpu - before.cpu, after.requests - before.requests, memory)


def _publish(queue: Queue, workload: Workload) -> None:
    """As producers do: persistent. All are in the queue when this returns."""
    properties = pika.BasicProperties(delivery_mode=2, priority=2)
    with queue.broker.connect() as connection:
        channel = connection.channel()
        for body in _bodies(workload):
            channel.basic_publish("", queue.name, body, properties)
    count = len(workload.warm_up) + len(workload.messages)
    wait_until(lambda: queue.waiting() == count, f"{count} messages in the queue", PATIENCE)


def _bodies(workload: Workload) -> Iterator[bytes]:
    yield from workload.warm_up
    yield from workload.messages

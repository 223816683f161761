"""A whole school district beside the stub homeserver, at the default settings: cold, the same messages after a restart
of the daemon, and once more when it has seen everything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pika

from bench import school
from bench.figure import COLD, IN_SYNC, RESTARTED, STUB, Figure

from .rig import SERVER_NAME, Daemon, Rig, School, Snapshot, Stage

SIZES = tuple(school.SCHOOL * schools for schools in (1, 2, 4, 8, 16))


def district(rig: Rig, users: int, welcome: str | None = None) -> Iterator[Figure]:
    """The figure of each phase, as soon as it is over."""
    sent = school.messages(users, SERVER_NAME, welcome)
    rooms, memberships = school.count(sent)
    bodies = [json.dumps(message).encode() for message in sent]
    with rig.stage(School(0, 0, 0)) as stage:
        for phases in ((COLD,), (RESTARTED, IN_SYNC)):
            before = _fill(stage, bodies)
            with _running(stage) as daemon:
                for turn, phase in enumerate(phases, 1):
                    if turn > 1:
                        before = _fill(stage, bodies, daemon)
                    daemon.wait(daemon.at(turn * users))
                    after = stage.snapshot(daemon)
                    yield Figure(STUB, users, rooms, memberships, phase, after.requests - before.requests,
                                 after.time - before.time, after.cpu - before.cpu, daemon.memory_most())


@contextmanager
def _running(stage: Stage) -> Iterator[Daemon]:
    daemon = Daemon(stage.environment)
    try:
        yield daemon
        daemon.stop()
    finally:
        daemon.destroy()


def _fill(stage: Stage, bodies: Sequence[bytes], daemon: Daemon | None = None) -> Snapshot:
    """In one transaction, so that it is never the feeder who is waited for. Returns how it stood right before they
    were in the queue."""
    properties = pika.BasicProperties(delivery_mode=2, priority=2)
    with stage.queue.broker.connect() as connection:
        channel = connection.channel()
        channel.tx_select()
        for body in bodies:
            channel.basic_publish("", stage.queue.name, body, properties)
        before = stage.snapshot(daemon)
        channel.tx_commit()
    return before

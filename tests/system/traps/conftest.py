"""The daemon between a stub homeserver and a broker, real or scripted, for tests of what lies in wait for it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from lab.amqp_peer import Peer
from lab.daemon import Daemon
from lab.message import add_user
from lab.queue import Queue
from lab.rabbitmq import RabbitMQ
from lab.stub import Stub

SERVER = "matrix.example.school"


class Trap:
    """One test's daemons, and the homeserver behind them."""

    def __init__(self, stub: Stub) -> None:
        self.stub = stub
        self.daemons: list[Daemon] = []

    def start(self, uri: str, queue: str = "queue", **settings: str) -> Daemon:
        env = {**self.stub.environment(), "RABBITMQ_URI": uri, "RABBITMQ_MATRIX_QUEUE_EXTERNAL": queue, **settings}
        self.daemons.append(Daemon(env))
        return self.daemons[-1].start()

    def user(self) -> str:
        """The id of a user who does not exist yet."""
        return f"@user-{secrets.token_hex(4)}:{SERVER}"

    def request(self) -> dict[str, Any]:
        """A message that ends well."""
        return add_user(self.user(), name="Ada")

    def forget(self, daemon: Daemon) -> None:
        """The test has seen it end."""
        self.daemons.remove(daemon)
        daemon.destroy()

    def close(self) -> None:
        """However a test has treated it, the daemon lives and ends when asked to."""
        try:
            for daemon in self.daemons:
                assert daemon.alive(), f"the daemon has ended; its log:\n{daemon.log}"
                assert daemon.stop() == 0, daemon.log
        finally:
            for daemon in self.daemons:
                daemon.destroy()


@pytest.fixture(scope="session")
def stub() -> Iterator[Stub]:
    homeserver = Stub(SERVER).start()
    yield homeserver
    homeserver.destroy()


@pytest.fixture
def trap(stub: Stub) -> Iterator[Trap]:
    one = Trap(stub)
    try:
        yield one
    finally:
        one.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    broker = Peer().start()
    yield broker
    broker.destroy()


@pytest.fixture(scope="session")
def broker() -> Iterator[RabbitMQ]:
    """A real one whose users and limits are changed by tests, hence not that of the others."""
    with RabbitMQ() as node:
        yield node


@pytest.fixture
def queue(broker: RabbitMQ) -> Iterator[Queue]:
    one = Queue(broker, f"queue-{secrets.token_hex(4)}").declare()
    yield one
    one.delete()

"""What producers and operators do with the queues."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pika
import pika.exceptions
from pika.adapters.blocking_connection import BlockingChannel

from .process import PATIENCE, wait_until
from .rabbitmq import Broker, binary

# The name that producers know.
QUEUE_NAME = "matrix_sync_populated"

# As producers declare it. Tests use a durable one unless they are about the difference.
PRODUCERS_ARGUMENTS = {"x-max-priority": 2}


@dataclass(frozen=True)
class DeadLetter:
    body: bytes
    properties: pika.BasicProperties

    @property
    def headers(self) -> dict[str, Any]:
        return self.properties.headers or {}

    @property
    def code(self) -> str:
        return str(self.headers.get("x-error"))

    @property
    def detail(self) -> str:
        return str(self.headers.get("x-error-detail"))


@dataclass(frozen=True)
class Depth:
    ready: int
    unacked: int

    @property
    def total(self) -> int:
        return self.ready + self.unacked


class Queue:
    """One queue and its dead letters. Each call opens a connection of its own: brokers are restarted in tests."""

    def __init__(self, broker: Broker, name: str = QUEUE_NAME) -> None:
        self.broker = broker
        self.name = name
        self.dlq = f"{name}_dlq"
        self.tries = f"{name}_try"

    def declare(self, durable: bool = True, arguments: dict[str, Any] | None = None,
                auto_delete: bool = False) -> Queue:
        with self.broker.connect() as connection:
            connection.channel().queue_declare(self.name, durable=durable, auto_delete=auto_delete,
                                               arguments=PRODUCERS_ARGUMENTS if arguments is None else arguments)
        return self

    def publish(self, *requests: Any, priority: int = 2, **properties: Any) -> None:
        """As producers do: JSON, persistent, to the default exchange. Bytes are sent as they are."""
        with self.broker.connect() as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for request in requests:
                body = request if isinstance(request, bytes) else json.dumps(request).encode()
                channel.basic_publish("", self.name, body, mandatory=True, properties=pika.BasicProperties(
                    delivery_mode=2, priority=priority, **properties))

    def exists(self, name: str | None = None) -> bool:
        try:
            self.waiting(name)
        except pika.exceptions.ChannelClosedByBroker as closed:
            if closed.reply_code == 404:
                return False
            raise
        return True

    def waiting(self, name: str | None = None) -> int:
        """How many messages wait for a consumer; those handed out and not acked are not counted."""
        with self.broker.connect() as connection:
            answer = connection.channel().queue_declare(name or self.name, passive=True)
            return int(answer.method.message_count)

    def consumers(self) -> int:
        with self.broker.connect() as connection:
            return int(connection.channel().queue_declare(self.name, passive=True).method.consumer_count)

    def properties(self, name: str | None = None) -> dict[str, Any]:
        """Durability, type and arguments, as the broker tells them."""
        rows = json.loads(self.broker.ctl("list_queues", "--silent", "--formatter", "json",
                                          "name", "durable", "type", "arguments"))
        row: dict[str, Any] = next(row for row in rows if row["name"] == (name or self.name))
        # rabbitmqctl prints arguments as a list of name, type and value.
        if isinstance(row["arguments"], list):
            row["arguments"] = {name: value for name, _, value in row["arguments"]}
        return row

    def depth(self) -> Depth:
        """Also what is handed out and not yet acked."""
        told = self.broker.evaluate(
            f'{{ok, Queue}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, {binary(self.name)})), '
            'rabbit_amqqueue:info(Queue, [messages_ready, messages_unacknowledged])')
        ready, unacknowledged = (int(number) for number in re.findall(r",\s*(\d+)\}", told))
        return Depth(ready, unacknowledged)

    def wait_empty(self, patience: float = PATIENCE) -> None:
        """Until nothing waits and everything handed out is acked."""
        wait_until(lambda: self.waiting() == 0 and self.depth().total == 0, f"{self.name} to be empty", patience)

    def dead_letters(self) -> list[DeadLetter]:
        """Read them without taking them away."""
        return self._read(self.dlq)

    def messages(self) -> list[bytes]:
        """What waits in the queue itself, in order, left where it is."""
        return [letter.body for letter in self._read(self.name)]

    def tried(self) -> list[bytes]:
        """What the daemon noted of how often the first message was tried."""
        return [note.body for note in self._read(self.tries)] if self.exists(self.tries) else []

    def wait_dead_letters(self, count: int = 1, patience: float = PATIENCE) -> list[DeadLetter]:
        wait_until(lambda: self.exists(self.dlq) and self.waiting(self.dlq) >= count,
                   f"{count} dead letters", patience)
        letters = self.dead_letters()
        assert len(letters) == count, f"expected {count} dead letters, got {[letter.headers for letter in letters]}"
        return letters

    def delete(self) -> None:
        with self.broker.connect() as connection:
            for name in (self.name, self.dlq, self.tries):
                connection.channel().queue_delete(name)

    def _read(self, name: str) -> list[DeadLetter]:
        # Closing the connection gives everything back, in order.
        with self.broker.connect() as connection:
            return list(_get_all(connection.channel(), name))


def _get_all(channel: BlockingChannel, name: str) -> Iterable[DeadLetter]:
    while True:
        found, properties, body = channel.basic_get(name)
        if found is None:
            return
        yield DeadLetter(body, properties)

"""The servers of a benchmark, and the daemon on a queue of its own."""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from types import TracebackType
from typing import Any

import pika
import requests

from lab.daemon import Daemon, Line
from lab.matrix import Client, Homeserver
from lab.process import free_port
from lab.queue import Queue
from lab.rabbitmq import RabbitMQ
from lab.synapse import Synapse, listener
from lab.synapse_workers import KINDS, kind_of_lab

from .kernel import cpu_of, cpu_of_family, memory_of

SYNC_USER = "sync"

# The wait for one message to end, or for the homeserver to have done what it does afterwards.
PATIENCE = 900.0


class MeteredSynapse(Synapse):
    """Counts its requests, and tells how many: each process on a port of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._metrics_ports: list[int] = []

    def metrics(self) -> str:
        """Of all processes, one after the other."""
        return "".join(requests.get(f"http://127.0.0.1:{port}/_synapse/metrics", timeout=30).text
                       for port in self._metrics_ports)

    def cpu(self) -> float:
        """Seconds that it and its database have used up so far."""
        return sum(map(cpu_of_family, self.pids))

    def _configuration(self) -> dict[str, Any]:
        return {**super()._configuration(), "enable_metrics": True}

    def _further_listeners(self) -> list[dict[str, Any]]:
        self._metrics_ports.append(free_port())
        return [listener(self._metrics_ports[-1], "metrics")]


def metered_homeserver() -> MeteredSynapse:
    """Of the kind that the environment asks for (LAB)."""
    kind = KINDS[kind_of_lab()]
    metered: type[MeteredSynapse] = type(f"Metered{kind.__name__}", (MeteredSynapse, kind), {})
    return metered()


class Servers:
    """A broker, a homeserver, and the sync user logged in for the floor, without a rate limit."""

    def __init__(self) -> None:
        self.broker = RabbitMQ()
        self.synapse = metered_homeserver()
        self.sync_password = secrets.token_hex(16)
        self.sync: Client | None = None
        self.homeserver: Homeserver | None = None

    def __enter__(self) -> Servers:
        try:
            self.broker.start()
            self.synapse.start()
            self.sync = self.synapse.register(SYNC_USER, self.sync_password, admin=True)
            # Also lifts the rate limit, which the daemon would do itself.
            self.homeserver = Homeserver(self.sync, self.synapse.server_name)
        except BaseException:
            self.destroy()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.destroy()

    def destroy(self) -> None:
        self.synapse.destroy()
        self.broker.destroy()

    @property
    def server_name(self) -> str:
        return self.synapse.server_name

    @property
    def token(self) -> str:
        assert self.sync is not None
        return self.sync.token

    def environment(self, queue: Queue) -> dict[str, str]:
        return {
            "MATRIX_MESSENGER__URI": self.synapse.url,
            "MATRIX_MESSENGER__SERVERNAME": self.server_name,
            "MATRIX_MESSENGER__SYNC_USER_NAME": SYNC_USER,
            "MATRIX_MESSENGER__SYNC_USER_PASSWORD": self.sync_password,
            "RABBITMQ_URI": self.broker.uri,
            "RABBITMQ_MATRIX_QUEUE_EXTERNAL": queue.name,
        }


class Tally:
    """Reads the daemon's log while it is written: a wait must not cost the time that is being measured."""

    def __init__(self) -> None:
        self.ends: list[Line] = []
        self.ended_at = 0.0
        self._ready = False
        self._changed = threading.Condition()

    def write(self, text: str) -> int:
        with self._changed:
            if " event=message " in text and re.search(r" outcome=(done|rejected)\b", text):
                self.ends.append(Line(text))
                self.ended_at = time.monotonic()
            self._ready = self._ready or "homeserver-ready" in text
            self._changed.notify_all()
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def wait_ready(self) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._ready, PATIENCE):
                raise AssertionError("the daemon does not become ready")

    def wait_ends(self, count: int) -> None:
        if not self.has_ended(count, PATIENCE):
            raise AssertionError(f"waited {PATIENCE:.0f} s for {count} messages to end")

    def has_ended(self, count: int, patience: float) -> bool:
        """Whether that many end in as many seconds; returns as soon as they do."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.ends) >= count, patience)


class Subject:
    """The daemon that is measured."""

    def __init__(self, servers: Servers, url: str | None = None, **settings: str) -> None:
        self._servers = servers
        self._settings = {**settings, **({"MATRIX_MESSENGER__URI": url} if url else {})}
        self.queue = Queue(servers.broker, f"bench-{secrets.token_hex(4)}").declare()
        self._new()

    def __enter__(self) -> Subject:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.daemon.destroy()
        self.queue.delete()

    def start(self) -> Subject:
        self.daemon.start()
        return self

    def start_and_wait(self) -> Subject:
        self.start()
        self.tally.wait_ready()
        return self

    def renew(self) -> None:
        """Another one, which knows nothing yet and is not started, for the same queue."""
        self.daemon.stop()
        self.daemon.destroy()
        self._new()

    def publish(self, messages: list[dict[str, Any]], priority: int = 2) -> None:
        """In one transaction: all of them are in the queue at once, so nothing depends on how quick we are."""
        properties = pika.BasicProperties(delivery_mode=2, priority=priority)
        with self._servers.broker.connect() as connection:
            channel = connection.channel()
            channel.tx_select()
            for message in messages:
                channel.basic_publish("", self.queue.name, json.dumps(message).encode(), properties)
            channel.tx_commit()

    def publish_and_wait(self, messages: list[dict[str, Any]]) -> None:
        before = len(self.tally.ends)
        self.publish(messages)
        self.wait_ends(before + len(messages))

    def wait_ends(self, count: int) -> list[Line]:
        """Until so many messages have ended since it was started; all of them have to be done."""
        self.tally.wait_ends(count)
        failed = [end.text for end in self.tally.ends if end.outcome != "done"]
        assert not failed, f"{len(failed)} messages were not done; the first: {failed[0]}"
        return self.tally.ends

    def requests_told(self) -> int:
        """As the daemon says in the lines about messages."""
        return sum(int(end.fields.get("requests", "0")) for end in self.tally.ends)

    def cpu(self) -> float:
        """Seconds used so far; none before it runs."""
        return cpu_of(self.daemon.pid) if self.daemon.alive() else 0.0

    def memory(self) -> tuple[int, int]:
        return memory_of(self.daemon.pid)

    def _new(self) -> None:
        self.tally = Tally()
        self.daemon = Daemon({**self._servers.environment(self.queue), **self._settings},
                             echo=self.tally)  # type: ignore[arg-type]

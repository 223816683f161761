"""A school with everything: broker, homeserver, sync user, and the daemon's environment for them."""

from __future__ import annotations

import secrets
from types import TracebackType

from .matrix import Client, Homeserver
from .queue import QUEUE_NAME, Queue
from .rabbitmq import RabbitMQ
from .synapse import SERVER_NAME
from .synapse_workers import new_homeserver

SYNC_USER = "sync"


class School:
    """Both servers, started together. What kind of Synapse, the environment says (LAB)."""

    def __init__(self, server_name: str = SERVER_NAME, bridge: bool = False) -> None:
        self.broker = RabbitMQ()
        self.synapse = new_homeserver(server_name, bridge=bridge)
        self.sync_password = secrets.token_hex(16)
        self.sync_user: Client | None = None
        self.homeserver: Homeserver | None = None

    def start(self) -> School:
        self.broker.start()
        self.synapse.start()
        self.sync_user = self.synapse.register(SYNC_USER, self.sync_password, admin=True)
        self.homeserver = self.synapse.homeserver()
        return self

    def queue(self, name: str = QUEUE_NAME) -> Queue:
        return Queue(self.broker, name)

    def environment(self) -> dict[str, str]:
        """What the daemon needs, and nothing more."""
        return {**self._common(), "MATRIX_MESSENGER__SYNC_USER_PASSWORD": self.sync_password}

    def _common(self) -> dict[str, str]:
        return {
            "MATRIX_MESSENGER__URI": self.synapse.url,
            "MATRIX_MESSENGER__SERVERNAME": self.synapse.server_name,
            "MATRIX_MESSENGER__SYNC_USER_NAME": SYNC_USER,
            "RABBITMQ_URI": self.broker.uri,
            "RABBITMQ_MATRIX_QUEUE_EXTERNAL": QUEUE_NAME,
        }

    def destroy(self) -> None:
        self.synapse.destroy()
        self.broker.destroy()

    def __enter__(self) -> School:
        try:
            return self.start()
        except BaseException:
            self.destroy()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.destroy()

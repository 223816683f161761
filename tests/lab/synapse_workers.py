"""Synapse as larger schools run it: on PostgreSQL, and with workers."""

from __future__ import annotations

import os
import secrets
import shutil
from functools import partial
from pathlib import Path
from typing import Any

from .faultproxy import FaultProxy, Harm
from .process import Process, free_port
from .servers import Nginx, PostgreSQL, Redis
from .synapse import Synapse, answers, listener

WORKERS = ("worker1", "worker2")


class OnPostgreSQL(Synapse):
    """One process, and a database server of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.postgres = PostgreSQL()

    @property
    def pids(self) -> list[int]:
        return [*super().pids, self.postgres.pid]

    def start(self) -> Synapse:
        self.postgres.start()
        return super().start()

    def destroy(self) -> None:
        super().destroy()
        self.postgres.destroy()

    def _database(self) -> dict[str, Any]:
        return self.postgres.settings()


class WithWorkers(OnPostgreSQL):
    """A main process and two generic workers, told of each other's deeds by Redis; nginx before them, at `port`.

    `replication` stands before Redis: what it does to connections, it does to the news between processes.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._main_port, self._replication_port = free_port(), free_port()
        self._worker_ports = {name: free_port() for name in WORKERS}
        self._replication_secret = secrets.token_hex(16)
        self.redis = Redis()
        self.replication = FaultProxy(self.redis.port)
        self.nginx = Nginx(self._main_port, list(self._worker_ports.values()))
        self._workers: list[Process] = []
        self.port = self.nginx.port

    def start(self) -> Synapse:
        if not self._workers:
            self.redis.start()
            self.replication.start()
            self._give_redis_client()
        super().start()
        self._workers = [self._start_worker(name, port) for name, port in self._worker_ports.items()]
        for name, process in zip(WORKERS, self._workers, strict=True):
            process.wait_ready(partial(answers, self._worker_ports[name]), f"Synapse's {name}")
        self.nginx.start()
        return self

    def destroy(self) -> None:
        super().destroy()
        self.nginx.destroy()
        self.redis.destroy()
        if self._workers:
            self.replication.destroy()

    def replicate_late(self) -> None:
        """By half a second from the one who tells to Redis, and again from there to those who hear it."""
        self.replication.strike(Harm.LATENCY)

    def replicate_on_time(self) -> None:
        self.replication.heal()

    def _processes(self) -> list[Process]:
        return [*super()._processes(), *self._workers]

    def _answers(self) -> bool:
        return answers(self._main_port)

    def _start_worker(self, name: str, port: int) -> Process:
        configuration = {
            "worker_app": "synapse.app.generic_worker", "worker_name": name, "worker_log_config": self.inside("log.yaml"),
            "worker_listeners": [listener(port, "client"), *self._further_listeners()],
        }
        self._write(f"{name}.yaml", configuration)
        return Process([*self._installation.python, "-m", "synapse.app.generic_worker", "-c",
                        self.inside("homeserver.yaml"), "-c", self.inside(f"{name}.yaml")],
                       env=self._environment(), cwd=self.folder, log=self.folder / f"{name}.log")

    def _listeners(self) -> list[dict[str, Any]]:
        return [listener(self._main_port, "client"), listener(self._replication_port, "replication")]

    def _configuration(self) -> dict[str, Any]:
        return {
            **super()._configuration(),
            "redis": {"enabled": True, "host": "127.0.0.1", "port": self.replication.port},
            "instance_map": {"main": {"host": "127.0.0.1", "port": self._replication_port}},
            "worker_replication_secret": self._replication_secret,
        }

    def _give_redis_client(self) -> None:
        """Synapse imports it, and looks whether packages of these names and versions are there; hiredis, which is
        to make the other one faster, it does not import."""
        shutil.copy(Path(__file__).with_name("txredisapi.py"), self.folder)
        for name, version in (("txredisapi", "1.4.7"), ("hiredis", "0.3")):
            self.add_file(f"{name}-{version}.dist-info/METADATA",
                          f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


KINDS: dict[str, type[Synapse]] = {"sqlite": Synapse, "postgres": OnPostgreSQL, "workers": WithWorkers}


def kind_of_lab() -> str:
    """Which homeserver the environment asks for."""
    kind = os.environ.get("LAB") or "sqlite"
    if kind not in KINDS:
        raise ValueError(f"LAB={kind}: there are {', '.join(KINDS)}")
    return kind


def new_homeserver(*args: Any, **kwargs: Any) -> Synapse:
    """Of the kind that the environment asks for."""
    return KINDS[kind_of_lab()](*args, **kwargs)

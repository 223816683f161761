"""A private Synapse homeserver."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from .install import Installation, find_or_make
from .matrix import Client, Homeserver
from .process import Process, free_port

SERVER_NAME = "matrix.example.school"


class Synapse:
    """One homeserver with its own folder, database and port; several may run at once.

    Rate limits are Synapse's own, except those for logging in: the program under test is to lift its limit
    itself, but tests start it far more often than a school does. `settings` are merged into the configuration.
    With a `bridge` there is an application service too, which has puppets.
    """

    def __init__(self, server_name: str = SERVER_NAME, settings: Mapping[str, Any] | None = None,
                 installation: Installation | None = None, bridge: bool = False) -> None:
        self.server_name = server_name
        self.port = free_port()
        self._installation = installation or find_or_make()
        self._settings = dict(settings or {})
        self._registration_secret = secrets.token_hex(16)
        self._bridge_token = secrets.token_hex(16) if bridge else None
        self.folder = Path(tempfile.mkdtemp(prefix="lab-synapse-", dir=self._installation.data))
        self._process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pids(self) -> list[int]:
        """Of all its processes, and of its database's."""
        return [process.pid for process in self._processes()]

    def start(self) -> Synapse:
        """Start, or start again on the same data."""
        configuration = self.folder / "homeserver.yaml"
        first = not configuration.exists()
        if first:
            self._write("homeserver.yaml", self._configuration())
            self._write("log.yaml", LOGGING)
            if self._bridge_token is not None:
                self._write("bridge.yaml", self._bridge())
            self._run_to_end("--generate-keys")
        self._process = Process(self._command(), env=self._environment(), cwd=self.folder,
                                log=self.folder / "homeserver.log")
        self._process.wait_ready(self._answers, "Synapse")
        return self

    def restart(self, settings: Mapping[str, Any]) -> None:
        """On the same data, with these settings in place of those that it was made with."""
        self.stop()
        configuration = self.folder / "homeserver.yaml"
        kept = {name: value for name, value in json.loads(configuration.read_text()).items()
                if name not in self._settings}
        self._settings = dict(settings)
        self._write("homeserver.yaml", {**kept, **self._settings})
        self.start()

    def execute(self, statement: str, *values: str) -> None:
        """Write into its database; only while it is stopped."""
        with sqlite3.connect(self.folder / "homeserver.db") as database:
            database.execute(statement, values)

    def add_file(self, name: str, text: str) -> str:
        """A template, or a module (which is found by its name); returns the path as Synapse sees it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return self.inside(name)

    def stop(self) -> None:
        for process in self._processes():
            process.stop()

    def kill(self) -> None:
        for process in self._processes():
            process.kill()

    def freeze(self) -> None:
        for process in self._processes():
            process.freeze()

    def thaw(self) -> None:
        for process in self._processes():
            process.thaw()

    def destroy(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Synapse:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.destroy()

    def log(self) -> str:
        return (self.folder / "homeserver.log").read_text(errors="replace")

    def user_id(self, localpart: str) -> str:
        return f"@{localpart}:{self.server_name}"

    def register(self, localpart: str, password: str | None = None, admin: bool = False) -> Client:
        """Make a user as an operator does, without asking the admin API, and log in."""
        password = password or secrets.token_hex(16)
        url = f"{self.url}/_synapse/admin/v1/register"
        nonce = requests.get(url, timeout=30).json()["nonce"]
        proof = hmac.new(self._registration_secret.encode(), digestmod=hashlib.sha1)
        proof.update(b"\0".join(part.encode() for part in
                                (nonce, localpart, password, "admin" if admin else "notadmin")))
        reply = requests.post(url, timeout=30, json={
            "nonce": nonce, "username": localpart, "password": password, "admin": admin, "mac": proof.hexdigest()})
        reply.raise_for_status()
        return Client(self.url, self.user_id(localpart), reply.json()["access_token"])

    def register_puppet(self, localpart: str) -> str:
        """Make an account of the application service, as a bridge does for each person on its other side."""
        assert self._bridge_token is not None, "this homeserver has no bridge"
        reply = requests.post(f"{self.url}/_matrix/client/v3/register", timeout=30,
                              headers={"Authorization": f"Bearer {self._bridge_token}"},
                              json={"type": "m.login.application_service", "username": localpart,
                                    "inhibit_login": True})
        reply.raise_for_status()
        return self.user_id(localpart)

    def homeserver(self) -> Homeserver:
        """An operator's view of this homeserver, with an admin of its own."""
        return Homeserver(self.register("operator-" + secrets.token_hex(4), admin=True), self.server_name)

    def _processes(self) -> list[Process]:
        """Those of Synapse itself, as far as they were started."""
        return [self._process] if self._process is not None else []

    def _answers(self) -> bool:
        return answers(self.port)

    def _command(self, *options: str) -> list[str]:
        return [*self._installation.python, "-m", "synapse.app.homeserver",
                "-c", self.inside("homeserver.yaml"), *options]

    def _run_to_end(self, *options: str) -> None:
        done = subprocess.run(self._command(*options), env=self._environment(), cwd=self.folder, text=True,
                              capture_output=True, timeout=120, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"Synapse {' '.join(options)}: {done.stdout}{done.stderr}")

    def _environment(self) -> dict[str, str]:
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1",
                "PYTHONPATH": self._installation.inside(self.folder)}

    def inside(self, name: str) -> str:
        """The path of a file of its folder, as Synapse itself sees it."""
        return self._installation.inside(self.folder / name)

    def _configuration(self) -> dict[str, Any]:
        plenty = {"per_second": 1000, "burst_count": 1000}
        configuration = {
            "server_name": self.server_name,
            "listeners": [*self._listeners(), *self._further_listeners()],
            "database": self._database(),
            "media_store_path": self.inside("media"),
            "signing_key_path": self.inside("signing.key"),
            "log_config": self.inside("log.yaml"),
            "registration_shared_secret": self._registration_secret,
            "macaroon_secret_key": secrets.token_hex(16),
            "form_secret": secrets.token_hex(16),
            "bcrypt_rounds": 4,
            "report_stats": False,
            "suppress_key_server_warning": True,
            "trusted_key_servers": [],
            "federation_domain_whitelist": [],
            "presence": {"enabled": False},
            "rc_login": {"address": plenty, "account": plenty, "failed_attempts": plenty},
        }
        if self._bridge_token is not None:
            configuration["app_service_config_files"] = [self.inside("bridge.yaml")]
        configuration.update(self._settings)
        return configuration

    def _listeners(self) -> list[dict[str, Any]]:
        return [listener(self.port, "client")]

    def _further_listeners(self) -> list[dict[str, Any]]:
        """Asked for each of its processes."""
        return []

    def _database(self) -> dict[str, Any]:
        return {"name": "sqlite3", "args": {"database": self.inside("homeserver.db")}}

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        """JSON is YAML."""
        (self.folder / name).write_text(json.dumps(content, indent=2))

    def _bridge(self) -> dict[str, Any]:
        """Registration of an application service that is told of nothing (Matrix: Application Service API)."""
        return {
            "id": "bridge", "url": None, "as_token": self._bridge_token, "hs_token": secrets.token_hex(16),
            "sender_localpart": "bridge", "rate_limited": False,
            "namespaces": {"users": [{"exclusive": True, "regex": "@puppet-.*"}], "aliases": [], "rooms": []},
        }


def listener(port: int, resource: str) -> dict[str, Any]:
    return {"port": port, "type": "http", "tls": False, "bind_addresses": ["127.0.0.1"],
            "resources": [{"names": [resource], "compress": False}]}


def answers(port: int) -> bool:
    """Whether a Synapse does so there."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/_matrix/client/versions", timeout=5).ok
    except requests.RequestException:
        return False


LOGGING = {
    "version": 1,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"level": "WARNING", "handlers": ["console"]},
    "disable_existing_loggers": False,
}

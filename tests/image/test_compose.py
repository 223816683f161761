"""The trial of config/compose.yaml, as far as it can be seen without a registry."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from lab.daemon import REPOSITORY, run_to_end
from lab.matrix import Json
from lab.synapse import listener
from lab.synapse_workers import OnPostgreSQL

COMPOSE = REPOSITORY / "config/compose.yaml"
OVERLAY = REPOSITORY / "config/compose-synapse.yaml"
SERVICES: dict[str, Json] = yaml.safe_load(COMPOSE.read_text())["services"]


def needs(name: str) -> dict[str, str]:
    """Whom a service waits for, and for what."""
    return {other: how["condition"] for other, how in SERVICES[name].get("depends_on", {}).items()}


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="there is no docker-compose")
def test_compose_understands_it() -> None:
    done = subprocess.run(["docker-compose", "--file", str(COMPOSE), "config", "--quiet"], text=True, capture_output=True,
                          check=False)
    assert done.returncode == 0, done.stderr


def test_whoever_is_waited_for_can_be_seen_to_be_ready() -> None:
    for name in SERVICES:
        for other, condition in needs(name).items():
            if condition == "service_healthy":
                assert SERVICES[other]["healthcheck"]["test"][0] == "CMD", f"{name} waits for the health of {other}"
            else:
                assert condition == "service_completed_successfully" and "restart" not in SERVICES[other]
    assert set(needs("synapse-sync")) == {"rabbitmq", "sync-user"} and set(needs("sync-user")) == {"synapse"}


def test_all_is_open_to_this_machine_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)


class Trial(OnPostgreSQL):
    """What `generate` of Synapse's image writes, and what compose.yaml puts over it; moved to free ports."""

    def __init__(self) -> None:
        self.own: Json = yaml.safe_load(OVERLAY.read_text())
        super().__init__(SERVICES["synapse-configuration"]["environment"]["SYNAPSE_SERVER_NAME"])

    def start(self) -> Trial:
        folder = self.inside(".")
        self._generated = False
        self._run_to_end("--server-name", self.server_name, "--report-stats", "no", "--config-directory", folder,
                         "--data-directory", folder, "--generate-config", "--open-private-ports")
        self._generated = True
        shutil.copy(OVERLAY, self.folder / "trial.yaml")
        self._write("moved.yaml", {"listeners": [listener(self.port, "client")], "database": self.postgres.settings()})
        super().start()
        return self

    def register_by(self, words: list[str]) -> None:
        """The words that compose.yaml gives to Synapse's register_new_matrix_user."""
        words = [f"--config={self.inside('homeserver.yaml')}" if word.startswith("--config=") else word for word in words]
        assert words[-1] == "http://synapse:8008"
        done = subprocess.run([*self._installation.python, "-m", "synapse._scripts.register_new_matrix_user", *words[:-1],
                               self.url], env=self._environment(), cwd=self.folder, text=True, capture_output=True,
                              check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def _command(self, *options: str) -> list[str]:
        more = [f"--config-path={self.inside(name)}" for name in ("trial.yaml", "moved.yaml") if self._generated]
        return [*super()._command(), *more, *options]


@pytest.fixture
def trial() -> Iterator[Trial]:
    one = Trial()
    try:
        yield one.start()
    finally:
        one.destroy()


def test_a_synapse_made_so_has_the_database_and_the_sync_user(trial: Trial) -> None:
    """Ends with the examples carried out, by the settings of the compose file."""
    given: dict[str, Any] = SERVICES["postgres"]["environment"]
    database = trial.own["database"]["args"]
    assert trial.own["database"]["name"] == "psycopg2" and database["host"] in SERVICES
    assert (database["user"], database["password"]) == (given["POSTGRES_USER"], given["POSTGRES_PASSWORD"])
    assert database["dbname"] == given["POSTGRES_USER"]  # which the image makes by itself
    assert not list(trial.folder.glob("*.db"))

    for _ in range(2):
        trial.register_by(SERVICES["sync-user"]["command"])
    env = {**SERVICES["synapse-sync"]["environment"], "MATRIX_MESSENGER__URI": trial.url}
    assert trial.server_name == env["MATRIX_MESSENGER__SERVERNAME"]
    done = run_to_end(["apply", str(REPOSITORY / "data/examples/school.jsonl")], env)
    assert done.returncode == 0, done.stdout + done.stderr

"""The package on a machine with a real systemd and a real RabbitMQ: installed, started, upgraded, removed, purged. Each
test goes on where the one before it ended."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conftest import Build, run
from machine import Machine

UNIT = "synapse-sync.service"
FOLDER = "/etc/synapse-sync"
# The homeserver is away; the daemon needs none to be ready.
SETTINGS = """MATRIX_MESSENGER__URI=http://127.0.0.1:9
MATRIX_MESSENGER__SERVERNAME=example.org
"""
CREDENTIAL = f"[Service]\nLoadCredential=MATRIX_MESSENGER__SYNC_USER_PASSWORD:{FOLDER}/secrets/password\n"


def install(machine: Machine, package: Path) -> str:
    machine.does("sh", "-c", "cat >/srv/package.deb.b64", text=run("base64", package))
    machine.does("sh", "-c", "base64 -d /srv/package.deb.b64 >/srv/package.deb")
    return machine.does("dpkg", "--install", "--force-confold", "--force-unsafe-io", "/srv/package.deb")


def shown(machine: Machine, name: str) -> str:
    return machine.does("systemctl", "show", "--value", f"--property={name}", UNIT).strip()


def state(machine: Machine) -> str:
    return machine.run("systemctl", "is-active", UNIT).stdout.strip()


@pytest.fixture(scope="session")
def newer(first: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The next version, with another default.yaml."""
    folder = tmp_path_factory.mktemp("newer")
    root = folder / "root"
    run("dpkg-deb", "--raw-extract", first.package, root)
    control = root / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", "Version: 99.0", control.read_text(), flags=re.MULTILINE))
    with (root / "etc/synapse-sync/default.yaml").open("a") as text:
        text.write("# New in 99.\n")
    run("dpkg-deb", "--build", "--root-owner-group", root, folder / "newer.deb")
    return folder / "newer.deb"


def test_it_is_enabled_but_not_started_without_a_configuration(machine: Machine, first: Build) -> None:
    told = install(machine, first.package)
    assert "README.Debian" in told
    assert machine.does("systemctl", "is-enabled", UNIT).strip() == "enabled"
    assert state(machine) == "inactive"
    assert machine.does("synapse-sync", "--version").startswith("synapse-sync ")
    assert "config-mistake" not in machine.does("journalctl", "--unit", UNIT)


def test_the_unit_is_sound(machine: Machine) -> None:
    assert machine.does("systemd-analyze", "verify", UNIT) == ""


def test_a_start_without_a_configuration_fails_once_and_clearly(machine: Machine) -> None:
    assert machine.run("systemctl", "start", UNIT).returncode != 0
    assert state(machine) == "failed"
    assert (shown(machine, "ExecMainStatus"), shown(machine, "NRestarts")) == ("78", "0")
    assert "MATRIX_MESSENGER__URI: expected" in machine.does("journalctl", "--unit", UNIT)


def test_it_starts_with_a_secret_that_only_root_can_read(machine: Machine) -> None:
    machine.put(f"{FOLDER}/synapse-sync.env", SETTINGS, "600")
    machine.put(f"{FOLDER}/secrets/password", "a password\n", "600")
    machine.put(f"/etc/systemd/system/{UNIT}.d/override.conf", CREDENTIAL)
    machine.does("systemctl", "daemon-reload")
    machine.does("systemctl", "start", "--no-block", UNIT)
    machine.wait(lambda: "not consuming" in shown(machine, "StatusText"), "the daemon to miss the broker")
    assert state(machine) == "activating"
    machine.does("systemctl", "start", "rabbitmq-server")
    machine.wait(lambda: state(machine) == "active", "the daemon to consume the queue")
    log = machine.does("journalctl", "--unit", UNIT)
    assert f'files={FOLDER}/default.yaml' in log and "a password" not in log
    assert shown(machine, "DynamicUser") == "yes"


def test_an_upgrade_keeps_what_was_edited_and_restarts_it(machine: Machine, newer: Path) -> None:
    edited = machine.does("cat", f"{FOLDER}/default.yaml") + "# Ours.\n"
    machine.put(f"{FOLDER}/default.yaml", edited)
    before = shown(machine, "MainPID")
    install(machine, newer)
    machine.wait(lambda: state(machine) == "active" and shown(machine, "MainPID") not in ("0", before), "a restart")
    assert machine.does("cat", f"{FOLDER}/default.yaml") == edited
    assert machine.does("dpkg-query", "--show", "--showformat=${Version}", "synapse-sync") == "99.0"


def test_an_upgrade_waits_for_no_broker(machine: Machine, newer: Path) -> None:
    machine.does("systemctl", "stop", "rabbitmq-server")
    install(machine, newer)
    assert state(machine) in ("activating", "deactivating")


def test_an_upgrade_leaves_it_disabled(machine: Machine, newer: Path) -> None:
    machine.does("systemctl", "disable", "--now", UNIT)
    install(machine, newer)
    assert machine.run("systemctl", "is-enabled", UNIT).stdout.strip() == "disabled"
    assert state(machine) == "inactive"
    machine.does("systemctl", "enable", UNIT)


def test_removing_keeps_the_configuration(machine: Machine) -> None:
    machine.does("systemctl", "start", "--no-block", UNIT)
    machine.does("dpkg", "--remove", "synapse-sync")
    assert state(machine) in ("inactive", "unknown")
    assert machine.run("sh", "-c", "ps ax | grep [s]ynapse-sync").stdout == ""
    kept = machine.does("find", FOLDER, "-type", "f", "-not", "-name", "*.dpkg-dist").split()
    assert sorted(kept) == [f"{FOLDER}/default.yaml", f"{FOLDER}/secrets/password", f"{FOLDER}/synapse-sync.env"]


def test_purging_leaves_nothing(machine: Machine) -> None:
    machine.does("rm", "-r", f"/etc/systemd/system/{UNIT}.d")  # by whom it was made
    machine.does("dpkg", "--purge", "synapse-sync")
    left = machine.does("find", "/etc", "/run", "/usr", "/var/lib/dpkg", "/var/lib/systemd", "-xdev", "-name",
                        "*synapse-sync*", "-not", "-path", "/usr/local/*")
    assert left == ""
    assert machine.run("systemctl", "cat", UNIT).returncode != 0

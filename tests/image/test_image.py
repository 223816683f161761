"""The image, built as anybody builds it, and its daemon with real servers."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import units
from lab.daemon import Daemon
from lab.message import add_user
from lab.process import free_port, wait_until
from lab.school import School
from podman import IMAGE, LIMITS, Podman
from stage import unique
from test_systemd import Manager

PASSWORD = "MATRIX_MESSENGER__SYNC_USER_PASSWORD"
NAME = "synapse-sync"


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    one = Manager(str(tmp_path / "notify"))
    yield one
    one.close()


def from_the_unit(podman: Podman, runtime: str, settings: Mapping[str, str], notify: str) -> Daemon:
    """What the plain unit starts, with a runtime to choose and within this machine's limits; not detached, so that its
    log is ours, and without a systemd to share a control group with."""
    file = podman.folder / "env"
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    words = [word for word in units.command()[1:] if word not in ("--detach", "--cgroups=split")]
    words = [f"--env-file={file}" if word.startswith("--env-file=") else word for word in words]
    assert words[0] == "run" and words[-1] == IMAGE
    return Daemon({**podman.env, "NOTIFY_SOCKET": notify}, [f"--runtime={runtime}", "run", *LIMITS, *words[1:]],
                  program=podman.program)


def test_the_daemon_of_the_unit_works(podman: Podman, runtime: str, school: School, manager: Manager) -> None:
    """As its own user without rights, with a secret in a file system that is read-only."""
    assert school.homeserver is not None
    queue = school.queue(unique("queue")).declare()
    settings = {name: value for name, value in school.environment().items() if name != PASSWORD}
    settings |= {"RABBITMQ_MATRIX_QUEUE_EXTERNAL": queue.name, "MONITOR__LISTEN": f"127.0.0.1:{free_port()}"}
    podman("secret", "rm", PASSWORD, check=False)
    podman("secret", "create", PASSWORD, "-", stdin=school.sync_password)
    daemon = from_the_unit(podman, runtime, settings, manager.name)
    try:
        daemon.start().wait_line("event=homeserver-ready")
        manager.wait("READY=1")
        manager.wait("MAINPID=[0-9]+")
        user = school.homeserver.user_id(unique("user"))
        queue.publish(add_user(user, name="Ada"))
        assert daemon.wait_ends()[0].outcome == "done"
        assert school.homeserver.user(user) is not None

        assert podman("healthcheck", "run", NAME) == ""
        who = Path(f"/proc/{podman('inspect', '--format', '{{.State.Pid}}', NAME)}/status").read_text()
        assert "\nUid:\t65532\t65532\t65532\t65532\n" in who and "\nCapEff:\t0000000000000000\n" in who
        assert "\nNoNewPrivs:\t1\n" in who
        assert podman("exec", NAME, "ls", "-ln", f"/run/secrets/{PASSWORD}").startswith("-r-------- 1 65532 65532 ")
        for place in ("/", "/usr", "/etc/synapse-sync"):
            assert podman.status("exec", "--user=0", NAME, "touch", f"{place}/x") != 0
        assert podman.status("exec", NAME, "touch", "/run/secrets/x") != 0
        assert daemon.stop() == 0
        assert school.sync_password not in daemon.log
    finally:
        podman.status("rm", "--force", "--ignore", "--time=0", NAME)
        daemon.destroy()
        queue.delete()


def test_a_stuck_daemon_is_not_healthy(podman: Podman, runtime: str) -> None:
    nowhere = {"MATRIX_MESSENGER__URI": "http://127.0.0.1:9", "MATRIX_MESSENGER__SERVERNAME": "example.org",
               PASSWORD: "x", "RABBITMQ_URI": "amqp://127.0.0.1:9", "MONITOR__LISTEN": f"127.0.0.1:{free_port()}"}
    podman(f"--runtime={runtime}", "run", "--detach", f"--name={NAME}", "--network=host", "--read-only", *LIMITS,
           *(f"--env={name}={value}" for name, value in nowhere.items()), IMAGE)
    try:
        wait_until(lambda: podman.status("healthcheck", "run", NAME) == 0, "a daemon that is alive")
        podman("kill", "--signal=STOP", NAME)
        assert podman.status("healthcheck", "run", NAME) != 0
    finally:
        podman.status("rm", "--force", "--time=0", NAME)


def test_the_image_says_what_it_is(podman: Podman, runtime: str) -> None:
    told = json.loads(podman.inspect("{{json .Config}}"))
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in told["Labels"].items()}
    version = podman(f"--runtime={runtime}", "run", "--rm", "--read-only", "--network=none", *LIMITS, IMAGE, "--version")
    assert version == f"synapse-sync {labels['version']}"
    assert labels["title"] == "synapse-sync" and labels["licenses"] == "MIT" and labels["description"]
    assert told["User"] == "65532:65532"
    assert json.loads(podman.inspect("{{json .HealthCheck}}"))["Test"] == ["CMD", "/usr/bin/synapse-sync", "healthcheck"]


def test_the_authorities_are_found(podman: Podman, runtime: str) -> None:
    """Where the image's environment says, and where libcurl looks by itself."""
    place = dict(one.split("=", 1) for one in json.loads(podman.inspect("{{json .Config.Env}}")))["SSL_CERT_FILE"]
    assert place == "/etc/ssl/certs/ca-certificates.crt"
    count = podman(f"--runtime={runtime}", "run", "--rm", "--network=none", *LIMITS, "--entrypoint=grep",
                   IMAGE, "-c", "BEGIN CERT", place)
    assert int(count) > 100


def test_its_own_share_is_small(podman: Podman) -> None:
    _, packed = podman.share
    assert packed < 8_000_000, f"{packed / 1e6:.1f} MB are downloaded beside the base"


# --- the units ---------------------------------------------------------------------------------------------------------

SAME = {"Image": "{}", "ContainerName": "--name={}", "Pull": "--pull={}", "Network": "--network={}", "Tmpfs": "--tmpfs={}",
        "EnvironmentFile": "--env-file={}", "Secret": "--secret={}", "DropCapability": "--cap-drop={}",
        "PidsLimit": "--pids-limit={}", "Ulimit": "--ulimit={}", "PodmanArgs": "{}", "StopTimeout": "--stop-timeout={}"}
YES = {"ReadOnly": "--read-only", "NoNewPrivileges": "--security-opt=no-new-privileges"}


def test_both_units_start_the_same() -> None:
    command = units.command()
    for key, value in units.quadlet():
        if key in SAME:
            assert SAME[key].format(value) in command
        elif key in YES:
            assert value == "true" and YES[key] in command
        else:
            assert key.startswith("Health") or key == "Notify", f"{key}= has no counterpart in the plain unit"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_systemd_understands_the_plain_unit() -> None:
    done = subprocess.run(["systemd-analyze", "verify", str(units.PLAIN)], text=True, capture_output=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr


@pytest.mark.skipif(not Path("/usr/libexec/podman/quadlet").exists(), reason="this Podman has no Quadlet")
def test_quadlet_understands_its_unit(tmp_path: Path) -> None:
    shutil.copy(units.QUADLET, tmp_path)
    done = subprocess.run(["/usr/libexec/podman/quadlet", "-dryrun"], env={"QUADLET_UNIT_DIRS": str(tmp_path)}, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0 and "ExecStart=" in done.stdout, done.stderr

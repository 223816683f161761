"""What the running daemon can no longer do, and what it does nevertheless. All other tests are of a daemon in this sandbox,
too; its single rules are in unit/base/test_sandbox.c."""

from __future__ import annotations

import secrets
import signal
from pathlib import Path

import pytest

from lab.daemon import Daemon
from lab.message import add_user
from lab.tls import Authority, Front
from stage import Stage, unique

PASSWORD = "MATRIX_MESSENGER__SYNC_USER_PASSWORD"


def confined(daemon: Daemon) -> None:
    """It says so at debug, and at info if the kernel has only a part of it."""
    said = daemon.wait_line("event=confined").fields
    if said["event"] != "confined":
        assert {said["system_calls"], said["files"]} <= {"confined", "Function not implemented", "Operation not supported"}
        pytest.skip("the kernel of this machine does not know all of it")


def status(pid: int, name: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name}:"))


def test_every_thread_is_confined(stage: Stage) -> None:
    """Those that look up names and connect come after it."""
    daemon = stage.start(LOG__LEVEL="debug")
    stage.warm_up()
    confined(daemon)
    threads = [int(path.name) for path in Path(f"/proc/{daemon.pid}/task").iterdir()]
    assert len(threads) > 1
    for thread in threads:
        assert status(thread, "NoNewPrivs") == "1" and status(thread, "Seccomp") == "2"


def write_env(daemon: Daemon, **settings: str) -> None:
    """As an editor does it: another file in its place."""
    text = daemon.folder / "new"
    text.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    text.chmod(0o600)
    text.rename(daemon.folder / ".env")


def reload(daemon: Daemon, event: str) -> str:
    before = daemon.log.count(f"event={event} ")
    daemon.signal(signal.SIGHUP)
    return daemon.wait_line(f"event={event} ", count=before + 1).text


def secret_file(folder: Path, name: str, secret: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.new").write_text(secret)
    (folder / f"{name}.new").chmod(0o600)
    return (folder / f"{name}.new").rename(folder / name)


def test_a_reload_reads_what_was_replaced(stage: Stage, tmp_path: Path) -> None:
    name = unique("steward")
    stage.school.synapse.register(name, "the right one", admin=True)
    drop = tuple(f"MATRIX_MESSENGER__{name}" for name in ("SYNC_USER_NAME", "SECRET", "SYNC_USER_PASSWORD", "SYNC_USER_TOKEN"))
    settings = {"MATRIX_MESSENGER__SYNC_USER_NAME": name, "LOG__LEVEL": "debug"}
    daemon = stage.new_daemon(drop)
    write_env(daemon, **settings, **{f"{PASSWORD}_FILE": str(secret_file(tmp_path / "secrets", "password", "wrong"))})
    daemon.start().wait_line("event=homeserver-refused")
    write_env(daemon, **settings, **{f"{PASSWORD}_FILE": str(secret_file(tmp_path / "secrets", "other", "wrong, too"))})
    assert f"applied={PASSWORD}" in reload(daemon, "reloaded")
    secret_file(tmp_path / "secrets", "other", "the right one")
    assert f"applied={PASSWORD}" in reload(daemon, "reloaded")
    confined(daemon)
    stage.done(add_user(stage.user(), name="Ada"))
    strange = secret_file(tmp_path / "strange", "password", "the right one")
    write_env(daemon, **settings, **{f"{PASSWORD}_FILE": str(strange)})
    told = reload(daemon, "reload-failed")
    assert "Permission denied" in told and PASSWORD in told
    stage.done(add_user(stage.user(), name="Bob"))


def test_it_comes_back_by_name_and_by_the_authorities_of_the_system(stage: Stage, tmp_path: Path) -> None:
    """Names are looked up anew and the authorities are loaded anew for each connection; here they are in a folder where the
    environment says that the system has them."""
    ours = Authority(tmp_path, "ours")
    user, password = unique("secured"), secrets.token_hex(8)
    stage.school.broker.add_user(user, password)
    stage.school.broker.permit(user, ".*", ".*", ".*")
    identity = ours.identity("server", "DNS:localhost")
    broker = Front(stage.school.broker.port, identity).start()
    homeserver = Front(stage.proxy.port, identity).start()
    try:
        daemon = stage.start(LOG__LEVEL="debug", SSL_CERT_DIR=str(ours.as_system(tmp_path / "trusted")),
                             HTTP__CA_FILE=str(ours.file),
                             RABBITMQ_URI=f"amqps://{user}:{password}@localhost:{broker.port}",
                             MATRIX_MESSENGER__URI=f"https://localhost:{homeserver.port}")
        confined(daemon)
        stage.done(add_user(stage.user(), name="Ada"))
        for front in (broker, homeserver):
            front.cut()
        daemon.wait_line("event=connected", count=2)
        stage.done(add_user(stage.user(), name="Bob"))
    finally:
        broker.destroy()
        homeserver.destroy()

"""Child processes that never outlive us, and the few things one wants to do to a server."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

# Waits are for conditions; this only ends the wait for something that will never come. Generous, because a
# busy two-core machine may run a compiler beside us.
PATIENCE = 60.0


class Timeout(AssertionError):
    """A condition did not become true in time."""


def wait_until(condition: Callable[[], T], what: str, patience: float = PATIENCE, pause: float = 0.05) -> T:
    """Ask until the answer is truthy, and return it."""
    deadline = time.monotonic() + patience
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Timeout(f"waited {patience:.0f} s for {what}")
        time.sleep(pause)


def read_until(child: subprocess.Popen[bytes], words: bytes) -> bytes:
    """What it writes to its standard output, a pipe, up to these words and a little further. It must write them."""
    assert child.stdout is not None
    shown = b""
    while words not in shown:
        part = os.read(child.stdout.fileno(), 4096)
        assert part, shown
        shown += part
    return shown


class _Ports:
    """Those that were given out on this machine, each for as long as the process that has it lives: one byte of a
    file is locked for each. Else two who look at the same time take the same one, or one that was stopped finds its
    own taken."""

    def __init__(self) -> None:
        self._file: int | None = None
        self._ours: set[int] = set()

    def take(self, port: int) -> bool:
        if self._file is None:
            path = Path(tempfile.gettempdir(), f"synapse-sync-ports-{os.getuid()}")
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        if port in self._ours:
            return False
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        except OSError:
            return False
        self._ours.add(port)
        return True


_ports = _Ports()


def free_port() -> int:
    """A port nobody listens on, and nobody else is given until this process ends.

    It lies below the range from which the kernel takes ports for outgoing connections, so that a server which
    is stopped and started again finds its port still free.
    """
    while True:
        port = random.SystemRandom().randint(15000, 32000)
        if not _ports.take(port):
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def accepts_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


class Process:
    """A child in a session of its own, writing to a log file.

    The kernel kills it when the thread that started it ends (PR_SET_PDEATHSIG), so start servers from the main
    thread. The signal survives exec, hence also wrappers such as chroot.
    """

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> None:
        self.log = log
        with log.open("ab") as sink:
            self._child = subprocess.Popen(
                tied_to_us(argv), env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL,
                stdout=sink, stderr=sink, start_new_session=True)

    @property
    def pid(self) -> int:
        return self._child.pid

    def alive(self) -> bool:
        return self._child.poll() is None

    def stop(self, patience: float = 20, ending: signal.Signals = signal.SIGTERM) -> int:
        """Ask to end, insist when that does not help, and return the exit status."""
        if self.alive():
            self.thaw()
            self._child.send_signal(ending)
            try:
                return self._child.wait(patience)
            except subprocess.TimeoutExpired:
                pass
        return self.kill()

    def kill(self) -> int:
        self._child.kill()
        return self._child.wait()

    def freeze(self) -> None:
        """Still there and still connected, but silent."""
        self._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._child.send_signal(signal.SIGCONT)

    def wait_ready(self, ready: Callable[[], bool], name: str, patience: float = PATIENCE) -> None:
        def ready_or_dead() -> bool:
            if not self.alive():
                raise RuntimeError(f"{name} ended with status {self._child.returncode}:\n{self.tail()}")
            return ready()

        try:
            wait_until(ready_or_dead, f"{name} to be ready", patience)
        except Timeout as error:
            raise RuntimeError(f"{error}:\n{self.tail()}") from None

    def tail(self, lines: int = 40) -> str:
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def tied_to_us(argv: Sequence[str]) -> list[str]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise RuntimeError("setpriv (package util-linux) is needed to end servers reliably")
    return [setpriv, "--pdeathsig", "KILL", "--", *argv]

"""The program under test, as an operator starts it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from .process import PATIENCE, Timeout, tied_to_us, wait_until

REPOSITORY = Path(__file__).resolve().parents[2]

_FIELD = re.compile(r'([\w.-]+)=("(?:[^"\\]|\\.)*"|\S*)')


def executable() -> Path:
    return Path(os.environ.get("SYNAPSE_SYNC_BIN") or REPOSITORY / "build/release/synapse-sync").resolve()


@dataclass(frozen=True)
class Line:
    """One line of the log. What its keys are called is known here and nowhere else in the tests."""

    text: str

    @property
    def fields(self) -> dict[str, str]:
        return {key: value.strip('"') for key, value in _FIELD.findall(self.text)}

    @property
    def is_message_end(self) -> bool:
        """Told once for each message: how it ended."""
        return self.fields.get("event") == "message" and self.outcome in ("done", "rejected")

    @property
    def outcome(self) -> str:
        return self.fields.get("outcome", "")

    @property
    def code(self) -> str:
        return self.fields.get("code", "")

    @property
    def level(self) -> str:
        return self.fields.get("level", "")

    @property
    def is_warning(self) -> bool:
        return self.level in ("warn", "warning")


class Daemon:
    """Runs the executable in an empty working directory with nothing in the environment but what is given."""

    def __init__(self, env: Mapping[str, str], args: Sequence[str] = (), secrets: Sequence[str] = (),
                 program: Path | None = None, echo: TextIO | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lab-daemon-"))
        self.env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MONITOR__LISTEN": "off", **_sanitizer_options(), **env}
        self.args = list(args)
        self._secrets = [secret for secret in secrets if secret]
        self._program = program or executable()
        self._echo = echo
        self._texts: list[str] = []
        self._child: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self) -> Daemon:
        self._child = subprocess.Popen(
            tied_to_us([str(self._program), *self.args]), env=self.env, cwd=self.folder, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    @property
    def lines(self) -> list[Line]:
        return [Line(text) for text in list(self._texts)]

    @property
    def log(self) -> str:
        return "\n".join(self._texts)

    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def signal(self, number: signal.Signals) -> None:
        assert self._child is not None
        self._child.send_signal(number)

    def wait(self, patience: float | None = PATIENCE) -> int:
        """Wait for the end; returns the exit status."""
        assert self._child is not None and self._reader is not None
        status = self._child.wait(patience)
        self._reader.join(patience)
        return status

    def stop(self, patience: float = PATIENCE) -> int:
        """SIGTERM, as a service manager does."""
        if self.alive():
            self.signal(signal.SIGTERM)
        return self.wait(patience)

    def kill(self) -> None:
        if self.alive():
            self.signal(signal.SIGKILL)
        if self._child is not None:
            self.wait()

    def destroy(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- its log ------------------------------------------------------------------------------------------------

    def ends(self) -> list[Line]:
        """How messages ended, in the order in which they did."""
        return [line for line in self.lines if line.is_message_end]

    def warnings(self) -> list[Line]:
        return [line for line in self.lines if line.is_warning]

    def wait_ends(self, count: int = 1, patience: float = PATIENCE) -> list[Line]:
        """Until that many messages in all are done or rejected."""
        self._wait(lambda: len(self.ends()) >= count, f"{count} messages to end", patience)
        return self.ends()

    def wait_line(self, pattern: str, patience: float = PATIENCE, count: int = 1) -> Line:
        """Until that many lines match the regular expression, in whatever case; returns the last one."""
        found: list[Line] = []

        def seen() -> bool:
            found[:] = [line for line in self.lines if re.search(pattern, line.text, re.IGNORECASE)]
            return len(found) >= count

        self._wait(seen, f"a line that matches {pattern!r}", patience)
        return found[-1]

    def assert_no_secret_shown(self) -> None:
        for secret in self._secrets:
            assert secret not in self.log, "a secret is in the log"

    def _wait(self, condition: Callable[[], bool], what: str, patience: float) -> None:
        def condition_while_alive() -> bool:
            if condition():
                return True
            if not self.alive():
                self.wait()
                # The last lines may have come only now.
                if condition():
                    return True
                raise AssertionError(f"the daemon ended while we waited for {what}; its log:\n{self.log}")
            return False

        try:
            wait_until(condition_while_alive, what, patience)
        except Timeout as timeout:
            raise Timeout(f"{timeout}; the log:\n{self.log}") from None

    def _read(self) -> None:
        assert self._child is not None and self._child.stdout is not None
        for text in self._child.stdout:
            self._texts.append(text.rstrip("\n"))
            if self._echo is not None:
                print(text, end="", file=self._echo, flush=True)


def run_to_end(args: Sequence[str], env: Mapping[str, str] | None = None, folder: Path | None = None,
               stdin: str = "", patience: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    """A command that is expected to end by itself."""
    with tempfile.TemporaryDirectory(prefix="lab-daemon-") as empty:
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **_sanitizer_options(), **(env or {})}
        return subprocess.run([str(executable()), *args], env=environment, cwd=folder or empty, text=True,
                              errors="replace", input=stdin, capture_output=True, timeout=patience, check=False)


def _sanitizer_options() -> dict[str, str]:
    """So that the tests can be run with a build that watches its memory."""
    return {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}

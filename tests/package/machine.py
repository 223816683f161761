"""A machine with a real systemd as its first process: this one's files, in namespaces of their own (boot.sh)."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

BOOT = Path(__file__).with_name("boot.sh")
CGROUPS = Path("/sys/fs/cgroup")
PATIENCE = 120.0  # seconds


def obstacle() -> str | None:
    """Why there can be none here."""
    if os.geteuid() != 0:
        return "needs root"
    if not Path("/lib/systemd/systemd").exists():
        return "there is no systemd"
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "--net", "--cgroup", "true"], capture_output=True,
                           text=True, check=False)
    return tried.stderr.strip() or None


class Machine:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sync-machine-"))
        self.log = self.folder.with_suffix(".log").open("w+")
        self._cgroups = _own_cgroups(self.folder.name)
        self._boot: subprocess.Popen[str] | None = None

    def start(self) -> Machine:
        # It is moved before it is let loose, so that what systemd takes for all cgroups is only ours.
        moved = "".join(f"echo $$ >{folder}/cgroup.procs 2>/dev/null || true\n" for folder in self._cgroups)
        self._boot = subprocess.Popen(
            ["bash", "-c", moved + 'exec unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup "$@"', "-",
             str(BOOT), str(self.folder)], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, text=True)
        self.wait(lambda: self.run("systemctl", "is-active", "basic.target").returncode == 0, "the machine to boot")
        return self

    def run(self, *command: str, text: str = "", patience: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Inside. The status is for the caller to judge."""
        first = self._first()
        if first is None:
            return subprocess.CompletedProcess(command, 255, "", "not booted yet")
        return subprocess.run(
            ["nsenter", f"--target={first}", "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--root",
             "env", "-i", "--chdir=/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8",
             "DEBIAN_FRONTEND=noninteractive", *command],
            input=text, capture_output=True, text=True, check=False, timeout=patience)

    def does(self, *command: str, text: str = "") -> str:
        """Inside, and it has to succeed. Gives what was printed."""
        ended = self.run(*command, text=text)
        assert ended.returncode == 0, f"{command}: {ended.stdout}{ended.stderr}"
        return ended.stdout + ended.stderr

    def put(self, path: str, text: str, mode: str = "644") -> None:
        self.does("install", "-D", "-m", mode, "/dev/stdin", path, text=text)

    def wait(self, condition, what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"waited for {what}; {self._told()}"
            assert self._boot is None or self._boot.poll() is None, f"the machine ended; {self._told()}"
            time.sleep(0.2)

    def destroy(self) -> None:
        if self._boot is not None:
            self._boot.kill()
            self._boot.wait()
        for folder in self._cgroups:
            _remove_cgroup(folder)
        self.log.close()
        Path(self.log.name).unlink()
        self.folder.rmdir()

    def _told(self) -> str:
        return Path(self.log.name).read_text()

    def _first(self) -> int | None:
        """Its first process, seen from here: the child of unshare."""
        assert self._boot is not None
        children = Path(f"/proc/{self._boot.pid}/task/{self._boot.pid}/children")
        first = children.read_text().split() if children.exists() else []
        if not first or not os.readlink(f"/proc/{first[0]}/exe").endswith("/systemd/systemd"):
            return None
        return int(first[0])


def _own_cgroups(name: str) -> list[Path]:
    """A new one below that of this process, in each hierarchy in which there can be one."""
    made = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        names = [controllers.removeprefix("name=")] if controllers else ["unified", ""]
        for hierarchy in names:
            folder = CGROUPS / hierarchy / path.lstrip("/") / name
            if not (folder.parent / "cgroup.procs").exists():
                continue
            try:
                folder.mkdir()
            except OSError:
                continue
            made.append(folder)
            break
    return made


def _remove_cgroup(folder: Path) -> None:
    """Its processes were killed just now, so it may need a moment to be empty."""
    end = time.monotonic() + 10
    while folder.exists() and time.monotonic() < end:
        for inner, _, _ in os.walk(folder, topdown=False):
            try:
                os.rmdir(inner)
            except OSError:
                time.sleep(0.1)

"""Finds a Synapse to run, or makes one, once, in a cache folder.

In this order: what the cache holds; a virtual environment with a pinned release from the Python registry (quick,
needs no root); a small Debian sid, which has Synapse as a package (about a minute, 450 MB, needs root).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

VERSION = "1.160.0"

# Marks a virtual environment that was made to the end.
COMPLETE = "complete"


class NoSynapse(RuntimeError):
    """Neither found nor made; the text says what was tried."""


@dataclass(frozen=True)
class Installation:
    """A Synapse that can be started: how to call its Python, and where its data may lie."""

    python: tuple[str, ...]
    root: Path  # what Synapse sees as /
    data: Path  # where to make folders for homeservers

    def inside(self, path: Path) -> str:
        """The path as Synapse sees it."""
        return "/" + str(path.relative_to(self.root))


def cache_folder() -> Path:
    own = os.environ.get("SYNAPSE_SYNC_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "synapse-sync"


def find_or_make() -> Installation:
    venv = cache_folder() / f"synapse-venv-{VERSION}"
    tree = cache_folder() / "synapse-sid"
    found = _venv(venv) or _tree(tree)
    if found is not None:
        return found
    cache_folder().mkdir(parents=True, exist_ok=True)
    trouble = _make_venv(venv)
    found = _venv(venv)
    if found is None:
        trouble += "\n  " + _make_tree(tree, "matrix-synapse")
        found = _tree(tree)
    if found is None:
        raise NoSynapse(f"no Synapse could be had:\n  {trouble}")
    return found


def _venv(folder: Path) -> Installation | None:
    if not (folder / COMPLETE).exists():
        return None
    return Installation((str(folder / "bin" / "python"),), Path("/"), Path(os.environ.get("TMPDIR", "/tmp")))


def _tree(folder: Path) -> Installation | None:
    if not folder.is_dir() or os.geteuid() != 0:
        return None
    return Installation(("chroot", str(folder), "/usr/bin/python3"), folder, folder / "srv")


def _make_venv(folder: Path) -> str:
    """Returns what went wrong."""
    # It holds its own path, so it cannot be made under another name and renamed when complete.
    _say(f"looking for matrix-synapse {VERSION} in the Python registry")
    try:
        _run("/usr/bin/python3", "-m", "venv", "--clear", str(folder), patience=120)
        _run(str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--retries", "0",
             "--timeout", "8", "--only-binary", ":all:", f"matrix-synapse=={VERSION}", patience=300)
        (folder / COMPLETE).touch()
        return ""
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        return f"virtual environment: {_last_words(error)}"


def find_or_make_rabbitmq() -> Path | None:
    """The folder that is the root of another RabbitMQ than the system's: that of Debian sid, where
    SYNAPSE_SYNC_RABBITMQ=sid asks for it (35 s, 400 MB, needs root); None: the system's."""
    if os.environ.get("SYNAPSE_SYNC_RABBITMQ") != "sid":
        return None
    tree = cache_folder() / "rabbitmq-sid"
    if not tree.is_dir():
        cache_folder().mkdir(parents=True, exist_ok=True)
        trouble = _make_tree(tree, "rabbitmq-server")
        if trouble:
            raise RuntimeError(trouble)
    (tree / "etc/hosts").write_text("127.0.0.1 localhost\n")  # the node's name is resolved
    return tree


def _make_tree(folder: Path, package: str) -> str:
    """Returns what went wrong."""
    if os.geteuid() != 0:
        return "Debian tree: needs root"
    if shutil.which("mmdebstrap") is None:
        return "Debian tree: needs mmdebstrap (tests/install.sh installs it)"
    _say(f"making a small Debian sid with {package} (once; about a minute, 450 MB)")
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    try:
        _run("mmdebstrap", "--variant=apt", f"--include={package}", '--aptopt=Apt::Install-Recommends "false"',
             '--aptopt=Acquire::Check-Valid-Until "false"', "sid", str(unfinished), patience=1200, show=True)
        unfinished.rename(folder)
        return ""
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        return f"Debian tree: {_last_words(error)}"


def _run(*argv: str, patience: float, show: bool = False) -> None:
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, timeout=patience,
                   stdout=sys.stderr if show else subprocess.PIPE, stderr=None if show else subprocess.PIPE)


def _last_words(error: Exception) -> str:
    output = getattr(error, "stderr", None) or b""
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else str(error)


def _say(text: str) -> None:
    print(f"lab: {text}", file=sys.stderr, flush=True)

"""Two builds of the same sources, in two folders, and the packages of both."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from machine import Machine, obstacle

REPOSITORY = Path(__file__).resolve().parents[2]
TWIN = REPOSITORY / "build/twin/sources"
DATE = "1700000000"  # SOURCE_DATE_EPOCH


@dataclass(frozen=True)
class Build:
    folder: Path
    package: Path


def run(*command: str | Path, cwd: Path = REPOSITORY, env: dict[str, str] | None = None) -> str:
    """It has to succeed. Gives what was printed."""
    ended = subprocess.run([str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})}, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert ended.returncode == 0, f"{command}:\n{ended.stdout}"
    return ended.stdout


def make_package(folder: Path, date: str = DATE) -> Path:
    run("cpack", "-G", "DEB", cwd=folder, env={"SOURCE_DATE_EPOCH": date})
    packages = list(folder.glob("*.deb"))
    assert len(packages) == 1, packages
    return packages[0]


def build(sources: Path, options: Sequence[str] = (), env: dict[str, str] | None = None) -> Build:
    folder = sources / "build/release"
    for old in folder.glob("*.deb"):
        old.unlink()
    run("cmake", "--preset", "release", *options, cwd=sources, env=env)
    run("cmake", "--build", "--preset", "release", "--target", "synapse-sync", "manual", cwd=sources, env=env)
    return Build(folder, make_package(folder))


def copy_sources(to: Path) -> None:
    """Only what has changed, so that the second run builds that alone; and with fewer rights than here."""
    names = run("git", "ls-files", "-co", "--exclude-standard").splitlines()
    for name in names:
        source, target = REPOSITORY / name, to / name
        if source.is_file() and not (target.exists() and filecmp.cmp(source, target, shallow=False)):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o700 if os.access(source, os.X_OK) else 0o600)
    kept = {to / name for name in names if (REPOSITORY / name).is_file()} | {to / "build"}
    for old in to.rglob("*"):
        if old.is_file() and old not in kept and to / "build" not in old.parents:
            old.unlink()


@pytest.fixture(scope="session")
def first() -> Build:
    return build(REPOSITORY)


@pytest.fixture(scope="session")
def second() -> Build:
    """By a compiler that really runs, not by what one run of it has left."""
    copy_sources(TWIN)
    return build(TWIN, ["-DBUILD_TESTING=OFF"], {"CCACHE_DISABLE": "1"})


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    reason = obstacle()
    if reason:
        pytest.skip(f"no systemd can be booted here: {reason}")
    one = Machine()
    try:
        yield one.start()
    finally:
        one.destroy()

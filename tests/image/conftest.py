"""An image for the whole run, built once, and servers for what runs from it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.school import School
from podman import RUNTIMES, Podman

told: list[str] = []


@pytest.fixture(scope="session")
def podman() -> Iterator[Podman]:
    """With the image."""
    one = Podman(Path(tempfile.mkdtemp(prefix="lab-podman-")))
    try:
        trouble = one.trouble()
        if trouble:
            pytest.skip(f"no image is built here: {trouble}")
        one.build()
        grown, packed = one.share
        told.append(f"the image adds {grown / 1e6:.1f} MB to its base, {packed / 1e6:.1f} MB to download")
        yield one
    finally:
        one.destroy()


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest, podman: Podman) -> str:
    name: str = request.param
    refusal = podman.refusal(name)
    if refusal:
        pytest.skip(f"{name} runs no container here: {refusal}")
    return name


@pytest.fixture(scope="session")
def school() -> Iterator[School]:
    with School() as everything:
        yield everything


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in told:
        terminalreporter.write_line(line)

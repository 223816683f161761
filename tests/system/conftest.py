"""Servers for the whole run, a stage for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.daemon import executable
from lab.proxy import Proxy
from lab.school import School
from stage import Stage


def pytest_sessionstart() -> None:
    if not executable().exists():
        pytest.exit(f"build the daemon first: there is no {executable()}", returncode=2)


@pytest.fixture(scope="session")
def school() -> Iterator[School]:
    with School(bridge=True) as everything:
        yield everything


@pytest.fixture(scope="session")
def proxy(school: School) -> Iterator[Proxy]:
    between = Proxy(school.synapse.port).start()
    yield between
    between.destroy()


@pytest.fixture
def stage(school: School, proxy: Proxy) -> Iterator[Stage]:
    proxy.clear()
    one = Stage(school, proxy)
    try:
        yield one
    finally:
        one.close()

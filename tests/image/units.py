"""The units that start the image, read as far as the tests need it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from lab.daemon import REPOSITORY

PLAIN = REPOSITORY / "config/systemd/synapse-sync-podman.service"
QUADLET = REPOSITORY / "config/systemd/synapse-sync.container"


def command() -> list[str]:
    """The words of the plain unit's ExecStart=."""
    text = PLAIN.read_text().replace("\\\n", " ")
    return shlex.split(next(line for line in text.splitlines() if line.startswith("ExecStart="))[len("ExecStart="):])


def quadlet() -> Iterator[tuple[str, str]]:
    """Keys and values of the section [Container]."""
    section = ""
    for line in QUADLET.read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Container]" and line and not line.startswith("#"):
            key, _, value = line.partition("=")
            yield key, value

"""Podman with a storage of its own: no image, container or secret of the machine is touched, and nothing stays."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import base
from lab.daemon import REPOSITORY

IMAGE = "localhost/synapse-sync"
BASE = "localhost/base"
RUNTIMES = ("runc", "crun")
# Without these, Podman raises both to more than root may in a sandbox.
LIMITS = ("--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096")


class Podman:
    """Where it cannot run containers, `trouble` says why."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/storage"\nrunroot = "{folder}/run"\n')
        self.env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": str(folder),
                    "TMPDIR": str(folder), "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
                    "PODMAN_IGNORE_CGROUPSV1_WARNING": "1"}
        self.program = Path(shutil.which("podman") or "/usr/bin/podman")

    def __call__(self, *args: str, stdin: str = "", check: bool = True) -> str:
        """Run it to its end; returns what it prints."""
        done = subprocess.run([str(self.program), *args], env=self.env, cwd=self.folder, input=stdin, text=True,
                              capture_output=True, timeout=1800, check=False)
        if check and done.returncode != 0:
            raise RuntimeError(f"podman {' '.join(args)}: {done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout.strip()

    def status(self, *args: str) -> int:
        return subprocess.run([str(self.program), *args], env=self.env, cwd=self.folder, capture_output=True,
                              timeout=60, check=False).returncode

    def trouble(self) -> str:
        """Why no container can be made here, or nothing. Makes the base for all that follows."""
        if os.geteuid() != 0:
            return "only root can make a base image without a registry"
        if not self.program.exists():
            return "there is no podman"
        try:
            self._import(BASE, [])
        except (RuntimeError, LookupError, OSError, subprocess.SubprocessError) as error:
            return f"no base image: {error}"
        return ""

    def refusal(self, runtime: str) -> str:
        """Why this runtime runs no container here, or nothing."""
        done = subprocess.run([str(self.program), f"--runtime={runtime}", "run", "--rm", "--network=host", *LIMITS,
                               BASE, "true"], env=self.env, text=True, capture_output=True, timeout=60, check=False)
        return "" if done.returncode == 0 else done.stderr.strip().splitlines()[-1]

    def build(self) -> None:
        """As anybody does, but for where base, packages and network come from."""
        recipe = (REPOSITORY / "Dockerfile").read_text()
        self._import("localhost/build-base", first_packages(recipe))
        self("build", "--format=docker", "--isolation=chroot", "--network=host", "--layers=false", *LIMITS,
             f"--build-arg=BASE={BASE}", "--build-arg=BUILD_BASE=localhost/build-base", "--tag", IMAGE, str(REPOSITORY))

    def inspect(self, what: str, image: str = IMAGE) -> str:
        return self("image", "inspect", "--format", what, image)

    @cached_property
    def share(self) -> tuple[int, int]:
        """Bytes that the image adds to its base: on the disk, and as they are downloaded."""
        grown = int(self.inspect("{{.Size}}")) - int(self.inspect("{{.Size}}", BASE))
        layer = self.inspect("{{.GraphDriver.Data.UpperDir}}")
        packed = subprocess.run(f"tar --create --directory={layer} . | gzip | wc --bytes", shell=True, text=True,
                                capture_output=True, check=True).stdout
        return grown, int(packed)

    def destroy(self) -> None:
        if self.program.exists() and (self.folder / "storage").exists():
            self.status("rm", "--all", "--force", "--time=0")
            self.status("rmi", "--all", "--force")
        subprocess.run(["umount", f"{self.folder}/storage/overlay"], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _import(self, name: str, packages: Sequence[str]) -> None:
        place = self.folder / "pack"
        place.mkdir()
        self("import", str(base.pack(place, packages)), name)
        shutil.rmtree(place)


def first_packages(recipe: str) -> list[str]:
    """What the first `apt-get install` of a Dockerfile names."""
    found = re.search(r"apt-get install ((?:[^&]|\n)*?)&&", recipe)
    assert found is not None
    return [word for word in found[1].replace("\\\n", " ").split() if not word.startswith("-")]

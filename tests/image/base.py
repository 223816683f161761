"""Base images without a registry: a small Debian, put together from the packages that are installed on this machine.

A tree holds what is essential, apt, and what else is named, with all that they depend on, and dpkg knows of them. So what
a Dockerfile installs beyond that has to be named by it, as on any other small Debian. The settings of apt are the
machine's.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MASTERS = {"passwd": "/usr/share/base-passwd/passwd.master", "group": "/usr/share/base-passwd/group.master"}
LINKS = ("bin", "lib", "lib64", "lib32", "libx32", "sbin")
INFO = Path("/var/lib/dpkg/info")


@dataclass(frozen=True)
class Package:
    name: str
    needs: tuple[tuple[str, ...], ...]  # of each of these, one
    provides: tuple[str, ...]
    essential: bool


def installed() -> dict[str, Package]:
    """What dpkg knows of, by name."""
    form = "${binary:Package}\t${Essential}\t${Pre-Depends}, ${Depends}\t${Provides}\n"
    told = subprocess.run(["dpkg-query", "-W", "-f", form], capture_output=True, text=True, check=True).stdout
    packages = {}
    for line in told.splitlines():
        name, essential, needs, provides = line.split("\t")
        clauses = tuple(tuple(_names(clause, "|")) for clause in needs.split(",") if clause.strip())
        package = Package(name, clauses, tuple(_names(provides, ",")), essential == "yes")
        packages[name.partition(":")[0]] = package
    return packages


def closure(names: Iterable[str]) -> list[Package]:
    """What is essential, apt, the named, and all that these depend on."""
    packages = installed()
    providers = {provided: package for package in packages.values() for provided in package.provides}
    todo = ["apt", *names, *(name for name, package in packages.items() if package.essential)]
    found: dict[str, Package] = {}
    while todo:
        name = todo.pop()
        package = packages.get(name) or providers.get(name)
        if package is None:
            raise LookupError(f"{name} is not installed (tests/install.sh installs it)")
        if package.name not in found:
            found[package.name] = package
            todo += [next(one for one in clause if one in packages or one in providers) for clause in package.needs]
    return list(found.values())


def pack(folder: Path, names: Iterable[str]) -> Path:
    """Make the tree a tar file, which `podman import` takes; returns its path."""
    packages = closure(names)
    made = folder / "tree"
    (made / "var/lib/dpkg").mkdir(parents=True)
    (made / "var/lib/dpkg/status").write_text(_status(packages))
    (made / "etc").mkdir()
    for name, master in MASTERS.items():
        (made / "etc" / name).write_text(Path(master).read_text())

    files = folder / "files"
    files.write_text("\0".join(sorted(set(_files(packages)))))
    archive = folder / "base.tar"
    subprocess.run(["tar", "--create", f"--file={archive}", "--no-recursion", "--directory=/", "--null",
                    f"--files-from={files}"], check=True, capture_output=True)
    subprocess.run(["tar", "--append", f"--file={archive}", "--owner=0", "--group=0", f"--directory={made}",
                    "var/lib/dpkg/status", *(f"etc/{name}" for name in MASTERS)], check=True)
    return archive


def _names(text: str, separator: str) -> Iterator[str]:
    for part in text.split(separator):
        name = re.match(r"\s*([a-z0-9][a-z0-9+.-]*)", part)
        if name:
            yield name[1]


def _status(packages: list[Package]) -> str:
    return subprocess.run(["dpkg-query", "--status", *(package.name for package in packages)], capture_output=True,
                          text=True, check=True).stdout


def _files(packages: list[Package]) -> Iterator[str]:
    """Without a leading /. Links between folders (/bin) belong to nobody, nor do alternatives (/usr/bin/awk)."""
    listed = subprocess.run(["dpkg-query", "--listfiles", *(package.name for package in packages)], capture_output=True,
                            text=True, check=True).stdout
    chosen = [path for path in Path("/etc/alternatives").iterdir() if str(path.resolve()) in listed.split("\n")]
    links = [Path(line) for path in chosen for line in (f"/usr/bin/{path.name}", f"/usr/sbin/{path.name}")]
    own = [path for package in packages for path in INFO.glob(f"{package.name}.*")]
    made = ["/etc/apt"] + ["/etc/ssl/certs" for package in packages if package.name == "ca-certificates"]
    apt = [path for folder in made for path in Path(folder).rglob("*")]
    more = [Path("/", name) for name in LINKS] + chosen + links + own + apt + [Path("/etc/debconf.conf"),
            Path("/etc/ld.so.cache"), Path("/etc/nsswitch.conf"), Path("/usr/local"), Path("/var/lib/dpkg/info/format")]
    for path in [*(Path(line) for line in listed.splitlines() if line.startswith("/") and line != "/."), *more]:
        if path.is_symlink() or path.exists():
            yield str(_unmerged(path))[1:]


def _unmerged(path: Path) -> Path:
    """/lib/x is /usr/lib/x where /lib is a link."""
    if len(path.parts) > 2 and path.parts[1] in LINKS and Path("/", path.parts[1]).is_symlink():
        return Path("/usr", *path.parts[1:])
    return path

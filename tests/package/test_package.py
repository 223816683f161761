"""The Debian package: what is in it, and that it is the same wherever it is built."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from conftest import REPOSITORY, TWIN, Build, run

CONTENTS = """
/etc/synapse-sync/default.yaml
/usr/bin/synapse-sync
/usr/lib/systemd/system/synapse-sync.service
/usr/share/bash-completion/completions/synapse-sync
/usr/share/doc/synapse-sync/README.Debian
/usr/share/doc/synapse-sync/README.md
/usr/share/doc/synapse-sync/changelog.Debian.gz
/usr/share/doc/synapse-sync/changelog.gz
/usr/share/doc/synapse-sync/config/README.md
/usr/share/doc/synapse-sync/config/synapse-sync.container
/usr/share/doc/synapse-sync/copyright
/usr/share/doc/synapse-sync/data/README.md
/usr/share/doc/synapse-sync/examples
/usr/share/doc/synapse-sync/synapse-sync.env
/usr/share/man/man1/synapse-sync.1.gz
/usr/share/synapse-sync/avatar.png
/usr/share/synapse-sync/default.yaml
/usr/share/synapse-sync/monitoring/alerts.yaml
/usr/share/synapse-sync/monitoring/dashboard.json
/usr/share/synapse-sync/schema/asyncapi.yaml
/usr/share/synapse-sync/schema/request.json
""".split()


def unpacked(package: Path, to: Path) -> Path:
    run("dpkg-deb", "--raw-extract", package, to)
    return to


# It calls the compiler with other paths, and those become a part of what is debugged, and so of the build's id.
@pytest.mark.skipif("CCACHE_BASEDIR" in os.environ, reason="ccache changes the paths of sources")
def test_two_builds_give_the_same_bytes(first: Build, second: Build) -> None:
    assert first.package.name == second.package.name
    assert first.package.read_bytes() == second.package.read_bytes(), (
        f"compare them: diffoscope {first.package} {second.package}")


def test_it_does_not_tell_where_it_was_built(second: Build, tmp_path: Path) -> None:
    for path in unpacked(second.package, tmp_path / "package").rglob("*"):
        if path.is_file() and not path.is_symlink():
            held = path.read_bytes()
            assert str(TWIN).encode() not in held and str(REPOSITORY).encode() not in held, path


def test_what_is_in_it(first: Build, tmp_path: Path) -> None:
    root = unpacked(first.package, tmp_path / "package")
    examples = [f"/usr/share/synapse-sync/examples/{path.name}" for path in (REPOSITORY / "data/examples").iterdir()]
    held = [f"/{path.relative_to(root)}" for path in root.rglob("*")
            if (path.is_symlink() or not path.is_dir()) and path.parent != root / "DEBIAN"]
    assert sorted(held) == sorted([*CONTENTS, *examples])
    assert (root / "usr/share/doc/synapse-sync/examples/school.jsonl").resolve().exists()
    assert (root / "DEBIAN/conffiles").read_text() == "/etc/synapse-sync/default.yaml\n"


def test_lintian_has_no_objection(first: Build) -> None:
    told = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", first.package], text=True,
                          capture_output=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


def test_there_is_one_version(first: Build) -> None:
    project = re.search(r"^project\(synapse-sync VERSION (\S+)", (REPOSITORY / "CMakeLists.txt").read_text(),
                        re.MULTILINE)
    assert project
    version = project[1]
    assert run("dpkg-deb", "--field", first.package, "Version") == f"{version}\n"
    assert run(first.folder / "synapse-sync", "--version") == f"synapse-sync {version}\n"
    assert f'"synapse\\-sync {version}"' in (first.folder / "synapse-sync.1").read_text()
    assert f"\n  version: {version}\n" in (REPOSITORY / "data/schema/asyncapi.yaml").read_text()
    # The release notes of a version are written before it: until then they stand under "Unreleased".
    newest = re.findall(r"^## \[(\d\S*)\]", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)[:1]
    assert newest in ([], [version])


def completions(program: Path, *words: str) -> set[str]:
    script = REPOSITORY / "config/bash-completion/synapse-sync"
    line = " ".join([str(program), *words])
    told = run("bash", "-c", f"""
        source /usr/share/bash-completion/bash_completion; source {script}
        COMP_WORDS=({program} {' '.join(words[:-1])} "{words[-1]}"); COMP_CWORD={len(words)}
        COMP_LINE="{line}"; COMP_POINT={len(line)}
        compopt() {{ :; }}
        _synapse_sync {program} "{words[-1]}" "{words[-2] if len(words) > 1 else program}"
        printf '%s\\n' "${{COMPREPLY[@]}}" """)
    return set(told.split())


def test_completions(first: Build) -> None:
    program = first.folder / "synapse-sync"
    commands = {"run", "check", "plan", "apply", "config", "healthcheck", "dlq", "audit"}
    assert completions(program, "") == commands
    assert completions(program, "co") == {"config"}
    assert completions(program, "dlq", "") == {"list", "show", "retry", "drop"}
    assert completions(program, "--") == {"--config", "--set", "--json", "--wait", "--no-environment", "--yes",
                                          "--init", "--help", "--version"}
    assert completions(program, "--set", "SYNC__CON") == {"SYNC__CONCURRENCY="}

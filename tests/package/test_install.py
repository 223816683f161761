"""`cmake --install`: below any prefix the program finds its own files, and what was edited stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import Build, run

REQUIRED = {"MATRIX_MESSENGER__URI": "http://localhost:9", "MATRIX_MESSENGER__SERVERNAME": "example.org",
            "MATRIX_MESSENGER__SECRET": "a secret"}
EDITED = "LOG:\n  LEVEL: debug\n"


def install(build: Build, prefix: str, stage: Path | None = None) -> None:
    run("cmake", "--install", build.folder, "--prefix", prefix, env={"DESTDIR": str(stage)} if stage else None)


def uninstall(build: Build, stage: Path | None = None) -> str:
    return run("cmake", "--build", build.folder, "--target", "uninstall",
               env={"DESTDIR": str(stage)} if stage else None)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_dir()]


@pytest.mark.parametrize(("prefix", "configuration"), [
    ("/usr", "/etc"), ("/usr/local", "/etc"), ("/opt/a school", "/opt/a school/etc")])
def test_the_program_finds_its_configuration(second: Build, tmp_path: Path, prefix: str, configuration: str) -> None:
    install(second, prefix, tmp_path)
    file = Path(f"{tmp_path}{configuration}/synapse-sync/default.yaml")
    file.write_text(EDITED)
    told = run(f"{tmp_path}{prefix}/bin/synapse-sync", "config", cwd=tmp_path, env=REQUIRED)
    assert f"- name: LOG__LEVEL\n  value: debug\n  source: {file}:2\n" in told
    unit = Path(f"{tmp_path}{prefix}/lib/systemd/system/synapse-sync.service").read_text()
    assert f"\nExecStart={prefix}/bin/synapse-sync run\n" in unit
    assert f"\nWorkingDirectory={configuration}/synapse-sync\n" in unit
    assert str(tmp_path) not in unit


def test_it_finds_its_picture(second: Build, tmp_path: Path) -> None:
    install(second, str(tmp_path))
    assert (tmp_path / "share/synapse-sync/avatar.png").exists()
    assert not (tmp_path / "usr").exists() and not (tmp_path / "share/synapse-sync/README.md").exists()


def test_a_configuration_that_was_edited_stays(second: Build, tmp_path: Path) -> None:
    prefix = str(tmp_path)
    install(second, prefix)
    file, shipped = tmp_path / "etc/synapse-sync/default.yaml", tmp_path / "share/synapse-sync/default.yaml"
    newest = file.read_text()
    for path in (file, shipped):
        path.write_text("# As an older version had it.\n")
    install(second, prefix)
    assert file.read_text() == newest
    file.write_text(EDITED)
    install(second, prefix)
    assert file.read_text() == EDITED and shipped.read_text() == newest


def test_uninstall_leaves_nothing(second: Build, tmp_path: Path) -> None:
    install(second, "/usr/local", tmp_path)
    assert files(tmp_path)
    uninstall(second, tmp_path)
    assert not files(tmp_path)
    assert not list(tmp_path.rglob("synapse-sync"))


def test_uninstall_leaves_what_was_edited_or_added(second: Build, tmp_path: Path) -> None:
    install(second, "/usr", tmp_path)
    folder = tmp_path / "etc/synapse-sync"
    (folder / "default.yaml").write_text(EDITED)
    (folder / "synapse-sync.env").write_text("")
    install(second, "/usr", tmp_path)
    assert "Kept" in uninstall(second, tmp_path)
    assert sorted(files(tmp_path)) == [folder / "default.yaml", folder / "synapse-sync.env"]

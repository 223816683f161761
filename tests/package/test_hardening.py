"""What compiler and linker were to do for the program that is distributed, seen in the program itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conftest import Build, run


@pytest.fixture(scope="module")
def program(first: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hardening") / "package"
    run("dpkg-deb", "--raw-extract", first.package, folder)
    return folder / "usr/bin/synapse-sync"


def readelf(program: Path, *options: str) -> str:
    return run("readelf", "--wide", *options, program, env={"LC_ALL": "C"})


def segments(program: Path) -> list[tuple[str, str]]:
    """Of each its kind and its flags: R, W, E."""
    return [(kind, flags.replace(" ", "")) for kind, flags in
            re.findall(r"^  ([A-Z_]+) +(?:0x[0-9a-f]+ +){5}([R ][W ][E ])", readelf(program, "--segments"), re.MULTILINE)]


def test_its_addresses_are_anybodys_guess(program: Path) -> None:
    assert re.search(r"Type: +DYN ", readelf(program, "--file-header"))
    assert re.search(r"\(FLAGS_1\) .*\bPIE\b", readelf(program, "--dynamic"))


def test_what_the_linker_fills_in_is_read_only_from_the_start(program: Path) -> None:
    assert "GNU_RELRO" in dict(segments(program))
    assert re.search(r"\(FLAGS\) .*\bBIND_NOW\b", readelf(program, "--dynamic"))
    assert re.search(r"\(FLAGS_1\) .*\bNOW\b", readelf(program, "--dynamic"))


def test_nothing_is_both_written_and_run(program: Path) -> None:
    found = segments(program)
    assert dict(found)["GNU_STACK"] == "RW"
    assert [flags for kind, flags in found if kind == "LOAD"].count("RE") >= 1
    assert not [one for one in found if "W" in one[1] and "E" in one[1]]
    assert "(TEXTREL)" not in readelf(program, "--dynamic")


def test_stack_and_buffers_are_guarded(program: Path) -> None:
    imported = set(re.findall(r" UND (\w+)", readelf(program, "--dyn-syms")))
    assert "__stack_chk_fail" in imported
    assert {"__snprintf_chk", "__vsnprintf_chk"} <= imported
    assert not imported & {"strcpy", "strcat", "sprintf", "vsprintf", "gets"}


LANDINGS = {"Advanced Micro Devices X86-64": bytes.fromhex("f30f1efa"),  # endbr64
            "AArch64": bytes.fromhex("3f2303d5")}  # paciasp


def test_jumps_lead_where_they_may(program: Path) -> None:
    """Functions begin with what Intel's CET, and arm64's branch protection, look for. The program as a whole is not marked as
    such: Debian 12 builds what it is started by without."""
    machine = re.search(r"Machine: +(.+)", readelf(program, "--file-header"))
    text = re.search(r" \.text +PROGBITS +\w+ (\w+) (\w+)", readelf(program, "--sections"))
    assert machine and text
    begin, size = (int(number, 16) for number in text.groups())
    assert program.read_bytes()[begin:begin + size].count(LANDINGS[machine[1].strip()]) > 500


def test_libraries_come_from_the_system_alone(program: Path) -> None:
    assert not re.search(r"\((RPATH|RUNPATH)\)", readelf(program, "--dynamic"))

#!/usr/bin/env python3
"""Makes the table in tests/fuzz/README.md from what a run of the targets has left.

    table.py KEPT [--write]     KEPT: the folder that was FUZZ_KEEP

Of each target: the comment that its source begins with, how many inputs were tried (from the logs), and how much of the
files that it is about is reached by its corpus, the examples and what the run has kept. That is measured in a build of
its own, build/fuzz-coverage. Those files are the ones whose headers it includes, or those that a line "Reaches: …" of
its source names. Cases that were found are those in the corpus whose name begins with found-.
"""
import argparse
import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FUZZ = ROOT / "tests/fuzz"
BUILD = ROOT / "build/fuzz-coverage"
BEGIN, END = "<!-- made by table.py -->\n", "<!-- until here -->\n"

# Tools of the targets themselves.
TOOLS = {"base/cleanup.h", "base/memory.h", "base/buffer.h"}


def targets():
    return sorted(path.stem.removeprefix("fuzz_") for path in FUZZ.glob("fuzz_*.c"))


def source_of(target):
    return (FUZZ / f"fuzz_{target}.c").read_text()


def held(target):
    """The comment that the source begins with."""
    comment = re.match(r"/\*(.*?)\*/", source_of(target), re.DOTALL)[1]
    return " ".join(line.strip(" *") for line in comment.split("\n")).strip().replace("|", "\\|")


def files_of(target):
    text = source_of(target)
    if named := re.search(r"Reaches: (.*?)\*/", text, re.DOTALL):
        return [f"src/{name}" for name in named[1].replace("*", " ").split()]
    headers = [name for name in re.findall(r'^#include "(\w+/\w+)\.h"', text, re.MULTILINE) if f"{name}.h" not in TOOLS]
    return [f"src/{name}.c" for name in headers if (ROOT / f"src/{name}.c").exists()]


def executions(kept, target):
    logs = kept / f"{target}.log"
    counts = re.findall(r"stat::number_of_executed_units: *(\d+)", logs.read_text(errors="replace")) if logs.exists() else []
    return sum(map(int, counts))


def build():
    flags = "-fprofile-instr-generate -fcoverage-mapping"
    subprocess.run(["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "-D", "CMAKE_C_COMPILER=clang",
                    "-D", "CMAKE_BUILD_TYPE=Debug", "-D", f"CMAKE_C_FLAGS={flags}"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", BUILD, "--target", *(f"fuzz_{target}" for target in targets())], check=True,
                   stdout=subprocess.DEVNULL)


def coverage(kept, target):
    """Percent of the lines."""
    program, profile = BUILD / f"tests/fuzz_{target}", BUILD / f"{target}.profraw"
    inputs = [FUZZ / "corpus" / target, ROOT / "data/examples", kept / target]
    subprocess.run([program, *filter(Path.exists, inputs)], check=True, stdout=subprocess.DEVNULL, cwd=BUILD,
                   env={**os.environ, "LLVM_PROFILE_FILE": str(profile)})
    subprocess.run(["llvm-profdata", "merge", "-o", f"{profile}.data", profile], check=True)
    told = subprocess.run(["llvm-cov", "export", "-summary-only", f"-instr-profile={profile}.data", program],
                          check=True, capture_output=True, text=True).stdout
    files = {ROOT / name for name in files_of(target)}
    lines = [file["summary"]["lines"] for file in json.loads(told)["data"][0]["files"] if (BUILD / file["filename"]).resolve() in files]
    count, covered = sum(of["count"] for of in lines), sum(of["covered"] for of in lines)
    return f"{100 * covered / count:.0f} % of {count}" if count else ""


def findings(target):
    return len(list((FUZZ / "corpus" / target).glob("found-*")))


def rows(kept):
    total = found = 0
    yield "| target | what is held | executions | lines reached | findings, all mended |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for target in targets():
        count = executions(kept, target)
        total += count
        found += findings(target)
        yield (f"| {target} | {held(target)} | {count:,} | {coverage(kept, target)} | {findings(target) or ''} |")
    yield f"| all | | {total:,} | | {found} |"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("kept", type=Path)
    arguments.add_argument("--write", action="store_true")
    given = arguments.parse_args()
    build()
    table = "\n".join(rows(given.kept)) + "\n"
    print(table)
    if given.write:
        readme = FUZZ / "README.md"
        before, _, rest = readme.read_text().partition(BEGIN)
        readme.write_text(before + BEGIN + "\n" + table + "\n" + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Holds what only the compiled sources tell. Usage: objects.py BUILD

- No circle between files: none needs a function of another that needs, by way of whatever others, one of its own.
- What a header beside the sources declares is defined in the source that is called like it, and what a door in
  include/ declares is defined in its room.
- No static function is called like one of the C library, which a reader would take it for.
"""
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

DECLARATION = re.compile(r"^[a-z][\w\s*]*?\b(\w+)\([^;{]*\)[^;{]*;", re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
TAKEN = set("access bind close connect exit index kill link listen open pause pipe poll read recv remove select send "
            "signal stat sync system time truncate unlink wait write yield".split())


class Objects:
    """The symbols of the compiled sources; a source is known as room/name."""

    def __init__(self, build):
        self.defined, self.needed, self.static = {}, defaultdict(set), []
        for path in sorted((build / "CMakeFiles/sync.dir/src").glob("*/*.o")):
            source = f"{path.parent.name}/{path.name.removesuffix('.c.o')}"
            if (ROOT / f"src/{source}.c").exists():  # else it was built from one that has gone since
                self.read(source, path)
        self.sees = {source: {self.defined[name] for name in names if name in self.defined} - {source}
                     for source, names in self.needed.items()}

    def read(self, source, path):
        listed = subprocess.run(["nm", "-P", path], check=True, capture_output=True, text=True).stdout
        for name, kind, *_ in map(str.split, listed.splitlines()):
            if kind == "U":
                self.needed[source].add(name)
            elif kind == "t":
                self.static.append((source, name))
            elif kind.isupper():
                self.defined[name] = source

    def reached_from(self, source):
        reached, waiting = set(), [source]
        while waiting:
            for other in self.sees.get(waiting.pop(), set()) - reached:
                reached.add(other)
                waiting.append(other)
        return reached


def circles(objects):
    reached = {source: objects.reached_from(source) for source in objects.sees}
    for source in sorted(reached):
        for other in sorted(objects.sees[source]):
            if source in reached.get(other, set()):
                names = [name for name in objects.needed[source] if objects.defined.get(name) == other]
                yield f"src/{source}.c:1: goes in a circle with {other}, of which it needs {', '.join(sorted(names))}"


def strays(objects):
    """Functions that are not defined where their header says."""
    for path in sorted([*ROOT.glob("src/*/*.h"), *ROOT.glob("include/*/*.h")]):
        kept, room = path.is_relative_to(ROOT / "src"), path.parent.name
        for name in DECLARATION.findall(COMMENT.sub("", path.read_text())):
            place = objects.defined.get(name)
            if place and (place != f"{room}/{path.stem}" if kept else place.split("/")[0] != room):
                yield f"{path.relative_to(ROOT)}:1: {name}() is defined in src/{place}.c"


def disguises(objects):
    for source, name in objects.static:
        if name in TAKEN:
            yield f"src/{source}.c:1: {name}() is called like a function of the C library"


def main():
    objects = Objects(Path(sys.argv[1]))
    wrong = [*circles(objects), *strays(objects), *disguises(objects)]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Holds the arrows between the rooms of the house: who may include whom (the map is in src/README.md).

What a room shows to others lies in include/; a header beside the sources in src/ is for its own room alone. Headers
count with everything that they include themselves: it does not help a room to be kept from a library if it sees the
library through somebody's header. Prints file:line of each include that goes the wrong way.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Each room of src/ and include/, and what it sees of the others: rooms, or single headers of one.
ROOMS = {
    "base": set(),
    "loop": {"base"},
    "http": {"base", "loop"},
    "broker": {"base", "loop"},
    # What the URIs of others may be, their owners know.
    "config": {"base", "broker/uri.h", "http/uri.h"},
    "request": {"base"},
    "synapse": {"base", "loop", "http"},
    # Values only.
    "engine": {"base", "loop", "request", "synapse/call.h", "synapse/changes.h", "synapse/listing.h", "synapse/records.h",
               "synapse/sign.h", "synapse/state.h"},
    "monitor": {"base", "loop"},
    "command": {"base", "loop", "http", "broker", "config", "request", "synapse", "engine", "monitor"},
    "main": {"base", "command", "config"},
}

# Who owns a library: its headers by how their names begin. What is not named here is free for all.
LIBRARIES = {
    "amqp": {"broker"},
    "rabbitmq-c/": {"broker"},
    "curl/": {"http"},
    "cyaml/": {"config"},
    "yaml.h": {"config"},
    "jansson": {"request", "synapse", "config", "command", "main"},
    "microhttpd": {"monitor"},
    "gumbo": {"synapse"},
    "openssl/": {"synapse", "broker", "base", "main"},
    "seccomp": {"base"},
    "linux/landlock": {"base"},
}

INCLUDE = re.compile(r'\s*#\s*include\s*(["<])([^">]+)[">]')


def includes_of(path):
    """(line number, whether it is ours, name) of each include."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if found := INCLUDE.match(line):
            yield number, found[1] == '"', found[2]


def room_of(path):
    parts = path.relative_to(ROOT).parts
    return parts[1] if len(parts) > 2 else "main"


def file_of(header):
    """Where the header lies: shown to all, or kept beside the sources."""
    shown = ROOT / "include" / header
    return shown if shown.exists() else ROOT / "src" / header


def is_kept(header):
    return file_of(header).is_relative_to(ROOT / "src") and file_of(header).exists()


def objection(room, ours, name):
    """What speaks against this room's seeing this header; None if nothing does."""
    if not ours:
        for beginning, owners in LIBRARIES.items():
            if name.startswith(beginning) and room not in owners:
                return f"<{name}> belongs to {', '.join(sorted(owners))}"
        return None
    if is_kept(name) and name.split("/")[0] != room:
        return f"{name} is its own room's alone"
    sees = ROOMS.get(room, set()) | {room}
    if name in sees or name.split("/")[0] in sees:
        return None
    return f"{room} must not see {name}"


def seen_through(header, already):
    """The header and all that it rightly brings along: (whether it is ours, name)."""
    path = file_of(header)
    if header in already:
        return
    already.add(header)
    yield True, header
    for _, ours, name in includes_of(path) if path.exists() else ():
        if objection(room_of(path), ours, name):
            continue  # said where it stands
        if ours:
            yield from seen_through(name, already)
        else:
            yield False, name


def objections(path):
    room = room_of(path)
    if room not in ROOMS:
        yield 1, f"a room that is not on the map: {room}"
        return
    for number, ours, name in includes_of(path):
        for seen_ours, seen in seen_through(name, set()) if ours else [(False, name)]:
            if text := objection(room, seen_ours, seen):
                yield number, text if seen == name else f"{text}, not even through {name}"


def needless_doors():
    """Headers that are shown though nobody outside of their room sees them, not even through another."""
    seen = set()
    for path in ours():
        for _, is_ours, name in includes_of(path):
            if is_ours and name.split("/")[0] != room_of(path):
                for _, through in seen_through(name, set()):
                    seen.add(through)
    for path in sorted(ROOT.glob("include/*/*.h")):
        if str(path.relative_to(ROOT / "include")) not in seen:
            yield path, "nobody outside of its room includes it: it belongs beside the sources, in src/"


def ours():
    return sorted([*ROOT.glob("src/**/*.[ch]"), *ROOT.glob("include/**/*.h")])


def main():
    wrong = 0
    for path in ours():
        for number, text in objections(path):
            print(f"{path.relative_to(ROOT)}:{number}: {text}")
            wrong += 1
    for path, text in needless_doors():
        print(f"{path.relative_to(ROOT)}:1: {text}")
        wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

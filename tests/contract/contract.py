#!/usr/bin/env python3
"""Holds data/schema/ against the program: what the schema says of a message, and what request_parse() says.

    contract.py JUDGE      JUDGE: the program that is made of judge.c

What is tried: the examples of data/, the cases of the unit tests (tests/data/requests/), and some of these with each
place replaced by values of each type, texts of each length that matters, and each kind of character. Then whether the
AsyncAPI description beside the schema names what there is.
"""
import json
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

try:
    import yaml
    from jsonschema import Draft202012Validator
except ImportError as missing:
    print(f"{missing}: tests/install.sh installs python3-jsonschema and python3-yaml")
    sys.exit(77)

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "data/schema/request.json"
ASYNCAPI = ROOT / "data/schema/asyncapi.yaml"
CASES = ROOT / "tests/data/requests"

# What a schema cannot say; the description at its top says it.
BEYOND = re.compile(r"foreign-server|protected-user|too-large|.*: alias longer than")

# Messages with everything that a method knows, for whom each place is replaced.
FULL = [CASES / "good" / f"{name}.json" for name in ("add_user_full", "add_room", "remove_user", "remove_room")]


def strict(text):
    """JSON as the program takes it, apart from keys that are given twice."""
    def refuse(word):
        raise ValueError(word)
    return json.loads(text, parse_constant=refuse)


# ---- what is tried ----


def of_files():
    for path in sorted([*(ROOT / "data/examples").glob("*.json"), *CASES.glob("*/*.json")]):
        yield path.relative_to(ROOT), path.read_bytes()
    for number, line in enumerate((ROOT / "data/examples/school.jsonl").read_bytes().splitlines(), 1):
        yield f"data/examples/school.jsonl:{number}", line
    for number, example in enumerate(json.loads(SCHEMA.read_text())["examples"]):
        # They are for readers: the server is none of ours.
        yield f"{SCHEMA.name}, example {number}", json.dumps(example).replace(":matrix.server.com", ":example.org").encode()


def characters():
    """Those at the borders of what is white space, hidden or a sign with a meaning, and the ones beside them."""
    borders = [0x9, 0xa, 0xd, 0x1f, 0x20, 0x2f, 0x3a, 0x40, 0x5c, 0x7f, 0x85, 0x9f, 0xa0, 0xad, 0x61c, 0x1680, 0x180e,
               0x2000, 0x200a, 0x200f, 0x2028, 0x202f, 0x205f, 0x206f, 0x3000, 0xfeff, 0xfff9, 0xfffb, 0xe0000, 0xe007f]
    return {code + k for code in borders for k in (-1, 0, 1)}


def texts(old):
    yield from ("", "sync", "sync_", "sync_x", "SYNC", "synca", "a@b", "a@b@c", "@b", "a@", "addUser", "ADDROOM", "removeuser\n")
    for local in ("a", "", ".", "..", "...", "a/b", "a/../b", "a/.b", "./a", "a/", "a//b", "a/.", "A!~", "ä", "a@.", "@a"):
        yield f"@{local}:example.org"
    yield from ("@a", "@a:", "a:example.org", "@a:else.org", "@a:exa mple.org", "@a:example.org\n")
    for length in (1, 253, 254, 255, 256, 257, 4096, 4097):
        yield from ("x" * length, " " + "x" * length + "\t", "x@" + "x" * (length - 2), "@" + "x" * (length - 13) + ":example.org")
    if isinstance(old, str):
        for code in characters():
            yield from (old + chr(code), old[:2] + chr(code) + old[2:])


def values(old):
    yield from (None, True, False, 17, -2.5e3, {}, [], {"canary": 1}, [None], ["canary"], [{}])
    yield from texts(old)


def places(value, place=()):
    yield place
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*place, key))


def replaced(root, place):
    """(what it is, the message) for each value that can stand in that place, and for none."""
    if not place:
        yield from ((f"{value!r}", value) for value in values(None))
        return
    copy = deepcopy(root)
    holder = copy
    for key in place[:-1]:
        holder = holder[key]
    old = holder[place[-1]]
    for value in values(old):
        holder[place[-1]] = value
        yield f"{place}: {value!r}", copy
    if isinstance(holder, dict):
        del holder[place[-1]]
        yield f"{place}: removed", copy


def of_damage():
    for path in FULL:
        root = json.loads(path.read_text())
        for place in places(root):
            for what, message in replaced(root, place):
                yield f"{path.name}, {what[:120]}", json.dumps(message).encode()


# ---- what is said of it ----


def judged(judge, bodies):
    told = b"".join(b"%d\n%s" % (len(body), body) for body in bodies)
    lines = subprocess.run([judge], input=told, capture_output=True, check=True).stdout.decode().splitlines()
    assert len(lines) == len(bodies)
    return lines


def counts_otherwise(body, verdict):
    """A schema counts characters; it agrees with who counts bytes when all characters are ASCII."""
    return verdict.endswith(" bytes") and not json.dumps(strict(body), ensure_ascii=False).isascii()


def objections_to_schema(judge):
    validator = Draft202012Validator(json.loads(SCHEMA.read_text()))
    validator.check_schema(validator.schema)
    messages = [*of_files(), *of_damage()]
    for (name, body), verdict in zip(messages, judged(judge, [body for _, body in messages])):
        if verdict.startswith("invalid-json") or counts_otherwise(body, verdict):
            continue  # nothing that a schema can be asked about
        complaint = next(validator.iter_errors(strict(body)), None)
        if verdict == "ok" and complaint:
            yield f"{name}: taken, but the schema says: {complaint.json_path}: {complaint.message[:100]}"
        elif BEYOND.match(verdict) and complaint:
            yield f"{name}: beyond the schema, but it says: {complaint.json_path}: {complaint.message[:100]}"
        elif verdict != "ok" and not BEYOND.match(verdict) and not complaint:
            yield f"{name}: the schema takes it, but: {verdict}"
    print(f"{len(messages)} messages held against the schema")


# ---- AsyncAPI ----


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for entry in value:
            yield from references(entry)


def found(document, reference):
    """What the reference leads to; None: nothing."""
    file, _, pointer = reference.partition("#")
    if file:
        path = ASYNCAPI.parent / file
        document = json.loads(path.read_text()) if path.is_file() else None
    for key in pointer.strip("/").split("/") if pointer else ():
        document = document.get(key) if isinstance(document, dict) else None
    return document


def fallback(name):
    """The default of a setting."""
    row = re.search(rf'\("{name}"\).*?\.fallback = "([^"]*)"', (ROOT / "src/config/settings.c").read_text(), re.DOTALL)
    return row[1]


def names_in(file, pattern):
    return set(re.findall(pattern, (ROOT / file).read_text()))


def objections_to_asyncapi():
    document = yaml.safe_load(ASYNCAPI.read_text())
    for reference in references(document):
        if found(document, reference) is None:
            yield f"there is no {reference}"
    methods = {name for name in json.loads(SCHEMA.read_text())["$defs"] if re.match("(add|remove)(User|Room)$", name)}
    queue = fallback("RABBITMQ_MATRIX_QUEUE_EXTERNAL")
    headers = document["components"]["messages"]["deadLetter"]["headers"]["properties"]
    version = names_in("CMakeLists.txt", r"project\(synapse-sync VERSION (\S+)")
    for what, said, true in [
            ("requests", set(document["channels"]["requests"]["messages"]), methods),
            ("queue", document["channels"]["requests"]["address"], queue),
            ("dead letters", document["channels"]["deadLetters"]["address"], f"{queue}_dlq"),
            ("codes", set(headers["x-error"]["enum"]), names_in("src/request/complaint.c", r'\[REQUEST_\w+\] = "(.*?)"')),
            ("headers", set(headers), names_in("src/broker/dead_letter.c", r'\[HEADER_\w+\] = "(.*?)"')),
            ("version", {document["info"]["version"]}, version)]:
        if said != true:
            yield f"{what}: {said} is said to be what is {true}"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    wrong = [f"{SCHEMA.name}: {text}" for text in objections_to_schema(sys.argv[1])]
    wrong += [f"{ASYNCAPI.name}: {text}" for text in objections_to_asyncapi()]
    print("\n".join(wrong[:40]) or "all agree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

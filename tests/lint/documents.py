#!/usr/bin/env python3
"""Holds the documents (*.md) against what they speak of. Prints file:line of each statement that is not true.

- A link leads to a file or folder that is there, and to a heading that is in it.
- A path between backquotes that begins in a folder of ours is there.
- A setting that is named is one, and so is an event of the log in a table of events.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SETTING = re.compile(r"`((?:MATRIX_MESSENGER__|RABBITMQ_|SYNC__|HTTP__|MONITOR__|LOG__)[A-Z_]+)")
EVENTS = re.compile(r"^\| `event=` \|.*?\n\n", re.MULTILINE | re.DOTALL)
EVENT = re.compile(r"`([a-z-]+)`")
PATHS = re.compile(r"`((?:src|include|tests|data|config|unit|lint|system|engine|broker|http|synapse)/[\w./-]*\w/?)(?:`| )")


def documents():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "*.md"], check=True,
                            capture_output=True, text=True).stdout.splitlines()
    return [ROOT / name for name in sorted(set(listed)) if (ROOT / name).is_file()]


def without_code(text):
    """Lines keep their numbers."""
    return FENCE.sub(lambda found: "\n" * found[0].count("\n"), text)


def anchors(text):
    """What the headings are called in links."""
    for heading in HEADING.findall(without_code(text)):
        yield re.sub(r"[^\w -]", "", heading.replace("…", "").lower()).replace(" ", "-")


def wrong_links(path, line):
    for target in LINK.findall(line):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        leads_to = (path.parent / file).resolve() if file else path
        if not leads_to.exists():
            yield f"there is no {file}"
        elif anchor and anchor not in anchors(leads_to.read_text()):
            yield f"no heading of {file or path.name} is called #{anchor}"


def wrong_paths(path, line):
    places = [ROOT, ROOT / "src", ROOT / "tests", ROOT / "tests/unit", path.parent]
    for name in PATHS.findall(line):
        if not name.startswith("build/") and not any((place / name).exists() for place in places):
            yield f"there is no {name}"


def wrong_settings(line, known):
    for name in SETTING.findall(line):
        if name not in known and name.removesuffix("_FILE") not in known:
            yield f"there is no setting {name}"


def told_events():
    """(name, where it begins in the document) of each in a table of events."""
    for path in documents():
        text = path.read_text()
        for table in EVENTS.finditer(text):
            for number, row in enumerate(table[0].split("\n")[2:]):
                for name in EVENT.findall(row.split("|")[1] if "|" in row else ""):
                    yield path, text[:table.start()].count("\n") + 3 + number, name


def objections():
    sources = "".join(path.read_text() for path in sorted((ROOT / "src").glob("**/*.c")))
    known = set(re.findall(r'"((?:MATRIX_MESSENGER__|RABBITMQ_|SYNC__|HTTP__|MONITOR__|LOG__)[A-Z_]+)"', sources))
    for path in documents():
        for number, line in enumerate(without_code(path.read_text()).split("\n"), 1):
            for text in [*wrong_links(path, line), *wrong_paths(path, line), *wrong_settings(line, known)]:
                yield path, number, text
    for path, number, name in told_events():
        if f'"{name}"' not in sources:
            yield path, number, f"the log has no event {name}"


def main():
    wrong = 0
    for path, number, text in objections():
        print(f"{path.relative_to(ROOT)}:{number}: {text}")
        wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

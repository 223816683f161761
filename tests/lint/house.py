#!/usr/bin/env python3
"""Holds the small rules of the house that no compiler and no formatter knows. Prints file:line of each breach."""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

LONGEST_FILE = 500  # lines; of tests 600
LONGEST_TEST = 600
LONGEST_FUNCTION = 60
MOST_PARAMETERS = 6

# In the code of the program. Patterns are held against code without comments and texts.
C_RULES = [
    (re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof|system|popen|setlocale)\s*\("),
     "a function that this program does without"),
    (re.compile(r"\bgoto\b"), "goto: a cleanup attribute does it (base/cleanup.h)"),
    (re.compile(r"\btypedef\s+(struct|union|enum)\b"), "a typedef of a struct: write struct thing"),
]

# In every file. Written so that they do not find themselves.
TEXT_RULES = [
    (re.compile(r"/(home|root|work)/[a-z]"), "a path of somebody's machine"),
    (re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b"), "a note to oneself: do it, or open an issue"),
    (re.compile(r"[ \t]+$"), "blanks at the end of the line"),
]

COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def files():
    """All that is or will be in the repository, but for data that has to look the way it does."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], check=True,
                            capture_output=True, text=True).stdout.splitlines()
    for name in sorted(set(listed)):
        path = ROOT / name
        if path.is_file() and not name.startswith(("tests/data/", "tests/fuzz/corpus/")) and b"\0" not in path.read_bytes():
            yield name, path.read_text()


def without_comments_and_texts(code):
    return COMMENT_OR_TEXT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), code)


def breaches_of_rules(text, rules):
    for number, line in enumerate(text.split("\n"), 1):
        for pattern, words in rules:
            if pattern.search(line):
                yield number, words


def breaches_of_size(name, text):
    longest = LONGEST_TEST if name.startswith("tests/") else LONGEST_FILE
    if text.count("\n") > longest:
        yield longest + 1, f"more than {longest} lines: it wants to be two files"


# A function begins with a line that has neither a blank nor a brace first, and its body stands between two braces
# that are lines of their own.
FUNCTION = re.compile(r"^[a-z][^\n;{}]*\((?:[^;{}]*)\)\n\{\n.*?^\}$", re.MULTILINE | re.DOTALL)
PARAMETERS = re.compile(r"^[a-z][\w\s*]*?\b(\w+)\(([^;{}]*)\)\s*(?:MUST_USE|PRINTF_LIKE\(.*?\))?\s*[;{]", re.MULTILINE)


def breaches_of_functions(code):
    for found in FUNCTION.finditer(code):
        if found[0].count("\n") + 1 > LONGEST_FUNCTION:
            yield code[:found.start()].count("\n") + 1, f"a function of more than {LONGEST_FUNCTION} lines"
    for found in PARAMETERS.finditer(code):
        if "MHD_Result" in found[0]:
            continue  # what libmicrohttpd calls
        if re.sub(r"\([^()]*\)", "", found[2]).count(",") >= MOST_PARAMETERS:
            yield code[:found.start()].count("\n") + 1, f"{found[1]}() has more than {MOST_PARAMETERS} parameters"


# Documents, headers and sources of ours that are referred to.
OURS = "|".join(["src", "include", "tests", "data", "config", *sorted(path.name for path in (ROOT / "src").iterdir()
                                                                     if path.is_dir())])
REFERENCE = re.compile(rf"(?<![\w/.-])((?:{OURS})/(?:\w[\w-]*/)*[\w-]+\.(?:md|[ch]))(?![\w/])")
ABSENT = re.compile(r"\bSP" r"EC\b|\bDES" r"IGN\.md|\bHO" r"USE\.md")


def breaches_of_references(name, text):
    places = [ROOT, ROOT / "src", ROOT / "include", ROOT / "tests", ROOT / "tests/unit", (ROOT / name).parent]
    for number, line in enumerate(text.split("\n"), 1):
        if ABSENT.search(line):
            yield number, "a document that is not in the repository"
        if line.lstrip().startswith("#include"):
            continue
        for reference in REFERENCE.findall(line):
            if "http" not in line and not any((place / reference).exists() for place in places):
                yield number, f"there is no {reference}"


def breaches_of_headers(name, text):
    guard = "SYNC_" + re.sub(r"[/.]", "_", name.split("/", 1)[1]).upper()
    if not text.startswith(f"#ifndef {guard}\n#define {guard}\n"):
        yield 1, f"expected it to begin with the guard {guard}"


def breaches_of_sources(name, text):
    """What a source file gives to others stands in a header of its own room."""
    room = Path(name).parent.name
    if f'#include "{room}/' not in text:
        yield 1, f"includes no header of its own room, {room}/"


def breaches(name, text):
    yield from breaches_of_rules(text, TEXT_RULES)
    if not text.endswith("\n") and text:
        yield text.count("\n") + 1, "no newline at the end"
    yield from breaches_of_references(name, text)
    if name.endswith((".c", ".h")):
        yield from breaches_of_size(name, text)
    if name.startswith(("src/", "include/")) and name.endswith((".c", ".h")):
        code = without_comments_and_texts(text)
        yield from breaches_of_rules(code, C_RULES)
        yield from breaches_of_functions(code)
    if re.match(r"(include|src)/[^/]+/[^/]+\.h$", name):
        yield from breaches_of_headers(name, text)
    if re.match(r"src/[^/]+/[^/]+\.c$", name):
        yield from breaches_of_sources(name, text)


def main():
    wrong = 0
    for name, text in files():
        for number, words in breaches(name, text):
            print(f"{name}:{number}: {words}")
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""Do the unit tests notice when the code is wrong? Breaks one place of it after the other, and sees.

    cmake --preset dev && cmake --build --preset dev
    python3 -B tests/mutation/mutation.py                       # 150 places by chance, of the pure modules
    python3 -B tests/mutation/mutation.py --only engine/pace    # those of some files
    python3 -B tests/mutation/mutation.py --count 0 --seed 7    # all places, in another order

A mutant differs in one place: an operator is another one, a constant is one more (or ten times as much, from 10
on), a negation or a statement is missing. It is compiled by itself, with sanitizers, and linked before the library,
test by test, until one fails or takes too long: then it is killed. Mutants that do not compile, or that the compiler
turns into the very same code, do not count. Property tests run with few cases (CASES, 6). Nothing of the tree is
changed.
"""
import argparse
import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("engine", "request", "config")  # neither network nor files, or hardly any

SWAPS = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "&&": "||", "||": "&&", "+": "-",
         "-": "+", "+=": "-=", "-=": "+=", "true": "false", "false": "true", "!": ""}
# clang-format puts blanks around operators that have two sides.
OPERATOR = re.compile(r"(?<= )(?:[=!<>]=|<|>|&&|\|\||[+-]=?)(?=[ \n])|\b(?:true|false)\b|!(?=[\w(])")
CONSTANT = re.compile(r"(?<![\w.\[])\d+(?![\w.\]])")
# One that is a line of its own; what comes before it has ended.
STATEMENT = re.compile(r" +((?:(?:\(void\))?\w+\([^;{}]*\)|[\w.>\[\]-]+ (?:[|+-]?= [^;{}]+)|[\w.>\[\]-]+(?:\+\+|--)));"
                       r" *")
ENDED = re.compile(r".*(?:[;{}):]|\belse) *")
COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|^#[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL | re.MULTILINE)

SANITIZERS = "-fsanitize=address,undefined", "-fno-sanitize-recover=all"


@dataclass(frozen=True)
class Mutant:
    source: Path
    at: int
    old: str
    new: str

    def code(self):
        text = self.source.read_text()
        return text[:self.at] + self.new + text[self.at + len(self.old):]

    def __str__(self):
        before = self.source.read_text()[:self.at]
        number = before.count("\n") + 1
        line = self.source.read_text().split("\n")[number - 1].strip()
        return f"{self.source.relative_to(ROOT)}:{number}: {self.old} -> {self.new or 'nothing'}   in: {line}"


def blanked(code):
    """The same without comments, and nothing in texts that could be taken for code."""
    return COMMENT_OR_TEXT.sub(lambda found: re.sub(r"[^\n]", "~" if found[0][0] in "'\"" else " ", found[0]), code)


def statements(code):
    """Where each begins and ends, without its semicolon."""
    at, before = 0, ""
    for line in code.split("\n"):
        found = STATEMENT.fullmatch(line)
        if found and ENDED.fullmatch(before):
            yield at + found.start(1), at + found.end(1)
        before = line if line.strip() else before
        at += len(line) + 1


def mutants_of(source):
    text = source.read_text()
    code = blanked(text)
    for found in OPERATOR.finditer(code):
        yield Mutant(source, found.start(), found[0], SWAPS[found[0]])
    for found in CONSTANT.finditer(code):
        number = int(found[0])
        yield Mutant(source, found.start(), found[0], str(number + 1 if number < 10 else number * 10))
    for begin, end in statements(code):
        yield Mutant(source, begin, text[begin:end], "")


def first_that(lines, wanted):
    return next(line for line in lines if wanted in line)


class Build:
    """What a build folder says of how things are compiled and linked."""

    def __init__(self, folder):
        self.folder = folder
        self.compilers = {entry["file"]: entry["command"]
                          for entry in json.loads((folder / "compile_commands.json").read_text())}
        self.links = {}

    def compile(self, source, code, folder, *flags):
        """The object file; None: it does not compile."""
        words = shlex.split(self.compilers[str(source)])
        kept = [word for word in words[:words.index("-o")] if not word.startswith(("-Werror", "-g"))]
        place, result = folder / source.name, folder / (source.stem + ".o")
        place.write_text(code)
        # In its folder, so that __FILE__ is the same for all of them.
        made = subprocess.run([*kept, "-w", "-g0", *flags, "-o", result.name, "-c", place.name], cwd=folder,
                              stderr=subprocess.DEVNULL)
        return result if made.returncode == 0 else None

    def link(self, test, extra, result):
        if test not in self.links:
            lines = subprocess.run(["ninja", "-C", self.folder, "-t", "commands", test], check=True,
                                   capture_output=True, text=True).stdout.splitlines()
            words = shlex.split(first_that(reversed(lines), f" -o tests/{test} "))
            self.links[test] = [word for word in words if word not in (":", "&&")]
        words = list(self.links[test])
        words[words.index("-o") + 1] = str(result)
        words.insert(next(i for i, word in enumerate(words) if word.endswith(".a")), str(extra))
        subprocess.run([*words, *SANITIZERS], cwd=self.folder, check=True, stderr=subprocess.DEVNULL)


@dataclass
class Test:
    name: str
    room: str
    words: set
    seconds: float = 0.0  # of the processor, without a mutant
    killed: Counter = field(default_factory=Counter)  # mutants by source

    def run(self, program):
        """What went wrong; "": nothing. Its time is the processor's, so that it does not matter what else runs."""
        seconds = 10 + 20 * self.seconds
        try:
            ended = subprocess.run(["prlimit", f"--cpu={seconds:.0f}", program], timeout=60 + 10 * seconds,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return "does nothing for long"
        if ended.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
            return "takes too long"
        return f"fails ({ended.returncode})" if ended.returncode != 0 else ""


class Check:
    def __init__(self, build, rooms):
        self.build = build
        self.tests = [Test(f"{room}_{path.stem}", room, set(path.stem.split("_")) - {"test"})
                      for room in rooms for path in sorted((ROOT / f"tests/unit/{room}").glob("test_*.c"))]
        self.same = {}  # the object of each source, unchanged
        self.lock = threading.Lock()
        for test in self.tests:
            begun = os.times()
            trouble = test.run(build.folder / "tests" / test.name)
            if trouble:
                sys.exit(f"{test.name} {trouble} without any mutant")
            test.seconds = os.times().children_user - begun.children_user

    def in_order(self, source):
        """The tests, those first that are likely to notice."""
        words = set(source.stem.split("_"))
        return sorted((test for test in self.tests if test.room == source.parent.name),
                      key=lambda test: (-test.killed[source], -len(test.words & words), test.seconds))

    def is_same(self, mutant, result, folder):
        """Whether it is what it was, for the compiler."""
        code = result.read_bytes()
        with self.lock:
            if mutant.source not in self.same:
                unchanged = self.build.compile(mutant.source, mutant.source.read_text(), folder, "-O2")
                self.same[mutant.source] = unchanged.read_bytes()
        return self.same[mutant.source] == code

    def try_one(self, mutant):
        """What becomes of it: which test killed it and how, "" (none did), or None: it does not count."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            result = self.build.compile(mutant.source, mutant.code(), folder, "-O2")
            if not result or self.is_same(mutant, result, folder):
                return None
            result = self.build.compile(mutant.source, mutant.code(), folder, *SANITIZERS)
            for test in self.in_order(mutant.source):
                self.build.link(test.name, result, folder / test.name)
                trouble = test.run(folder / test.name)
                if trouble:
                    test.killed[mutant.source] += 1
                    return f"{test.name} {trouble}"
                (folder / test.name).unlink()
        return ""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build/dev", help="a folder built with cmake and ninja")
    parser.add_argument("--count", type=int, default=150, help="so many mutants that count; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a regular expression that the path must have, as engine/pace")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--minutes", type=float, default=1e6, help="to begin no more mutants after that time")
    return parser.parse_args()


def chosen(args):
    sources = [path for room in ROOMS for path in sorted((ROOT / f"src/{room}").glob("*.c"))
               if re.search(args.only, str(path.relative_to(ROOT)))]
    mutants = [mutant for source in sources for mutant in mutants_of(source)]
    random.Random(args.seed).shuffle(mutants)
    return mutants


def main():
    args = arguments()
    os.environ.setdefault("CASES", "6")
    os.environ["ASAN_OPTIONS"] = ("hard_rss_limit_mb=1024:quarantine_size_mb=1:max_malloc_fill_size=0:"
                                  "malloc_context_size=2")
    mutants = chosen(args)
    check = Check(Build(args.build.resolve()), {mutant.source.parent.name for mutant in mutants})
    end = time.monotonic() + 60 * args.minutes
    fates, waiting, survivors = defaultdict(Counter), iter(mutants), []
    lock = threading.Lock()

    def counted():
        return sum(fate["killed"] + fate["survived"] for fate in fates.values())

    def work():
        while time.monotonic() < end:
            with lock:
                mutant = next(waiting, None)
                if not mutant or (args.count and counted() >= args.count):
                    return
            killer = check.try_one(mutant)
            with lock:
                fate = "does not count" if killer is None else "killed" if killer else "survived"
                fates[mutant.source.parent.name][fate] += 1
                if fate == "survived":
                    survivors.append(mutant)
                print(f"{fate}: {mutant}{'   ' + killer if killer else ''}", flush=True)

    with ThreadPoolExecutor(args.jobs) as pool:
        for one in [pool.submit(work) for _ in range(args.jobs)]:
            one.result()

    print(f"\n{len(mutants)} places; seed {args.seed}; CASES={os.environ['CASES']}. Survivors:")
    for mutant in sorted(survivors, key=str):
        print(f"  {mutant}")
    for room, fate in sorted(fates.items()):
        print(f"{room}: {dict(fate)}")
    killed = sum(fate["killed"] for fate in fates.values())
    print(f"killed: {killed} of {counted()} ({100 * killed / max(1, counted()):.1f} %)")


if __name__ == "__main__":
    main()

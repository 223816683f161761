#!/usr/bin/env python3
"""Holds the table of settings in config/README.md in step with the one in the program.

    readme.py PROGRAM            says whether it is
    readme.py --write PROGRAM    puts it right
"""
import difflib
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "config" / "README.md"
NAME = "config/README.md"
BEGIN = "<!-- settings: made by `tests/lint/readme.py --write`, do not edit -->\n"
END = "<!-- end of settings -->\n"


def main():
    write = sys.argv[1:2] == ["--write"]
    if len(sys.argv) != 2 + write:
        sys.exit(__doc__)
    table = subprocess.run([sys.argv[-1], "--markdown-settings"], check=True, capture_output=True, text=True).stdout
    text = README.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        sys.exit(f"{NAME}: expected the two marks around the table of settings, once each")
    before, rest = text.split(BEGIN)
    shown, after = rest.split(END)
    table = f"\n{table}\n"
    if write:
        README.write_text(before + BEGIN + table + END + after)
    elif shown != table:
        sys.stdout.writelines(difflib.unified_diff(shown.splitlines(True), table.splitlines(True), NAME,
                                                   "the program"))
        sys.exit(f"{NAME}: the table of settings is out of step; see tests/lint/readme.py")


if __name__ == "__main__":
    main()

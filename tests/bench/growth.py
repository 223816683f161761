"""How what a district costs grows with its size, in README.md: as tables between their marks, and as a picture.

Both are made from district.json, which holds the last figures of each homeserver:

    cd tests && python3 -m bench.growth      makes them anew
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import picture, table
from .figure import PHASES, Figure

FOLDER = Path(__file__).parent
FIGURES, PICTURE, README = FOLDER / "district.json", FOLDER / "district.svg", FOLDER / "README.md"
MARKS = ("<!-- district: made from district.json, do not edit -->\n", "<!-- end of district -->\n")

Cell = Callable[[Figure], str]

# Each cell tells of the three phases.
COLUMNS: dict[str, Cell] = {
    "requests per message": lambda one: f"{one.requests_each:.2f}",
    "seconds": lambda one: picture.short(one.seconds),
    "own CPU, s": lambda one: f"{one.own_cpu:.1f}",
    "most memory, MB": lambda one: f"{one.megabytes:.1f}",
}
OF_A_REAL_ONE: dict[str, Cell] = {
    "transactions per message": lambda one: f"{(one.transactions or 0) / one.users:.1f}",
    "homeserver CPU, s": lambda one: picture.short(one.homeserver_cpu or 0.0),
}


def keep(new: Sequence[Figure], command: str) -> None:
    """In place of the last figures of the same homeserver."""
    kept = _load()
    kept[new[0].homeserver] = {"date": datetime.date.today().isoformat(), "command": command,
                               "cores": os.cpu_count(), "load": round(os.getloadavg()[2], 1),
                               "figures": [asdict(one) for one in new]}
    FIGURES.write_text(json.dumps(kept, indent=1) + "\n")
    show()


def show() -> None:
    """In README.md and the picture."""
    kept = _load()
    rows = {name: kept[name] for name in picture.PLACES if name in kept}
    PICTURE.write_text(picture.draw([Figure(**one) for row in rows.values() for one in row["figures"]]))
    table.put_between(README, MARKS, "\n".join(_of(name, row) for name, row in rows.items()))


def table_of(figures: Sequence[Figure]) -> str:
    columns = {**COLUMNS, **(OF_A_REAL_ONE if figures[0].transactions is not None else {})}
    return table.markdown([("users", "rooms", "memberships", *columns),
                           *(_line(columns, _of_size(figures, users)) for users in _sizes(figures))])


def _line(columns: dict[str, Cell], phases: list[Figure]) -> tuple[str, ...]:
    one = phases[0]
    return (f"{one.users:,}", f"{one.rooms:,}", f"{one.memberships:,}",
            *(" · ".join(map(cell, phases)) for cell in columns.values()))


def _sizes(figures: Sequence[Figure]) -> list[int]:
    return sorted({one.users for one in figures})


def _of_size(figures: Sequence[Figure], users: int) -> list[Figure]:
    return sorted((one for one in figures if one.users == users), key=lambda one: PHASES.index(one.phase))


def _of(homeserver: str, row: dict[str, Any]) -> str:
    figures = [Figure(**one) for one in row["figures"]]
    return (f"{picture.PLACES[homeserver]}, {' · '.join(PHASES)}:\n\n{table_of(figures)}\n"
            f"Measured on {row['date']} with `{row['command']}`; {row['cores']} cores under a load of {row['load']}.\n")


def _load() -> dict[str, Any]:
    return json.loads(FIGURES.read_text()) if FIGURES.exists() else {}


if __name__ == "__main__":
    show()

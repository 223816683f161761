"""Measures the daemon against the floor and prints the tables. LAB=sqlite, postgres or workers says on what kind of
homeserver; without it, sqlite. See the package's own words, and `--help`."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from pathlib import Path

from lab.daemon import executable
from lab.synapse_workers import kind_of_lab

from . import costs, counts, growth, table
from .chat import Chat
from .district import District
from .rounds import Rounds
from .servers import Servers

PARTS = ("users", "moderators", "rooms", "joins", "counts")


def main() -> int:
    options = _options()
    if not executable().exists():
        sys.exit(f"build the daemon first: there is no {executable()}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with Servers() as servers:
        if options.costs:
            print(table.price_table(costs.investigate(servers, options.concurrency)))
            return 0
        if options.chat:
            print(f"LAB={kind_of_lab()}\n\n{_chat(servers, options)}")
            return 0
        if options.district:
            _grow(District(servers, _settings(options), options.minutes), options)
            return 0
        rounds = Rounds(servers, options.concurrency, _settings(options), not options.plain_floor)
        _measure(rounds, options)
        counted = _count(servers, options)
    _tell(rounds, counted, options)
    return 0


def _chat(servers: Servers, options: argparse.Namespace) -> str:
    chat = Chat(servers, options.fixed, _settings(options))
    for _ in range(options.rounds):
        chat.round()
    return chat.table()


def _grow(district: District, options: argparse.Namespace) -> None:
    figures = []
    for figure in district.grow(options.district):
        figures.append(figure)
        print(f"bench: {figure}", file=sys.stderr, flush=True)
    if not figures:
        sys.exit("bench: there was no time for the smallest district")
    print(growth.table_of(figures))
    if options.readme:
        growth.keep(figures, _command())


def _measure(rounds: Rounds, options: argparse.Namespace) -> None:
    if "users" in options.only:
        rounds.add_users()
    if "moderators" in options.only:
        rounds.moderators()
    for size in options.sizes if {"rooms", "joins"} & set(options.only) else []:
        rounds.add_room(size)
        if "joins" in options.only:
            rounds.join(size)


def _count(servers: Servers, options: argparse.Namespace) -> list[counts.Count]:
    if "counts" not in options.only:
        return []
    settings = _settings(options)
    size = 200 if options.quick else 1000
    return [counts.merged_levels(servers, settings), counts.nobody_waits(servers, size, settings)]


def _tell(rounds: Rounds, counted: list[counts.Count], options: argparse.Namespace) -> None:
    timed = [table.table(rounds.rows), table.notes(rounds.rows)] if rounds.rows else []
    text = "\n".join([*timed, table.count_lines(counted)])
    print(f"\n{text}")
    if options.json:
        options.json.write_text(table.as_json(rounds.rows, counted))
    if options.readme:
        table.into_readme(options.readme, text, _command())


def _command() -> str:
    """Without what says where the result goes."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--readme", nargs="?")
    parser.add_argument("--json")
    return shlex.join([f"LAB={kind_of_lab()}", "tests/bench/run.sh", *parser.parse_known_args()[1]])


def _settings(options: argparse.Namespace) -> dict[str, str]:
    return dict(setting.split("=", 1) for setting in options.set)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few minutes: small rooms, two concurrencies")
    parser.add_argument("--only", action="append", choices=PARTS, help="these parts alone; may be repeated")
    parser.add_argument("--sizes", type=int, nargs="+", help="members of rooms (10 100 1000)")
    parser.add_argument("--concurrency", type=int, nargs="+", help="of the floor (1 2 4 8)")
    parser.add_argument("--rounds", type=int, default=1,
                        help="do everything so often, what is over soon four times as often; the median counts")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the daemon")
    parser.add_argument("--plain-floor", action="store_true",
                        help="let the floor invite nobody when it makes a room: the joins do it then")
    parser.add_argument("--costs", action="store_true", help="instead: what single calls cost the homeserver")
    parser.add_argument("--chat", action="store_true",
                        help="instead: what a person notices while a school is synced, --rounds times")
    parser.add_argument("--fixed", type=int, nargs="*", default=[1, 2, 4, 8, 16],
                        help="with --chat: calls at a time of the reference (1 2 4 8 16)")
    parser.add_argument("--district", type=int, nargs="+", metavar="USERS",
                        help="instead: a school district, which grows to these sizes one after the other")
    parser.add_argument("--minutes", type=float, default=60, help="with --district: stop growing after that (60)")
    parser.add_argument("--json", type=Path, help="write everything that was measured into this file")
    parser.add_argument("--readme", type=Path, nargs="?", const=Path(__file__).with_name("README.md"),
                        help="put the table between its marks in this file (tests/bench/README.md)")
    options = parser.parse_args()
    options.only = options.only or PARTS
    options.sizes = options.sizes or ([10, 100] if options.quick else [10, 100, 1000])
    options.concurrency = options.concurrency or ([2, 8] if options.quick else [1, 2, 4, 8])
    options.concurrency *= options.rounds
    return options


if __name__ == "__main__":
    sys.exit(main())

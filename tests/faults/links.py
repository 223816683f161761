"""Bad networks: a proxy (lab/faultproxy.py) between the daemon and the broker, or between it and the homeserver,
does every kind of harm at random moments, and heals after a moment.

`python3 -m faults.links` prints a table like that of the other faults, with one column more: the longest turn of the
daemon's loop, which the daemon tells when it ends. Broker and homeserver are harmed side by side, in two benches.

Harm comes in two sizes, by turns: to everything on the link, and to a part of its connections.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.daemon import executable
from lab.faultproxy import FaultProxy, Harm
from lab.rabbitmq import RabbitMQ
from lab.stub import Stub
from lab.synapse import SERVER_NAME

from . import compare, messages
from .__main__ import HEADINGS, _print_problems, _row
from .bench import QUORUM, Bench, Result, median, say
from .scenarios import LATENCY, Run, new_seed

# Where the other end says nothing, the daemon finds out by these; with the defaults it takes a minute.
LIMITS = {"RABBITMQ_HEARTBEAT": "2", "HTTP__REQUEST_SECONDS": "4", "HTTP__CONNECT_SECONDS": "2"}
LONGEST_TURN = 1000  # milliseconds
LONGEST_HARM = 2.0



@dataclass
class LinkResult(Result):
    longest_turn: int = 0  # milliseconds


class Link:
    """What stands between the daemon and one of its peers. With TLS there is a second proxy behind the one that does
    harm, which holds the certificate, and a third one with that of a stranger."""

    def __init__(self, peer: str, folder: Path, seed: int, tls: bool) -> None:
        self.peer = peer
        self.proxy = FaultProxy(0, seed=seed)
        self._certificates = [_certificate(folder / f"{peer}-{who}") for who in ("own", "stranger")] if tls else []
        self._fronts: list[FaultProxy] = []

    def start(self, port: int) -> Link:
        """In front of the peer's port."""
        for path in self._certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(path)
            self._fronts.append(FaultProxy(port, context).start())
        self.proxy.target_port = self._fronts[0].port if self._fronts else port
        self.proxy.start()
        return self

    def environment(self) -> dict[str, str]:
        secure = "s" if self._certificates else ""
        if self.peer == "broker":
            return {"RABBITMQ_URI": f"amqp{secure}://guest:guest@localhost:{self.proxy.port}",
                    **({"RABBITMQ_CA_FILE": str(self._certificates[0])} if secure else {})}
        return {"MATRIX_MESSENGER__URI": f"http{secure}://localhost:{self.proxy.port}",
                **({"HTTP__CA_FILE": str(self._certificates[0])} if secure else {})}

    def pose_as_stranger(self) -> None:
        """Whoever connects now is shown a certificate that nobody trusts."""
        self.proxy.target_port = self._fronts[1].port
        self.proxy.strike(Harm.RESET, new_ones=False)

    def heal(self) -> None:
        if self._fronts:
            self.proxy.target_port = self._fronts[0].port
        self.proxy.heal()

    def destroy(self) -> None:
        for proxy in (self.proxy, *self._fronts):
            proxy.destroy()


@dataclass(frozen=True)
class Kind:
    """A row of the table, for each of the two peers."""

    name: str
    strike: Callable[[Link, float], None]  # the float: to which part of the connections
    tls: bool = False
    breaks: bool = True  # so the daemon must complain


def _kind(harm: Harm, tls: bool = False) -> Kind:
    return Kind(harm.value, lambda link, share: link.proxy.strike(harm, share), tls,
                breaks=harm not in (Harm.LATENCY, Harm.TRICKLE))


KINDS = [
    *(_kind(harm) for harm in Harm if harm is not Harm.GARBLE),
    _kind(Harm.GARBLE, tls=True),
    Kind("TLS certificate wrong", lambda link, _: link.pose_as_stranger(), tls=True),
]
Arguments = dict[str, Any] | None  # that the queue is declared with; None: as producers do
COMPLAINTS = {"broker": "event=connection-lost", "homeserver": "event=homeserver-paused"}


def harmed_link(run: Run, broker: RabbitMQ, peer: str, kind: Kind, arguments: Arguments) -> LinkResult:
    rounds = run.pick(2, 10)
    stream = messages.stream(run.seed, run.pick(600, 3000), SERVER_NAME, bad=0.05)
    result = LinkResult(f"{peer}: {kind.name}", run.seed, len(stream.bodies))
    with _bench(run, broker, Link(peer, run.folder, run.seed, kind.tls), stream, result, arguments) as (bench, link):
        for number in range(rounds):
            if not bench.work(bench.spread(rounds)):
                break
            bench.pause(0.03)
            with bench.harm(heal=link.heal):
                kind.strike(link, 0.5 if number % 2 else 1.0)
                time.sleep(bench.chance.uniform(0.2, LONGEST_HARM))
    if kind.breaks and COMPLAINTS[peer] not in bench.log.read_text():
        result.others.append("the daemon noticed nothing: was there any harm?")
    return result


@contextmanager
def _bench(run: Run, broker: RabbitMQ, link: Link, stream: messages.Stream, result: LinkResult,
           arguments: Arguments) -> Iterator[tuple[Bench, Link]]:
    """As scenarios.on_stub(), with the link in between."""
    with ExitStack() as ends:
        stub = Stub(SERVER_NAME).start()
        ends.callback(stub.destroy)
        stub.slow(LATENCY)
        link.start(broker.port if link.peer == "broker" else stub.port)
        ends.callback(link.destroy)
        bench = Bench(broker, stub.environment(), stream, result, run.folder, arguments, **LIMITS,
                      **link.environment())
        ends.callback(bench.close)
        bench.start()
        yield bench, link
        bench.finish()
        dump = stub.dump()
        bench.check(compare.of_stub(dump), f"@sync:{SERVER_NAME}")
        bench.check_way(dump["writes"], one_delivery=False)
        bench.check_dead_letters(repeats_allowed=True)
        _check_turns(bench, result)


def _check_turns(bench: Bench, result: LinkResult) -> None:
    turns = re.findall(r"event=stopped .*longest_turn_ms=(\d+)", bench.log.read_text())
    result.longest_turn = max(map(int, turns), default=0)
    if not turns:
        result.others.append("the daemon does not tell its longest turn")
    elif result.longest_turn > LONGEST_TURN:
        result.others.append(f"a turn of the loop took {result.longest_turn} ms")


def _certificate(path: Path) -> Path:
    """Certificate and key of "localhost" in one file; it signs itself, so who trusts it trusts nobody else."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
               "-addext", "subjectAltName=DNS:localhost", "-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


# --- all of them --------------------------------------------------------------------------------------------------


def harmed_links(run: Run, peers: list[str], kinds: list[Kind], arguments: Arguments = None) -> list[LinkResult]:
    """Both peers side by side, on one broker."""
    threads = ThreadPoolExecutor(len(peers))
    with RabbitMQ() as broker:
        rows = threads.map(lambda peer: [_row_of(run, broker, peer, kind, arguments) for kind in kinds], peers)
        return [result for results in rows for result in results]


def _row_of(run: Run, broker: RabbitMQ, peer: str, kind: Kind, arguments: Arguments) -> LinkResult:
    begun = time.monotonic()
    try:
        result = harmed_link(run, broker, peer, kind, arguments)
    except Exception as error:  # a row all the same, so that one kind hides no other
        result = LinkResult(f"{peer}: {kind.name}", run.seed, 0, others=[f"{type(error).__name__}: {error}"[:2000]])
        result.seconds = time.monotonic() - begun
    say(f"{result.fault}: {len(result.problems)} problems, {result.rounds} rounds, {result.seconds:.0f} s, resumed "
        f"after {median(result.resumed):.2f} s")
    return result


def main() -> int:
    names = {kind.name: kind for kind in KINDS}
    parser = argparse.ArgumentParser(prog="faults.links", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="; ".join(names))
    parser.add_argument("--peer", choices=("broker", "homeserver"), help="only that one")
    parser.add_argument("--quorum", action="store_true", help="on quorum queues with a single active consumer")
    parser.add_argument("--long", action="store_true", help="ten rounds of each kind")
    parser.add_argument("--seed", type=int, help="for the messages and the moments")
    parser.add_argument("--folder", help="where the daemons' logs go")
    options = parser.parse_args()
    if not executable().exists():
        sys.exit(f"build the daemon first: there is no {executable()}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run = Run(options.long, new_seed() if options.seed is None else options.seed,
              Path(options.folder or tempfile.mkdtemp(prefix="faults-")))
    begun = time.monotonic()
    run.folder.mkdir(parents=True, exist_ok=True)
    results = harmed_links(run, [options.peer] if options.peer else ["broker", "homeserver"],
                           [names[name] for name in options.kinds or names], QUORUM if options.quorum else None)
    _print_table(results)
    say(f"{'long' if run.long else 'quick'} form, {time.monotonic() - begun:.0f} s, seed {run.seed}, "
        f"logs in {run.folder}")
    return _print_problems([*results])


def _print_table(results: list[LinkResult]) -> None:
    rows = [(*HEADINGS, "longest turn"), *((*_row(result), f"{result.longest_turn} ms") for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    rows.insert(1, tuple("-" * width for width in widths))
    print()
    for row in rows:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        os._exit(1)  # without waiting for the threads; the kernel ends their children

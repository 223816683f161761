"""Bad networks, between the daemon and the broker or between it and the homeserver: every kind of harm that a
proxy can do, at random moments, and healed after a moment.

A row for each kind and peer. Harm comes in two sizes, by turns: to everything on the link, and to a part of its
connections (but for peers that are gone without a word: those are gone for everybody). After each healing the next
message must end within RESUMES seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from lab.faultproxy import Harm

from .link import Link
from .result import Result
from .trial import Run, on_stub

RESUMES = 5.0  # seconds
# Slow enough that a queue of some hundred messages outlasts the harm where only a part of the link is harmed.
LATENCY = 0.02
MOMENT = (0.2, 2.0)  # seconds that harm lasts

# A peer that is gone without a word is given up only when it has been silent for a while, and the broker keeps a
# consumer that is gone, and its messages, for up to three heartbeats. Harm that is shorter than that cannot be
# overcome within seconds of its end, so it lasts longer: in the long form longer than with the daemon's defaults,
# in the quick form longer than with these.
SOON = {"RABBITMQ_HEARTBEAT": "2", "HTTP__REQUEST_SECONDS": "4"}
SILENCE, LONG_SILENCE = (6.5, 8.0), (31.0, 35.0)


@dataclass(frozen=True)
class Kind:
    """A row of the table, for each of the two peers."""

    name: str
    strike: Callable[[Link, float], None]  # the float: to which part of the connections
    tls: bool = False
    breaks: bool = True  # so the daemon must complain
    silent: bool = False  # so one finds out by waiting

    @property
    def scenario(self) -> str:
        """What it is called on the command line."""
        return self.name.lower().replace(" ", "-").replace("/", "-")


def _kind(harm: Harm, tls: bool = False) -> Kind:
    return Kind(harm.value, lambda link, share: link.proxy.strike(harm, share), tls,
                breaks=harm not in (Harm.LATENCY, Harm.TRICKLE, Harm.STALL),
                silent=harm in (Harm.BLACKHOLE, Harm.HALF_OPEN))


KINDS = [
    *(_kind(harm) for harm in Harm if harm is not Harm.GARBLE),
    _kind(Harm.GARBLE, tls=True),
    Kind("TLS certificate wrong", lambda link, _: link.pose_as_stranger(), tls=True),
]
COMPLAINTS = {"broker": "event=connection-lost", "homeserver": "event=homeserver-paused"}


def harmed_link(run: Run, peer: str, kind: Kind) -> Result:
    rounds = run.pick(2, 10)
    folder = run.folder / f"{peer}-link-{kind.scenario}"  # others make certificates at the same time
    folder.mkdir()
    link = Link(peer, folder, run.seed, kind.tls)
    settings = SOON if kind.silent and not run.long else {}
    moment = run.pick(SILENCE, LONG_SILENCE) if kind.silent else MOMENT
    # After a silence much is done at once, and no message must be the last before the last silence.
    stream = run.stream(250, 4000 if kind.silent else 1500, bad=0.05)
    with on_stub(run, f"link to {peer}: {kind.name}", stream, rounds, RESUMES, link=link,
                 latency=LATENCY, **settings) as (bench, _):
        for number in range(rounds):
            if not bench.work(bench.spread(rounds)):
                break
            bench.pause(0.03)
            with bench.harm(heal=link.heal):
                kind.strike(link, 0.5 if number % 2 and not kind.silent else 1.0)
                time.sleep(bench.chance.uniform(*moment))
    if kind.breaks and COMPLAINTS[peer] not in bench.log.read_text():
        bench.result.others.append("the daemon noticed nothing: was there any harm?")
    return bench.result

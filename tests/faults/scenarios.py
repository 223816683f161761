"""All faults, in the order of the table, and how one is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import killed, links, outages, servers, standby
from .result import Result, median, say
from .trial import Run


@dataclass(frozen=True)
class Scenario:
    """A row of the table."""

    lane: str  # lanes share the machine; the scenarios of one run one after another, and share a broker
    run: Callable[[Run], Result]


def _broker(how: str, queue: str) -> Scenario:
    return Scenario("broker", lambda run: servers.broker_harmed(run, how, queue))


def _synapse(how: str) -> Scenario:
    return Scenario(f"synapse {how}", lambda run: servers.synapse_harmed(run, how))


def _mas(how: str) -> Scenario:
    return Scenario("mas", lambda run: servers.mas_harmed(run, how))


def _standby(how: str, queue: str) -> Scenario:
    return Scenario("standby", lambda run: standby.standby(run, how, queue))


def _link(peer: str) -> dict[str, Scenario]:
    """These take the longest, so there are two lanes for each link."""
    def harmed(kind: links.Kind) -> Callable[[Run], Result]:
        return lambda run: links.harmed_link(run, peer, kind)
    return {f"{peer}-link-{kind.scenario}": Scenario(f"{peer} link {number % 2 + 1}", harmed(kind))
            for number, kind in enumerate(links.KINDS)}


# Much of the time of each is spent waiting; the lanes are cut so that all end at about the same time.
SCENARIOS: dict[str, Scenario] = {
    "daemon-killed": Scenario("daemon", killed.daemon_killed),
    "daemon-killed-synapse": Scenario("synapse", killed.daemon_killed_on_synapse),
    "daemon-stopped-durable": Scenario("daemon", lambda run: killed.daemon_stopped(run, "durable")),
    "daemon-stopped-quorum": Scenario("outage", lambda run: killed.daemon_stopped(run, "quorum")),
    "daemon-stopped-synapse": Scenario("synapse", killed.daemon_stopped_on_synapse),
    "standby-told-durable": _standby("told to end", "durable"),
    "standby-told-quorum": _standby("told to end", "quorum"),
    "standby-killed-durable": _standby("killed", "durable"),
    "standby-killed-quorum": _standby("killed", "quorum"),
    "standby-frozen-durable": _standby("frozen", "durable"),
    "standby-frozen-quorum": _standby("frozen", "quorum"),
    "standby-cut-off-durable": _standby("cut off", "durable"),
    "standby-cut-off-quorum": _standby("cut off", "quorum"),
    "broker-stopped-durable": _broker("stopped", "durable"),
    "broker-killed-durable": _broker("killed", "durable"),
    "broker-stopped-quorum": _broker("stopped", "quorum"),
    "broker-killed-quorum": _broker("killed", "quorum"),
    "synapse-stopped": _synapse("stopped"),
    "synapse-killed": _synapse("killed"),
    "synapse-frozen": _synapse("frozen"),
    "mas-stopped": _mas("stopped"),
    "mas-killed": _mas("killed"),
    "mas-frozen": _mas("frozen"),
    "homeserver-crashes": Scenario("daemon", servers.homeserver_crashes),
    **_link("broker"),
    **_link("homeserver"),
    "outage": Scenario("outage", outages.outage),
    "outage-synapse": Scenario("synapse frozen", outages.outage_of_synapse),
    "outage-given-back": Scenario("outage", outages.outage_given_back),
    "bad-messages": Scenario("outage", outages.bad_messages_first),
}


def run_scenario(name: str, run: Run) -> Result:
    say(f"{name}: begins")
    try:
        result = SCENARIOS[name].run(run)
    except Exception as error:  # a row all the same, so that one scenario hides no other
        run.drop_broker()
        result = Result(name, run.seed, 0, asked=0, others=[f"{type(error).__name__}: {error}"])
    _tell(name, result)
    return result


def _tell(name: str, result: Result) -> None:
    say(f"{name}: {result.fault}: {len(result.problems)} problems, {result.rounds} rounds, {result.seconds:.0f} s, "
        f"goes on after {median(result.resumed):.2f} s")
    for problem in result.problems[:20]:
        say(f"{name}:   {problem[:300]}")

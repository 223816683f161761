"""What a piece of work costs.

Synapse goes on working after its last reply (statistics, the user directory, leaving the rooms of who was
deactivated), so its CPU is read when it has come to rest. Requests are those that Synapse has counted, whoever made
them and why. Transactions of its database are counted, too: CPU and time differ by a tenth from one run to the next,
what Synapse has to do does not.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from .kernel import cpu_of_all
from .servers import PATIENCE, MeteredSynapse

_REQUESTS = re.compile(r"^synapse_http_server_requests_received_total\{(.*)\} (\S+)$", re.MULTILINE)
_TRANSACTIONS = re.compile(r"^synapse_storage_transaction_time_count_total\{.*\} (\S+)$", re.MULTILINE)
_PERSISTED = re.compile(r"^synapse_event_persisted_position\{.*\} (\S+)$", re.MULTILINE)
_PROCESSED = re.compile(r"^synapse_event_processing_positions\{(.*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')

# At rest: no more than this share of a core over so many seconds, and these have seen all events. The user directory
# of a room of a thousand takes minutes, in which it may well wait for its disk for so long.
FOLLOWERS = ("user_dir", "stats")
RESTING_SHARE = 0.03
RESTING_SECONDS = 1.0


@dataclass
class Cost:
    """Seconds, kilobytes and counts of one piece of work."""

    wall: float = 0.0
    homeserver_cpu: float = 0.0
    own_cpu: float = 0.0
    requests: dict[str, int] = field(default_factory=dict)  # by method and servlet
    transactions: float = 0.0  # of the homeserver's database
    told: int = 0  # requests as the daemon itself counts them
    resident: int = 0
    resident_most: int = 0
    concurrency: int = 0  # of the floor: requests in flight
    others: float = 0.0  # share of the machine that neither we nor the homeserver used meanwhile

    @property
    def request_count(self) -> int:
        return sum(self.requests.values())


class Meter:
    """Measures work on one homeserver."""

    def __init__(self, synapse: MeteredSynapse) -> None:
        self._synapse = synapse

    def rest(self) -> None:
        """Until the homeserver does nothing any more."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            before = self._synapse.cpu()
            time.sleep(RESTING_SECONDS)
            if self._synapse.cpu() - before <= RESTING_SHARE * RESTING_SECONDS and self._all_followed():
                return
        raise AssertionError("the homeserver does not come to rest")

    def _all_followed(self) -> bool:
        metrics = self._synapse.metrics()
        persisted = max(map(float, _PERSISTED.findall(metrics)), default=0.0)
        return all(float(position) >= persisted for labels, position in _PROCESSED.findall(metrics)
                   if dict(_LABEL.findall(labels))["name"] in FOLLOWERS)

    def requests(self) -> Counter[str]:
        """All requests so far, by method and servlet."""
        counted: Counter[str] = Counter()
        for labels, value in _REQUESTS.findall(self._synapse.metrics()):
            named = dict(_LABEL.findall(labels))
            # Those are us, and workers among each other.
            if named["servlet"] != "MetricsResource" and not named["servlet"].startswith("Replication"):
                counted[f"{named['method']} {named['servlet']}"] += int(float(value))
        return counted

    def transactions(self) -> float:
        """All transactions of its database so far."""
        return sum(map(float, _TRANSACTIONS.findall(self._synapse.metrics())))

    def measure(self, work: Callable[[], float], own_cpu: Callable[[], float]) -> Cost:
        """`work` returns when it ended, which may be a bit before it returns; `own_cpu` is the CPU of who works."""
        self.rest()
        counted, transactions = self.requests(), self.transactions()
        cpu, own = self._synapse.cpu(), own_cpu()
        busy, begun = cpu_of_all(), time.monotonic()
        wall = work() - begun
        own = own_cpu() - own
        others = (cpu_of_all() - busy - own - (self._synapse.cpu() - cpu)) / (wall * (os.cpu_count() or 1))
        self.rest()
        cpu = self._synapse.cpu() - cpu
        return Cost(wall, cpu, own, dict(self.requests() - counted), self.transactions() - transactions,
                    others=max(0.0, others))


"""What the kernel accounts: CPU in hundredths of a second, memory in kilobytes."""

from __future__ import annotations

import os
import re
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_of(pid: int) -> float:
    """Seconds that a process has used up so far, for itself and in system calls."""
    # The name of the program, in parentheses, may hold anything.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def cpu_of_family(pid: int) -> float:
    """The same with the children's: a PostgreSQL has one for each connection."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ended = (int(fields[13]) + int(fields[14])) / _TICKS
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return cpu_of(pid) + ended + sum(cpu_of_family(int(child)) for child in children)


def cpu_of_all() -> float:
    """Seconds that all processes together have used up so far."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    user, nice, system, _idle, _iowait, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / _TICKS


def memory_of(pid: int) -> tuple[int, int]:
    """Kilobytes resident, and the most that ever were."""
    text = Path(f"/proc/{pid}/status").read_text()
    fields = dict(re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", text))
    return int(fields["VmRSS"]), int(fields["VmHWM"])

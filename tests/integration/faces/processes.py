"""What a process costs, as Linux counts it in /proc.

The kernel samples: a process may show 10 ms more or less than it has used.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
POLL_S = 0.005
SILENCE_S = 0.3
PATIENCE_S = 20.0  # longer than anything here takes, so that a hang fails and slowness does not
KIB = 1024


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has used, with all its threads; 0 of one that is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    after_name = stat.rpartition(")")[2].split()  # from the third field on: proc_pid_stat(5)
    user, system = after_name[11:13]
    return (int(user) + int(system)) / TICKS_PER_S


def tree(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):
                found += [int(child) for child in children.read_text().split()]
    return found


def tree_cpu_s(pid: int) -> float:
    """Seconds of CPU that a process and its descendants have used."""
    return sum(cpu_s(one) for one in tree(pid))


def cpu_in_next_second_s(pid: int) -> float:
    """Seconds of CPU that a process and its descendants use from now on, for one second."""
    before_s = tree_cpu_s(pid)
    time.sleep(1.0)
    return max(0.0, tree_cpu_s(pid) - before_s)


def wait_for_work(pid: int, *, cpu_used_s: float = 0.1) -> None:
    """Wait until a process has used so much more CPU: whatever it was told is under way."""
    before_s = tree_cpu_s(pid)
    wait_until(
        lambda: tree_cpu_s(pid) - before_s >= cpu_used_s, what=f"process {pid} does not compute"
    )


def wait_for_silence(pid: int) -> None:
    """Wait until a process and its descendants do nothing: all that belongs to a start is done."""

    def is_silent() -> bool:
        before_s = tree_cpu_s(pid)
        time.sleep(SILENCE_S)
        return tree_cpu_s(pid) - before_s < 2 / TICKS_PER_S

    wait_until(is_silent, what=f"process {pid} is never silent")


def wait_until(condition: Callable[[], bool], *, what: str, poll_s: float = POLL_S) -> None:
    """Wait until a condition holds; fails with `what` after `PATIENCE_S`."""
    give_up_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up_s, what
        time.sleep(poll_s)


def resident_bytes(pid: int) -> int:
    """What a process holds in memory now."""
    return _status_bytes(pid, "VmRSS")


def peak_resident_bytes(pid: int) -> int:
    """The most that a process has held in memory, since `forget_peak`."""
    return _status_bytes(pid, "VmHWM")


def forget_peak(pid: int) -> None:
    """Count the peak from now on (proc_pid_clear_refs(5))."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _status_bytes(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * KIB
    raise AssertionError(f"/proc/{pid}/status has no {name}")


def has_ended(pid: int) -> bool:
    """Whether there is no such process any more; what waits to be reaped has ended too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def running_with(argument: str) -> int:
    """The process that was started with that argument; there is one."""
    [found] = [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if argument.encode() in _words(path)
    ]
    return found


def _words(command_line: Path) -> list[bytes]:
    try:
        return command_line.read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []

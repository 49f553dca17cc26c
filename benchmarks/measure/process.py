"""What Linux says of a process, from /proc, and running a measurement in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

ROOT: Final = Path(__file__).parents[2]
CHILD_S_MAX: Final = 300.0


def rss_bytes(pid: int | str = "self") -> int:
    """The memory of a process that is resident now."""
    return _status_kib(pid, "VmRSS") * 1024


def peak_rss_bytes(pid: int | str = "self") -> int:
    """The most memory of a process that was ever resident."""
    return _status_kib(pid, "VmHWM") * 1024


def mappings(pid: int | str = "self") -> int:
    """How many memory mappings a process has."""
    with Path(f"/proc/{pid}/maps").open("rb") as file:
        return sum(1 for _ in file)


def switches(pid: int | str = "self") -> int:
    """How often the threads of a process went to sleep by themselves, so far: each sleep ends in
    one wake-up."""
    return sum(_number(text, "voluntary_ctxt_switches") for text in _thread_states(pid))


def in_child(program: str, *arguments: str) -> Any:
    """What a program of `benchmarks.peers` prints as JSON, run in a process of its own.

    A figure of a whole process, such as its memory, must not depend on what was measured before.
    """
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.peers.{program}", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        timeout=CHILD_S_MAX,
        check=True,
    )
    return msgspec.json.decode(done.stdout)


def _thread_states(pid: int | str) -> Iterator[str]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            yield (task / "status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # the thread ended meanwhile


def _status_kib(pid: int | str, field: str) -> int:
    return _number(Path(f"/proc/{pid}/status").read_text(), field)


def _number(status: str, field: str) -> int:
    for line in status.splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise LookupError(field)

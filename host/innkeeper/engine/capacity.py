"""How many instances may live at once in this process.

Every instance holds memory mappings, and at `vm.max_map_count` a process breaks in any way it
likes. So the count is bounded before that, at `SHARE` of it, whatever the plugins ask for, and for
all hosts of the process together.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final

from innkeeper.errors import LimitExceeded

SHARE: Final = 0.8
MAX_MAP_COUNT_DEFAULT: Final = 65_530  # Linux's own default
MAPPINGS_FIXED: Final = 2  # an instance's fiber: stack and guard page
MAPPINGS_A_MEMORY: Final = 3  # reserved, accessible, initial image


class Mappings:
    """Counts mappings, from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.taken = 0

    def take(self, count: int, *, most: int) -> bool:
        """Count some more, if that makes `most` at most."""
        with self._lock:
            if self.taken + count > most:
                return False
            self.taken += count
            return True

    def give(self, count: int) -> None:
        """Count so many less."""
        with self._lock:
            self.taken -= count


_OF_THIS_PROCESS: Final = Mappings()  # the kernel's bound is the process's own


class Capacity:
    """Counts the instances of one host; refuses beyond its bound, or the process's share.

    `spare` are functions that end an instance that waits for work; each says whether it did.
    """

    def __init__(self, instances_max: int = 0, mappings: Mappings = _OF_THIS_PROCESS) -> None:
        self._mappings = mappings
        self._mappings_max = int(SHARE * max_map_count())
        self._instances_max = instances_max
        self.instances = 0
        self.spare: list[Callable[[], bool]] = []

    def take(self, memories: int, *, ahead: bool = False) -> int:
        """Take room for one instance; returns what to give back.

        Where there is none, instances that wait for work are ended, but not for one that is made
        `ahead` itself. Raises LimitExceeded (rate_limited) where that is not enough.
        """
        weight = MAPPINGS_FIXED + MAPPINGS_A_MEMORY * memories
        while not self._take(weight):
            if ahead or not any(give_up() for give_up in self.spare):
                raise LimitExceeded(
                    f"{self.instances} instances live in this host, and no more can "
                    f"(vm.max_map_count, or instances_max {self._instances_max or 'unset'})",
                    code="rate_limited",
                    retry_after_s=1.0,
                )
        return weight

    def give(self, weight: int) -> None:
        """Give back what `take` returned."""
        self._mappings.give(weight)
        self.instances -= 1

    def _take(self, weight: int) -> bool:
        if self._instances_max and self.instances >= self._instances_max:
            return False
        if not self._mappings.take(weight, most=self._mappings_max):
            return False
        self.instances += 1
        return True


def max_map_count() -> int:
    """The kernel's bound on mappings of one process."""
    try:
        return int(Path("/proc/sys/vm/max_map_count").read_text())
    except (OSError, ValueError):
        return MAX_MAP_COUNT_DEFAULT

"""How many instances may live at once in this process.

Every instance holds memory mappings, and at `vm.max_map_count` a process breaks in any way it
likes. So the count is bounded before that, at `SHARE` of it, whatever the plugins ask for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from innkeeper.errors import LimitExceeded

SHARE: Final = 0.8
MAX_MAP_COUNT_DEFAULT: Final = 65_530  # Linux's own default
MAPPINGS_FIXED: Final = 2  # an instance's fiber: stack and guard page
MAPPINGS_A_MEMORY: Final = 3  # reserved, accessible, initial image


class Capacity:
    """Counts mappings taken by live instances; refuses beyond the share.

    Used from one thread at a time per host; counting is a few integer operations.
    """

    def __init__(self, instances_max: int = 0) -> None:
        self._mappings_max = int(SHARE * max_map_count())
        self._instances_max = instances_max
        self._mappings = 0
        self.instances = 0

    def take(self, memories: int) -> int:
        """Take room for one instance; returns what to give back.

        Raises LimitExceeded (rate_limited) where there is none.
        """
        weight = MAPPINGS_FIXED + MAPPINGS_A_MEMORY * memories
        if self._mappings + weight > self._mappings_max or (
            self._instances_max and self.instances >= self._instances_max
        ):
            raise LimitExceeded(
                f"{self.instances} instances live in this process, which is all it can hold "
                f"(vm.max_map_count, or instances_max {self._instances_max or 'unset'})",
                code="rate_limited",
                retry_after_s=1.0,
            )
        self._mappings += weight
        self.instances += 1
        return weight

    def give(self, weight: int) -> None:
        """Give back what `take` returned."""
        self._mappings -= weight
        self.instances -= 1


def max_map_count() -> int:
    """The kernel's bound on mappings of one process."""
    try:
        return int(Path("/proc/sys/vm/max_map_count").read_text())
    except (OSError, ValueError):
        return MAX_MAP_COUNT_DEFAULT
